// SPDX-License-Identifier: Apache-2.0
// What each event makes true of a campaign. Total: decide() has judged; a failing check() here is a
// bug of ours or a damaged journal, and ends the process before it can spread.
#include <algorithm>
#include <utility>

#include "campaigns/campaign.hpp"
#include "campaigns/record_fields.hpp"

namespace stampede::campaigns {

template <class Change>
void Campaign::change_header(Change&& change) {
    own_signature_.take_out(header_digest());
    change(header_);
    own_signature_.put_in(header_digest());
}

void Campaign::evolve(const Event& event, const Stamp& stamp, Effects& effects) {
    std::visit(
        [&]<class Family>(const Family& family) {
            if constexpr (Plays::has_family<Family>) {
                check(play_ != nullptr, "an event of a play that the campaign does not have");
                play_->evolve(*this, event, stamp, effects);
            } else {
                std::visit([&](const auto& happened) { apply(happened, stamp, effects); }, family);
            }
        },
        event);
}

// Family campaign --------------------------------------------------------------------------------

void Campaign::apply(const CampaignDrafted& /*event*/, const Stamp& /*stamp*/,
                     Effects& /*effects*/) {
    // The machine makes the campaign out of this event; there is nothing left to do.
}

void Campaign::apply(const CampaignRevised& event, const Stamp& /*stamp*/, Effects& effects) {
    own_signature_.take_out(header_digest());
    set_config(event.config);
    header_.version = event.version;
    header_.editor = event.actor;
    if (has_not_begun()) {
        reset_cells();
        play_ = begin_play(*config_);
        if (header_.state == CampaignState::warming) {
            header_.state = CampaignState::scheduled;
        }
    } else {
        for (std::uint16_t item = 0; item < cells_.size(); ++item) {
            if (cells_[item].reserve() != config_->items[item].reserve) {
                change_cell(
                    item, [&](StockCell& cell) { cell.set_reserve(config_->items[item].reserve); });
            }
        }
    }
    own_signature_.put_in(header_digest());
    if (header_.state != CampaignState::draft) {
        arm_lifecycle(effects);
        ask_for_mass_work(effects);
    }
}

void Campaign::apply(const CampaignStateChanged& event, const Stamp& stamp, Effects& effects) {
    change_header([&](Header& header) {
        header.state = event.to;
        header.killed = header.killed || event.to == CampaignState::killed;
        if (event.to == CampaignState::ending) {
            header.ending_since = stamp.at;
        }
        const bool is_over = event.to == CampaignState::ended || event.to == CampaignState::killed;
        if (is_over && header.ended_at.ms() == 0) {
            header.ended_at = stamp.at;
        }
    });
    const bool may_still_serve = event.to != CampaignState::killed &&
                                 event.to != CampaignState::ended &&
                                 (event.to != CampaignState::ending || config_->resell_after_end);
    if (!may_still_serve) {
        waitlist_.clear();
    }
    if (event.to == CampaignState::scheduled || event.from == CampaignState::draft) {
        arm_lifecycle(effects);
    }
    if (event.to == CampaignState::archived) {
        effects.scope_closed(id_.raw());
        return;
    }
    ask_for_mass_work(effects);
}

void Campaign::apply(const StockAdjusted& event, const Stamp& stamp, Effects& effects) {
    change_cell(event.item, [&](StockCell& cell) { cell.adjust(event.delta); });
    if (!is_before_start(stamp.at)) {
        ask_for_mass_work(effects);
        return;
    }
    // Before the start an edit sets the stock anew from the configuration: the delta goes in there,
    // as a new version, so that no edit of somebody who has not seen it can undo it.
    CampaignConfig config = *config_;
    config.items[event.item].stock += Quantity{event.delta};
    own_signature_.take_out(header_digest());
    set_config(std::make_shared<const CampaignConfig>(std::move(config)));
    ++header_.version;
    own_signature_.put_in(header_digest());
}

void Campaign::apply(const BuyersBlocked& event, const Stamp& /*stamp*/, Effects& /*effects*/) {
    change_header([&](Header& /*header*/) {
        for (const BuyerId buyer : event.buyers) {
            const auto at = std::ranges::lower_bound(blocked_, buyer);
            if (at == blocked_.end() || *at != buyer) {
                blocked_.insert(at, buyer);
            }
        }
    });
}

void Campaign::apply(const StockHandedBack& event, const Stamp& /*stamp*/, Effects& effects) {
    for (const StockHandedBack::Part& part : event.parts) {
        change_cell(part.item, [](StockCell& cell) { cell.hand_back(); });
    }
    change_header([&](Header& header) {
        header.handback_next = static_cast<std::uint16_t>(event.parts.back().item + 1);
    });
    ask_for_mass_work(effects);
}

void Campaign::apply(const PaymentMismatched& event, const Stamp& /*stamp*/, Effects& /*effects*/) {
    book_.add_mismatch(event.order, event.payment_id, event.amount);
}

void Campaign::apply(const TicketIssued& event, const Stamp& /*stamp*/, Effects& /*effects*/) {
    book_.add_ticket(event.nonce, TicketRecord{.item_id = event.item_id,
                                               .not_before = event.not_before,
                                               .expires = event.expires});
    book_.change_buyer(event.buyer, [](BuyerRecord& buyer) { ++buyer.tickets; });
}

void Campaign::apply(const SeedCommitted& event, const Stamp& /*stamp*/, Effects& /*effects*/) {
    commit_seed(event.seed);
}

// Family seckill ---------------------------------------------------------------------------------

RecordIndex Campaign::hold(const NewHold& wanted, const Stamp& stamp, Effects& effects) {
    const std::uint32_t slot = slot_of_hold(stamp.at);
    boost::container::static_vector<LineRecord, limits::lines_per_order_max> lines;
    Money amount;
    std::uint32_t units = 0;
    for (const HeldLine& line : wanted.lines) {
        if (!wanted.units_with_play) {
            change_cell(line.item, [&](StockCell& cell) { cell.hold(line.quantity); });
        }
        amount += line.unit_price * line.quantity;
        const auto quantity = static_cast<std::uint32_t>(line.quantity.units());
        units += quantity;
        lines.push_back({.unit_price = line.unit_price,
                         .quantity = quantity,
                         .refunded = 0,
                         .item = line.item});
    }
    const RecordIndex order = book_.order_count();  // where add_order() is about to put it
    RecordIndex previous = no_record;
    book_.change_buyer(wanted.buyer, [&](BuyerRecord& buyer) {
        buyer.slot_units = buyer.slot == slot ? buyer.slot_units + units : units;
        buyer.slot = slot;
        buyer.units += units;
        ++buyer.hold_marks;
        previous = std::exchange(buyer.last_order, order);
    });
    book_.add_order(OrderRecord{.id = wanted.order,
                                .buyer = wanted.buyer,
                                .created_at = stamp.at,
                                .pay_by = wanted.pay_by,
                                .receipt = stamp.sequence,
                                .amount = amount,
                                .refunded_amount = Money{0},
                                .previous_of_buyer = previous,
                                .owner = wanted.owner,
                                .slot = slot,
                                .units_with_play = wanted.units_with_play},
                    lines);
    if (wanted.ticket_nonce != 0) {
        book_.use_ticket(wanted.ticket_nonce, order);
    }
    effects.id_used(wanted.order.raw());
    effects.arm(Deadline{.at = wanted.pay_by,
                         .scope = id_.raw(),
                         .subject = wanted.order.raw(),
                         .kind = static_cast<std::uint8_t>(DeadlineKind::hold)},
                wanted.pay_by - stamp.at, Grace::after_restart);
    return order;
}

void Campaign::apply(const StockHeld& event, const Stamp& stamp, Effects& effects) {
    hold({.order = event.order,
          .buyer = event.buyer,
          .pay_by = event.pay_by,
          .lines = event.lines,
          .ticket_nonce = event.ticket_nonce},
         stamp, effects);
}

// Family waitlist --------------------------------------------------------------------------------

void Campaign::apply(const WaiterJoined& event, const Stamp& stamp, Effects& /*effects*/) {
    waitlist_.join(event.item, Waiter{.buyer = event.buyer,
                                      .joined_at = stamp.at,
                                      .segments = event.segments,
                                      .level = event.level});
    check(waitlist_.place_of(event.buyer, event.item) == event.place,
          "somebody stands elsewhere than he was told");
}

void Campaign::apply(const WaiterLeft& event, const Stamp& /*stamp*/, Effects& effects) {
    waitlist_.leave(event.buyer, event.item);
    ask_for_mass_work(effects);
}

void Campaign::apply(const WaiterPromoted& event, const Stamp& stamp, Effects& effects) {
    waitlist_.leave(event.buyer, event.item);
    const HeldLine line{
        .item = event.item, .quantity = Quantity{1}, .unit_price = event.unit_price};
    hold(NewHold{.order = event.order,
                 .buyer = event.buyer,
                 .pay_by = event.pay_by,
                 .lines = {&line, 1}},
         stamp, effects);
    ask_for_mass_work(effects);
}

// Family order -----------------------------------------------------------------------------------

namespace {

void return_quota(BuyerRecord& buyer, std::uint32_t slot, std::uint32_t units) {
    check(buyer.units >= units, "more quota returned than was taken");
    buyer.units -= units;
    if (buyer.slot == slot) {
        check(buyer.slot_units >= units, "more quota of a slot returned than was taken");
        buyer.slot_units -= units;
    }
}

}  // namespace

/// Stock and quota of an order whose units nobody is going to get.
void Campaign::release_units(RecordIndex index) {
    const OrderRecord& order = book_.order(index);
    std::uint32_t units = 0;
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        const LineRecord& line = book_.line(order, at);
        units += line.quantity;
        if (!order.units_with_play) {
            change_cell(line.item, [&](StockCell& cell) { cell.release(Quantity{line.quantity}); });
        }
    }
    book_.change_buyer(order.buyer,
                       [&](BuyerRecord& buyer) { return_quota(buyer, order.slot, units); });
}

