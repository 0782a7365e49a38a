// SPDX-License-Identifier: Apache-2.0
// The mall's door, read as the contract describes it.
#include "loadtest/gather.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <thread>

namespace stampede::loadtest {
namespace {

namespace json = boost::json;

std::string text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) {
        return {};
    }
    if (value->is_string()) {
        return std::string{value->get_string()};
    }
    return value->is_int64() ? std::to_string(value->get_int64()) : std::string{};
}

std::int64_t number_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

Result<json::object> object_from(const Result<DoorReply>& reply, const std::string& target) {
    if (!reply.has_value()) {
        return reply.error();
    }
    json::value body = reply->json();
    if (reply->status != 200 || !body.is_object()) {
        return fault("GET " + target + " answered " + std::to_string(reply->status) + ": " +
                     reply->body.substr(0, 300));
    }
    return std::move(body.get_object());
}

const json::array* rows_in(const json::object& object, std::string_view name) {
    const json::value* rows = object.if_contains(name);
    return rows == nullptr ? nullptr : rows->if_array();
}

ListedOrder order_from(const json::object& row) {
    ListedOrder order;
    order.order_id = text_in(row, "order_id");
    order.buyer_id = text_in(row, "buyer_id");
    order.item_id = text_in(row, "item_id");
    order.state = text_in(row, "state");
    order.quantity = number_in(row, "quantity");
    order.amount = number_in(row, "amount");
    order.refunded_quantity = number_in(row, "refunded_quantity");
    return order;
}

}  // namespace

Result<std::vector<LedgerLine>> fetch_ledger(MallDoor& mall, const std::string& campaign_id) {
    const std::string target = "/v1/campaigns/" + campaign_id + "/ledger";
    const Result<json::object> body = object_from(mall.get(target), target);
    if (!body.has_value()) {
        return body.error();
    }
    const json::array* items = rows_in(*body, "items");
    if (items == nullptr) {
        return fault("GET " + target + " answered without items");
    }
    std::vector<LedgerLine> lines;
    for (const json::value& item : *items) {
        if (const json::object* row = item.if_object()) {
            lines.push_back({text_in(*row, "item_id"), number_in(*row, "total"),
                             number_in(*row, "available"), number_in(*row, "held"),
                             number_in(*row, "sold"), number_in(*row, "reserve"),
                             number_in(*row, "removed")});
        }
    }
    return lines;
}

Result<std::vector<LedgerLine>> await_lapsed(MallDoor& mall, const std::string& campaign_id,
                                             std::chrono::nanoseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (true) {
        Result<std::vector<LedgerLine>> ledger = fetch_ledger(mall, campaign_id);
        if (!ledger.has_value()) {
            return ledger;
        }
        std::int64_t held = 0;
        for (const LedgerLine& line : *ledger) {
            held += line.held;
        }
        if (held == 0 || std::chrono::steady_clock::now() >= end) {
            return ledger;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
}

Result<std::vector<ListedOrder>> fetch_orders(MallDoor& mall, const std::string& campaign_id) {
    std::vector<ListedOrder> orders;
    std::string after;
    do {
        const std::string target = "/v1/campaigns/" + campaign_id + "/orders?limit=1000" +
                                   (after.empty() ? "" : "&after=" + after);
        const Result<json::object> body = object_from(mall.get(target), target);
        if (!body.has_value()) {
            return body.error();
        }
        const json::array* rows = rows_in(*body, "orders");
        if (rows == nullptr) {
            return fault("GET " + target + " answered without orders");
        }
        for (const json::value& value : *rows) {
            if (const json::object* row = value.if_object()) {
                orders.push_back(order_from(*row));
            }
        }
        const std::string next = text_in(*body, "next");
        if (!next.empty() && next == after) {
            return fault("GET " + target + " names itself as the next page");
        }
        after = next;
    } while (!after.empty());
    return orders;
}

namespace {

// Calls take(nested object's text) for each record.
template <class Take>
Result<> each_record(MallDoor& buyers, const std::string& collection,
                     const std::vector<RecordId>& records, std::string_view AnswerFields::* nested,
                     Take&& take) {
    for (const RecordId record : records) {
        const std::string target = collection + Base36{record.raw()}.str();
        const Result<DoorReply> reply = buyers.get(target);
        if (!reply.has_value()) {
            return reply.error();
        }
        const AnswerFields fields = read_answer(reply->body);
        if (reply->status != 200 || fields.code != AnswerCode::ok || (fields.*nested).empty()) {
            return fault("GET " + target + " answered " + std::to_string(reply->status) + ": " +
                         reply->body.substr(0, 300));
        }
        take(fields.*nested);
    }
    return {};
}

}  // namespace

Result<std::vector<GroupView>> fetch_groups(MallDoor& buyers, const std::string& campaign_id,
                                            const std::vector<RecordId>& groups) {
    std::vector<GroupView> views;
    const Result<> read = each_record(
        buyers, "/v1/campaigns/" + campaign_id + "/groups/", groups, &AnswerFields::group,
        [&](std::string_view group) { views.push_back(read_group_view(group)); });
    if (!read.has_value()) {
        return read.error();
    }
    return views;
}

Result<std::vector<BargainView>> fetch_bargains(MallDoor& buyers, const std::string& campaign_id,
                                                const std::vector<RecordId>& bargains) {
    std::vector<BargainView> views;
    const Result<> read = each_record(
        buyers, "/v1/campaigns/" + campaign_id + "/bargains/", bargains, &AnswerFields::bargain,
        [&](std::string_view bargain) { views.push_back(read_bargain_view(bargain)); });
    if (!read.has_value()) {
        return read.error();
    }
    return views;
}

}  // namespace stampede::loadtest
