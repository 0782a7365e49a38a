// SPDX-License-Identifier: Apache-2.0
// Day by day in local time, from the day of the start to the day of the end.
#include "net/slot_windows.hpp"

#include <date/date.h>
#include <date/tz.h>

#include <algorithm>
#include <chrono>

#include "engine/vocabulary/limits.hpp"
#include "net/time_zone.hpp"

namespace stampede::net {
namespace {

using campaigns::CampaignDraft;
using campaigns::SlotDraft;
using campaigns::SlotWindow;
namespace bounds = campaigns::draft_bounds;

bool is_placeable(const SlotDraft& slot) {
    return slot.from_s && slot.to_s && *slot.from_s >= 0 && *slot.from_s < *slot.to_s &&
           *slot.to_s <= bounds::seconds_per_day;
}

bool is_on(const SlotDraft& slot, date::local_days day) {
    const auto number = std::int64_t{date::weekday{day}.iso_encoding()};
    return !slot.weekdays ||
           std::find(slot.weekdays->begin(), slot.weekdays->end(), number) != slot.weekdays->end();
}

Instant instant_of(const date::time_zone& zone, date::local_days day, std::int64_t seconds) {
    const date::local_seconds local = day + std::chrono::seconds{seconds};
    const auto utc = zone.to_sys(local, date::choose::earliest);
    return Instant{std::chrono::milliseconds{utc.time_since_epoch()}.count()};
}

date::local_days local_day(const date::time_zone& zone, Instant instant) {
    const date::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{instant.ms()}};
    return date::floor<date::days>(zone.to_local(time));
}

bool has_sound_times(const CampaignDraft& draft) {
    return draft.starts_at && draft.ends_at && *draft.starts_at >= Instant{0} &&
           *draft.starts_at < *draft.ends_at && *draft.ends_at < bounds::latest_end;
}

const date::time_zone* zone_of(const CampaignDraft& draft) {
    return find_time_zone(draft.timezone.value_or("Asia/Shanghai"));
}

}  // namespace

std::optional<campaigns::LocalDays> days_of(const CampaignDraft& draft) {
    const date::time_zone* const zone = has_sound_times(draft) ? zone_of(draft) : nullptr;
    if (zone == nullptr) {
        return std::nullopt;
    }
    using Milliseconds = date::sys_time<std::chrono::milliseconds>;
    const Instant last =
        *draft.ends_at + Duration::seconds(campaigns::bargain_bounds::valid_seconds_max);
    campaigns::LocalDays days;
    for (Instant at = *draft.starts_at; at <= last;) {
        const date::sys_info span =
            zone->get_info(Milliseconds{std::chrono::milliseconds{at.ms()}});
        days.spans.push_back(
            {.from = at, .offset_s = static_cast<std::int32_t>(span.offset.count())});
        const std::chrono::milliseconds end = span.end.time_since_epoch();
        if (end.count() <= at.ms()) {
            break;
        }
        at = Instant{end.count()};
    }
    return days;
}

std::optional<std::vector<SlotWindow>> expand_slots(const CampaignDraft& draft) {
    if (!draft.slots || draft.slots->empty() || draft.slots->size() > bounds::slots_max ||
        !std::all_of(draft.slots->begin(), draft.slots->end(), is_placeable) ||
        !has_sound_times(draft)) {
        return std::nullopt;
    }
    const date::time_zone* zone = zone_of(draft);
    if (zone == nullptr) {
        return std::nullopt;
    }
    std::vector<SlotWindow> windows;
    const date::local_days last = local_day(*zone, *draft.ends_at);
    for (auto day = local_day(*zone, *draft.starts_at); day <= last; day += date::days{1}) {
        for (const SlotDraft& slot : *draft.slots) {
            if (!is_on(slot, day)) {
                continue;
            }
            const SlotWindow window{
                std::max(instant_of(*zone, day, *slot.from_s), *draft.starts_at),
                std::min(instant_of(*zone, day, *slot.to_s), *draft.ends_at)};
            if (window.from < window.to) {
                windows.push_back(window);
            }
            if (windows.size() > limits::slot_windows_max) {
                return windows;
            }
        }
    }
    return windows;
}

}  // namespace stampede::net