void Campaign::end_hold(RecordIndex index, OrderState state, HoldMark mark, const Stamp& stamp) {
    const OrderRecord& order = book_.order(index);
    check(order.state == OrderState::held, "a hold that had ended ends again");
    release_units(index);
    if (mark == HoldMark::take_back) {
        book_.change_buyer(order.buyer, [](BuyerRecord& buyer) { --buyer.hold_marks; });
    }
    book_.change_order(index, [&](OrderRecord& record) {
        record.state = state;
        record.marked = mark == HoldMark::keep;
        record.was_cancelled = state == OrderState::cancelled;
    });
    if (order.owner != no_record) {
        play_->hold_ended(*this, index, stamp);
    }
}

/// Stock and quota of a hold that had ended, for a late payment.
template <class Take>
void Campaign::take_again(RecordIndex index, Take&& take) {
    const OrderRecord& order = book_.order(index);
    std::uint32_t units = 0;
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        const LineRecord& line = book_.line(order, at);
        units += line.quantity;
        if (!order.units_with_play) {
            change_cell(line.item, [&](StockCell& cell) { take(cell, Quantity{line.quantity}); });
        }
    }
    book_.change_buyer(order.buyer, [&](BuyerRecord& buyer) {
        buyer.units += units;
        if (buyer.slot == order.slot) {
            buyer.slot_units += units;
        }
    });
}

