// SPDX-License-Identifier: Apache-2.0
// One table of fields per object of the contract; a parameter is one line in its table.
#include "net/draft_decoder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <utility>

#include "engine/vocabulary/limits.hpp"
#include "net/bargain_draft_decoder.hpp"
#include "net/field_rules.hpp"
#include "net/friend_help_draft_decoder.hpp"
#include "net/group_draft_decoder.hpp"
#include "net/json_tree.hpp"
#include "net/slot_windows.hpp"
#include "net/time_of_day.hpp"
#include "net/time_zone.hpp"

namespace stampede::net {
namespace {

using campaigns::AudienceDraft;
using campaigns::CampaignDraft;
using campaigns::DraftVerdict;
using campaigns::FieldNote;
using campaigns::ItemDraft;
using campaigns::LimitsDraft;
using campaigns::SlotDraft;
using Kind = JsonNode::Kind;

void take_timezone(FieldNotes& errors, const JsonNode& value, const std::string& path,
                   CampaignDraft& draft) {
    if (!expect(Kind::text, value, path, errors)) {
        return;
    }
    draft.timezone = value.text;
    if (find_time_zone(value.text) == nullptr) {
        const std::string nearest = nearest_time_zone(value.text);
        errors.add(path, nearest.empty()
                             ? "is no zone of the tz database, as in Asia/Shanghai"
                             : "is no zone of the tz database; did you mean " + nearest + "?");
    }
}

constexpr std::array<FieldRule<ItemDraft>, 8> item_rules{{
    {"item_id", &take_text<&ItemDraft::item_id>},
    {"title", &take_text<&ItemDraft::title>},
    {"price", &take_number<&ItemDraft::price>},
    {"list_price", &take_number<&ItemDraft::list_price>},
    {"stock", &take_number<&ItemDraft::stock>},
    {"reserve", &take_number<&ItemDraft::reserve>},
    {"slot_stock", &take_number<&ItemDraft::slot_stock>},
    {"bargain", &take_item_bargain},
}};

constexpr std::array<FieldRule<SlotDraft>, 3> slot_rules{{
    {"from", &take_time_of_day<&SlotDraft::from_s>},
    {"to", &take_time_of_day<&SlotDraft::to_s>},
    {"weekdays", &take_list<Kind::integer, &JsonNode::integer, &SlotDraft::weekdays>},
}};

constexpr std::array<FieldRule<LimitsDraft>, 5> limits_rules{{
    {"per_buyer", &take_number<&LimitsDraft::per_buyer>},
    {"per_buyer_per_slot", &take_number<&LimitsDraft::per_buyer_per_slot>},
    {"per_order_min", &take_number<&LimitsDraft::per_order_min>},
    {"per_order_max", &take_number<&LimitsDraft::per_order_max>},
    {"holds_per_buyer", &take_number<&LimitsDraft::holds_per_buyer>},
}};

constexpr std::array<FieldRule<AudienceDraft>, 5> audience_rules{{
    {"new_buyers_only", &take_flag<&AudienceDraft::new_buyers_only>},
    {"segments_any", &take_list<Kind::integer, &JsonNode::integer, &AudienceDraft::segments_any>},
    {"level_min", &take_number<&AudienceDraft::level_min>},
    {"allowlist", &take_list<Kind::text, &JsonNode::text, &AudienceDraft::allowlist>},
    {"blocklist", &take_list<Kind::text, &JsonNode::text, &AudienceDraft::blocklist>},
}};

template <auto& Rules, auto Member>
void take_object(FieldNotes& errors, const JsonNode& value, const std::string& path,
                 CampaignDraft& draft) {
    read_object(rules_of(Rules), value, path, draft.*Member, errors);
}

template <auto& Rules, auto Member>
void take_objects(FieldNotes& errors, const JsonNode& value, const std::string& path,
                  CampaignDraft& draft) {
    if (!expect(Kind::array, value, path, errors)) {
        return;
    }
    auto& list = (draft.*Member).emplace();
    for (std::size_t at = 0; at < value.children.size(); ++at) {
        read_object(rules_of(Rules), value.children[at], element_path(path, at),
                    list.emplace_back(), errors);
    }
}

constexpr std::array<FieldRule<CampaignDraft>, 24> campaign_rules{{
    {"play", &take_text<&CampaignDraft::play>},
    {"title", &take_text<&CampaignDraft::title>},
    {"items", &take_objects<item_rules, &CampaignDraft::items>},
    {"starts_at", &take_time<&CampaignDraft::starts_at>},
    {"ends_at", &take_time<&CampaignDraft::ends_at>},
    {"slots", &take_objects<slot_rules, &CampaignDraft::slots>},
    {"timezone", &take_timezone},
    {"limits", &take_object<limits_rules, &CampaignDraft::limits>},
    {"hold_seconds", &take_number<&CampaignDraft::hold_seconds>},
    {"min_pay_seconds", &take_number<&CampaignDraft::min_pay_seconds>},
    {"warmup_seconds", &take_number<&CampaignDraft::warmup_seconds>},
    {"audience", &take_object<audience_rules, &CampaignDraft::audience>},
    {"stock_source", &take_text<&CampaignDraft::stock_source>},
    {"late_payment", &take_text<&CampaignDraft::late_payment>},
    {"restock", &take_text<&CampaignDraft::restock>},
    {"quota_on_refund", &take_text<&CampaignDraft::quota_on_refund>},
    {"ticket", &take_text<&CampaignDraft::ticket>},
    {"resell_after_end", &take_flag<&CampaignDraft::resell_after_end>},
    {"show_available", &take_flag<&CampaignDraft::show_available>},
    {"zero_price", &take_flag<&CampaignDraft::zero_price>},
    {"waitlist", &take_switch<&CampaignDraft::waitlist>},
    {"group", &take_group},
    {"bargain", &take_bargain},
    {"friend_help", &take_friend_help},
}};

// The body: the parameters, and what is about the campaign
// -----------------------------------------

void take_parameter(FieldNotes& errors, const JsonNode& value, const std::string& path,
                    DraftBody& body) {
    // The name is known: body_rules() took it from the table.
    find_rule(rules_of(campaign_rules), path)->take(errors, value, path, body.draft);
}

void take_id(FieldNotes& errors, const JsonNode& value, const std::string& path, DraftBody& body) {
    if (!expect(Kind::text, value, path, errors)) {
        return;
    }
    const std::string& text = value.text;
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size() || text.front() == '0' ||
        id > limits::campaign_id_max) {
        errors.add(path, "must be a decimal from 1 to 2^53 in quotes");
    } else {
        body.id = CampaignId{id};
    }
}

void take_version(FieldNotes& errors, const JsonNode& value, const std::string& path,
                  DraftBody& body) {
    if (!expect(Kind::integer, value, path, errors)) {
        return;
    }
    if (value.integer < 1 || value.integer > std::int64_t{UINT32_MAX}) {
        errors.add(path, "must be the version that GET showed");
    } else {
        body.version = static_cast<std::uint32_t>(value.integer);
    }
}

void pass_over(FieldNotes& /*errors*/, const JsonNode& /*value*/, const std::string& /*path*/,
               DraftBody& /*body*/) {}

std::vector<FieldRule<DraftBody>> body_rules(DraftUse use) {
    std::vector<FieldRule<DraftBody>> rules{{"id", &take_id}};
    for (const auto& rule : campaign_rules) {
        rules.push_back({rule.name, &take_parameter});
    }
    if (use == DraftUse::revise) {
        rules.push_back({"version", &take_version});
        for (const std::string_view read_only :
             {"code", "state", "starts_at_ms", "ends_at_ms", "server_ms"}) {
            rules.push_back({read_only, &pass_over});
        }
    }
    return rules;
}

// One spelling of the slots, so that an edit that does not touch them compares equal.
std::string canonical_json(const std::vector<SlotDraft>& slots) {
    std::string json = "[";
    for (const SlotDraft& slot : slots) {
        json += json.size() > 1 ? ",{\"from\":\"" : "{\"from\":\"";
        json += time_of_day_text(slot.from_s.value_or(0)) + "\",\"to\":\"" +
                time_of_day_text(slot.to_s.value_or(0)) + '"';
        if (slot.weekdays) {
            std::vector<std::int64_t> days = *slot.weekdays;
            std::sort(days.begin(), days.end());
            json += ",\"weekdays\":[";
            for (const std::int64_t day : days) {
                json += std::to_string(day) + ',';
            }
            if (json.back() == ',') {
                json.pop_back();
            }
            json += ']';
        }
        json += '}';
    }
    return json + ']';
}

// Is `inner` the field `outer`, or inside it?
bool is_within(std::string_view outer, std::string_view inner) {
    return inner.starts_with(outer) && (inner.size() == outer.size() ||
                                        inner[outer.size()] == '.' || inner[outer.size()] == '[');
}

DraftVerdict merged(const DraftBody& body, DraftVerdict verdict) {
    if (body.errors.empty()) {
        return verdict;
    }
    FieldNotes errors;
    for (const FieldNote& note : body.errors) {
        errors.add(note);
    }
    for (FieldNote& note : verdict.errors) {
        const bool is_told =
            std::any_of(body.errors.begin(), body.errors.end(),
                        [&](const FieldNote& known) { return is_within(known.field, note.field); });
        // Slots that lack their place lack it because of what is in the list already.
        if (!is_told && note.message != campaigns::slots_not_placed) {
            errors.add(std::move(note));
        }
    }
    return {.config = nullptr, .errors = errors.take(), .warnings = {}};
}

}  // namespace

