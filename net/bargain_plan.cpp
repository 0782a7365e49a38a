// SPDX-License-Identifier: Apache-2.0
#include "net/bargain_plan.hpp"

#include <algorithm>
#include <array>

#include "campaigns/campaign_draft.hpp"
#include "net/bargain_draft_decoder.hpp"
#include "net/json_text.hpp"
#include "net/json_tree.hpp"

namespace stampede::net {
namespace {

using campaigns::BargainCut;
using campaigns::BargainId;
using campaigns::BargainLaunched;
using campaigns::CampaignEvent;
using campaigns::CommittedSeed;
using campaigns::CutTurn;
using campaigns::HelperNovelty;
using Kind = JsonNode::Kind;

std::string name_of(const PlannedBargain& bargain) {
    return "bargain " + Base36(bargain.id.raw()).str();
}

std::optional<std::string> first_unfair_cut(const PlannedBargain& bargain,
                                            const CommittedSeed& seed) {
    const campaigns::CutRules& rules = bargain.terms.cuts;
    Money rest = rules.start_price - rules.floor_price - rules.first_cut;
    for (std::size_t at = 0; at < bargain.cuts.size(); ++at) {
        const auto ordinal = static_cast<std::uint32_t>(at + 1);
        const std::string cut = name_of(bargain) + ", cut " + std::to_string(ordinal);
        const std::size_t most = rules.helpers.value_or(limits::helpers_per_bargain_max);
        if (rest <= Money{0} || ordinal > most) {
            return cut + ": after the floor had been reached";
        }
        const CutTurn turn{.rest = rest,
                           .ordinal = ordinal,
                           .novelty = bargain.cuts[at].new_helper ? HelperNovelty::new_buyer
                                                                  : HelperNovelty::known};
        const Money follows = cut_amount(rules, turn, bits_of_cut(seed, bargain.id.raw(), ordinal));
        if (bargain.cuts[at].amount != follows) {
            return cut + ": " + std::to_string(bargain.cuts[at].amount.fen()) +
                   " fen, but from the seed follows " + std::to_string(follows.fen());
        }
        rest -= follows;
    }
    return std::nullopt;
}

}  // namespace

std::size_t BargainPlan::cut_count() const {
    std::size_t count = 0;
    for (const PlannedBargain& bargain : bargains) {
        count += bargain.cuts.size();
    }
    return count;
}

std::optional<std::string> first_unfair(const BargainPlan& plan) {
    if (auto unfair = plan.PublishedSeed::first_unfair()) {
        return unfair;
    }
    const CommittedSeed seed(*plan.seed);
    for (const PlannedBargain& bargain : plan.bargains) {
        if (auto unfair = first_unfair_cut(bargain, seed)) {
            return unfair;
        }
    }
    return std::nullopt;
}

// From a journal
// ------------------------------------------------------------------------------------

void BargainPlanReader::take_config(const campaigns::CampaignConfig& config) {
    const auto* const terms = std::get_if<campaigns::BargainTerms>(&config.terms);
    if (terms == nullptr) {
        terms_.reset();
        return;
    }
    terms_ = *terms;
    item_ids_.clear();
    for (const campaigns::ItemConfig& item : config.items) {
        item_ids_.emplace_back(item.item_id.view());
    }
}

Result<> BargainPlanReader::read(const CampaignEvent& event) {
    if (const auto* drafted = std::get_if<campaigns::CampaignDrafted>(&event)) {
        take_config(*drafted->config);
    } else if (const auto* revised = std::get_if<campaigns::CampaignRevised>(&event)) {
        take_config(*revised->config);
    }
    plan_.read(event);
    return {};
}

Result<> BargainPlanReader::read(const campaigns::BargainPlay::Event& event) {
    const auto not_kept = [] {
        return fault("the journal does not keep the campaign's beginning any more");
    };
    if (const auto* launched = std::get_if<BargainLaunched>(&event)) {
        if (!terms_ || !plan_.seed || launched->item >= terms_->items.size()) {
            return not_kept();
        }
        plan_.bargains.push_back({.id = launched->bargain,
                                  .item_id = item_ids_[launched->item],
                                  .terms = terms_->items[launched->item],
                                  .cuts = {}});
    } else if (const auto* cut = std::get_if<BargainCut>(&event)) {
        // Ids of a shard rise, so the launches lie in their order.
        const auto bargain =
            std::ranges::lower_bound(plan_.bargains, cut->bargain, {}, &PlannedBargain::id);
        if (bargain == plan_.bargains.end() || bargain->id != cut->bargain) {
            return not_kept();
        }
        bargain->cuts.push_back({.amount = cut->amount, .new_helper = cut->new_helper});
    }
    return {};
}

Result<> BargainPlanReader::read(const campaigns::Event& event) {
    if (const auto* of_campaign = std::get_if<CampaignEvent>(&event)) {
        return read(*of_campaign);
    }
    if (const auto* of_bargain = std::get_if<campaigns::BargainPlay::Event>(&event)) {
        return read(*of_bargain);
    }
    return {};
}

// As it is published
// --------------------------------------------------------------------------------

void append_plan(TextBuffer& out, const BargainPlan& plan) {
    append_seed(out, plan);
    JsonText json(out);
    for (const PlannedBargain& bargain : plan.bargains) {
        json.open_object();
        json.plain("bargain_id", Base36(bargain.id.raw()).view());
        json.text("item_id", bargain.item_id);
        json.open_object("terms");
        append_item_bargain(json, bargain.terms);
        json.close_object();
        json.open_array("cuts");
        for (const PlannedCut& cut : bargain.cuts) {
            json.open_object();
            json.number("amount", cut.amount.fen());
            json.flag("new_helper", cut.new_helper);
            json.close_object();
        }
        json.close_array();
        finish_line(out, json);
    }
}

namespace {

struct PublishedCut {
    std::optional<std::int64_t> amount;
    std::optional<bool> new_helper;
};
struct PublishedBargain {
    std::optional<std::string> bargain_id;
    std::optional<std::string> item_id;
    campaigns::ItemDraft item;  // its terms
    std::vector<PublishedCut> cuts;
};

void take_terms(FieldNotes& errors, const JsonNode& value, const std::string& path,
                PublishedBargain& bargain) {
    take_item_bargain(errors, value, path, bargain.item);
}

constexpr std::array<FieldRule<PublishedCut>, 2> cut_rules{{
    {"amount", &take_number<&PublishedCut::amount>},
    {"new_helper", &take_flag<&PublishedCut::new_helper>},
}};

void take_cuts(FieldNotes& errors, const JsonNode& value, const std::string& path,
               PublishedBargain& bargain) {
    if (!expect(Kind::array, value, path, errors)) {
        return;
    }
    for (std::size_t at = 0; at < value.children.size(); ++at) {
        const std::string element = element_path(path, at);
        PublishedCut& cut = bargain.cuts.emplace_back();
        read_object(rules_of(cut_rules), value.children[at], element, cut, errors);
        if (!cut.amount || *cut.amount < 1 || *cut.amount > limits::price_fen_max) {
            errors.add(element + ".amount", "must be 1 or more fen");
        }
    }
}

constexpr std::array<FieldRule<PublishedBargain>, 4> bargain_rules{{
    {"bargain_id", &take_text<&PublishedBargain::bargain_id>},
    {"item_id", &take_text<&PublishedBargain::item_id>},
    {"terms", &take_terms},
    {"cuts", &take_cuts},
}};
void take_bargain_line(const JsonNode& tree, BargainPlan& plan, FieldNotes& errors) {
    PublishedBargain published;
    read_object(rules_of(bargain_rules), tree, "", published, errors);
    const auto id = Base36::parse(published.bargain_id.value_or(""));
    if (!id) {
        errors.add("bargain_id", "must be an id as the doors write it");
    }
    if (!published.item.bargain) {
        errors.add("terms", "is required");
    }
    if (!errors.empty()) {
        return;
    }
    PlannedBargain bargain;
    bargain.id = BargainId{*id};
    bargain.item_id = published.item_id.value_or("");
    bargain.terms = campaigns::judge_bargain_terms(*published.item.bargain, "terms", errors);
    for (const PublishedCut& cut : published.cuts) {
        bargain.cuts.push_back(
            {.amount = Money{*cut.amount}, .new_helper = cut.new_helper.value_or(false)});
    }
    plan.bargains.push_back(std::move(bargain));
}

}  // namespace

Result<BargainPlan> parse_plan(std::string_view text) {
    BargainPlan plan;
    const auto read = read_published(text, plan, [&](const JsonNode& tree, FieldNotes& errors) {
        take_bargain_line(tree, plan, errors);
    });
    if (read.has_error()) {
        return read.error();
    }
    return plan;
}

}  // namespace stampede::net
