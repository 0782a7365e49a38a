// SPDX-License-Identifier: Apache-2.0
// The families that are known: the common ones, and those of campaigns/plays.hpp. Pure, any thread.
#include "campaigns/event_codec.hpp"

#include <array>

#include "campaigns/campaign_event_codec.hpp"
#include "campaigns/event_family.hpp"
#include "campaigns/order_event_codec.hpp"
#include "campaigns/seckill_event_codec.hpp"
#include "campaigns/waitlist_event_codec.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {
namespace {

// In the order of Event's alternatives, so that an event finds its family by its index.
const auto& families() {
    static const auto registered = [] {
        std::array<EventFamily, std::variant_size_v<Event>> all{
            campaign_events(), order_events(), seckill_events(), waitlist_events()};
        std::size_t at = 4;
        Plays::for_each([&]<class Each>() { all[at++] = Each::events(); });
        return all;
    }();
    return registered;
}

const EventFamily& family_holding(const Event& event) {
    const EventFamily& family = families()[event.index()];
    check(family.alternative == event.index(), "families are not registered in Event's order");
    return family;
}

const EventFamily* find_family(Family wanted) {
    for (const EventFamily& family : families()) {
        if (family.family == wanted) {
            return &family;
        }
    }
    return nullptr;
}

}  // namespace

EventNumber number_of(const Event& event) {
    const EventFamily& family = family_holding(event);
    return {.family = family.family, .kind = family.kind_of(event)};
}

void encode(const Event& event, ByteWriter& out) {
    family_holding(event).encode(event, out);
}

std::optional<Event> decode_event(EventNumber number, std::span<const std::byte> payload) {
    const EventFamily* family = find_family(number.family);
    return family == nullptr ? std::nullopt : family->decode(number.kind, payload);
}

std::string_view name_of(EventNumber number) {
    const EventFamily* family = find_family(number.family);
    return family == nullptr ? std::string_view{} : family->name_of(number.kind);
}

}  // namespace stampede::campaigns
