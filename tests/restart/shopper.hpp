// SPDX-License-Identifier: Apache-2.0
// One thread's worth of shoppers, and the mall's till beside it: it buys, opens and joins groups,
// launches bargains and helps, clicks twice, cancels, looks, pays, pays twice and is refunded,
// against a server that may be killed at any moment; and it remembers every answer that it was
// given. What got no answer it asks again with the same key, as an app does. A shopper is used by
// one thread at a time.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/support/server_process.hpp"

namespace stampede::tests {

/// Where a server can be reached; servers come and go.
struct Doors {
    std::uint16_t buyers = 0;
    std::uint16_t mall = 0;
};

/// Campaigns by their plays; each has the item 1001.
struct OnSale {
    std::vector<std::string> seckills;
    std::vector<std::string> groups;
    std::vector<std::string> bargains;
};

/// A request that changes something, and what was answered to it.
struct Remembered {
    std::uint64_t buyer = 0;  // 0: the mall
    std::string path;
    std::string body;
    std::string key;
    boost::json::object answer{};
};

class Shopper {
  public:
    Shopper(std::uint64_t number, OnSale on_sale)
        : chance_(number), next_buyer_(number * 1'000'000'000 + 1), on_sale_(std::move(on_sale)) {}

    /// Until the server has gone.
    void shop(Doors doors);
    /// Asks what got no answer, with its key, until it has one. False when the server goes.
    [[nodiscard]] bool ask_for_lost_answers(Doors doors);
    /// Tells of every payment and refund again; each must be known.
    void tell_payments_again(Doors doors) const;
    /// Asks everything again with its key; the order part must be as it was.
    void ask_everything_again(Doors doors) const;

    /// Each bargain's cuts must be what its price fell by, and hold every cut of ours.
    void add_up_the_cuts(Doors doors) const;

    [[nodiscard]] const std::vector<Remembered>& orders() const { return orders_; }
    [[nodiscard]] const std::vector<Remembered>& launches() const { return launches_; }
    [[nodiscard]] const std::vector<Remembered>& cuts() const { return cuts_; }
    [[nodiscard]] const std::vector<Remembered>& cancels() const { return cancels_; }
    [[nodiscard]] const std::vector<Remembered>& payments() const { return payments_; }
    [[nodiscard]] const std::vector<Remembered>& refunds() const { return refunds_; }
    [[nodiscard]] std::uint64_t lost_answers() const { return lost_; }
    [[nodiscard]] std::uint64_t refusals() const { return refusals_; }

  private:
    class Connection;
    [[nodiscard]] bool step(Connection& connection);
    [[nodiscard]] bool buy(Connection& connection);
    [[nodiscard]] bool open_group(Connection& connection);
    [[nodiscard]] bool join_group(Connection& connection);
    [[nodiscard]] bool launch(Connection& connection);
    [[nodiscard]] bool help(Connection& connection);
    [[nodiscard]] bool take_bargain(Connection& connection);
    [[nodiscard]] bool play(Connection& connection, std::size_t dice);
    [[nodiscard]] bool click_again(Connection& connection);
    [[nodiscard]] bool cancel(Connection& connection);
    [[nodiscard]] bool look(Connection& connection);
    [[nodiscard]] bool pay(Connection& connection);
    [[nodiscard]] bool refund(Connection& connection);
    [[nodiscard]] bool ask(Connection& connection, Remembered request);
    void remember(Remembered&& request);
    [[nodiscard]] std::size_t any_of(std::size_t count);

    std::mt19937_64 chance_;
    std::uint64_t next_buyer_;
    std::uint64_t next_key_ = 0;
    OnSale on_sale_;
    std::vector<Remembered> orders_;  // HELD alone: refusals are judged anew
    std::vector<Remembered> opened_;  // those of them that opened a group
    std::vector<Remembered> launches_;
    std::vector<Remembered> cuts_;
    std::vector<Remembered> cancels_;
    std::vector<Remembered> payments_;
    std::vector<Remembered> refunds_;
    std::vector<Remembered> unanswered_;
    std::uint64_t lost_ = 0;
    std::uint64_t refusals_ = 0;
};

}  // namespace stampede::tests
