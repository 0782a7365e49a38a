// SPDX-License-Identifier: Apache-2.0
// What a bargain must satisfy: its price falls by exactly its cuts, exactly n helpers bring it to
// the floor, everybody helps once, and it is bought once, by its starter, at its price.
#include <algorithm>
#include <map>
#include <set>

#include "loadtest/oracle.hpp"

namespace stampede::loadtest {
namespace {

// All that is known of one bargain. The launch may be unknown: its answer was lost.
struct KnownBargain {
    const Answer* launch = nullptr;
    std::vector<const Answer*> cuts;  // acknowledged, each once
    std::vector<const KnownOrder*> orders;
    const BargainView* last = nullptr;  // read after the run
    std::uint64_t may_be_cut = 0;       // cuts whose answer was lost
    std::uint64_t settled = 0;
};
using Bargains = std::map<RecordId, KnownBargain>;

std::string id_text(RecordId bargain) {
    return "bargain " + Base36{bargain.raw()}.str();
}

Bargains known_bargains(const Account& account, const Evidence& evidence,
                        const std::vector<KnownOrder>& orders) {
    Bargains bargains;
    std::set<Receipt> seen;
    for (const Answer& answer : account.answers) {
        if (answer.status != 200) {
            continue;
        }
        if (answer.kind == ActKind::launch && answer.code == AnswerCode::ok) {
            bargains[answer.record].launch = &answer;
        } else if (answer.kind == ActKind::cut && answer.code == AnswerCode::cut &&
                   seen.insert(answer.receipt).second) {
            bargains[answer.record].cuts.push_back(&answer);
        }
    }
    for (const PlannedAct& act : account.unknown) {
        if (act.kind == ActKind::cut) {
            bargains[act.record].may_be_cut += 1;
        }
    }
    for (const KnownOrder& order : orders) {
        bargains[order.record].orders.push_back(&order);
    }
    if (evidence.bargains) {
        for (const BargainView& view : *evidence.bargains) {
            bargains[view.id].last = &view;
        }
    }
    if (evidence.mall) {
        for (const SettledOrder& row : evidence.mall->orders) {
            if (!row.bargain_id.empty()) {
                bargains[RecordId{Base36::parse(row.bargain_id).value_or(0)}].settled += 1;
            }
        }
    }
    return bargains;
}

// Every view of the run, with the terms of its item where the launch is known.
template <class Visit>
void each_view(const Account& account, const Evidence& evidence, const Bargains& bargains,
               Visit&& visit) {
    const auto look = [&](const BargainView& view) {
        const auto found = bargains.find(view.id);
        const bool known = found != bargains.end() && found->second.launch != nullptr;
        if (known) {
            visit(account.sale.items[found->second.launch->item.raw()].bargain, view);
        } else if (account.sale.items.size() == 1) {
            visit(account.sale.items.front().bargain, view);
        }
    };
    for (const SeenBargain& seen : account.bargains) {
        look(seen.view);
    }
    if (evidence.bargains) {
        std::for_each(evidence.bargains->begin(), evidence.bargains->end(), look);
    }
}

Money sum_of(const std::vector<ShownCut>& cuts) {
    Money sum;
    for (const ShownCut& cut : cuts) {
        sum += cut.amount;
    }
    return sum;
}

std::string describe(const BargainView& view) {
    return id_text(view.id) + " is " + std::string{name_of(view.state)} + ": " +
           std::to_string(view.start.fen()) + " - " + std::to_string(sum_of(view.cuts).fen()) +
           " in " + std::to_string(view.cuts.size()) + " cuts, now " +
           std::to_string(view.current.fen()) + ", floor " + std::to_string(view.floor.fen()) +
           ", needs " + std::to_string(view.helpers_needed);
}

Finding judge_sums(const Account& account, const Evidence& evidence, const Bargains& bargains) {
    Finding finding{"cuts_add_up",
                    "start price less all cuts is the price, no cut is empty, none goes too deep"};
    each_view(account, evidence, bargains, [&](const BargainTerms& terms, const BargainView& view) {
        const bool each_cuts = std::all_of(view.cuts.begin(), view.cuts.end(),
                                           [](const auto& cut) { return cut.amount >= Money{1}; });
        finding.expect(each_cuts && view.start == terms.start && view.floor == terms.floor &&
                           view.start - sum_of(view.cuts) == view.current &&
                           view.current >= view.floor && view.state != BargainState::unknown,
                       [&] { return describe(view); });
    });
    return finding;
}

Finding judge_floor(const Account& account, const Evidence& evidence, const Bargains& bargains) {
    Finding finding{"floor_at_last_helper",
                    "exactly the helpers that were asked for reach the floor"};
    each_view(account, evidence, bargains, [&](const BargainTerms& terms, const BargainView& view) {
        if (!terms.helpers) {
            return;
        }
        const std::int64_t helps =
            static_cast<std::int64_t>(view.cuts.size()) - (terms.first_cut ? 1 : 0);
        const bool at_floor = view.current == view.floor;
        const bool ready = view.state == BargainState::reached ||
                           (!terms.any_price && (view.state == BargainState::ordered ||
                                                 view.state == BargainState::paid));
        finding.expect(helps >= 0 && view.helpers_needed == *terms.helpers - helps &&
                           at_floor == (view.helpers_needed == 0) && (at_floor || !ready) &&
                           !(at_floor && view.state == BargainState::open),
                       [&] { return describe(view); });
    });
    return finding;
}

Finding judge_kept_cuts(const Account& account, const Bargains& bargains) {
    Finding finding{"no_cut_lost", "every acknowledged cut is in its bargain, and no other"};
    for (const auto& [id, bargain] : bargains) {
        if (bargain.last == nullptr || bargain.launch == nullptr) {
            continue;
        }
        std::multiset<std::int64_t> shown;
        for (const ShownCut& cut : bargain.last->cuts) {
            shown.insert(cut.amount.fen());
        }
        std::uint64_t missing = 0;
        for (const Answer* cut : bargain.cuts) {
            const auto found = shown.find(cut->amount.fen());
            if (found == shown.end()) {
                missing += 1;
            } else {
                shown.erase(found);
            }
        }
        const BargainTerms& terms = account.sale.items[bargain.launch->item.raw()].bargain;
        const std::uint64_t excused = (terms.first_cut ? 1u : 0u) + bargain.may_be_cut;
        finding.expect(missing == 0 && shown.size() <= excused, [&, bargain_id = id] {
            return id_text(bargain_id) + " lacks " + std::to_string(missing) +
                   " acknowledged cuts and has " + std::to_string(shown.size()) + " others";
        });
    }
    return finding;
}

Finding judge_helper_once(const Bargains& bargains) {
    Finding finding{"helper_once", "nobody helps a bargain twice, and nobody his own"};
    for (const auto& [id, bargain] : bargains) {
        std::set<BuyerId> helpers;
        for (const Answer* cut : bargain.cuts) {
            const bool own = bargain.launch != nullptr && cut->buyer == bargain.launch->buyer;
            finding.expect(helpers.insert(cut->buyer).second && !own, [&, bargain_id = id] {
                return "buyer " + std::to_string(cut->buyer.raw()) + " at " + id_text(bargain_id) +
                       (own ? ", his own" : " once more");
            });
        }
    }
    return finding;
}

Finding judge_limits(const Account& account, const Bargains& bargains) {
    Finding finding{"help_limits_kept",
                    "launches and helps stay within their limits, and nobody helps in return"};
    const BargainTerms& terms = account.sale.bargain;
    std::map<BuyerId, std::uint32_t> launches;
    std::map<BuyerId, std::uint32_t> helps;
    std::set<std::pair<BuyerId, BuyerId>> helped;  // who, whom
    for (const auto& [id, bargain] : bargains) {
        if (bargain.launch != nullptr) {
            launches[bargain.launch->buyer] += 1;
        }
        for (const Answer* cut : bargain.cuts) {
            helps[cut->buyer] += 1;
            if (bargain.launch != nullptr) {
                helped.insert({cut->buyer, bargain.launch->buyer});
            }
        }
    }
    for (const auto& [buyer, count] : launches) {
        finding.expect(count <= terms.launches_per_buyer, [&, who = buyer, times = count] {
            return "buyer " + std::to_string(who.raw()) + " launched " + std::to_string(times);
        });
    }
    for (const auto& [buyer, count] : helps) {
        finding.expect(!terms.helps_per_buyer || count <= *terms.helps_per_buyer,
                       [&, who = buyer, times = count] {
                           return "buyer " + std::to_string(who.raw()) + " helped " +
                                  std::to_string(times) + " times";
                       });
    }
    for (const auto& [who, whom] : helped) {
        finding.expect(!terms.blocks_mutual || !helped.contains({whom, who}),
                       [one = who, other = whom] {
                           return "buyers " + std::to_string(one.raw()) + " and " +
                                  std::to_string(other.raw()) + " helped each other";
                       });
    }
    return finding;
}

// The price at which the order was made is one that the bargain has had.
bool price_had(const BargainTerms& terms, const KnownBargain& bargain, Money price) {
    if (!terms.any_price) {
        return price == terms.floor;
    }
    if (bargain.last == nullptr) {
        return price >= terms.floor && price <= terms.start;
    }
    Money had = terms.start;
    bool found = had == price;
    for (const ShownCut& cut : bargain.last->cuts) {
        had -= cut.amount;
        found = found || had == price;
    }
    return found;
}

Finding judge_purchases(const Account& account, const Evidence& evidence,
                        const Bargains& bargains) {
    Finding finding{
        "bargain_bought_once",
        "a bargain is bought once, by its starter, at its price, at the floor or later"};
    for (const auto& [id, bargain] : bargains) {
        std::uint64_t confirmed = 0;
        for (const KnownOrder* order : bargain.orders) {
            confirmed += order->confirmed ? 1u : 0u;
            const BargainTerms& terms = account.sale.items[order->item.raw()].bargain;
            const std::uint64_t helps = bargain.cuts.size() + bargain.may_be_cut;
            const bool early = !terms.any_price && terms.helpers && helps < *terms.helpers;
            const bool his = bargain.launch == nullptr || bargain.launch->buyer == order->buyer;
            finding.expect(his && !early && price_had(terms, bargain, order->amount), [&] {
                return "order " + Base36{order->order.raw()}.str() + " for " +
                       std::to_string(order->amount.fen()) + (his ? "" : ", not by the starter") +
                       (early ? ", before the floor" : "");
            });
        }
        finding.expect(confirmed <= 1 && (!evidence.mall || bargain.settled <= 1),
                       [&, bargain_id = id] {
                           return id_text(bargain_id) + " was bought " + std::to_string(confirmed) +
                                  " times, settled " + std::to_string(bargain.settled) + " times";
                       });
        const bool bought = std::any_of(
            bargain.orders.begin(), bargain.orders.end(),
            [](const KnownOrder* order) { return order->confirmed && !order->refunded; });
        if (bought && bargain.last != nullptr) {
            finding.expect(bargain.last->state == BargainState::paid,
                           [&] { return "bought, and " + describe(*bargain.last); });
        }
    }
    return finding;
}

}  // namespace

std::vector<Finding> judge_bargains(const Account& account, const Evidence& evidence) {
    std::vector<Finding> findings;
    if (account.sale.play != Play::bargain || account.orders_counted) {
        return findings;
    }
    const std::vector<KnownOrder> orders = known_orders(account, evidence);
    const Bargains bargains = known_bargains(account, evidence, orders);
    findings.push_back(judge_sums(account, evidence, bargains));
    findings.push_back(judge_floor(account, evidence, bargains));
    findings.push_back(judge_kept_cuts(account, bargains));
    findings.push_back(judge_helper_once(bargains));
    findings.push_back(judge_limits(account, bargains));
    findings.push_back(judge_purchases(account, evidence, bargains));
    return findings;
}

PlaySummary summarize_plays(const Account& account, const Evidence& evidence) {
    PlaySummary summary;
    for (const GroupView& group : evidence.groups.value_or(std::vector<GroupView>{})) {
        summary.groups_opened += 1;
        summary.groups_succeeded += group.state == GroupState::success ? 1u : 0u;
        summary.groups_running += group.has_ended() ? 0u : 1u;
    }
    summary.groups_failed =
        summary.groups_opened - summary.groups_succeeded - summary.groups_running;
    if (evidence.mall && account.sale.play == Play::group_buy) {
        for (const MallEvent& event : evidence.mall->events) {
            const bool failed = event.kind == "REFUND_REQUIRED" && event.reason == "group_failed";
            summary.seats_refund_due += failed ? 1u : 0u;
        }
    }
    for (const BargainView& bargain : evidence.bargains.value_or(std::vector<BargainView>{})) {
        summary.bargains_launched += 1;
        summary.bargains_at_floor += bargain.current == bargain.floor ? 1u : 0u;
        summary.bargains_paid += bargain.state == BargainState::paid ? 1u : 0u;
        summary.cuts += bargain.cuts.size();
        summary.cut_sum += sum_of(bargain.cuts);
        summary.price_fallen += bargain.start - bargain.current;
    }
    return summary;
}

}  // namespace stampede::loadtest