void Campaign::pay_order(RecordIndex index, const PaymentId& payment_id, Instant paid_at, Late late,
                         const Stamp& stamp) {
    const OrderRecord& order = book_.order(index);
    if (late == Late::yes) {
        take_again(index, [](StockCell& cell, Quantity units) { cell.hold(units); });
    }
    book_.change_buyer(order.buyer, [&](BuyerRecord& buyer) {
        buyer.hold_marks -= order.marked ? 1U : 0U;  // a hold that was paid is no hoarding
    });
    if (!payment_id.empty()) {
        settle_payment(index, payment_id, order.amount, paid_at, PaymentStatus::counts,
                       RefundReason::late_payment, true, stamp);
    }
    book_.change_order(index, [&](OrderRecord& record) {
        record.state = OrderState::paid;
        record.marked = false;
        record.late = late == Late::yes;
        record.waits_for_operator = false;
    });
}

void Campaign::confirm_paid_order(RecordIndex index) {
    const OrderRecord& order = book_.order(index);
    check(order.state == OrderState::paid, "an order confirmed that was not paid");
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        const LineRecord& line = book_.line(order, at);
        change_cell(line.item, [&](StockCell& cell) { cell.confirm(Quantity{line.quantity}); });
    }
    book_.change_order(index, [](OrderRecord& record) { record.state = OrderState::confirmed; });
}

