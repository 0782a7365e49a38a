// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scenario_facts.hpp"

#include <regex>
#include <stdexcept>

namespace stampede::tests {

std::string Facts::str() const {
    std::string text = code;
    for (const auto& [name, value] : values) {
        text += " " + name + " " + value;
    }
    for (const std::string& flag : flags) {
        text += " " + flag;
    }
    return text;
}

void OrderNames::give(const std::string& name, OrderId order) {
    by_name_[name] = order;
    by_id_.try_emplace(order, name);
}

OrderId OrderNames::find(const std::string& name) const {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) {
        return found->second;
    }
    if (name.starts_with("id:")) {
        return OrderId{static_cast<std::uint64_t>(read_number(name.substr(3)))};
    }
    throw std::invalid_argument("no order has the name " + name);
}

std::string OrderNames::of(OrderId order) const {
    const auto found = by_id_.find(order);
    return found == by_id_.end() ? Base36{order.raw()}.str() : found->second;
}

std::string OrderNames::of(const std::string& id_text) const {
    const auto id = Base36::parse(id_text);
    return id ? of(OrderId{*id}) : id_text;
}

void add_order(Facts& facts, const campaigns::OrderView& order, const OrderNames& names) {
    std::string items;
    std::int64_t units = 0;
    std::int64_t refunded = 0;
    for (const campaigns::LineView& line : order.lines) {
        items += (items.empty() ? "" : "+") + std::string{line.item_id.view()} + "x" +
                 std::to_string(line.quantity.units());
        units += line.quantity.units();
        refunded += line.refunded.units();
    }
    facts.values["order"] = names.of(order.order_id);
    facts.values["state"] = text(order.state);
    facts.values["amount"] = std::to_string(order.amount.fen());
    facts.values["units"] = std::to_string(units);
    facts.values["items"] = items;
    facts.values["refunded_units"] = std::to_string(refunded);
    facts.values["refunded_amount"] = std::to_string(order.refunded_amount.fen());
    facts.values["pay_by"] = write_instant(order.pay_by);
    facts.values["created"] = write_instant(order.created_at);
    facts.values["buyer"] = std::to_string(order.buyer.raw());
    if (order.waits_for_operator) {
        facts.flags.insert("waits");
    }
}

Facts facts_of(const campaigns::Answer& answer, const OrderNames& names) {
    Facts facts;
    facts.code = text(answer.code);
    auto& values = facts.values;
    if (answer.order) {
        add_order(facts, *answer.order, names);
    }
    if (answer.replayed) {
        facts.flags.insert("replayed");
    }
    if (answer.state_now) {
        values["state_now"] = text(*answer.state_now);
    }
    values["open_order"] = answer.open_order ? names.of(*answer.open_order) : "none";
    if (answer.waiting) {
        values["place"] = std::to_string(answer.waiting->place);
    }
    if (answer.left) {
        values["left"] = std::to_string(answer.left->units());
    }
    if (answer.code == campaigns::Code::sold_out) {
        values["may_return"] = answer.may_return ? "yes" : "no";
        values["cache_ms"] = std::to_string(answer.cache_ms);
    }
    if (answer.starts_in) {
        values["starts_in"] = write_duration(*answer.starts_in);
        const Duration jitter = answer.retry_in.value_or(Duration{}) - *answer.starts_in;
        values["retry"] =
            jitter >= Duration{} && jitter < Duration::milliseconds(500) ? "soon_after" : "wrong";
    }
    if (answer.refund_amount) {
        values["refund"] = std::to_string(answer.refund_amount->fen());
    }
    if (answer.refund_reason) {
        values["reason"] = text(*answer.refund_reason);
    }
    if (const auto* group = answer.about<campaigns::GroupView>()) {
        add_group(facts, *group, names);
    }
    if (answer.ticket) {
        values["item"] = std::string{answer.ticket->item_id.view()};
        values["not_before"] = write_instant(answer.ticket->not_before);
        values["expires"] = write_instant(answer.ticket->expires);
    }
    if (answer.campaign_state) {
        values["campaign"] = text(*answer.campaign_state);
        values["version"] = std::to_string(answer.version);
    }
    const bool has_receipt = answer.receipt.sequence.raw() != 0;
    values["receipt"] = has_receipt ? std::to_string(answer.receipt.sequence.raw()) : "none";
    return facts;
}

std::string told(const EventRow& event, const OrderNames& names) {
    // Payloads are flat objects of ours, so a look for "name":value finds every member.
    static const std::regex member{R"rx("(\w+)":(?:"([^"]*)"|(-?\d+)))rx"};
    std::map<std::string, std::string> values;
    for (std::sregex_iterator at(event.payload.begin(), event.payload.end(), member), end;
         at != end; ++at) {
        values[(*at)[1]] = (*at)[2].matched ? (*at)[2] : (*at)[3];
    }
    std::string text = event.kind;
    if (values.contains("order_id")) {
        text += " " + names.of(values["order_id"]);
    }
    if (values.contains("group_id")) {
        text += " group " + names.of(values["group_id"]);
    }
    for (const char* name : {"members", "confirmed", "virtual", "price", "leader_buyer_id",
                             "leader_commission_bp", "refunds", "buyer_id", "helpers"}) {
        if (values.contains(name)) {
            text += " " + std::string{name} + " " + values[name];
        }
    }
    for (const char* name : {"item_id", "units", "payment_id", "refund_id", "quantity", "amount",
                             "expected", "reason"}) {
        if (values.contains(name)) {
            const std::string shown = std::string{name}.substr(0, std::string{name}.find("_id"));
            text += " " + shown + " " + values[name];
        }
    }
    return text;
}

std::optional<std::string> disagreement(const Words& expected, const Facts& got) {
    if (expected.empty() || expected[0] != got.code) {
        return "another code";
    }
    std::set<std::string> named;
    for (std::size_t at = 1; at < expected.size(); ++at) {
        const std::string& name = expected[at];
        if (got.flags.contains(name)) {
            named.insert(name);
            continue;
        }
        const auto value = got.values.find(name);
        if (value == got.values.end() || at + 1 == expected.size()) {
            return "no " + name + " in the answer";
        }
        if (value->second != expected[++at]) {
            return "another " + name;
        }
    }
    for (const std::string& flag : got.flags) {
        if (!named.contains(flag)) {
            return flag + " was not expected";
        }
    }
    return std::nullopt;
}

}  // namespace stampede::tests
