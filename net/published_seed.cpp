// SPDX-License-Identifier: Apache-2.0
#include "net/published_seed.hpp"

#include <array>
#include <charconv>

#include "net/field_rules.hpp"

namespace stampede::net {
namespace {

using campaigns::CampaignState;
using campaigns::SeedBytes;

std::string hex(const SeedBytes& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xFU];
    }
    return text;
}

std::optional<SeedBytes> parse_hex(std::string_view text) {
    SeedBytes bytes{};
    if (text.size() != 2 * bytes.size()) {
        return std::nullopt;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::size_t digit = digits.find(text[at]);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        bytes[at / 2] = static_cast<std::uint8_t>((bytes[at / 2] << 4) | static_cast<int>(digit));
    }
    return bytes;
}

struct PublishedCampaign {
    std::optional<std::string> campaign_id;
    std::optional<std::string> seed_digest;
    std::optional<std::string> seed;
};
constexpr std::array<FieldRule<PublishedCampaign>, 3> campaign_rules{{
    {"campaign_id", &take_text<&PublishedCampaign::campaign_id>},
    {"seed_digest", &take_text<&PublishedCampaign::seed_digest>},
    {"seed", &take_text<&PublishedCampaign::seed>},
}};

}  // namespace

void PublishedSeed::read(const campaigns::CampaignEvent& event) {
    if (const auto* committed = std::get_if<campaigns::SeedCommitted>(&event)) {
        seed = committed->seed;
        seed_digest = campaigns::digest_of_seed(committed->seed);
    } else if (const auto* changed = std::get_if<campaigns::CampaignStateChanged>(&event)) {
        seed_is_public =
            changed->to == CampaignState::ended || changed->to == CampaignState::killed ||
            changed->to == CampaignState::settled || changed->to == CampaignState::archived;
    }
}

std::optional<std::string> PublishedSeed::first_unfair() const {
    check(seed.has_value(), "what was drawn is verified with the seed");
    const SeedBytes digest = campaigns::digest_of_seed(*seed);
    if (digest == seed_digest) {
        return std::nullopt;
    }
    return "the seed is not the one that was promised: its SHA-256 is " + hex(digest) + ", not " +
           hex(seed_digest);
}

void finish_line(TextBuffer& out, JsonText& json) {
    json.finish();
    out.append('\n');
}

void append_seed(TextBuffer& out, const PublishedSeed& seed) {
    JsonText json(out);
    json.open_object();
    json.decimal_text("campaign_id", seed.campaign.raw());
    json.hex("seed_digest", seed.seed_digest);
    if (seed.seed && seed.seed_is_public) {
        json.hex("seed", *seed.seed);
    }
    finish_line(out, json);
}

void take_seed(const JsonNode& tree, PublishedSeed& seed, campaigns::FieldNotes& errors) {
    PublishedCampaign published;
    read_object(rules_of(campaign_rules), tree, "", published, errors);
    const std::string id = published.campaign_id.value_or("");
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc{} || end != id.data() + id.size() || number == 0) {
        errors.add("campaign_id", "must be the campaign's id in quotes");
    }
    seed.campaign = CampaignId{number};
    const auto digest = parse_hex(published.seed_digest.value_or(""));
    if (digest) {
        seed.seed_digest = *digest;
    } else {
        errors.add("seed_digest", "must be 64 hexadecimal digits in lower case");
    }
    if (published.seed) {
        seed.seed = parse_hex(*published.seed);
        seed.seed_is_public = seed.seed.has_value();
        if (!seed.seed) {
            errors.add("seed", "must be 64 hexadecimal digits in lower case");
        }
    }
}

}  // namespace stampede::net
