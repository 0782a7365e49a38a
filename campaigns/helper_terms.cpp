// SPDX-License-Identifier: Apache-2.0
// One list of spans and two numbers, judged and written in one place for every play of help. The
// bytes are those that bargains had from the first: they lie in journals. Pure, any thread.
#include "campaigns/helper_terms.hpp"

#include <string>
#include <utility>

#include "campaigns/draft_rules.hpp"

namespace stampede::campaigns {

namespace {

constexpr std::size_t zone_spans_max = 1024;

std::optional<std::uint32_t> judge_limit(FieldNotes& errors, std::string field,
                                         std::optional<std::int64_t> given) {
    if (!given) {
        return std::nullopt;
    }
    const auto number =
        judge_number(errors, std::move(field), given, std::nullopt, {1, helps_per_helper_max});
    return number ? std::optional{static_cast<std::uint32_t>(*number)} : std::nullopt;
}

}  // namespace

void judge_helping(std::string_view key, const HelpingDraft& draft, HelperLimits& limits,
                   LocalDays& days, FieldNotes& errors) {
    const std::string place{key};
    const std::string per_day = place + ".helps_per_buyer_per_day";
    limits.per_campaign = judge_limit(errors, place + ".helps_per_buyer", draft.helps_per_buyer);
    limits.per_day = judge_limit(errors, per_day, draft.helps_per_buyer_per_day);
    if (!limits.per_day) {
        return;
    }
    if (!draft.days || draft.days->spans.size() > zone_spans_max) {
        errors.add(per_day, "needs days, which cannot be placed in time");
    } else {
        days = *draft.days;
    }
}

void put_optional(ByteWriter& out, std::optional<std::uint32_t> number) {
    out.put(static_cast<std::uint8_t>(number.has_value()));
    if (number) {
        out.put(*number);
    }
}

std::optional<std::uint32_t> get_optional(FieldReader& in) {
    return in.flag() ? std::optional{in.get<std::uint32_t>()} : std::nullopt;
}

void put_limits(ByteWriter& out, const HelperLimits& limits) {
    put_optional(out, limits.per_campaign);
    put_optional(out, limits.per_day);
}

HelperLimits get_limits(FieldReader& in) {
    HelperLimits limits;
    limits.per_campaign = get_optional(in);
    limits.per_day = get_optional(in);
    return limits;
}

void put_days(ByteWriter& out, const LocalDays& days) {
    out.put(static_cast<std::uint16_t>(days.spans.size()));
    for (const ZoneSpan& span : days.spans) {
        out.put(span.from);
        out.put(span.offset_s);
    }
}

LocalDays get_days(FieldReader& in) {
    LocalDays days;
    const std::size_t spans = in.count<std::uint16_t>(0, zone_spans_max);
    for (std::size_t at = 0; at < spans && in.ok(); ++at) {
        ZoneSpan span;
        span.from = in.instant();
        span.offset_s = in.get<std::int32_t>();
        days.spans.push_back(span);
    }
    return days;
}

std::size_t days_bytes(const LocalDays& days) {
    return 2 + days.spans.size() * 12;
}

}  // namespace stampede::campaigns
