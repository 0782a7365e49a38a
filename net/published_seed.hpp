// SPDX-License-Identifier: Apache-2.0
// The seed of a campaign's draws as anyone may check it: promised by its digest, told when nothing
// can be drawn from it any more. Gathered from a journal, or read from what an operator published:
// one JSON object a line, of which the first is the campaign's and the others what was drawn.
//
//   {"campaign_id":"7","seed_digest":"<64 hex>","seed":"<64 hex>"}
//
// The seed is absent while it is secret. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "campaigns/committed_seed.hpp"
#include "campaigns/event.hpp"
#include "campaigns/field_notes.hpp"
#include "engine/vocabulary/result.hpp"
#include "net/json_text.hpp"
#include "net/json_tree.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

struct PublishedSeed {
    CampaignId campaign;
    campaigns::SeedBytes seed_digest{};
    std::optional<campaigns::SeedBytes> seed;
    bool seed_is_public = false;  // the campaign has ended, or was killed

    /// Follows the campaign's events, oldest first.
    void read(const campaigns::CampaignEvent& event);
    /// Empty, or how the seed differs from what was promised, in one sentence. Needs the seed.
    [[nodiscard]] std::optional<std::string> first_unfair() const;
};

void finish_line(TextBuffer& out, JsonText& json);
void append_seed(TextBuffer& out, const PublishedSeed& seed);

/// The first line into `seed`, each further one to `take(tree, errors)`. A fault names the line.
template <class Take>
[[nodiscard]] Result<> read_published(std::string_view text, PublishedSeed& seed, Take&& take);

/// What the campaign's line says.
void take_seed(const JsonNode& tree, PublishedSeed& seed, campaigns::FieldNotes& errors);

template <class Take>
Result<> read_published(std::string_view text, PublishedSeed& seed, Take&& take) {
    std::size_t line_number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line_number;
        const std::string place = "line " + std::to_string(line_number) + ": ";
        const auto tree = parse_json_tree(line);
        if (tree.has_error()) {
            return fault(place + "is no JSON object: " + tree.error().detail);
        }
        campaigns::FieldNotes errors;
        if (line_number == 1) {
            take_seed(*tree, seed, errors);
        } else {
            take(*tree, errors);
        }
        if (!errors.empty()) {
            const campaigns::FieldNote& first = errors.all().front();
            return fault(place + first.field + ' ' + first.message);
        }
    }
    if (line_number == 0) {
        return fault("line 1: the campaign is missing");
    }
    return {};
}

}  // namespace stampede::net
