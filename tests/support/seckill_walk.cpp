// SPDX-License-Identifier: Apache-2.0
#include "tests/support/seckill_walk.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "tests/support/walk_pair.hpp"

namespace stampede::tests {

namespace {

constexpr std::array names{"buy",        "take_ticket", "cancel",       "pay",       "refund",
                           "release",    "resolve",     "change",       "revise",    "stock",
                           "block",      "settle",      "wait",         "turn",      "crash",
                           "checkpoint", "selling",     "wait_in_line", "leave_line"};

/// How often each kind comes, in the order of ActKind.
constexpr std::array<unsigned, names.size()> weights{30, 6, 8,  22, 10, 2, 3, 6,  2, 3,
                                                     1,  1, 22, 4,  2,  2, 1, 12, 2};

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(engine_() % bound);
    }
    bool one_in(std::uint32_t count) { return below(count) == 0; }
    template <class Value, std::size_t Count>
    Value any(const std::array<Value, Count>& values) {
        return values[below(Count)];
    }

  private:
    std::mt19937_64 engine_;
};

NaiveRules make_rules(Dice& dice) {
    using campaigns::LatePayment;
    using campaigns::Restock;
    NaiveRules rules;
    rules.items.push_back({"a", 100, 1 + dice.below(4), dice.below(2)});
    rules.items.push_back({"b", dice.one_in(3) ? 0 : 50, dice.below(4), 0});
    rules.starts_ms = walk_start_ms + 20'000;
    rules.ends_ms = rules.starts_ms + 10'000 * (2 + dice.below(6));
    rules.warmup_ms = 5'000 * dice.below(4);
    rules.hold_ms = 10'000 + 5'000 * dice.below(2);
    if (dice.one_in(3)) {
        rules.slots = {{rules.starts_ms, rules.starts_ms + 15'000},
                       {rules.starts_ms + 20'000, rules.starts_ms + 40'000}};
        std::erase_if(rules.slots, [&](const auto& slot) { return slot.first >= rules.ends_ms; });
        rules.slots.back().second = std::min(rules.slots.back().second, rules.ends_ms);
        rules.per_buyer_per_slot = dice.one_in(2) ? 1 + dice.below(2) : 0;
    }
    rules.per_buyer = 1 + dice.below(4);
    rules.per_order_max = 1 + dice.below(3);
    rules.per_order_min = dice.one_in(4) ? std::min<std::int64_t>(2, rules.per_order_max) : 1;
    rules.holds_per_buyer = 1 + dice.below(5);
    rules.level_min = dice.one_in(5) ? 1 : 0;
    rules.new_buyers_only = dice.one_in(6);
    if (dice.one_in(4)) {
        rules.blocklist = {1 + dice.below(3)};
    }
    rules.mirrored = dice.one_in(3);
    rules.ticket = dice.one_in(4);
    rules.resell_after_end = dice.one_in(3);
    rules.keep_quota = dice.one_in(3);
    rules.waitlist = rules.per_order_min == 1 && dice.one_in(3);
    if (!rules.slots.empty() && dice.one_in(2)) {
        rules.items[0].slot_stock = 1 + dice.below(2);
    }
    rules.late = dice.any(std::array{LatePayment::reacquire_or_refund, LatePayment::refund,
                                     LatePayment::hold_for_operator});
    rules.restock = dice.any(std::array{Restock::to_activity, Restock::to_mall, Restock::none});
    return rules;
}

ActKind any_kind(Dice& dice) {
    unsigned sum = 0;
    for (const unsigned weight : weights) {
        sum += weight;
    }
    unsigned at = dice.below(sum);
    std::uint8_t kind = 0;
    while (at >= weights[kind]) {
        at -= weights[kind++];
    }
    return static_cast<ActKind>(kind);
}

}  // namespace

Walk make_walk(std::uint64_t seed, std::size_t acts) {
    Dice dice(seed);
    Walk walk{.rules = make_rules(dice), .acts = {}};
    const auto verb = [](campaigns::Verb one) {
        return Act{.kind = ActKind::change, .who = static_cast<std::uint32_t>(one)};
    };
    if (!dice.one_in(8)) {
        walk.acts.push_back(verb(campaigns::Verb::publish));
        walk.acts.push_back({.kind = ActKind::wait, .much = 11, .how = 2});
    }
    while (walk.acts.size() < acts) {
        if (!walk.acts.empty() && dice.one_in(10)) {
            // Clients ask again; gateways too.
            const std::uint32_t back = 1 + dice.below(std::min<std::uint32_t>(
                                               8, static_cast<std::uint32_t>(walk.acts.size())));
            const Act again = walk.acts[walk.acts.size() - back];
            walk.acts.push_back(again);
            continue;
        }
        Act act{.kind = any_kind(dice),
                .who = dice.below(8),
                .what = dice.below(8),
                .much = dice.below(12),
                .how = dice.below(256),
                .key = dice.one_in(3) ? 1 + dice.below(4) : 0};
        const bool is_final = act.kind == ActKind::change &&
                              (act.who == static_cast<std::uint32_t>(campaigns::Verb::kill) ||
                               act.who == static_cast<std::uint32_t>(campaigns::Verb::end));
        if (is_final && walk.acts.size() < acts / 2 && !dice.one_in(6)) {
            continue;  // most sales live for a while
        }
        walk.acts.push_back(act);
    }
    return walk;
}

std::string str(const Act& act) {
    return std::string{names[static_cast<std::size_t>(act.kind)]} + " who " +
           std::to_string(act.who) + " what " + std::to_string(act.what) + " much " +
           std::to_string(act.much) + " how " + std::to_string(act.how) + " key " +
           std::to_string(act.key);
}

std::optional<std::string> run_walk(const Walk& walk) {
    std::set<campaigns::Code> codes;
    return run_walk(walk, codes);
}

std::optional<std::string> run_walk(const Walk& walk, std::set<campaigns::Code>& codes) {
    WalkPair pair(walk.rules, codes);
    for (std::size_t at = 0; at < walk.acts.size(); ++at) {
        if (const auto wrong = pair.step(walk.acts[at])) {
            return "act " + std::to_string(at) + " (" + str(walk.acts[at]) + "): " + *wrong;
        }
    }
    return std::nullopt;
}

Walk shortened(Walk walk, const std::function<bool(const Walk&)>& fails) {
    for (std::size_t chunk = walk.acts.size() / 2; chunk > 0; chunk /= 2) {
        for (std::size_t from = 0; from < walk.acts.size();) {
            Walk shorter = walk;
            const auto first = shorter.acts.begin() + static_cast<std::ptrdiff_t>(from);
            const auto count = std::min(chunk, walk.acts.size() - from);
            shorter.acts.erase(first, first + static_cast<std::ptrdiff_t>(count));
            if (fails(shorter)) {
                walk = std::move(shorter);
            } else {
                from += chunk;
            }
        }
    }
    return walk;
}

}  // namespace stampede::tests