void Campaign::owe_paid_order(RecordIndex index, RefundReason reason) {
    const OrderRecord& order = book_.order(index);
    check(order.state == OrderState::paid, "money owed for an order that was not paid");
    release_units(index);
    if (order.counted_payment != no_record) {
        book_.change_payment(order.counted_payment, [&](PaymentRecord& payment) {
            payment.status = PaymentStatus::refund_due;
            payment.reason = reason;
        });
    }
    book_.change_order(index, [](OrderRecord& record) {
        // Where nothing was paid, nothing goes back.
        record.state = record.amount > Money{0} ? OrderState::refund_due : OrderState::cancelled;
        record.was_cancelled = true;
    });
}

void Campaign::apply(const HoldExpired& event, const Stamp& stamp, Effects& effects) {
    end_hold(book_.find_order(event.order), OrderState::expired, HoldMark::keep, stamp);
    ask_for_mass_work(effects);
}

void Campaign::apply(const HoldReleased& event, const Stamp& stamp, Effects& effects) {
    // Letting go is the buyer's own doing and counts against hoarding; the operator's is not.
    end_hold(book_.find_order(event.order), OrderState::cancelled,
             event.reason == ReleaseReason::buyer ? HoldMark::keep : HoldMark::take_back, stamp);
    ask_for_mass_work(effects);
}

void Campaign::apply(const HoldsSwept& event, const Stamp& stamp, Effects& /*effects*/) {
    for (RecordIndex index = event.first; index < event.first + event.count; ++index) {
        if (book_.order(index).state == OrderState::held) {
            end_hold(index, OrderState::cancelled, HoldMark::take_back, stamp);
        }
    }
    change_header([&](Header& header) { header.sweep_next = event.first + event.count; });
    // Still asked for: the chore that made this event stays in line until it finds nothing.
}

void Campaign::settle_payment(RecordIndex order, const PaymentId& payment_id, Money amount,
                              Instant paid_at, PaymentStatus status, RefundReason reason,
                              bool counts, const Stamp& stamp) {
    RecordIndex payment = book_.find_payment(payment_id);
    if (payment == no_record) {
        payment =
            book_.add_payment(PaymentRecord{.payment_id = payment_id,
                                            .order = order,
                                            .previous_of_order = book_.order(order).last_payment,
                                            .amount = amount,
                                            .refunded = Money{0},
                                            .refunded_units = Quantity{0},
                                            .paid_at = paid_at,
                                            .receipt = stamp.sequence,
                                            .reason = reason,
                                            .status = status,
                                            .was_due = status == PaymentStatus::refund_due});
        book_.change_order(order, [&](OrderRecord& record) {
            record.last_payment = payment;
            ++record.payments;
        });
    } else {
        // Only a kept payment is decided later, by an operator.
        book_.change_payment(payment, [&](PaymentRecord& record) {
            record.status = status;
            record.reason = reason;
        });
    }
    if (counts) {
        book_.change_order(order, [&](OrderRecord& record) { record.counted_payment = payment; });
    }
}

