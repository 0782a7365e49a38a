// SPDX-License-Identifier: Apache-2.0
// What the one line that registers a play (campaigns/plays.hpp) adds to: the variants of commands,
// events, parameters and views. Compile time only.
//
// A play is a struct of words, found in the play's own header:
//
//   static constexpr Play play;             its number: also its Family
//   static constexpr std::string_view word  as in `"play":"group_buy"`
//   static constexpr std::string_view key   of its parameters in a draft, as in `"group":{…}`
//   static constexpr std::string_view record_key
//                    how an order of it names its record, as in "group_id"
//   using Draft      parameters as an operator sent them, all optional
//   using Terms      the same, judged; part of the configuration; with == and a default
//   using Command    std::variant of its commands, each with `CampaignId campaign`, the most bytes
//                    of its events as `event_bytes_max`, and the code that says that the campaign
//                    has another play as `of_another_play`
//   using Event      std::variant of its events, each with `kind` and `subject()`
//   using View       what an answer says about its record
//   static EventFamily events();
//   static void judge(const Draft*, const CampaignDraft&, CampaignConfig&, FieldNotes&);
//                    null: the key was not sent; what is common has been judged before
//   static void lint(const CampaignConfig&, FieldNotes& warnings);
//   static std::size_t bytes_max(const Terms&);
//   static void put(const Terms&, ByteWriter&);  static void get(FieldReader&, Terms&);
//   static std::unique_ptr<PlayState> begin(const CampaignConfig&);
//
// and beside each event `void settle(const One&, SettlementWriter&)` (campaigns/settlement_writer
// .hpp) and `void show(const One&, EventFields&)` (campaigns/event_fields.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <variant>

#include "campaigns/policy.hpp"

namespace stampede::campaigns {

template <class... Variants>
struct Joined;
template <class... Each>
struct Joined<std::variant<Each...>> {
    using Type = std::variant<Each...>;
};
template <class... Left, class... Right, class... Rest>
struct Joined<std::variant<Left...>, std::variant<Right...>, Rest...>
    : Joined<std::variant<Left..., Right...>, Rest...> {};

template <class One, class Variant>
inline constexpr bool is_one_of = false;
template <class One, class... Each>
inline constexpr bool is_one_of<One, std::variant<Each...>> = (std::is_same_v<One, Each> || ...);

template <class... Each>
struct PlayList {
    static constexpr std::size_t count = sizeof...(Each);
    /// monostate: a play without parameters of its own.
    using Terms = std::variant<std::monostate, typename Each::Terms...>;
    using Drafts = std::tuple<std::optional<typename Each::Draft>...>;
    using View = std::variant<std::monostate, typename Each::View...>;
    /// Common commands first: their positions are part of remembered requests.
    template <class Shared>
    using CommandAfter = typename Joined<Shared, typename Each::Command...>::Type;
    template <class... Families>
    using EventAfter = std::variant<Families..., typename Each::Event...>;

    /// visit.operator()<Each>() for every play, in order.
    template <class Visit>
    static constexpr void for_each(Visit&& visit) {
        (visit.template operator()<Each>(), ...);
    }
    /// The play that a command belongs to.
    template <class Command>
    static constexpr Play play_of() {
        Play found = Play::common;
        for_each([&]<class One>() {
            if constexpr (is_one_of<Command, typename One::Command>) {
                found = One::play;
            }
        });
        return found;
    }
    /// True for an event or a command that belongs to one of the plays.
    template <class One>
    static constexpr bool has_command = (is_one_of<One, typename Each::Command> || ...);
    template <class Family>
    static constexpr bool has_family = (std::is_same_v<Family, typename Each::Event> || ...);
    template <class One>
    static constexpr bool has_event = (is_one_of<One, typename Each::Event> || ...);
};

}  // namespace stampede::campaigns
