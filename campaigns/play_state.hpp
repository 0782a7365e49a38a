// SPDX-License-Identifier: Apache-2.0
// What a play keeps of a campaign beside stock, orders, payments and quota, and where its rules
// join the common ones. A campaign has one, made from its configuration by the table of
// campaigns/plays.hpp; seckill has none, and pays for the others with one comparison to null.
//
// Common code asks it only about orders that it owns (OrderRecord::owner is not no_record; the
// number is the play's own). Verdicts are pure; what they decide goes into events. Changes are
// total, and are made through Campaign's verbs for what all plays share. One thread, the shard's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "campaigns/answer.hpp"
#include "campaigns/command.hpp"
#include "campaigns/event.hpp"
#include "campaigns/event_codec.hpp"
#include "campaigns/order.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/decision.hpp"
#include "engine/vocabulary/signature.hpp"

namespace stampede::campaigns {

class Campaign;
using Events = std::vector<Event>;

/// Whether a payment came after its order's hold had ended: stock and quota are taken again then.
enum class Late : bool { no = false, yes = true };

class PlayState {
  public:
    PlayState() = default;
    PlayState(const PlayState&) = delete;
    PlayState& operator=(const PlayState&) = delete;
    virtual ~PlayState() = default;

    // Verdicts ------------------------------------------------------------------------------------
    /// A command of the play's own.
    [[nodiscard]] virtual Answer decide(const Campaign& campaign, const Command& command,
                                        const Context& context, Events& events) const = 0;
    /// What a unit costs who buys it alone, by `Buy`; empty: not sold that way.
    [[nodiscard]] virtual std::optional<Money> price_alone(const Campaign& campaign,
                                                           std::uint16_t item) const = 0;
    /// Why this payment for an order of the campaign's, also one without a record of the play's,
    /// must go back whatever the operator's policy says; empty: nothing in it speaks against it.
    [[nodiscard]] virtual std::optional<RefundReason> refuse_payment(
        const Campaign& campaign, RecordIndex order, const RecordPayment& payment) const;
    /// A payment for an order that is held, or (late) whose stock and quota can be taken again.
    /// The default confirms.
    [[nodiscard]] virtual Answer decide_payment(const Campaign& campaign, RecordIndex order,
                                                const RecordPayment& payment, Late late,
                                                const Context& context, Events& events) const;
    /// Whether the record still takes a late payment; stock and quota have been looked at.
    [[nodiscard]] virtual bool can_reacquire(const Campaign& campaign, RecordIndex order,
                                             const Context& context) const;
    /// The hold of `order` ends by the event just appended: what else follows?
    virtual void after_hold_ends(const Campaign& campaign, RecordIndex order,
                                 const Context& context, Events& events) const;
    /// The whole of a paid or confirmed `order` goes back by the event just appended.
    virtual void after_refund(const Campaign& campaign, RecordIndex order, const Context& context,
                              Events& events) const;
    /// A kill has judged the record of this paid `order`, and its sweep has not come by: it is
    /// swept now, before an act that needs it.
    virtual void sweep_record(const Campaign& campaign, RecordIndex order, Events& events) const;
    /// The command that a deadline of the play's own kind stands for; none when it has lapsed.
    [[nodiscard]] virtual std::optional<Command> due(const Campaign& campaign,
                                                     const Deadline& deadline) const = 0;

    /// How many records a deadline of the play's own, or the end of an order's hold, reads or
    /// changes beyond one: a turn's budget counts them (limits::deadline_records_per_turn_max).
    [[nodiscard]] virtual std::size_t records_behind(const Deadline& deadline) const;
    [[nodiscard]] virtual std::size_t records_behind_hold(const Campaign& campaign,
                                                          RecordIndex order) const;

    // Mass work: a bounded step at a time ---------------------------------------------------------
    /// A record that a campaign cannot end before.
    [[nodiscard]] virtual bool has_open_records() const = 0;
    /// Records to be swept after a kill, or to be closed because the campaign ends.
    [[nodiscard]] virtual bool has_chore(const Campaign& campaign) const = 0;
    /// The next step; called while has_chore().
    virtual void decide_chore(const Campaign& campaign, const Context& context,
                              Events& events) const = 0;

    // Reading -------------------------------------------------------------------------------------
    /// Id of the record that `owner` names: what the doors call group_id or bargain_id.
    [[nodiscard]] virtual std::uint64_t record_id(RecordIndex owner) const = 0;
    /// What an answer about an order says of its record, as it is.
    [[nodiscard]] virtual Plays::View view(const Campaign& campaign, RecordIndex owner) const = 0;
    /// What the act that made this order was answered, where that is not HELD (CONFIRMED, of an
    /// order that cost nothing): its code and the order's state then.
    virtual void recall_hold(const Campaign& campaign, RecordIndex order, Answer& answer) const;
    /// The answer to a remembered request that made event `number` of the play's own family.
    [[nodiscard]] virtual Answer recall(const Campaign& campaign, EventNumber number,
                                        std::uint64_t subject, Receipt receipt) const = 0;
    /// Units of an item that the play's records hold, beyond those of orders.
    [[nodiscard]] virtual std::int64_t units_held(std::uint16_t item) const = 0;
    [[nodiscard]] virtual Signature signature() const = 0;
    [[nodiscard]] virtual std::optional<std::string> check_invariants(
        const Campaign& campaign) const = 0;

    // Changing: total, never refuses --------------------------------------------------------------
    /// An event of the play's own family.
    virtual void evolve(Campaign& campaign, const Event& event, const Stamp& stamp,
                        Effects& effects) = 0;
    /// An order's hold has ended without payment; it is expired or cancelled by now.
    virtual void hold_ended(Campaign& campaign, RecordIndex order, const Stamp& stamp);
    /// An order has been confirmed by OrderConfirmed.
    virtual void order_confirmed(Campaign& campaign, RecordIndex order, const Stamp& stamp);
    /// A paid or confirmed order has been refunded wholly.
    virtual void order_refunded(Campaign& campaign, RecordIndex order, const Stamp& stamp);
    /// Arms every deadline of its own, after a restart.
    virtual void rearm(const Campaign& campaign, Effects& effects) const = 0;

    // Checkpoints ---------------------------------------------------------------------------------
    using PutChunk = std::function<void(std::uint8_t part, std::span<const std::byte> bytes)>;
    /// Parts come back to load() in the order in which they were put.
    virtual void save(const PutChunk& put) const = 0;
    [[nodiscard]] virtual bool load(std::uint8_t part, ByteReader& reader) = 0;
};

/// Null for seckill.
[[nodiscard]] std::unique_ptr<PlayState> begin_play(const CampaignConfig& config);

}  // namespace stampede::campaigns
