// SPDX-License-Identifier: Apache-2.0
// The answers against what the server, its journal and the mall's database say afterwards.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "loadtest/oracle.hpp"

namespace stampede::loadtest {
namespace {

using Orders = std::vector<KnownOrder>;

std::string id_text(const KnownOrder& order) {
    return Base36{order.order.raw()}.str();
}

const LedgerLine* line_of(const std::vector<LedgerLine>& ledger, const std::string& item) {
    const auto found = std::find_if(ledger.begin(), ledger.end(),
                                    [&](const LedgerLine& line) { return line.item_id == item; });
    return found == ledger.end() ? nullptr : &*found;
}

Finding judge_ledger_sums(const Account& account, const std::vector<LedgerLine>& ledger) {
    Finding finding{"ledger_adds_up",
                    "total = available + held + sold + reserve + removed, and is the stock"};
    for (const ItemOnSale& item : account.sale.items) {
        const LedgerLine* line = line_of(ledger, item.item_id);
        finding.expect(line != nullptr, [&] { return "no line for item " + item.item_id; });
        if (line == nullptr) {
            continue;
        }
        const std::int64_t sum =
            line->available + line->held + line->sold + line->reserve + line->removed;
        const std::int64_t least =
            std::min({line->available, line->held, line->sold, line->reserve, line->removed});
        finding.expect(sum == line->total && least >= 0 && line->total == item.stock.units(), [&] {
            return "item " + item.item_id + ": parts sum up to " + std::to_string(sum) +
                   ", total " + std::to_string(line->total) + ", stock " +
                   std::to_string(item.stock.units()) + ", least part " + std::to_string(least);
        });
    }
    return finding;
}

struct ItemSums {
    std::int64_t surely_taken = 0;  // held or sold for certain
    std::int64_t sold = 0;          // paid, not refunded
    std::int64_t at_most = 0;       // with lapsed holds and lost answers
};

// Units that bargains keep for their starters, by the item's position. Which bargain is of which
// item, its launch's answer says.
std::vector<std::int64_t> kept_by_bargains(const Account& account, const Evidence& evidence) {
    std::vector<std::int64_t> kept(account.sale.items.size());
    if (!evidence.bargains) {
        return kept;
    }
    std::unordered_map<RecordId, ItemIndex> items;
    for (const Answer& answer : account.answers) {
        if (answer.kind == ActKind::launch && answer.code == AnswerCode::ok) {
            items.emplace(answer.record, answer.item);
        }
    }
    for (const BargainView& bargain : *evidence.bargains) {
        const auto found = items.find(bargain.id);
        if (found == items.end()) {
            continue;
        }
        const StockAt stock_at = account.sale.items[found->second.raw()].bargain.stock_at;
        const bool keeps = (bargain.state == BargainState::reached && stock_at != StockAt::order) ||
                           (bargain.state == BargainState::open && stock_at == StockAt::launch);
        kept[found->second.raw()] += keeps ? 1 : 0;
    }
    return kept;
}

std::vector<ItemSums> sums_of(const Account& account, const Orders& orders,
                              const Evidence& evidence) {
    std::vector<ItemSums> sums(account.sale.items.size());
    const std::vector<std::int64_t> kept = kept_by_bargains(account, evidence);
    for (std::size_t item = 0; item < sums.size(); ++item) {
        sums[item].surely_taken += kept[item];
        sums[item].at_most += kept[item];
    }
    for (const KnownOrder& order : orders) {
        ItemSums& sum = sums[order.item.raw()];
        sum.surely_taken += order.counts() ? order.quantity.units() : 0;
        sum.sold += order.confirmed && !order.refunded ? order.quantity.units() : 0;
        sum.at_most += order.cancelled || order.refunded ? 0 : order.quantity.units();
    }
    for (const PlannedAct& act : account.unknown) {
        const bool may_take = makes_an_order(act.kind) || act.kind == ActKind::launch;
        sums[act.item.raw()].at_most += may_take ? account.asked.units() : 0;
    }
    return sums;
}

// With everything answered, sold is exactly what was paid and held exactly what may still be paid.
Finding judge_ledger_answers(const Account& account, const Orders& orders,
                             const Evidence& evidence) {
    const std::vector<LedgerLine>& ledger = *evidence.ledger;
    Finding finding{"ledger_matches_answers",
                    "the ledger's held and sold are those of the answers"};
    if (account.orders_counted) {
        std::int64_t taken = 0;
        for (const LedgerLine& line : ledger) {
            taken += line.held + line.sold;
        }
        const std::int64_t counted =
            static_cast<std::int64_t>(*account.orders_counted) * account.asked.units();
        const std::int64_t open =
            static_cast<std::int64_t>(account.unknown.size()) * account.asked.units();
        finding.expect(taken >= counted && taken <= counted + open, [&] {
            return std::to_string(taken) + " units held or sold, " + std::to_string(counted) +
                   " answered";
        });
        return finding;
    }
    const std::vector<ItemSums> sums = sums_of(account, orders, evidence);
    for (std::size_t item = 0; item < sums.size(); ++item) {
        const LedgerLine* line = line_of(ledger, account.sale.items[item].item_id);
        if (line == nullptr) {
            continue;  // told by ledger_adds_up
        }
        const ItemSums& sum = sums[item];
        const std::int64_t taken = line->held + line->sold;
        const bool sold_right = account.undelivered > 0 ? line->sold >= 0 : line->sold == sum.sold;
        finding.expect(taken >= sum.surely_taken && taken <= sum.at_most && sold_right, [&] {
            return "item " + line->item_id + ": held " + std::to_string(line->held) + " + sold " +
                   std::to_string(line->sold) + ", answers say " +
                   std::to_string(sum.surely_taken) + " to " + std::to_string(sum.at_most) +
                   " taken, " + std::to_string(sum.sold) + " sold";
        });
    }
    return finding;
}

using Listing = std::unordered_map<std::string, const ListedOrder*>;

Finding judge_lost(const Account& account, const Orders& orders, const Listing& listing) {
    Finding finding{"no_order_lost", "every acknowledged order is in the server's list, unchanged"};
    for (const KnownOrder& order : orders) {
        const auto found = listing.find(id_text(order));
        const ListedOrder* listed = found == listing.end() ? nullptr : found->second;
        finding.expect(
            listed != nullptr && listed->buyer_id == std::to_string(order.buyer.raw()) &&
                listed->item_id == account.sale.items[order.item.raw()].item_id &&
                listed->quantity == order.quantity.units() && listed->amount == order.amount.fen(),
            [&] {
                return "order " + id_text(order) +
                       (listed == nullptr ? " is not listed" : " is listed with other fields");
            });
    }
    return finding;
}

Finding judge_invented(const Account& account, const Orders& orders,
                       const std::vector<ListedOrder>& listed) {
    Finding finding{"no_order_invented", "the server lists no order that nobody asked for"};
    std::set<std::string> known;
    for (const KnownOrder& order : orders) {
        known.insert(id_text(order));
    }
    std::map<std::string, std::uint64_t> may_have_one;
    for (const PlannedAct& act : account.unknown) {
        if (!makes_an_order(act.kind)) {
            continue;
        }
        may_have_one[std::to_string(act.buyer.raw())] += 1;
    }
    for (const ListedOrder& order : listed) {
        bool excused = known.contains(order.order_id);
        if (const auto unknown = may_have_one.find(order.buyer_id);
            !excused && unknown != may_have_one.end() && unknown->second > 0) {
            unknown->second -= 1;
            excused = true;
        }
        finding.expect(excused, [&] {
            return "order " + order.order_id + " of buyer " + order.buyer_id + " (" + order.state +
                   ")";
        });
    }
    return finding;
}

bool state_agrees(const KnownOrder& order, const std::string& state) {
    if (order.refunded) {
        return state == "refunded";
    }
    if (order.confirmed) {
        return state == "confirmed";
    }
    if (order.paid) {  // a seat; whether its group failed, judge_groups looks at
        return state == "paid" || state == "refund_due";
    }
    if (order.cancelled) {
        return state == "cancelled" || state == "refund_due" || state == "refunded";
    }
    // Unpaid: it may lapse, and a late payment that came too late leaves a refund behind.
    if (order.may_have_lapsed) {
        return state == "held" || state == "expired" || state == "refund_due" ||
               state == "refunded";
    }
    return state == "held";
}

Finding judge_states(const Account& account, const Orders& orders, const Listing& listing) {
    Finding finding{"states_agree", "each order's state is what its buyer and the mall were told"};
    if (account.undelivered > 0) {
        return finding;  // a payment whose answer was lost may have changed any of them
    }
    for (const KnownOrder& order : orders) {
        const auto found = listing.find(id_text(order));
        if (found != listing.end()) {
            finding.expect(state_agrees(order, found->second->state), [&] {
                return "order " + id_text(order) + " is " + found->second->state +
                       (order.confirmed ? ", was confirmed" : ", was not confirmed") +
                       (order.cancelled ? ", cancelled" : "") +
                       (order.refunded ? ", refunded" : "");
            });
        }
    }
    return finding;
}

Finding judge_ledger_orders(const Account& account, const Evidence& evidence) {
    Finding finding{"ledger_matches_orders", "the ledger's held and sold are those of the orders"};
    const std::vector<std::int64_t> kept = kept_by_bargains(account, evidence);
    for (const LedgerLine& line : *evidence.ledger) {
        std::int64_t held = 0;
        std::int64_t sold = 0;
        for (std::size_t item = 0; item < kept.size(); ++item) {
            held += account.sale.items[item].item_id == line.item_id ? kept[item] : 0;
        }
        for (const ListedOrder& order : *evidence.orders) {
            if (order.item_id != line.item_id) {
                continue;
            }
            const bool holds = order.state == "held" || order.state == "paid";
            held += holds ? order.quantity : 0;
            sold += order.state == "confirmed" ? order.quantity - order.refunded_quantity : 0;
        }
        finding.expect(held == line.held && sold == line.sold, [&] {
            return "item " + line.item_id + ": ledger held " + std::to_string(line.held) +
                   " sold " + std::to_string(line.sold) + ", orders held " + std::to_string(held) +
                   " sold " + std::to_string(sold);
        });
    }
    return finding;
}

using Settled = std::unordered_map<std::string, const SettledOrder*>;

Finding judge_settled(const Account& account, const Orders& orders, const Settled& settled,
                      std::size_t rows) {
    Finding finding{"settled_is_confirmed",
                    "the mall's database has exactly the confirmed orders, with their amounts"};
    std::size_t confirmed = 0;
    for (const KnownOrder& order : orders) {
        const auto found = settled.find(id_text(order));
        const SettledOrder* row = found == settled.end() ? nullptr : found->second;
        if (order.may_be_confirmed) {
            confirmed += row == nullptr ? 0u : 1u;
            continue;
        }
        if (!order.confirmed) {
            finding.expect(row == nullptr || account.undelivered > 0, [&] {
                return "order " + id_text(order) + " is settled and was not confirmed";
            });
            continue;
        }
        confirmed += 1;
        finding.expect(row != nullptr && row->amount == order.amount.fen() &&
                           row->buyer_id == std::to_string(order.buyer.raw()),
                       [&] {
                           return "order " + id_text(order) +
                                  (row == nullptr ? " is not settled" : " is settled differently");
                       });
        if (row != nullptr) {
            const bool right = order.refunded
                                   ? row->state == "refunded" && row->refunded_amount == row->amount
                                   : row->state == "confirmed" && row->refunded_amount == 0;
            finding.expect(right || account.undelivered > 0, [&] {
                return "order " + id_text(order) + " is settled as " + row->state + ", refunded " +
                       std::to_string(row->refunded_amount);
            });
        }
    }
    // A lost answer to a seat's order may stand for a seat of a group that succeeded.
    const bool open_ended = account.undelivered > 0 || !account.unknown.empty();
    finding.expect(rows == confirmed || (open_ended && rows > confirmed), [&] {
        return std::to_string(rows) + " orders settled, " + std::to_string(confirmed) +
               " confirmed";
    });
    return finding;
}

Finding judge_settled_once(const MallDatabase& mall) {
    Finding finding{"settled_once", "each order is settled once, and its lines make its amount"};
    std::set<std::string> orders;
    for (const SettledOrder& order : mall.orders) {
        finding.expect(orders.insert(order.order_id).second,
                       [&] { return "order " + order.order_id + " is settled twice"; });
        finding.expect(order.lines > 0 && order.lines_amount == order.amount, [&] {
            return "order " + order.order_id + ": amount " + std::to_string(order.amount) +
                   ", lines " + std::to_string(order.lines_amount);
        });
    }
    finding.expect(mall.lines_without_order == 0, [&] {
        return std::to_string(mall.lines_without_order) + " order lines without an order";
    });
    finding.expect(mall.cursors == 1, [&] {
        return std::to_string(mall.cursors) + " settlement cursors instead of one";
    });
    return finding;
}

// Money that has to go back, or was wrong, is told to the mall exactly once per obligation.
Finding judge_obligations(const Account& account, const Orders& orders, const MallDatabase& mall) {
    Finding finding{"obligations_once",
                    "each REFUND_REQUIRED and AMOUNT_MISMATCH is one event in the mall's database"};
    std::map<std::pair<std::string, std::string>, std::uint64_t> told;  // kind, payment
    std::set<std::string> event_ids;
    for (const MallEvent& event : mall.events) {
        told[{event.kind, event.payment_id}] += 1;
        finding.expect(event_ids.insert(event.event_id).second,
                       [&] { return "event " + event.event_id + " stands there twice"; });
    }
    std::set<std::pair<std::string, std::string>> wanted;
    for (const PaymentAnswer& answer : account.payments) {
        if (answer.code == AnswerCode::refund_required) {
            wanted.insert({"REFUND_REQUIRED", answer.payment.payment_id});
        } else if (answer.code == AnswerCode::amount_mismatch) {
            wanted.insert({"PAYMENT_MISMATCH", answer.payment.payment_id});
        }
    }
    for (const auto& [kind, payment] : wanted) {
        const auto found = told.find({kind, payment});
        const std::uint64_t count = found == told.end() ? 0 : found->second;
        finding.expect(count == 1, [&] {
            return kind + " for payment " + payment + " stands there " + std::to_string(count) +
                   " times";
        });
    }
    // A paid seat's money goes back when its group fails: judge_groups looks at those.
    for (const KnownOrder& order : orders) {
        if (order.paid && !order.confirmed) {
            wanted.insert({"REFUND_REQUIRED", account.payments[order.payment].payment.payment_id});
        }
    }
    if (account.undelivered == 0) {
        for (const auto& [key, count] : told) {
            const bool ours = key.first == "REFUND_REQUIRED" || key.first == "PAYMENT_MISMATCH";
            finding.expect(!ours || wanted.contains(key), [&, id = key] {
                return id.first + " for payment " + id.second + " that was answered otherwise";
            });
        }
    }
    return finding;
}

Finding judge_journal(const Account& account, const Orders& orders,
                      const JournalContents& journal) {
    Finding finding{"acknowledged_in_journal", "every acknowledged receipt and order is journaled"};
    for (const KnownOrder& order : orders) {
        finding.expect(journal.orders.contains(id_text(order)) &&
                           journal.receipts.contains(text_of(order.receipt)),
                       [&] {
                           return "order " + id_text(order) + " receipt " + text_of(order.receipt) +
                                  " is not in the journal";
                       });
    }
    for (const Answer& answer : account.answers) {
        const bool done =
            (answer.kind == ActKind::cancel && answer.code == AnswerCode::cancelled) ||
            (answer.kind == ActKind::launch && answer.code == AnswerCode::ok) ||
            (answer.kind == ActKind::cut && answer.code == AnswerCode::cut);
        if (done) {
            finding.expect(journal.receipts.contains(text_of(answer.receipt)), [&] {
                return std::string{name_of(answer.kind)} + " of " +
                       Base36{std::max(answer.order.raw(), answer.record.raw())}.str() +
                       " receipt " + text_of(answer.receipt) + " is not in the journal";
            });
        }
    }
    for (const PaymentAnswer& answer : account.payments) {
        if (answer.receipt.present()) {
            finding.expect(journal.receipts.contains(text_of(answer.receipt)), [&] {
                return "payment " + answer.payment.payment_id + " receipt " +
                       text_of(answer.receipt) + " is not in the journal";
            });
        }
    }
    return finding;
}

}  // namespace

std::vector<Finding> judge_evidence(const Account& account, const Evidence& evidence) {
    const Orders orders = known_orders(account, evidence);
    std::vector<Finding> findings;
    if (evidence.ledger) {
        findings.push_back(judge_ledger_sums(account, *evidence.ledger));
        findings.push_back(judge_ledger_answers(account, orders, evidence));
    }
    if (evidence.orders) {
        Listing listing;
        for (const ListedOrder& order : *evidence.orders) {
            listing.emplace(order.order_id, &order);
        }
        findings.push_back(judge_lost(account, orders, listing));
        findings.push_back(judge_invented(account, orders, *evidence.orders));
        findings.push_back(judge_states(account, orders, listing));
        if (evidence.ledger) {
            findings.push_back(judge_ledger_orders(account, evidence));
        }
    }
    if (evidence.mall) {
        Settled settled;
        for (const SettledOrder& order : evidence.mall->orders) {
            settled.emplace(order.order_id, &order);
        }
        findings.push_back(judge_settled(account, orders, settled, evidence.mall->orders.size()));
        findings.push_back(judge_settled_once(*evidence.mall));
        findings.push_back(judge_obligations(account, orders, *evidence.mall));
    }
    if (evidence.journal) {
        findings.push_back(judge_journal(account, orders, *evidence.journal));
    }
    return findings;
}

}  // namespace stampede::loadtest
