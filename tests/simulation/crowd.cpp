// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/crowd.hpp"

#include <charconv>

namespace stampede::tests {

using namespace campaigns;

void SimulatedBuyer::hang_up() {
    connection.reset();
    received.clear();
}

void SimulatedBuyer::send(SimulatedNode& node, CampaignId campaign) {
    const Asked& asked = *waiting;
    std::string request = asked.method + " /v1/campaigns/" + std::to_string(campaign.raw()) +
                          asked.path +
                          " HTTP/1.1\r\nHost: sim\r\nX-Buyer-Id: " + std::to_string(id.raw()) +
                          "\r\nIdempotency-Key: k" + std::to_string(asked.key) +
                          "\r\nContent-Type: application/json\r\nContent-Length: " +
                          std::to_string(asked.body.size()) + "\r\n";
    request += is_new_buyer(id) ? "X-Buyer-Segments: 1\r\n\r\n" : "\r\n";
    node.loop.client_sends(*connection, request + asked.body);
    known[asked.key] = asked;
}

std::optional<std::string> SimulatedBuyer::next_answer(SimulatedNode& node) {
    if (!connection) {
        return std::nullopt;
    }
    received += node.loop.client_receives(*connection);
    const auto head = received.find("\r\n\r\n");
    if (head == std::string::npos) {
        return std::nullopt;
    }
    const char* digits = received.data() + received.find("Content-Length: ") + 16;
    while (*digits == ' ') {
        ++digits;
    }
    std::size_t length = 0;
    std::from_chars(digits, received.data() + head, length);
    if (received.size() < head + 4 + length) {
        return std::nullopt;
    }
    std::string body = received.substr(head + 4, length);
    received.erase(0, head + 4 + length);
    return body;
}

std::optional<std::string> SimulatedBuyer::differs_from_first(const Asked& asked, const Told& now) {
    const auto first = told.find(asked.key);
    if (first == told.end()) {
        // A refusal changes nothing and is judged anew; a place left behind is no promise.
        if (now.receipt != Sequence{} && asked.method == "POST") {
            told.emplace(asked.key, now);
        }
        return std::nullopt;
    }
    const Told& then = first->second;
    const bool same =
        then.code == now.code && then.order == now.order && then.receipt_text == now.receipt_text &&
        then.number("place") == now.number("place") &&
        then.number("pay_by_ms") == now.number("pay_by_ms") &&
        then.id("group_id") == now.id("group_id") && then.id("bargain_id") == now.id("bargain_id");
    return same && now.replayed
               ? std::nullopt
               : std::optional{"one key, two answers: first " + then.body + "\nand now"};
}

std::optional<std::string> common_contradiction(const JournalWitness& witness,
                                                const SimulatedCampaign& campaign, BuyerId buyer,
                                                const Asked& asked, const Told& told) {
    if (told.receipt != Sequence{} && !witness.has(told.shard, told.receipt)) {
        return std::string{"acknowledged before it was durable"};
    }
    const auto was = [&](auto&& holds) { return campaign.states.was(asked.durable_then, holds); };
    if (told.code == "HELD" || told.code == "CONFIRMED" || told.code == "REROUTED") {
        const auto* order = campaign.orders.find(told.order);
        if (order == nullptr || told.receipt == Sequence{}) {
            return std::string{"an order that is not in the journal, or without a receipt"};
        }
        if (order->buyer != buyer) {
            return std::string{"somebody else's order"};
        }
        if (order->amount().fen() != told.number("amount")) {
            return std::string{"an order of another amount than its lines"};
        }
    } else if (told.code == "CANCELLED") {
        const auto* order = campaign.orders.find(OrderId{asked.record});
        if (order == nullptr || order->standing == JournalOrders::Standing::held) {
            return std::string{"told as cancelled, but it is held"};
        }
    } else if (told.code == "ORDER_UNKNOWN") {
        const auto* order = campaign.orders.find(OrderId{asked.record});
        if (order != nullptr && order->buyer == buyer) {
            return std::string{"his own order is told as unknown"};
        }
    } else if (told.code == "SOLD_OUT") {
        const auto& units = campaign.orders.availability(asked.item);
        if (asked.sold_out_is_plain &&
            !units.was(asked.durable_then, [](std::int64_t left) { return left == 0; })) {
            return std::string{"a sold-out that was never true"};
        }
    } else if (told.code == "PAUSED") {
        if (!was([](CampaignState state) { return state == CampaignState::paused; })) {
            return std::string{"told as paused, but it never was"};
        }
    } else if (told.code == "KILLED") {
        if (!was([](CampaignState state) { return state == CampaignState::killed; })) {
            return std::string{"told as killed, but it never was"};
        }
    } else if (told.code.empty() || told.code == "KEY_REUSED") {
        return std::string{"an answer that no request of this world can have"};
    }
    return std::nullopt;
}

}  // namespace stampede::tests
