// SPDX-License-Identifier: Apache-2.0
// What must be true of a campaign whatever happened: everything that is kept up as a running count
// is counted anew from the orders, the payments and the refunds, and every sum of money is held to
// what was paid. Slow, for tests, `verify` and the follower; it changes nothing.
#include <map>
#include <string>
#include <vector>

#include "campaigns/campaign.hpp"

namespace stampede::campaigns {

namespace {

struct BuyerCount {
    std::int64_t units = 0;
    std::int64_t hold_marks = 0;
};

class Recount {
  public:
    Recount(const CampaignConfig& config, const OrderBook& book) : config_(config), book_(book) {}

    /// Empty, or what is wrong with this order.
    [[nodiscard]] std::optional<std::string> take(RecordIndex index) {
        const OrderRecord& order = book_.order(index);
        BuyerCount& buyer = buyers_[order.buyer];
        open_holds_ += order.state == OrderState::held ? 1U : 0U;
        refunds_due_ += order.state == OrderState::refund_due ? 1U : 0U;
        buyer.hold_marks += order.marked ? 1 : 0;
        if (order.state == OrderState::held && !order.marked) {
            return "an open hold that does not count as one";
        }
        Money amount;
        for (std::uint8_t at = 0; at < order.line_count; ++at) {
            const LineRecord& line = book_.line(order, at);
            if (line.refunded > line.quantity) {
                return "more units refunded than bought";
            }
            amount += line.unit_price * Quantity{line.quantity};
            take_line(order, line, buyer);
        }
        if (amount != order.amount) {
            return "its amount is not the sum of its lines";
        }
        return judge_payments(index);
    }
    void take_refund(const RefundRecord& refund) {
        if (refund.payment != no_record) {
            refunded_[refund.payment] += refund.amount;
        }
    }

    [[nodiscard]] std::int64_t held(std::uint16_t item) const { return at(held_, item); }
    [[nodiscard]] std::int64_t sold(std::uint16_t item) const { return at(sold_, item); }
    [[nodiscard]] RecordIndex open_holds() const { return open_holds_; }
    [[nodiscard]] RecordIndex refunds_due() const { return refunds_due_; }
    [[nodiscard]] RecordIndex kept_payments() const { return kept_payments_; }
    [[nodiscard]] BuyerCount buyer(BuyerId id) const {
        const auto found = buyers_.find(id);
        return found == buyers_.end() ? BuyerCount{} : found->second;
    }
    [[nodiscard]] std::size_t buyer_count() const { return buyers_.size(); }
    [[nodiscard]] Money refunded(RecordIndex payment) const {
        const auto found = refunded_.find(payment);
        return found == refunded_.end() ? Money{0} : found->second;
    }

  private:
    static std::int64_t at(const std::map<std::uint16_t, std::int64_t>& units, std::uint16_t item) {
        const auto found = units.find(item);
        return found == units.end() ? 0 : found->second;
    }

    void take_line(const OrderRecord& order, const LineRecord& line, BuyerCount& buyer) {
        if (order.state == OrderState::held || order.state == OrderState::paid) {
            held_[line.item] += order.units_with_play ? 0 : std::int64_t{line.quantity};
            buyer.units += line.quantity;
        }
        // An order refunded out of refund_due sold nothing, and no unit of it is marked.
        const bool was_sold = order.state == OrderState::confirmed ||
                              (order.state == OrderState::refunded && line.refunded > 0);
        if (was_sold) {
            const std::int64_t left = std::int64_t{line.quantity} - line.refunded;
            sold_[line.item] += left;
            buyer.units +=
                config_.quota_on_refund == QuotaOnRefund::keep ? std::int64_t{line.quantity} : left;
        }
    }

    [[nodiscard]] std::optional<std::string> judge_payments(RecordIndex index) {
        const OrderRecord& order = book_.order(index);
        std::uint16_t count = 0;
        RecordIndex kept = 0;
        for (RecordIndex at = order.last_payment; at != no_record;
             at = book_.payment(at).previous_of_order) {
            const PaymentRecord& payment = book_.payment(at);
            ++count;
            kept += payment.status == PaymentStatus::kept ? 1U : 0U;
            if (payment.order != index) {
                return "a payment of another order";
            }
            if (payment.refunded > payment.amount ||
                payment.refunded_units > book_.quantity_of(order)) {
                return "more refunded than paid";
            }
            if (payment.status == PaymentStatus::counts && at != order.counted_payment) {
                return "two payments count";
            }
        }
        kept_payments_ += kept;
        if (count != order.payments) {
            return "payments are missing";
        }
        if (kept != (order.waits_for_operator ? 1U : 0U)) {
            return "waits for an operator without a payment, or a payment without an order";
        }
        const bool counts = order.counted_payment != no_record;
        if (counts && book_.payment(order.counted_payment).refunded != order.refunded_amount) {
            return "refunded otherwise than its payment";
        }
        const bool needs_payment =
            order.amount > Money{0} &&
            (order.state == OrderState::paid || order.state == OrderState::confirmed ||
             order.state == OrderState::refund_due || order.state == OrderState::refunded);
        if (counts != needs_payment) {
            return counts ? "a payment counts that should not" : "sold without a payment";
        }
        return std::nullopt;
    }