void Campaign::apply(const OrderConfirmed& event, const Stamp& stamp, Effects& effects) {
    const RecordIndex index = book_.find_order(event.order);
    const OrderRecord& order = book_.order(index);
    if (event.late) {
        take_again(index, [](StockCell& cell, Quantity units) { cell.sell_late(units); });
    }
    if (!event.late || order.units_with_play) {
        for (const ConfirmedLine& line : event.lines) {
            change_cell(line.item, [&](StockCell& cell) { cell.confirm(line.quantity); });
        }
    }
    book_.change_buyer(order.buyer, [&](BuyerRecord& buyer) {
        buyer.hold_marks -= order.marked ? 1U : 0U;  // a hold that was paid is no hoarding
    });
    if (!event.payment_id.empty()) {
        settle_payment(index, event.payment_id, event.amount, event.paid_at, PaymentStatus::counts,
                       RefundReason::late_payment, true, stamp);
    }
    book_.change_order(index, [&](OrderRecord& record) {
        record.state = OrderState::confirmed;
        record.marked = false;
        record.late = event.late;
        record.waits_for_operator = false;
    });
    if (order.owner != no_record) {
        play_->order_confirmed(*this, index, stamp);
    }
    ask_for_mass_work(effects);
}

void Campaign::apply(const PaymentRefundDue& event, const Stamp& stamp, Effects& /*effects*/) {
    const RecordIndex index = book_.find_order(event.order);
    settle_payment(index, event.payment_id, event.amount, event.paid_at, PaymentStatus::refund_due,
                   event.reason, event.counted, stamp);
    if (event.counted) {
        book_.change_order(index, [&](OrderRecord& record) {
            record.state = OrderState::refund_due;
            record.waits_for_operator = false;
        });
    }
}

void Campaign::apply(const PaymentKept& event, const Stamp& stamp, Effects& /*effects*/) {
    const RecordIndex index = book_.find_order(event.order);
    settle_payment(index, event.payment_id, event.amount, event.paid_at, PaymentStatus::kept,
                   RefundReason::late_payment, false, stamp);
    book_.change_order(index, [](OrderRecord& record) { record.waits_for_operator = true; });
}

void Campaign::apply(const OrderRefunded& event, const Stamp& stamp, Effects& effects) {
    const RecordIndex index = book_.find_order(event.order);
    const OrderRecord& order = book_.order(index);
    const RecordIndex payment =
        event.payment_id.empty() ? no_record : book_.find_payment(event.payment_id);
    const bool is_held = order.state == OrderState::paid;  // its units are not sold yet
    const bool leaves_its_record =
        event.wholly && order.owner != no_record &&
        (order.state == OrderState::confirmed || order.state == OrderState::paid);
    Quantity units;
    for (const OrderRefunded::Part& part : event.parts) {
        units += part.quantity;
        book_.change_line(index, part.line, [&](LineRecord& line) {
            line.refunded += static_cast<std::uint32_t>(part.quantity.units());
        });
        if (event.units_return && !(is_held && order.units_with_play)) {
            change_cell(part.item, [&](StockCell& cell) {
                if (event.restock == Restock::to_activity) {
                    is_held ? cell.release(part.quantity) : cell.refund_to_activity(part.quantity);
                } else {
                    is_held ? cell.release_to_removed(part.quantity)
                            : cell.refund_to_removed(part.quantity);
                }
            });
        }
    }
    if (event.units_return && event.quota == QuotaOnRefund::give_back) {
        book_.change_buyer(order.buyer, [&](BuyerRecord& buyer) {
            return_quota(buyer, order.slot, static_cast<std::uint32_t>(units.units()));
        });
    }
    if (payment != no_record) {
        book_.change_payment(payment, [&](PaymentRecord& record) {
            record.refunded += event.amount;
            record.refunded_units += event.quantity;
            if (record.refunded == record.amount) {
                record.status = record.status == PaymentStatus::counts ? PaymentStatus::counts
                                                                       : PaymentStatus::refunded;
            }
        });
    }
    book_.add_refund(RefundRecord{.refund_id = event.refund_id,
                                  .order = index,
                                  .payment = payment,
                                  .amount = event.amount,
                                  .quantity = event.quantity,
                                  .body_digest = event.body_digest,
                                  .receipt = stamp.sequence});
    book_.change_order(index, [&](OrderRecord& record) {
        ++record.refunds;
        if (event.counted) {
            record.refunded_amount += event.amount;
        }
        if (event.wholly) {
            record.state = OrderState::refunded;
        }
    });
    if (leaves_its_record) {
        play_->order_refunded(*this, index, stamp);
    }
    ask_for_mass_work(effects);
}

}  // namespace stampede::campaigns
