// SPDX-License-Identifier: Apache-2.0
// What a family of events registers, and how it is made. A play writes for each
// of its events an EventLayout (name, put, get) and one EventFamily made by family_of(), its
// `events()` in campaigns/plays.hpp. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "campaigns/event.hpp"
#include "campaigns/field_reader.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::campaigns {

/// Specialised for every event beside its family's codec:
///   static constexpr std::string_view name;
///   static void put(const Happened& event, ByteWriter& out);
///   static void get(FieldReader& in, Happened& event);       total: judges by in.must()
template <class Happened>
struct EventLayout;

struct EventFamily {
    Family family = Family::campaign;
    /// Which alternative of Event holds this family.
    std::size_t alternative = 0;
    std::uint8_t (*kind_of)(const Event& event) = nullptr;
    void (*encode)(const Event& event, ByteWriter& out) = nullptr;
    /// Empty for an unknown kind, or when the bytes are not exactly one such event.
    std::optional<Event> (*decode)(std::uint8_t kind, std::span<const std::byte> payload) = nullptr;
    /// Empty for an unknown kind.
    std::string_view (*name_of)(std::uint8_t kind) = nullptr;
};

template <class FamilyVariant>
struct FamilyFunctions;

template <class... Happened>
struct FamilyFunctions<std::variant<Happened...>> {
    using FamilyVariant = std::variant<Happened...>;

    static std::uint8_t kind_of(const Event& event) {
        return std::visit([](const auto& happened) { return happened.kind; },
                          std::get<FamilyVariant>(event));
    }
    static void encode(const Event& event, ByteWriter& out) {
        std::visit([&out]<class One>(const One& happened) { EventLayout<One>::put(happened, out); },
                   std::get<FamilyVariant>(event));
    }
    static std::optional<Event> decode(std::uint8_t kind, std::span<const std::byte> payload) {
        std::optional<Event> event;
        const bool is_known =
            ((Happened::kind == kind && (event = decode_as<Happened>(payload), true)) || ...);
        return is_known ? event : std::nullopt;
    }
    static std::string_view name_of(std::uint8_t kind) {
        std::string_view name;
        const bool is_known =
            ((Happened::kind == kind && (name = EventLayout<Happened>::name, true)) || ...);
        return is_known ? name : std::string_view{};
    }

  private:
    template <class One>
    static std::optional<Event> decode_as(std::span<const std::byte> payload) {
        FieldReader in(payload);
        One happened;
        EventLayout<One>::get(in, happened);
        if (!in.is_complete()) {
            return std::nullopt;
        }
        return Event{FamilyVariant{std::move(happened)}};
    }
};

template <class FamilyVariant>
[[nodiscard]] EventFamily family_of(Family family) {
    using Functions = FamilyFunctions<FamilyVariant>;
    return {.family = family,
            .alternative = Event{FamilyVariant{}}.index(),
            .kind_of = &Functions::kind_of,
            .encode = &Functions::encode,
            .decode = &Functions::decode,
            .name_of = &Functions::name_of};
}

}  // namespace stampede::campaigns
