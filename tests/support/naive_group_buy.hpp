// SPDX-License-Identifier: Apache-2.0
// 拼团 told a second time, slowly and obviously: every count is counted anew from the orders, every
// deadline is looked for among all of them. What the real rules do is compared with it, command by
// command. One campaign of one item; no thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "campaigns/campaign_config.hpp"
#include "campaigns/code.hpp"

namespace stampede::tests {

class NaiveGroupBuy {
  public:
    explicit NaiveGroupBuy(const campaigns::CampaignConfig& config) : config_(config) {}

    struct Order {
        std::uint64_t buyer = 0;
        std::optional<std::size_t> group;
        std::int64_t quantity = 0;
        std::int64_t price = 0;
        Instant pay_by;
        campaigns::OrderState state = campaigns::OrderState::held;
        bool is_new = false;
        bool opened = false;
        bool marked = true;
        int sat_down = 0;                      // when it took its seat, for who came first
        std::optional<int> paid;               // when it was paid
        std::optional<std::string> counted;    // the payment that counts
        std::map<std::string, bool> payments;  // id -> answered REFUND_REQUIRED
        int armed = 0;
    };
    struct Group {
        std::size_t opener = 0;  // its order
        std::uint64_t leader = 0;
        Instant deadline;
        campaigns::GroupState state = campaigns::GroupState::forming;
        int level_since = 0;  // since when it has as many seats taken
        std::size_t level = 0;
        int virtual_seats = 0;
        std::int64_t price = 0;  // of a unit: a member's, at success the tier's that was reached
        int armed = 0;
    };

    Instant now;
    bool paused = false;
    bool ended_early = false;  // by an operator

    // Each answers with the code that the real one must give. A new order is the last.
    campaigns::Code open(std::uint64_t buyer, bool is_new, std::int64_t quantity);
    campaigns::Code join(std::size_t group, std::uint64_t buyer, bool is_new,
                         std::int64_t quantity);
    campaigns::Code pay(std::size_t order, const std::string& payment,
                        std::optional<bool> buyer_is_new);
    campaigns::Code cancel(std::size_t order);
    /// The whole of what the order counts.
    campaigns::Code refund(std::size_t order);
    campaigns::Code fail(std::size_t group);
    /// An operator ends the sale before its time.
    void end_early();
    /// Deadlines up to `then`, in the order in which they are due.
    void move_to(Instant then);
    /// Deadlines are armed anew: those of groups first.
    void restart();

    [[nodiscard]] const std::vector<Order>& orders() const { return orders_; }
    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
    [[nodiscard]] std::int64_t available() const;
    [[nodiscard]] std::int64_t held() const;
    [[nodiscard]] std::int64_t sold() const;
    /// Orders that sit in the group, earliest first.
    [[nodiscard]] std::vector<std::size_t> seats(std::size_t group) const;
    [[nodiscard]] std::size_t paid(std::size_t group) const;

  private:
    using Code = campaigns::Code;
    [[nodiscard]] const campaigns::GroupTerms& terms() const {
        return std::get<campaigns::GroupTerms>(config_.terms);
    }
    [[nodiscard]] bool is_ending() const { return ended_early || now >= config_.ends_at; }
    [[nodiscard]] bool is_open(std::size_t group) const;
    [[nodiscard]] std::int64_t price_of_member() const;
    [[nodiscard]] Instant deadline_of_new() const;
    [[nodiscard]] bool sits(const Order& order) const;
    [[nodiscard]] std::int64_t units_of(std::uint64_t buyer) const;
    [[nodiscard]] std::int64_t marks_of(std::uint64_t buyer) const;
    [[nodiscard]] std::int64_t led_by(std::uint64_t buyer) const;
    [[nodiscard]] std::int64_t standing_seats(std::uint64_t buyer, bool opened) const;
    /// A buyer who turns out not to be new may not keep this seat.
    [[nodiscard]] bool breaks_new_rule(const Order& order) const;
    [[nodiscard]] bool leaves_room_for_new(std::optional<std::size_t> group, bool is_new) const;
    [[nodiscard]] std::optional<Code> refuse_quota(std::uint64_t buyer,
                                                   std::int64_t quantity) const;
    [[nodiscard]] std::optional<Code> refuse_stock(std::int64_t quantity) const;
    [[nodiscard]] std::optional<Code> refuse_opening(std::uint64_t buyer) const;
    [[nodiscard]] std::optional<std::size_t> fullest_for(std::uint64_t buyer, bool is_new) const;
    void begin(std::uint64_t buyer, bool is_new, std::int64_t quantity);
    void sit(std::size_t group, std::uint64_t buyer, bool is_new, std::int64_t quantity,
             std::int64_t price, bool opens);
    void seat_given_up(std::size_t group, std::uint64_t buyer);
    void succeed(std::size_t group, int virtual_seats);
    void end(std::size_t group, campaigns::GroupState state, campaigns::OrderState unpaid);
    void expire_order(std::size_t order);
    /// Its time is over: success, or the end with unpaid seats as said.
    void judge(std::size_t group, campaigns::OrderState unpaid);
    void note_levels();
    [[nodiscard]] Code pay_late(std::size_t order, const std::string& payment,
                                std::optional<bool> buyer_is_new);
    [[nodiscard]] Code seat_paid(std::size_t order, const std::string& payment);

    campaigns::CampaignConfig config_;
    std::vector<Order> orders_;
    std::vector<Group> groups_;
    int clock_ = 0;  // counts everything that comes before or after something else
};

}  // namespace stampede::tests
