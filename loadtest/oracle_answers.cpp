// SPDX-License-Identifier: Apache-2.0
// What the answers alone must satisfy.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <span>
#include <tuple>

#include "loadtest/oracle.hpp"

namespace stampede::loadtest {
namespace {

std::string describe(const Answer& answer) {
    return "buyer " + std::to_string(answer.buyer.raw()) + " key " + key_text(answer.key) + ": " +
           std::to_string(answer.status) + ' ' + std::string{name_of(answer.code)} + " order " +
           Base36{answer.order.raw()}.str() + " receipt " + text_of(answer.receipt);
}

bool changed_something(const Answer& answer) {
    return took_an_order(answer) ||
           (answer.kind == ActKind::cancel && answer.code == AnswerCode::cancelled) ||
           (answer.kind == ActKind::launch && answer.code == AnswerCode::ok) ||
           (answer.kind == ActKind::cut && answer.code == AnswerCode::cut);
}

bool is_among(AnswerCode code, std::span<const AnswerCode> codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// What any act that takes stock or starts something may hear.
bool refusal_of_selling(AnswerCode code) {
    constexpr std::array refusals{
        AnswerCode::not_started, AnswerCode::ended,        AnswerCode::paused,
        AnswerCode::killed,      AnswerCode::sold_out,     AnswerCode::insufficient,
        AnswerCode::limit_order, AnswerCode::limit_buyer,  AnswerCode::limit_slot,
        AnswerCode::blocked,     AnswerCode::not_eligible, AnswerCode::new_buyers_only,
        AnswerCode::bad_ticket};
    return is_among(code, refusals);
}

bool code_of_kind(ActKind kind, AnswerCode code) {
    constexpr std::array joins{
        AnswerCode::held,         AnswerCode::rerouted,         AnswerCode::paused,
        AnswerCode::killed,       AnswerCode::blocked,          AnswerCode::group_ended,
        AnswerCode::limit_order,  AnswerCode::already_in_group, AnswerCode::not_eligible,
        AnswerCode::sold_out,     AnswerCode::new_buyers_only,  AnswerCode::limit_buyer,
        AnswerCode::insufficient, AnswerCode::group_full,       AnswerCode::limit_slot};
    constexpr std::array cuts{AnswerCode::cut,         AnswerCode::paused,
                              AnswerCode::killed,      AnswerCode::blocked,
                              AnswerCode::help_self,   AnswerCode::bargain_ended,
                              AnswerCode::help_repeat, AnswerCode::already_done,
                              AnswerCode::help_mutual, AnswerCode::help_limit};
    constexpr std::array purchases{AnswerCode::held, AnswerCode::floor_not_reached,
                                   AnswerCode::bargain_ended, AnswerCode::already_done};
    switch (kind) {
        case ActKind::order:
            return code == AnswerCode::held || refusal_of_selling(code);
        case ActKind::cancel:
            return code == AnswerCode::cancelled || code == AnswerCode::order_closed;
        case ActKind::open_group:
            return code == AnswerCode::held || code == AnswerCode::open_group_exists ||
                   refusal_of_selling(code);
        case ActKind::join_group:
            return is_among(code, joins);
        case ActKind::launch:
            return code == AnswerCode::ok || code == AnswerCode::launch_exists ||
                   code == AnswerCode::launch_limit || refusal_of_selling(code);
        case ActKind::cut:
            return is_among(code, cuts);
        case ActKind::bargain_order:
            return is_among(code, purchases) || refusal_of_selling(code);
    }
    return false;
}

bool code_allowed(const Answer& answer) {
    if (answer.status == 429) {
        return answer.code == AnswerCode::rate;
    }
    if (answer.status == 503) {
        return answer.code == AnswerCode::busy;
    }
    if (answer.status != 200) {
        return false;  // our requests are well formed
    }
    // Only an amount of 0 confirms at once.
    return code_of_kind(answer.kind, answer.code) ||
           (makes_an_order(answer.kind) && answer.code == AnswerCode::confirmed &&
            answer.amount == Money{0});
}

Finding judge_codes(const Account& account) {
    Finding finding{"codes_allowed", "every answer has a status and code that the rules allow it"};
    for (const Answer& answer : account.answers) {
        finding.expect(code_allowed(answer), [&] { return describe(answer); });
        if (changed_something(answer)) {
            const bool has_order = answer.order != OrderId{} || !makes_an_order(answer.kind);
            const bool has_record = answer.record != RecordId{} || answer.kind == ActKind::order ||
                                    answer.kind == ActKind::cancel;
            finding.expect(has_order && has_record && answer.receipt.present(), [&] {
                return "without order, group, bargain or receipt: " + describe(answer);
            });
        }
    }
    return finding;
}

// One unit's price. The price of a bargain's order is the bargain's affair.
bool price_right(const Account& account, const Answer& answer, Money price) {
    const ItemOnSale& item = account.sale.items[answer.item.raw()];
    const Money leads = account.sale.group.leader_price.value_or(item.price);
    if (answer.kind == ActKind::bargain_order) {
        return price >= item.bargain.floor && price <= item.bargain.start;
    }
    // Who was led to a new group of his own leads it.
    const bool leads_it = answer.kind == ActKind::open_group || answer.code == AnswerCode::rerouted;
    return (leads_it && price == leads) ||
           (answer.kind != ActKind::open_group && price == item.price);
}

Finding judge_amounts(const Account& account) {
    Finding finding{"amounts_right", "an order costs price times quantity, and has what was asked"};
    for (const Answer& answer : account.answers) {
        if (!took_an_order(answer)) {
            continue;
        }
        const Quantity quantity{answer.quantity};
        const Quantity asked = answer.kind == ActKind::bargain_order ? Quantity{1} : account.asked;
        const bool right =
            quantity == asked && answer.quantity > 0 &&
            answer.amount.fen() % answer.quantity == 0 &&
            price_right(account, answer, Money{answer.amount.fen() / answer.quantity});
        finding.expect(right, [&] {
            return describe(answer) + ": " + std::to_string(answer.quantity) + " units for " +
                   std::to_string(answer.amount.fen()) + " fen";
        });
    }
    return finding;
}

using Indices = std::vector<std::uint32_t>;

// Answers to the same question stand together, in the order of arrival.
Indices grouped_by_key(const std::vector<Answer>& answers) {
    Indices order(answers.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        const Answer& a = answers[left];
        const Answer& b = answers[right];
        return std::tuple{a.kind, a.buyer, a.key, left} < std::tuple{b.kind, b.buyer, b.key, right};
    });
    return order;
}

bool same_order_part(const Answer& first, const Answer& again) {
    return first.code == again.code && first.order == again.order &&
           first.receipt == again.receipt && first.amount == again.amount &&
           first.record == again.record && first.quantity == again.quantity &&
           first.pay_by == again.pay_by;
}

void judge_one_question(const std::vector<Answer>& answers, std::span<const std::uint32_t> group,
                        Finding& finding) {
    const Answer* first = nullptr;
    bool asked_before = false;
    for (const std::uint32_t index : group) {
        const Answer& answer = answers[index];
        asked_before = asked_before || answer.asked_before;
        if (first != nullptr && answer.status == 200) {
            finding.expect(same_order_part(*first, answer) && answer.replayed, [&] {
                return "first " + describe(*first) + ", then " + describe(answer) +
                       (answer.replayed ? "" : " not marked as replayed");
            });
        } else if (first == nullptr && changed_something(answer)) {
            first = &answer;
            finding.expect(!answer.replayed || asked_before, [&] {
                return "the first answer is marked as replayed: " + describe(answer);
            });
        }
    }
}

Finding judge_replays(const Account& account) {
    Finding finding{"replays_equal", "the same key again gets the same answer, marked as replayed"};
    const Indices order = grouped_by_key(account.answers);
    for (std::size_t start = 0; start < order.size();) {
        std::size_t end = start + 1;
        const Answer& head = account.answers[order[start]];
        while (end < order.size() && account.answers[order[end]].buyer == head.buyer &&
               account.answers[order[end]].key == head.key &&
               account.answers[order[end]].kind == head.kind) {
            ++end;
        }
        judge_one_question(account.answers, std::span{order}.subspan(start, end - start), finding);
        start = end;
    }
    return finding;
}

Finding judge_receipts_unique(const Account& account) {
    Finding finding{"receipts_unique", "no two acts share a receipt"};
    struct Use {
        Receipt receipt;
        std::uint32_t index;
    };
    std::vector<Use> uses;
    for (std::uint32_t index = 0; index < account.answers.size(); ++index) {
        if (changed_something(account.answers[index])) {
            uses.push_back({account.answers[index].receipt, index});
        }
    }
    std::sort(uses.begin(), uses.end(),
              [](const Use& left, const Use& right) { return left.receipt < right.receipt; });
    for (std::size_t at = 1; at < uses.size(); ++at) {
        const Answer& one = account.answers[uses[at - 1].index];
        const Answer& other = account.answers[uses[at].index];
        const bool same_act = one.buyer == other.buyer && one.key == other.key;
        finding.expect(uses[at - 1].receipt != uses[at].receipt || same_act,
                       [&] { return describe(one) + " and " + describe(other); });
    }
    return finding;
}

Finding judge_receipts_rise(const Account& account) {
    Finding finding{"receipts_increase",
                    "on one connection, each shard's receipts rise with the answers"};
    std::map<std::pair<ConnectionIndex, std::uint16_t>, Receipt> newest;
    for (const Answer& answer : account.answers) {
        // A replay carries its old receipt; a question asked before may have been decided before.
        if (!changed_something(answer) || answer.replayed || answer.asked_before) {
            continue;
        }
        Receipt& last = newest[{answer.connection, answer.receipt.shard}];
        if (last.present()) {
            finding.expect(last < answer.receipt, [&] {
                return describe(answer) + " after " + text_of(last) + " on connection " +
                       std::to_string(answer.connection.raw());
            });
        }
        last = answer.receipt;
    }
    return finding;
}

Finding judge_order_ids(const Account& account) {
    Finding finding{"order_ids_unique", "an order belongs to one buyer and one key"};
    std::vector<const Answer*> taken;
    for (const Answer& answer : account.answers) {
        if (took_an_order(answer)) {
            taken.push_back(&answer);
        }
    }
    std::sort(taken.begin(), taken.end(),
              [](const Answer* left, const Answer* right) { return left->order < right->order; });
    for (std::size_t at = 1; at < taken.size(); ++at) {
        const Answer& one = *taken[at - 1];
        const Answer& other = *taken[at];
        finding.expect(
            one.order != other.order || (one.buyer == other.buyer && one.key == other.key),
            [&] { return describe(one) + " and " + describe(other); });
    }
    return finding;
}

// Units of one item that were surely taken at the same time. A hold never ends before its pay_by,
// and began `hold` before it; cancelled and refunded orders are left out, since nobody was told
// when exactly their units came back.
Quantity most_at_once(const std::vector<KnownOrder>& orders, ItemIndex item, Duration hold) {
    std::vector<std::pair<Instant, Quantity>> steps;
    for (const KnownOrder& order : orders) {
        if (order.item != item || order.cancelled || order.refunded || order.pay_by == Instant{}) {
            continue;
        }
        steps.emplace_back(order.pay_by - hold, order.quantity);
        if (!order.confirmed || order.late) {
            steps.emplace_back(order.pay_by, Quantity{0} - order.quantity);
        }
    }
    // At one instant, what comes back comes first.
    std::sort(steps.begin(), steps.end());
    Quantity now;
    Quantity most;
    for (const auto& [at, change] : steps) {
        now += change;
        most = std::max(most, now);
    }
    return most;
}

Finding judge_oversell(const Account& account, const std::vector<KnownOrder>& orders) {
    Finding finding{"no_oversell", "units held or sold never exceed an item's stock"};
    std::vector<Quantity> taken(account.sale.items.size());
    for (const KnownOrder& order : orders) {
        if (order.counts()) {
            taken[order.item.raw()] += order.quantity;
        }
    }
    for (std::uint32_t item = 0; item < taken.size(); ++item) {
        const ItemOnSale& sold = account.sale.items[item];
        const ItemIndex index{item};
        std::vector<const KnownOrder*> of_item;
        for (const KnownOrder& order : orders) {
            if (order.item == index) {
                of_item.push_back(&order);
            }
        }
        Quantity most = std::max(taken[item], most_by_receipt(of_item));
        if (account.sale.play == Play::seckill) {
            // Elsewhere a hold is clipped, so that its beginning is not known.
            most = std::max(most, most_at_once(orders, index, account.sale.hold));
        }
        finding.expect(most <= sold.stock, [&] {
            return "item " + sold.item_id + ": " + std::to_string(most.units()) +
                   " units held or sold of " + std::to_string(sold.stock.units());
        });
    }
    return finding;
}

Finding judge_limit(const Account& account, const std::vector<KnownOrder>& orders) {
    Finding finding{"limit_per_buyer", "no buyer holds or owns more units than his limit"};
    std::vector<std::pair<BuyerId, Quantity>> units;
    for (const KnownOrder& order : orders) {
        if (order.counts()) {
            units.emplace_back(order.buyer, order.quantity);
        }
    }
    std::sort(units.begin(), units.end());
    for (std::size_t start = 0; start < units.size();) {
        Quantity sum;
        std::size_t end = start;
        for (; end < units.size() && units[end].first == units[start].first; ++end) {
            sum += units[end].second;
        }
        finding.expect(sum <= account.sale.per_buyer, [&] {
            return "buyer " + std::to_string(units[start].first.raw()) + " has " +
                   std::to_string(sum.units()) + " units of at most " +
                   std::to_string(account.sale.per_buyer.units());
        });
        start = end;
    }
    return finding;
}

}  // namespace

std::vector<Finding> judge_answers(const Account& account) {
    const std::vector<KnownOrder> orders = known_orders(account);
    std::vector<Finding> findings;
    findings.push_back(judge_codes(account));
    findings.push_back(judge_oversell(account, orders));
    findings.push_back(judge_limit(account, orders));
    findings.push_back(judge_amounts(account));
    findings.push_back(judge_replays(account));
    findings.push_back(judge_order_ids(account));
    findings.push_back(judge_receipts_unique(account));
    findings.push_back(judge_receipts_rise(account));
    return findings;
}

}  // namespace stampede::loadtest
