// SPDX-License-Identifier: Apache-2.0
// What a group-buy must satisfy: a group has no seat too many, becomes a success as a whole and
// once, or fails and owes each paid seat one refund, and never does both.
#include <algorithm>
#include <map>
#include <set>

#include "loadtest/oracle.hpp"

namespace stampede::loadtest {
namespace {

// All that is known of one group.
struct KnownGroup {
    std::vector<const KnownOrder*> orders;
    const GroupView* last = nullptr;           // read after the run
    std::vector<const SettledOrder*> settled;  // rows of the mall's database
    std::vector<const MallEvent*> refunds;     // because the group failed
    std::uint64_t success_events = 0;
    std::uint64_t failure_events = 0;
    std::int64_t virtual_told = 0;
    std::set<GroupState> ends_shown;  // states without a way back
};
using Groups = std::map<RecordId, KnownGroup>;

std::string id_text(RecordId group) {
    return "group " + Base36{group.raw()}.str();
}

RecordId record_of(const std::string& id) {
    return RecordId{id.empty() ? 0 : Base36::parse(id).value_or(0)};
}

// The mall's own code knows this reason from the reference of its events.
bool is_of_a_failure(const MallEvent& event) {
    return event.kind == "REFUND_REQUIRED" &&
           (event.reason == "group_failed" || event.reason == "campaign_killed");
}

void take_mall(const MallDatabase& mall, Groups& groups) {
    for (const SettledOrder& row : mall.orders) {
        if (const RecordId group = record_of(row.group_id); group != RecordId{}) {
            groups[group].settled.push_back(&row);
        }
    }
    for (const MallEvent& event : mall.events) {
        const RecordId id = record_of(event.group_id);
        if (id == RecordId{}) {
            continue;
        }
        KnownGroup& group = groups[id];
        if (event.kind == "GROUP_SUCCEEDED") {
            group.success_events += 1;
            group.virtual_told = event.virtual_seats;
        } else if (event.kind == "GROUP_FAILED") {
            group.failure_events += 1;
        } else if (is_of_a_failure(event)) {
            group.refunds.push_back(&event);
        }
    }
}

Groups known_groups(const Account& account, const Evidence& evidence,
                    const std::vector<KnownOrder>& orders) {
    Groups groups;
    for (const KnownOrder& order : orders) {
        groups[order.record].orders.push_back(&order);
    }
    for (const SeenGroup& seen : account.groups) {
        if (seen.view.has_ended()) {
            groups[seen.view.id].ends_shown.insert(seen.view.state);
        }
    }
    if (evidence.groups) {
        for (const GroupView& view : *evidence.groups) {
            KnownGroup& group = groups[view.id];
            group.last = &view;
            if (view.has_ended()) {
                group.ends_shown.insert(view.state);
            }
        }
    }
    if (evidence.mall) {
        take_mall(*evidence.mall, groups);
    }
    return groups;
}

std::string describe(const GroupView& view) {
    return id_text(view.id) + " is " + std::string{name_of(view.state)} + ": size " +
           std::to_string(view.size) + ", locked " + std::to_string(view.locked) + ", paid " +
           std::to_string(view.paid) + ", virtual " + std::to_string(view.virtual_seats);
}

bool view_fits(const GroupTerms& terms, const GroupView& view) {
    const std::uint64_t seats = std::uint64_t{view.locked} + view.paid + view.virtual_seats;
    const bool is_full = view.state == GroupState::full || view.state == GroupState::success;
    return view.size == terms.size && seats <= view.size && view.members <= view.size &&
           view.leaders <= 1 && (terms.simulates || view.virtual_seats == 0) &&
           view.state != GroupState::unknown &&
           // A full group has no free seat; one that succeeded may have lost some since.
           (view.state != GroupState::full || seats == view.size) &&
           (view.state != GroupState::forming || seats < view.size) &&
           (is_full || view.virtual_seats == 0);
}

Finding judge_overfull(const Account& account, const Evidence& evidence, const Groups& groups) {
    Finding finding{"groups_never_overfull", "no group ever has more seats than its size"};
    const GroupTerms& terms = account.sale.group;
    const auto expect = [&](const GroupView& view) {
        finding.expect(view_fits(terms, view), [&] { return describe(view); });
    };
    for (const SeenGroup& seen : account.groups) {
        expect(seen.view);
    }
    if (evidence.groups) {
        std::for_each(evidence.groups->begin(), evidence.groups->end(), expect);
    }
    for (const auto& [id, group] : groups) {
        const std::int64_t units = most_by_receipt(group.orders).units();
        finding.expect(units <= std::int64_t{terms.size} * account.asked.units(),
                       [&, group_id = id] {
                           return id_text(group_id) + " had " + std::to_string(units) +
                                  " units in " + std::to_string(terms.size) + " seats";
                       });
    }
    return finding;
}

Finding judge_members(const Groups& groups) {
    Finding finding{"one_seat_per_member", "nobody has two seats of one group"};
    for (const auto& [id, group] : groups) {
        std::map<BuyerId, std::vector<const KnownOrder*>> seats;
        for (const KnownOrder* order : group.orders) {
            seats[order->buyer].push_back(order);
        }
        for (const auto& [buyer, taken] : seats) {
            const auto surely = std::count_if(taken.begin(), taken.end(),
                                              [](const auto* order) { return order->counts(); });
            finding.expect(surely <= 1, [&, group_id = id, who = buyer] {
                return "buyer " + std::to_string(who.raw()) + " has " + std::to_string(surely) +
                       " seats of " + id_text(group_id);
            });
        }
    }
    return finding;
}

Finding judge_whole(const Account& account, const Evidence& evidence, const Groups& groups) {
    Finding finding{"groups_succeed_whole",
                    "a group succeeds once, with all seats, all under one receipt"};
    std::map<std::string, std::string> states;
    if (evidence.orders) {
        for (const ListedOrder& order : *evidence.orders) {
            states.emplace(order.order_id, order.state);
        }
    }
    for (const auto& [id, group] : groups) {
        const auto told = [&, group_id = id](std::string_view what) {
            return id_text(group_id) + ' ' + std::string{what};
        };
        std::uint64_t confirmed = 0;
        std::uint64_t waiting = 0;
        for (const KnownOrder* order : group.orders) {
            const std::string& state = states[Base36{order->order.raw()}.str()];
            confirmed += state == "confirmed" ? 1u : 0u;
            waiting += state == "paid" || state == "held" ? 1u : 0u;
        }
        finding.expect(confirmed == 0 || waiting == 0, [&] {
            return told("has " + std::to_string(confirmed) + " confirmed orders and " +
                        std::to_string(waiting) + " that wait");
        });
        if (group.settled.empty()) {
            continue;
        }
        const std::uint64_t seats =
            group.settled.size() + static_cast<std::uint64_t>(group.virtual_told);
        finding.expect(seats == account.sale.group.size, [&] {
            return told("succeeded with " + std::to_string(seats) + " of " +
                        std::to_string(account.sale.group.size) + " seats");
        });
        const bool one_receipt =
            std::all_of(group.settled.begin(), group.settled.end(), [&](const SettledOrder* row) {
                return row->receipt == group.settled.front()->receipt && !row->receipt.empty();
            });
        finding.expect(one_receipt, [&] { return told("has orders with several receipts"); });
    }
    return finding;
}

Finding judge_exclusive(const Evidence& evidence, const Groups& groups) {
    Finding finding{"groups_succeed_or_fail", "no group both succeeds and fails, and none twice"};
    for (const auto& [id, group] : groups) {
        const std::string name = id_text(id);
        finding.expect(group.ends_shown.size() <= 1,
                       [&] { return name + " was shown with several ends"; });
        if (!evidence.mall) {
            continue;
        }
        finding.expect(group.success_events + group.failure_events <= 1, [&] {
            return name + " succeeded " + std::to_string(group.success_events) +
                   " times and failed " + std::to_string(group.failure_events) + " times";
        });
        finding.expect(group.refunds.empty() || group.settled.empty(), [&] {
            return name + " has confirmed orders and refunds because it failed";
        });
        if (group.last == nullptr) {
            continue;
        }
        const bool right = group.last->state == GroupState::success  ? group.success_events == 1
                           : group.last->state == GroupState::failed ? group.failure_events == 1
                                                                     : group.success_events == 0;
        finding.expect(right, [&] {
            return describe(*group.last) + "; its mall was told of " +
                   std::to_string(group.success_events) + " successes and " +
                   std::to_string(group.failure_events) + " failures";
        });
    }
    return finding;
}

// One refund for a seat that was paid and stayed until the end; none for any other.
void judge_seat(const Account& account, const KnownOrder& order, const KnownGroup& group,
                bool has_failed, Finding& finding) {
    const std::string name = "order " + Base36{order.order.raw()}.str();
    std::uint64_t count = 0;
    bool amount_right = true;
    for (const MallEvent* event : group.refunds) {
        if (record_of(event->order_id).raw() == order.order.raw()) {
            const std::string& paid_with =
                order.paid ? account.payments[order.payment].payment.payment_id : std::string{};
            count += event->payment_id == paid_with ? 1u : 0u;
            amount_right = amount_right && event->amount == order.amount.fen();
        }
    }
    const bool owed = has_failed && order.paid && !order.refunded;
    const bool open = has_failed && order.refunded;  // refunded before the end, or because of it
    finding.expect((count == (owed ? 1u : 0u) || (open && count <= 1)) && amount_right, [&] {
        return name + " of a group that " + (has_failed ? "failed" : "did not fail") + ": " +
               std::to_string(count) + " refunds told" + (amount_right ? "" : ", a wrong amount");
    });
}

Finding judge_failed(const Account& account, const Evidence& evidence, const Groups& groups) {
    Finding finding{"failed_seats_refunded",
                    "a group that fails owes each paid seat one refund, and nobody else"};
    if (!evidence.mall || !evidence.groups || account.undelivered > 0) {
        return finding;
    }
    for (const auto& [id, group] : groups) {
        if (group.last == nullptr) {
            continue;
        }
        const bool has_failed =
            group.last->state == GroupState::failed || group.last->state == GroupState::dissolved;
        for (const KnownOrder* order : group.orders) {
            judge_seat(account, *order, group, has_failed, finding);
        }
    }
    return finding;
}

}  // namespace

std::vector<Finding> judge_groups(const Account& account, const Evidence& evidence) {
    std::vector<Finding> findings;
    if (account.sale.play != Play::group_buy || account.orders_counted) {
        return findings;
    }
    const std::vector<KnownOrder> orders = known_orders(account, evidence);
    const Groups groups = known_groups(account, evidence, orders);
    findings.push_back(judge_overfull(account, evidence, groups));
    findings.push_back(judge_members(groups));
    findings.push_back(judge_whole(account, evidence, groups));
    findings.push_back(judge_exclusive(evidence, groups));
    findings.push_back(judge_failed(account, evidence, groups));
    return findings;
}

}  // namespace stampede::loadtest
