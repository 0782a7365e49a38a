// SPDX-License-Identifier: Apache-2.0
// The engine and the slow model side by side: one act for both, then everything that can be seen of
// them is compared. Used by seckill_walk.cpp alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/naive_seckill.hpp"
#include "tests/support/sale_rig.hpp"
#include "tests/support/scenario_facts.hpp"
#include "tests/support/seckill_walk.hpp"

namespace stampede::tests {

inline constexpr std::int64_t walk_start_ms = 1'795'262'400'000;

class WalkPair {
  public:
    /// `codes` takes in every code that the engine answers.
    WalkPair(const NaiveRules& rules, std::set<campaigns::Code>& codes);
    /// The first disagreement after this act, or empty.
    std::optional<std::string> step(const Act& act);

  private:
    struct Asked {
        campaigns::Answer engine;
        NaiveAnswer model;
    };
    /// The request's identity for the engine and its name for the model.
    struct Identity {
        std::optional<engine::RequestIdentity> engine;
        NaiveRequest model;
    };

    std::optional<std::string> move_time(const Act& act);
    std::optional<std::string> name_new_orders();
    std::optional<Asked> ask(const Act& act);
    Asked buy(const Act& act);
    Asked take_ticket(const Act& act);
    Asked wait_in_line(const Act& act);
    Asked cancel(const Act& act);
    Asked pay(const Act& act);
    Asked refund(const Act& act);
    Asked decide_order(const Act& act);
    Asked change(const Act& act);
    Asked revise(const Act& act);
    Asked stock(const Act& act);
    Asked block(const Act& act);

    [[nodiscard]] Identity identity(const Act& act, std::uint64_t owner, const std::string& path,
                                    const std::string& body) const;
    /// A position among the orders, or none for one that was never made.
    [[nodiscard]] std::optional<std::size_t> order_at(std::uint32_t pick) const;
    [[nodiscard]] OrderId engine_order(std::uint32_t pick) const;
    [[nodiscard]] std::optional<std::string> difference(const Asked& asked) const;
    [[nodiscard]] std::optional<std::string> difference_of_orders(const Asked& asked) const;
    [[nodiscard]] std::optional<std::string> difference_of_state() const;
    [[nodiscard]] std::optional<std::string> difference_of_told();
    [[nodiscard]] std::int64_t now_ms() const { return rig_.now().ms(); }

    std::set<campaigns::Code>& codes_;
    SaleRig rig_;
    NaiveSeckill model_;
    OrderNames names_;
    std::vector<OrderId> orders_;
    std::vector<campaigns::TicketClaims> tickets_;
    bool is_quiet_ = true;  // false: a kill is on its way through the holds
};

}  // namespace stampede::tests
