// SPDX-License-Identifier: Apache-2.0
// The mall's database of a simulated sale: rows and events as settlement would write them, taken
// from each durable event once. It refuses what a primary key would refuse, and at the end tells
// what is missing or too much.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "campaigns/campaign.hpp"
#include "campaigns/event.hpp"
#include "engine/frame.hpp"

namespace stampede::tests {

class MallRows {
  public:
    /// Empty, or what the database would have refused.
    [[nodiscard]] std::optional<std::string> settle(const campaigns::Event& event,
                                                    const engine::Frame& frame);
    [[nodiscard]] bool has_order(OrderId order) const {
        return orders_.contains(Base36(order.raw()).str());
    }
    /// settled = confirmed, and each payment that must go back is told exactly once.
    [[nodiscard]] std::optional<std::string> difference(const campaigns::Campaign& campaign) const;
    [[nodiscard]] std::uint64_t count_of(std::string_view kind) const {
        const auto found = kinds_.find(std::string{kind});
        return found == kinds_.end() ? 0 : found->second;
    }

  private:
    struct Row {
        std::string campaign;
        std::string item;
        std::int64_t units = 0;  // less those refunded
    };
    std::map<std::string, Row> orders_;
    std::set<std::string> events_;
    std::map<std::string, std::uint64_t> kinds_;
    /// order, payment, reason
    std::set<std::tuple<std::string, std::string, std::string>> refunds_;
    std::map<std::string, std::string> ends_;  // by group: GROUP_SUCCEEDED or GROUP_FAILED
};

}  // namespace stampede::tests
