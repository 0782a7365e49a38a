// SPDX-License-Identifier: Apache-2.0
#include "campaigns/campaign_machine.hpp"

#include "campaigns/rules.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};

// Records of a checkpoint: kinds 1 to 4 are a campaign's (campaign_checkpoint.cpp).
constexpr std::uint8_t campaign_header_record = 1;
constexpr std::uint8_t unknown_payments_record = 16;
constexpr std::size_t unknown_payments_per_record = 1024;

// The largest events of each command, envelope and request included.
constexpr std::size_t small_events_bytes = 1024;
constexpr std::size_t order_events_bytes = 16 * 1024;
constexpr std::size_t list_events_bytes = limits::deadline_event_bytes_max;
static_assert(limits::records_per_event_max * (2 + 33 + 8) + 1024 <= list_events_bytes,
              "StockHandedBack of the most items must fit");

/// The item, and the place that somebody was told; place 0: he left.
std::uint64_t subject_in_line(const WaitlistEvent& event) {
    const auto* joined = std::get_if<WaiterJoined>(&event);
    const auto* left = std::get_if<WaiterLeft>(&event);
    if (joined != nullptr) {
        return (std::uint64_t{joined->place} << 16) | joined->item;
    }
    return left == nullptr ? 0 : left->item;
}

bool is_of_play(Family family) {
    bool is_one = false;
    Plays::for_each(
        [&]<class Each>() { is_one = is_one || family == static_cast<Family>(Each::play); });
    return is_one;
}

}  // namespace

