// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/mall_rows.hpp"

#include "campaigns/settlement_records.hpp"
#include "tests/simulation/simulated_play.hpp"

namespace stampede::tests {

using namespace campaigns;

std::optional<std::string> MallRows::settle(const Event& event, const engine::Frame& frame) {
    std::vector<SettlementRecord> records;
    append_settlement_records(event, CampaignId{frame.scope},
                              {.journal_id = "sim",
                               .epoch = Epoch{1},
                               .shard = frame.shard,
                               .sequence = frame.sequence,
                               .at = frame.at},
                              records);
    for (const SettlementRecord& record : records) {
        if (const auto* row = std::get_if<OrderRow>(&record)) {
            Row own{.campaign = row->campaign_id, .item = row->items.at(0).item_id};
            for (const OrderItemRow& item : row->items) {
                own.units += item.quantity.units();
            }
            if (!orders_.emplace(row->order_id, own).second) {
                return "an order is settled twice: " + row->order_id;
            }
        } else if (const auto* change = std::get_if<OrderChange>(&record)) {
            const auto found = orders_.find(change->order_id);
            for (const OrderChange::Part& part : change->parts) {
                if (found != orders_.end()) {
                    found->second.units -= part.refunded_more.units();
                }
            }
        } else {
            const auto& told = std::get<EventRow>(record);
            const Told payload{told.payload};
            ++kinds_[told.kind];
            if (!events_.insert(told.event_id).second) {
                return "an event is told twice: " + told.event_id;
            }
            if (told.kind == "REFUND_REQUIRED" &&
                !refunds_
                     .emplace(told.order_id.value_or(""), payload.text("payment_id"),
                              payload.text("reason"))
                     .second) {
                return "a payment must go back twice: " + told.payload;
            }
            if ((told.kind == "GROUP_SUCCEEDED" || told.kind == "GROUP_FAILED") &&
                !ends_.emplace(payload.text("group_id"), told.kind).second) {
                return "a group ends twice: " + told.payload;
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string> MallRows::difference(const Campaign& campaign) const {
    const std::string id = std::to_string(campaign.id().raw());
    std::map<std::string, std::int64_t> sold;
    for (const auto& [order, row] : orders_) {
        if (row.campaign == id) {
            sold[row.item] += row.units;
        }
    }
    for (std::uint16_t item = 0; item < campaign.item_count(); ++item) {
        const std::string name{campaign.config().items[item].item_id.view()};
        if (sold[name] != campaign.cell(item).sold().units()) {
            return "settled " + std::to_string(sold[name]) + " of " + name + ", sold " +
                   std::to_string(campaign.cell(item).sold().units());
        }
    }
    const OrderBook& book = campaign.book();
    for (RecordIndex at = 0; at < book.payment_count(); ++at) {
        const PaymentRecord& payment = book.payment(at);
        const std::string order = Base36(book.order(payment.order).id.raw()).str();
        const auto obligations = std::ranges::count_if(refunds_, [&](const auto& one) {
            return std::get<0>(one) == order && std::get<1>(one) == payment.payment_id.view() &&
                   std::get<2>(one) != "price_difference";
        });
        const bool must_go_back = payment.status == PaymentStatus::refund_due || payment.was_due;
        const bool stays = payment.status == PaymentStatus::counts;
        if (obligations > 1 || (must_go_back && obligations == 0) || (stays && obligations > 0)) {
            return "payment " + std::string{payment.payment_id.view()} + " of order " + order +
                   " is told to go back " + std::to_string(obligations) + " times";
        }
    }
    return std::nullopt;
}

}  // namespace stampede::tests
