// SPDX-License-Identifier: Apache-2.0
// A random walk through one small sale: everything that buyers, the mall and operators may do, in
// any order, told to the engine and to the slow model, which must agree after every step. A walk is
// a list of acts of a few small numbers, so that it can be cut shorter and still make sense.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/naive_seckill.hpp"

namespace stampede::tests {

enum class ActKind : std::uint8_t {
    buy,
    take_ticket,
    cancel,
    pay,
    refund,
    release,
    resolve,
    change,
    revise,
    stock,
    block,
    settle,
    wait,
    turn,
    crash,
    checkpoint,
    selling,
    wait_in_line,
    leave_line,
};

struct Act {
    ActKind kind = ActKind::turn;
    std::uint32_t who = 0;   // a buyer, an order, a verb
    std::uint32_t what = 0;  // an item, a payment, a ticket
    std::uint32_t much = 0;  // units, money, time
    std::uint32_t how = 0;   // the rest, bit by bit
    std::uint32_t key = 0;   // 0: none
};

struct Walk {
    NaiveRules rules;
    std::vector<Act> acts;
};

[[nodiscard]] Walk make_walk(std::uint64_t seed, std::size_t acts);
[[nodiscard]] std::string str(const Act& act);

/// The first disagreement, or empty. `codes` takes in every code that was answered.
[[nodiscard]] std::optional<std::string> run_walk(const Walk& walk,
                                                  std::set<campaigns::Code>& codes);
[[nodiscard]] std::optional<std::string> run_walk(const Walk& walk);

/// The same walk without acts that are not needed for it to fail.
[[nodiscard]] Walk shortened(Walk walk, const std::function<bool(const Walk&)>& fails);

}  // namespace stampede::tests
