// SPDX-License-Identifier: Apache-2.0
#include "net/bargain_draft_decoder.hpp"

#include <array>

namespace stampede::net {
namespace {

using campaigns::BargainDraft;
using campaigns::BargainItemDraft;
using campaigns::BargainItemTerms;
using campaigns::BargainTerms;
using campaigns::CutMode;
using campaigns::CutRange;
using campaigns::CutRangeDraft;
using campaigns::CutRules;
using campaigns::CutsDraft;
using campaigns::CutStageDraft;
using Kind = JsonNode::Kind;

constexpr std::array<FieldRule<CutRangeDraft>, 2> uniform_rules{{
    {"min", &take_number<&CutRangeDraft::min>},
    {"max", &take_number<&CutRangeDraft::max>},
}};
constexpr std::array<FieldRule<CutRangeDraft>, 2> proportional_rules{{
    {"low_bp", &take_number<&CutRangeDraft::min>},
    {"high_bp", &take_number<&CutRangeDraft::max>},
}};
constexpr std::array<FieldRule<CutStageDraft>, 3> stage_rules{{
    {"upto", &take_number<&CutStageDraft::upto>},
    {"min", &take_number<&CutStageDraft::min>},
    {"max", &take_number<&CutStageDraft::max>},
}};

template <auto& Rules, auto Member>
void take_range(FieldNotes& errors, const JsonNode& value, const std::string& path,
                CutsDraft& draft) {
    read_object(rules_of(Rules), value, path, (draft.*Member).emplace(), errors);
}

void take_stages(FieldNotes& errors, const JsonNode& value, const std::string& path,
                 CutsDraft& draft) {
    auto& stages = draft.staged.emplace();
    if (!expect(Kind::array, value, path, errors)) {
        return;
    }
    for (std::size_t at = 0; at < value.children.size(); ++at) {
        read_object(rules_of(stage_rules), value.children[at], element_path(path, at),
                    stages.emplace_back(), errors);
    }
}

constexpr std::array<FieldRule<CutsDraft>, 3> cuts_rules{{
    {"uniform", &take_range<uniform_rules, &CutsDraft::uniform>},
    {"proportional", &take_range<proportional_rules, &CutsDraft::proportional>},
    {"staged", &take_stages},
}};

/// `"planned"`, or an object of one mode with its numbers.
void take_cuts(FieldNotes& errors, const JsonNode& value, const std::string& path,
               BargainItemDraft& draft) {
    CutsDraft& cuts = draft.cuts.emplace();
    if (value.kind == Kind::text && value.text == text(CutMode::planned)) {
        cuts.planned = true;
    } else if (value.kind == Kind::object) {
        read_object(rules_of(cuts_rules), value, path, cuts, errors);
    } else {
        errors.add(path,
                   "must be \"planned\", or an object with one of uniform, proportional, staged");
    }
}

constexpr std::array<FieldRule<BargainItemDraft>, 11> item_rules{{
    {"start_price", &take_number<&BargainItemDraft::start_price>},
    {"floor_price", &take_number<&BargainItemDraft::floor_price>},
    {"helpers", &take_number<&BargainItemDraft::helpers>},
    {"undisclosed", &take_flag<&BargainItemDraft::undisclosed>},
    {"cuts", &take_cuts},
    {"first_cut", &take_number<&BargainItemDraft::first_cut>},
    {"new_helper_bonus_bp", &take_number<&BargainItemDraft::new_helper_bonus_bp>},
    {"valid_seconds", &take_number<&BargainItemDraft::valid_seconds>},
    {"pay_seconds", &take_number<&BargainItemDraft::pay_seconds>},
    {"buy_at", &take_text<&BargainItemDraft::buy_at>},
    {"stock_at", &take_text<&BargainItemDraft::stock_at>},
}};

/// A parameter that every item has of the campaign's, unless it has its own.
template <std::size_t At>
void take_for_every_item(FieldNotes& errors, const JsonNode& value, const std::string& path,
                         BargainDraft& draft) {
    item_rules[At].take(errors, value, path, draft.every_item);
}

template <std::size_t... At>
constexpr auto with_item_rules(std::index_sequence<At...> /*all*/) {
    return std::array<FieldRule<BargainDraft>, sizeof...(At) + 6>{{
        {item_rules[At].name, &take_for_every_item<At>}...,
        {"helps_per_buyer", &take_number<&BargainDraft::helps_per_buyer>},
        {"helps_per_buyer_per_day", &take_number<&BargainDraft::helps_per_buyer_per_day>},
        {"mutual_help", &take_text<&BargainDraft::mutual_help>},
        {"launches_per_buyer", &take_number<&BargainDraft::launches_per_buyer>},
        {"open_launches_per_buyer", &take_number<&BargainDraft::open_launches_per_buyer>},
        {"close_with_campaign", &take_flag<&BargainDraft::close_with_campaign>},
    }};
}
constexpr auto bargain_rules = with_item_rules(std::make_index_sequence<item_rules.size()>{});

void append_range(JsonText& json, std::string_view name, const CutRange& range) {
    json.open_object(name);
    json.number("min", range.min.fen());
    json.number("max", range.max.fen());
    json.close_object();
}

void append_cuts(JsonText& json, const CutRules& rules) {
    if (rules.mode == CutMode::planned) {
        json.plain("cuts", text(rules.mode));
        return;
    }
    json.open_object("cuts");
    if (rules.mode == CutMode::uniform) {
        append_range(json, text(rules.mode), rules.uniform);
    } else if (rules.mode == CutMode::proportional) {
        json.open_object(text(rules.mode));
        json.number("low_bp", std::int64_t{rules.low_bp});
        json.number("high_bp", std::int64_t{rules.high_bp});
        json.close_object();
    } else {
        json.open_array(text(rules.mode));
        for (const campaigns::CutStage& stage : rules.stages) {
            json.open_object();
            json.number("upto", std::int64_t{stage.upto});
            json.number("min", stage.range.min.fen());
            json.number("max", stage.range.max.fen());
            json.close_object();
        }
        json.close_array();
    }
    json.close_object();
}

}  // namespace

void take_bargain(FieldNotes& errors, const JsonNode& value, const std::string& path,
                  campaigns::CampaignDraft& draft) {
    read_object(rules_of(bargain_rules), value, path, draft.of<campaigns::BargainPlay>().emplace(),
                errors);
}

void take_item_bargain(FieldNotes& errors, const JsonNode& value, const std::string& path,
                       campaigns::ItemDraft& draft) {
    read_object(rules_of(item_rules), value, path, draft.bargain.emplace(), errors);
}

void append_item_bargain(JsonText& json, const BargainItemTerms& terms) {
    const CutRules& cuts = terms.cuts;
    json.number("start_price", cuts.start_price.fen());
    json.number("floor_price", cuts.floor_price.fen());
    if (cuts.helpers) {
        json.number("helpers", std::int64_t{*cuts.helpers});
    } else {
        json.flag("undisclosed", true);
    }
    append_cuts(json, cuts);
    json.number("first_cut", cuts.first_cut.fen());
    json.number("new_helper_bonus_bp", std::int64_t{cuts.new_helper_bonus_bp});
    json.number("valid_seconds", terms.valid.ms() / 1000);
    json.number("pay_seconds", terms.pay.ms() / 1000);
    json.plain("buy_at", text(terms.buy_at));
    json.plain("stock_at", text(terms.stock_at));
}

void append_bargain(JsonText& json, const BargainTerms& terms) {
    json.open_object("bargain");
    if (terms.items.size() == 1) {
        append_item_bargain(json, terms.items.front());
    }
    if (terms.helps.per_campaign) {
        json.number("helps_per_buyer", std::int64_t{*terms.helps.per_campaign});
    }
    if (terms.helps.per_day) {
        json.number("helps_per_buyer_per_day", std::int64_t{*terms.helps.per_day});
    }
    json.plain("mutual_help", text(terms.mutual_help));
    json.number("launches_per_buyer", std::int64_t{terms.launches_per_buyer});
    json.number("open_launches_per_buyer", std::int64_t{terms.open_launches_per_buyer});
    json.flag("close_with_campaign", terms.close_with_campaign);
    json.close_object();
}

}  // namespace stampede::net
