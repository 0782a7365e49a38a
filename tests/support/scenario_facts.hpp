// SPDX-License-Identifier: Apache-2.0
// What a line of a scenario got, as words: a code, named values, flags. An expectation names the
// values that it is about, and every flag.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "campaigns/answer.hpp"
#include "engine/vocabulary/settlement_record.hpp"
#include "tests/support/scenario_text.hpp"

namespace stampede::tests {

struct Facts {
    std::string code;
    std::map<std::string, std::string> values;
    std::set<std::string> flags;
    [[nodiscard]] std::string str() const;
};

/// Orders have names of the author's choice; those without one are told by their id.
class OrderNames {
  public:
    void give(const std::string& name, OrderId order);
    [[nodiscard]] OrderId find(const std::string& name) const;
    [[nodiscard]] std::string of(OrderId order) const;
    [[nodiscard]] std::string of(const std::string& id_text) const;

  private:
    std::map<std::string, OrderId> by_name_;
    std::map<OrderId, std::string> by_id_;
};

[[nodiscard]] Facts facts_of(const campaigns::Answer& answer, const OrderNames& names);
/// In scenario_bargain.cpp.
void add_bargain(Facts& facts, const campaigns::BargainView& view);
/// In scenario_friend_help.cpp.
void add_rally(Facts& facts, const campaigns::RallyView& view);
void add_group(Facts& facts, const campaigns::GroupView& group, const OrderNames& names);
void add_order(Facts& facts, const campaigns::OrderView& order, const OrderNames& names);

/// "REFUND_REQUIRED A payment p2 amount 9900 reason second_payment", as one string of words.
[[nodiscard]] std::string told(const EventRow& event, const OrderNames& names);

/// Empty when `expected` (a code, then names with values, and flags) agrees with `got`.
[[nodiscard]] std::optional<std::string> disagreement(const Words& expected, const Facts& got);

}  // namespace stampede::tests