const Campaign* CampaignMachine::find(CampaignId id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

const Campaign* CampaignMachine::find_by_order(OrderId order) const {
    // Ids of a shard rise, so a campaign's orders lie between its first and its last.
    for (const auto& [id, campaign] : campaigns_) {
        const OrderBook& book = campaign->book();
        if (book.order_count() > 0 && order >= book.first_id() && order <= book.last_id() &&
            book.find_order(order) != no_record) {
            return campaign.get();
        }
    }
    return nullptr;
}

bool CampaignMachine::knows_scope(std::uint64_t scope) const {
    return by_id_.contains(CampaignId{scope});
}

std::uint64_t CampaignMachine::scope_of_id(std::uint64_t order_id) const {
    const Campaign* campaign = find_by_order(OrderId{order_id});
    return campaign == nullptr ? 0 : campaign->id().raw();
}

Route CampaignMachine::route_of(const Command& command) {
    const auto by_order = [](OrderId order) { return Route{Route::By::id, order.raw()}; };
    return std::visit(
        Overloaded{
            [&](const RecordPayment& payment) { return by_order(payment.order); },
            [&](const RecordRefund& refund) { return by_order(refund.order); },
            [&](const ReleaseOrder& release) { return by_order(release.order); },
            [&](const ResolveOrder& resolve) { return by_order(resolve.order); },
            [](const DraftCampaign& draft) {
                return Route{Route::By::new_scope, draft.campaign.raw()};
            },
            [](const auto& other) { return Route{Route::By::scope, other.campaign.raw()}; },
        },
        command);
}

std::uint64_t CampaignMachine::scope_of(const Command& command) const {
    const Route route = route_of(command);
    return route.by == Route::By::id ? scope_of_id(route.value) : route.value;
}

std::size_t CampaignMachine::event_bytes_bound(const Command& command) {
    return std::visit(Overloaded{
        [](const DraftCampaign&) { return limits::event_bytes_max + 1024; },
        [](const ReviseCampaign&) { return limits::event_bytes_max + 1024; },
        [](const Buy& buy) {
            return buy.lines.size() == 1 ? small_events_bytes : order_events_bytes;
        },
        // What becomes of an order may end the whole group that it has a seat in.
        [](const CancelOrder&) { return list_events_bytes; },
        [](const ReleaseOrder&) { return list_events_bytes; },
        [](const ExpireHold&) { return list_events_bytes; },
        [](const RecordPayment&) { return list_events_bytes; },
        [](const RecordRefund&) { return list_events_bytes; },
        [](const ResolveOrder&) { return list_events_bytes; },
        [](const BlockBuyers&) { return list_events_bytes; },
        [](const AdvanceCampaign&) { return list_events_bytes; },
        []<class Own>(const Own&)
            requires Plays::has_command<Own>
        { return Own::event_bytes_max; },
        [](const auto&) { return small_events_bytes; },
        },
        command);
}

std::uint64_t CampaignMachine::subject_of(const Event& event) {
    return std::visit(Overloaded{
        [](const CampaignEvent& family) {
            return std::visit(
                Overloaded{
                    [](const CampaignRevised& revised) { return std::uint64_t{revised.version}; },
                    [](const CampaignStateChanged& changed) {
                        return static_cast<std::uint64_t>(changed.to);
                    },
                    [](const TicketIssued& issued) { return issued.nonce; },
                    [](const auto&) { return std::uint64_t{0}; },
                },
                family);
        },
        [](const OrderEvent& family) {
            return std::visit(Overloaded{
                                  [](const HoldsSwept&) { return std::uint64_t{0}; },
                                  [](const auto& happened) { return happened.order.raw(); },
                              },
                              family);
        },
        [](const SeckillEvent& family) { return std::get<StockHeld>(family).order.raw(); },
        [](const WaitlistEvent& family) { return subject_in_line(family); },
        []<class Family>(const Family& family)
            requires Plays::has_family<Family>
        { return std::visit([](const auto& happened) { return happened.subject(); }, family); },
        },
        event);
}

// decide -----------------------------------------------------------------------------------------

Answer CampaignMachine::decide_draft(const DraftCampaign& draft, const Context& context,
                                     std::vector<Event>& events) const {
    if (find(draft.campaign) != nullptr) {
        Answer answer = answer_of(Code::wrong_state, context);
        answer.detail = "a campaign with this id exists already";
        return answer;
    }
    if (campaigns_.size() >= limits::campaigns_per_shard_max) {
        Answer answer = answer_of(Code::busy, context);
        answer.detail = "too many campaigns are in memory; archive settled ones";
        answer.retry_in = busy_retry;
        return answer;
    }
    events.emplace_back(
        CampaignEvent{CampaignDrafted{.config = draft.config, .actor = draft.actor}});
    Answer answer = receipted(Code::ok, context);
    answer.campaign = draft.campaign;
    answer.campaign_state = CampaignState::draft;
    answer.version = 1;
    return answer;
}

Answer CampaignMachine::unknown_order(const RecordPayment& payment, const Context& context,
                                      std::vector<Event>& events) const {
    const TextDigest known =
        OrderBook::mismatch_digest(payment.order, payment.payment_id, payment.amount);
    if (unknown_payments_.find(known) != nullptr) {
        return answer_of(Code::order_unknown, context);
    }
    if (unknown_payments_.size() >= limits::unknown_payments_per_shard_max) {
        Answer answer = answer_of(Code::busy, context);
        answer.retry_in = busy_retry;
        return answer;
    }
    events.emplace_back(CampaignEvent{PaymentMismatched{.order = payment.order,
                                                        .payment_id = payment.payment_id,
                                                        .amount = payment.amount,
                                                        .expected = std::nullopt}});
    return receipted(Code::order_unknown, context);
}

Answer CampaignMachine::decide(const Command& command, const Context& context,
                               std::vector<Event>& events) const {
    const auto in = [&](CampaignId id, auto&& rule) {
        const Campaign* campaign = find(id);
        return campaign == nullptr ? answer_of(Code::campaign_unknown, context) : rule(*campaign);
    };
    const auto on = [&](OrderId order, auto&& rule) {
        const Campaign* campaign = find_by_order(order);
        return campaign == nullptr ? answer_of(Code::order_unknown, context) : rule(*campaign);
    };
    return std::visit(Overloaded{
        [&](const Buy& buy) {
            return in(buy.campaign, [&](const Campaign& campaign) {
                return decide_buy(campaign, buy, context, events);
            });
        },
        [&](const CancelOrder& cancel) {
            return in(cancel.campaign, [&](const Campaign& campaign) {
                return decide_cancel(campaign, cancel, context, events);
            });
        },
        [&](const IssueTicket& ask) {
            return in(ask.campaign, [&](const Campaign& campaign) {
                return decide_ticket(campaign, ask, context, events);
            });
        },
        [&](const RecordPayment& payment) {
            const Campaign* campaign = find_by_order(payment.order);
            return campaign == nullptr ? unknown_order(payment, context, events)
                                       : decide_payment(*campaign, payment, context, events);
        },
        [&](const RecordRefund& refund) {
            return on(refund.order, [&](const Campaign& campaign) {
                return decide_refund(campaign, refund, context, events);
            });
        },
        [&](const DraftCampaign& draft) { return decide_draft(draft, context, events); },
        [&](const ReviseCampaign& revise) {
            return in(revise.campaign, [&](const Campaign& campaign) {
                return decide_revision(campaign, revise, context, events);
            });
        },
        [&](const ChangeCampaign& change) {
            return in(change.campaign, [&](const Campaign& campaign) {
                return decide_change(campaign, change, context, events);
            });
        },
        [&](const AdjustStock& adjust) {
            return in(adjust.campaign, [&](const Campaign& campaign) {
                return decide_stock(campaign, adjust, context, events);
            });
        },
        [&](const BlockBuyers& block) {
            return in(block.campaign, [&](const Campaign& campaign) {
                return decide_blocking(campaign, block, context, events);
            });
        },
        [&](const ReleaseOrder& release) {
            return on(release.order, [&](const Campaign& campaign) {
                return decide_release(campaign, release, context, events);
            });
        },
        [&](const ResolveOrder& resolve) {
            return on(resolve.order, [&](const Campaign& campaign) {
                return decide_resolution(campaign, resolve, context, events);
            });
        },
        [&](const ExpireHold& expire) {
            return in(expire.campaign, [&](const Campaign& campaign) {
                return decide_expiry(campaign, expire, context, events);
            });
        },
        [&](const AdvanceCampaign& advance) {
            return in(advance.campaign, [&](const Campaign& campaign) {
                return decide_advance(campaign, context, events);
            });
        },
        [&](const JoinWaitlist& join) {
            return in(join.campaign, [&](const Campaign& campaign) {
                return decide_join(campaign, join, context, events);
            });
        },
        [&](const LeaveWaitlist& leave) {
            return in(leave.campaign, [&](const Campaign& campaign) {
                return decide_leave(campaign, leave, context, events);
            });
        },
        [&](const MarkSettled& settled) {
            return in(settled.campaign, [&](const Campaign& campaign) {
                return decide_settled(campaign, context, events);
            });
        },
        [&]<class Own>(const Own& own)
            requires Plays::has_command<Own>
        {
            return in(own.campaign, [&](const Campaign& campaign) {
                constexpr bool is_buyers = requires(const Own& one) { one.buyer; };
                if (is_buyers && campaign.phase(context.now) == Phase::unknown) {
                    return answer_of(Code::campaign_unknown, context);  // a draft is not shown
                }
                return Plays::play_of<Own>() == campaign.config().play
                           ? campaign.play()->decide(campaign, command, context, events)
                           : answer_of(Own::of_another_play, context);
            });
        },
        },
        command);
}

// evolve -----------------------------------------------------------------------------------------

void CampaignMachine::evolve(const Event& event, const Stamp& stamp, Effects& effects) {
    const CampaignId id{stamp.scope};
    if (const auto* family = std::get_if<CampaignEvent>(&event)) {
        if (const auto* drafted = std::get_if<CampaignDrafted>(family)) {
            auto campaign = std::make_unique<Campaign>(id, drafted->config, drafted->actor);
            signature_.put_in(campaign->signature().raw());
            by_id_.emplace(id, campaign.get());
            campaigns_.emplace(id, std::move(campaign));
            return;
        }
        const auto* mismatched = std::get_if<PaymentMismatched>(family);
        if (mismatched != nullptr && stamp.scope == 0) {
            const TextDigest known = OrderBook::mismatch_digest(
                mismatched->order, mismatched->payment_id, mismatched->amount);
            if (unknown_payments_.insert(known, true).second) {
                signature_.put_in(known.high);
            }
            return;
        }
    }
    const auto found = by_id_.find(id);
    check(found != by_id_.end(), "an event of a campaign that is not here");
    Campaign& campaign = *found->second;
    signature_.take_out(campaign.signature().raw());
    campaign.evolve(event, stamp, effects);
    if (campaign.state() == CampaignState::archived) {
        by_id_.erase(found);
        campaigns_.erase(id);
        return;
    }
    signature_.put_in(campaign.signature().raw());
}

std::optional<std::string> CampaignMachine::check_invariants() const {
    for (const auto& [id, campaign] : campaigns_) {
        if (auto broken = campaign->check_invariants()) {
            return broken;
        }
    }
    return std::nullopt;
}

// Known requests
// -----------------------------------------------------------------------------------

Answer CampaignMachine::key_reused() {
    Answer answer;
    answer.code = Code::key_reused;
    return answer;
}

bool CampaignMachine::is_remembered(const Answer& answer) {
    return answer.code != Code::order_closed && answer.code != Code::amount_mismatch &&
           answer.code != Code::order_unknown;
}

Answer CampaignMachine::recall(std::uint64_t scope, EventNumber number, std::uint64_t subject,
                               Receipt receipt) const {
    const Campaign* campaign = find(CampaignId{scope});
    Answer answer;
    if (campaign == nullptr) {
        answer.code = Code::campaign_unknown;
    } else if (number.family == Family::campaign) {
        answer = recall_act(*campaign, number, subject);
    } else if (number.family == Family::waitlist) {
        answer.code = number.kind == WaiterJoined::kind ? Code::waitlisted : Code::ok;
        answer.waiting =
            Answer::Waiting{.item_id = campaign->config().items.at(subject & 0xFFFF).item_id,
                            .place = static_cast<std::uint32_t>(subject >> 16)};
    } else if (campaign->play() != nullptr && is_of_play(number.family)) {
        answer = campaign->play()->recall(*campaign, number, subject, receipt);
    } else {
        const RecordIndex index = campaign->book().find_order(OrderId{subject});
        check(index != no_record, "a remembered request about an order that is not here");
        return replay_of_request(*campaign, index, number, receipt);
    }
    answer.replayed = true;
    answer.receipt = receipt;
    return answer;
}

Answer CampaignMachine::recall_act(const Campaign& campaign, EventNumber number,
                                   std::uint64_t subject) {
    const auto was = [&](std::uint8_t kind) { return number.kind == kind; };
    Answer answer;
    answer.code = Code::ok;
    if (was(TicketIssued::kind)) {
        const TicketRecord* ticket = campaign.book().find_ticket(subject);
        check(ticket != nullptr, "a remembered ticket that is not here");
        answer.ticket = Answer::TicketTerms{.item_id = ticket->item_id,
                                            .not_before = ticket->not_before,
                                            .expires = ticket->expires,
                                            .nonce = subject};
        return answer;
    }
    // An operator's act: what it made, and for the rest the campaign as it is.
    answer.campaign = campaign.id();
    answer.version = campaign.version();
    answer.campaign_state = campaign.state();
    if (was(CampaignDrafted::kind)) {
        answer.version = 1;
        answer.campaign_state = CampaignState::draft;
    } else if (was(CampaignRevised::kind)) {
        answer.version = static_cast<std::uint32_t>(subject);
    } else if (was(CampaignStateChanged::kind)) {
        answer.campaign_state = static_cast<CampaignState>(subject);
    }
    return answer;
}

std::size_t CampaignMachine::requests_expected(std::uint64_t scope) const {
    const Campaign* campaign = find(CampaignId{scope});
    return campaign == nullptr ? 64 : orders_expected(campaign->config());
}

// Time and mass work
// -------------------------------------------------------------------------------

std::optional<Command> CampaignMachine::due(const Deadline& deadline) const {
    const CampaignId id{deadline.scope};
    const Campaign* campaign = find(id);
    if (campaign == nullptr) {
        return std::nullopt;
    }
    if (deadline.kind == static_cast<std::uint8_t>(DeadlineKind::lifecycle)) {
        return AdvanceCampaign{id};
    }
    if (deadline.kind >= static_cast<std::uint8_t>(DeadlineKind::play)) {
        return campaign->play() == nullptr ? std::nullopt
                                           : campaign->play()->due(*campaign, deadline);
    }
    const OrderId order{deadline.subject};
    const RecordIndex index = campaign->book().find_order(order);
    if (index == no_record || campaign->book().order(index).state != OrderState::held) {
        return std::nullopt;  // paid, cancelled or released meanwhile
    }
    return ExpireHold{id, order};
}

std::size_t CampaignMachine::records_behind(const Deadline& deadline) const {
    const Campaign* campaign = find(CampaignId{deadline.scope});
    if (campaign == nullptr || campaign->play() == nullptr) {
        return 0;
    }
    if (deadline.kind >= static_cast<std::uint8_t>(DeadlineKind::play)) {
        return campaign->play()->records_behind(deadline);
    }
    const bool is_hold = deadline.kind == static_cast<std::uint8_t>(DeadlineKind::hold);
    const RecordIndex order =
        is_hold ? campaign->book().find_order(OrderId{deadline.subject}) : no_record;
    return order != no_record && campaign->play_owning(order) != nullptr
               ? campaign->play()->records_behind_hold(*campaign, order)
               : 0;
}

std::optional<Command> CampaignMachine::chore(std::uint64_t scope, Instant now,
                                              Selling selling) const {
    const Campaign* campaign = find(CampaignId{scope});
    if (campaign == nullptr) {
        return std::nullopt;
    }
    const bool can_go_on =
        campaign->has_mass_work() && !line_waits_for_selling(*campaign, now, selling);
    if (!can_go_on && !can_serve_line(*campaign, now, selling)) {
        return std::nullopt;
    }
    return AdvanceCampaign{CampaignId{scope}};
}

void CampaignMachine::rearm(Effects& effects) const {
    for (const auto& [id, campaign] : campaigns_) {
        campaign->rearm(effects);
    }
}

// Checkpoints
// --------------------------------------------------------------------------------------

void CampaignMachine::save_records(const Campaign::PutRecord& put) const {
    for (const auto& [id, campaign] : campaigns_) {
        campaign->save(put);
    }
    std::vector<std::byte> bytes(8 + unknown_payments_per_record * 16);
    ByteWriter out(bytes);
    std::size_t in_record = 0;
    const auto flush = [&] {
        if (in_record > 0) {
            put(out.written());
        }
        out = ByteWriter(bytes);
        out.put(unknown_payments_record);
        in_record = 0;
    };
    flush();
    unknown_payments_.for_each([&](const TextDigest& known, bool) {
        out.put(known.low);
        out.put(known.high);
        if (++in_record == unknown_payments_per_record) {
            flush();
        }
    });
    flush();
}

bool CampaignMachine::load(std::span<const std::byte> record) {
    ByteReader reader(record);
    const auto kind = reader.get<std::uint8_t>();
    if (kind == campaign_header_record) {
        auto campaign = Campaign::load_header(reader);
        if (campaign == nullptr || by_id_.contains(campaign->id())) {
            return false;
        }
        const CampaignId id = campaign->id();
        signature_.put_in(campaign->signature().raw());
        by_id_.emplace(id, campaign.get());
        campaigns_.emplace(id, std::move(campaign));
        return true;
    }
    if (kind == unknown_payments_record) {
        while (reader.left() > 0 && !reader.failed()) {
            const auto low = reader.get<std::uint64_t>();
            const TextDigest known{low, reader.get<std::uint64_t>()};
            if (unknown_payments_.insert(known, true).second) {
                signature_.put_in(known.high);
            }
        }
        return !reader.failed();
    }
    const auto found = by_id_.find(reader.get<CampaignId>());
    if (found == by_id_.end()) {
        return false;
    }
    signature_.take_out(found->second->signature().raw());
    const bool is_loaded = found->second->load_part(kind, reader);
    signature_.put_in(found->second->signature().raw());
    return is_loaded;
}

}  // namespace stampede::campaigns