    const CampaignConfig& config_;
    const OrderBook& book_;
    std::map<std::uint16_t, std::int64_t> held_;
    std::map<std::uint16_t, std::int64_t> sold_;
    std::map<BuyerId, BuyerCount> buyers_;
    std::map<RecordIndex, Money> refunded_;
    RecordIndex open_holds_ = 0;
    RecordIndex refunds_due_ = 0;
    RecordIndex kept_payments_ = 0;
};

std::optional<std::string> broken_buyer(const CampaignConfig& config, const Recount& recount,
                                        BuyerId id, const BuyerRecord& buyer) {
    const BuyerCount count = recount.buyer(id);
    if (count.units != buyer.units) {
        return "his quota differs from his orders";
    }
    if (count.hold_marks != buyer.hold_marks) {
        return "his count of holds differs from his orders";
    }
    if (count.units > config.limits.per_buyer) {
        return "more than per_buyer";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> Campaign::broken_line() const {
    if (const char* why = waitlist_.broken()) {
        return std::string{"the waitlist: "} + why;
    }
    // A sale opens by time, also where its lifecycle deadline is late or frozen.
    const bool may_wait =
        config_->waitlist &&
        (header_.state == CampaignState::scheduled || header_.state == CampaignState::warming ||
         header_.state == CampaignState::live || header_.state == CampaignState::paused ||
         (header_.state == CampaignState::ending && config_->resell_after_end));
    if (!waitlist_.empty() && !may_wait) {
        return std::string{"somebody waits for what cannot come any more"};
    }
    return std::nullopt;
}

std::optional<std::string> Campaign::check_invariants() const {
    const std::string name = "campaign " + std::to_string(id_.raw());
    Recount recount(*config_, book_);
    for (RecordIndex at = 0; at < book_.order_count(); ++at) {
        if (const auto wrong = recount.take(at)) {
            return name + ", order " + Base36(book_.order(at).id.raw()).str() + ": " + *wrong;
        }
    }
    for (RecordIndex at = 0; at < book_.refund_count(); ++at) {
        recount.take_refund(book_.refund(at));
    }
    for (RecordIndex at = 0; at < book_.payment_count(); ++at) {
        if (book_.payment(at).refunded != recount.refunded(at)) {
            return name + ", payment " + std::string{book_.payment(at).payment_id.view()} +
                   ": refunded differs from its refunds";
        }
    }
    for (std::uint16_t item = 0; item < cells_.size(); ++item) {
        const StockCell& cell = cells_[item];
        const std::string item_name =
            name + ", item " + std::string{config_->items[item].item_id.view()};
        if (!cell.every_part_is_sound()) {
            return item_name + ": a part of its stock is below 0";
        }
        const std::int64_t held_by_play = play_ == nullptr ? 0 : play_->units_held(item);
        if (cell.held().units() != recount.held(item) + held_by_play) {
            return item_name + ": held differs from its open holds";
        }
        if (cell.sold().units() != recount.sold(item)) {
            return item_name + ": sold differs from its confirmed orders";
        }
        const std::int64_t slots_bound = config_->items[item].slot_stock.units() *
                                         static_cast<std::int64_t>(config_->windows.size());
        if (slots_bound > 0 && (cell.held() + cell.sold()).units() > slots_bound) {
            return item_name + ": more was taken than all of its slots have";
        }
        const bool is_handed_back = header_.state == CampaignState::ended &&
                                    config_->stock_source == StockSource::carved_out;
        if (is_handed_back && cell.available() + cell.reserve() > Quantity{0}) {
            return item_name + ": stock stayed in a sale that has ended";
        }
    }
    if (auto broken = broken_line()) {
        return name + ": " + *broken;
    }
    std::optional<std::string> wrong;
    std::size_t buyers = 0;
    book_.for_each_buyer([&](BuyerId id, const BuyerRecord& buyer) {
        buyers += buyer.last_order == no_record ? 0 : 1;
        const auto broken = broken_buyer(*config_, recount, id, buyer);
        if (broken && !wrong) {
            wrong = name + ", buyer " + std::to_string(id.raw()) + ": " + *broken;
        }
    });
    if (!wrong && buyers != recount.buyer_count()) {
        wrong = name + ": orders of buyers that are not there";
    }
    if (!wrong && (recount.open_holds() != book_.open_holds() ||
                   recount.refunds_due() != book_.refunds_due() ||
                   recount.kept_payments() != book_.kept_payments())) {
        wrong = name + ": open holds, refunds due or kept payments are miscounted";
    }
    if (!wrong && play_ != nullptr) {
        if (const auto broken = play_->check_invariants(*this)) {
            wrong = name + ", " + *broken;
        }
    }
    return wrong;
}

}  // namespace stampede::campaigns