Judged<DraftBody> decode_draft(std::string_view text, DraftUse use) {
    const auto tree = parse_json_tree(text);
    if (!tree.has_value()) {
        return tree.error();
    }
    if (tree->kind != Kind::object) {
        return malformed("body: must be a JSON object");
    }
    DraftBody body;
    FieldNotes errors;
    const auto rules = body_rules(use);
    read_object(FieldRules<DraftBody>{rules}, *tree, "", body, errors);
    if (use == DraftUse::revise &&
        std::find(tree->names.begin(), tree->names.end(), "version") == tree->names.end()) {
        errors.add("version", "is required: the version that GET showed");
    }
    campaigns::Plays::for_each([&]<class Each>() {
        if constexpr (requires(typename Each::Draft draft) { draft.days; }) {
            if (auto& given = body.draft.of<Each>()) {
                given->days = days_of(body.draft);
            }
        }
    });
    if (body.draft.slots) {
        body.draft.windows = expand_slots(body.draft);
        body.draft.slots_json = body.draft.slots->empty() ? "" : canonical_json(*body.draft.slots);
    }
    body.errors = errors.take();
    return body;
}

DraftVerdict judge_draft(const DraftBody& body, Instant now) {
    return merged(body, campaigns::judge(body.draft, now));
}

DraftVerdict judge_live_draft(const DraftBody& body, const campaigns::CampaignConfig& current) {
    return merged(body, campaigns::judge_revision(current, body.draft));
}

Problem draft_problem(const std::vector<FieldNote>& errors) {
    Problem problem{422, "DRAFT_INVALID",
                    std::to_string(errors.size()) + " mistakes in the draft; see errors"};
    for (const FieldNote& note : errors) {
        problem.errors.push_back({note.field, note.message});
    }
    return problem;
}

}  // namespace stampede::net
