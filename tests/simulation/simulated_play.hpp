// SPDX-License-Identifier: Apache-2.0
// What the simulation knows of one play: which campaigns it draws up, what its buyers and operators
// ask for, what its events may say one after the other, and which answers they allow. One file per
// play, simulated_<play>.cpp, and a line in simulated_plays.cpp; everything that all plays share
// (orders, stock, payments, crashes, keys asked again) is the simulation's own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "campaigns/campaign.hpp"
#include "campaigns/command.hpp"
#include "campaigns/event.hpp"
#include "tests/simulation/chance.hpp"
#include "tests/simulation/journal_orders.hpp"

namespace stampede::tests {

/// One request of a buyer, as it can be sent again. `path` stands below the campaign's.
struct Asked {
    /// Numbers of a play's own acts begin at `own_acts`.
    enum class Act : std::uint8_t { buy, cancel, own_acts };
    Act act = Act::buy;
    std::uint64_t key = 0;
    std::size_t campaign = 0;  // position among the world's
    std::string method = "POST";
    std::string path;
    std::string body;
    std::uint16_t item = 0;
    std::uint64_t record = 0;  // the order, group or bargain that it names; 0: none
    /// Nobody else's units explain a SOLD_OUT; a line of waiting buyers does.
    bool sold_out_is_plain = true;
    CommitNumber durable_then;
};

struct Told {
    explicit Told(const std::string& body);
    /// A string or a number of the body, the first of that name; empty or -1 when it has none.
    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name) const;
    [[nodiscard]] std::uint64_t id(std::string_view name) const;

    std::string body;
    std::string code;
    std::string receipt_text;
    OrderId order;  // 0: none
    ShardIndex shard;
    Sequence receipt;  // 0: nothing changed
    bool replayed = false;
};

/// Whether the buyer counts as new wherever a play asks.
inline bool is_new_buyer(BuyerId buyer) {
    return buyer.raw() % 2 == 1;
}

class SimulatedPlay {
  public:
    /// Of one campaign; `orders` is what the journal says of it.
    explicit SimulatedPlay(JournalOrders& orders) : orders_(orders) {}
    SimulatedPlay(const SimulatedPlay&) = delete;
    SimulatedPlay& operator=(const SimulatedPlay&) = delete;
    virtual ~SimulatedPlay() = default;

    // Generating ----------------------------------------------------------------------------------
    /// The campaign's own parameters, and those of the common ones that the play is about.
    virtual void draw_up(campaigns::CampaignConfig& config, Chance& chance) = 0;
    [[nodiscard]] virtual Asked wish(BuyerId buyer, Chance& chance) const = 0;
    /// An operator's act of the play's own, if he can think of one.
    [[nodiscard]] virtual std::optional<campaigns::Command> intervene(CampaignId /*campaign*/,
                                                                      Chance& /*chance*/) const {
        return std::nullopt;
    }

    // What durable events say; what cannot be is a complaint to orders() --------------------------
    virtual void see(const campaigns::Event& event, const Seen& seen) = 0;
    /// An order's hold ended by an event that is not the play's.
    virtual void hold_ended(OrderId /*order*/, const Seen& /*seen*/) {}
    /// An order was confirmed by an event that is not the play's.
    virtual void order_confirmed(OrderId /*order*/, const Seen& /*seen*/) {}
    /// A paid or confirmed order was refunded wholly.
    virtual void order_refunded(OrderId /*order*/, const Seen& /*seen*/) {}
    /// Nothing may be half done now.
    virtual void commit_seen(const Seen& /*seen*/) {}
    virtual void campaign_changed(campaigns::CampaignState /*to*/) {}

    // Judging -------------------------------------------------------------------------------------
    /// What is wrong with this answer, or empty.
    [[nodiscard]] virtual std::optional<std::string> contradiction(BuyerId buyer,
                                                                   const Asked& asked,
                                                                   const Told& told,
                                                                   Instant now) const = 0;
    /// A record of the engine's that its time, before `then`, has not ended.
    [[nodiscard]] virtual std::optional<std::string> forgotten(
        const campaigns::Campaign& /*campaign*/, Instant /*then*/) const {
        return std::nullopt;
    }
    /// What is still open when everything must be at rest.
    [[nodiscard]] virtual std::optional<std::string> unrest() const { return std::nullopt; }

  protected:
    [[nodiscard]] JournalOrders& orders() { return orders_; }
    [[nodiscard]] const JournalOrders& orders() const { return orders_; }
    [[nodiscard]] std::uint16_t any_item(Chance& chance) const {
        return static_cast<std::uint16_t>(chance.below(orders_.config().items.size()));
    }
    [[nodiscard]] std::string item_body(std::uint16_t item, std::int64_t quantity) const;

  private:
    JournalOrders& orders_;
};

/// A play that the simulation can draw up.
struct PlayMaker {
    campaigns::Play play;
    std::unique_ptr<SimulatedPlay> (*make)(JournalOrders& orders);
};
[[nodiscard]] std::unique_ptr<SimulatedPlay> simulated_seckill(JournalOrders& orders);
[[nodiscard]] std::unique_ptr<SimulatedPlay> simulated_group_buy(JournalOrders& orders);
[[nodiscard]] std::unique_ptr<SimulatedPlay> simulated_bargain(JournalOrders& orders);
[[nodiscard]] std::unique_ptr<SimulatedPlay> simulated_friend_help(JournalOrders& orders);

/// Every play, in the order of its registration.
[[nodiscard]] std::span<const PlayMaker> simulated_plays();

}  // namespace stampede::tests
