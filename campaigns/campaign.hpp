// SPDX-License-Identifier: Apache-2.0
// One campaign's whole state: what was decided about it, its stock cells, and its order book. Plays
// judge it (seckill.cpp, payments.cpp, refunds.cpp, lifecycle.cpp) and change it through evolve()
// alone. Pure: no clock, thread, lock or socket.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "campaigns/answer.hpp"
#include "campaigns/campaign_config.hpp"
#include "campaigns/campaign_state.hpp"
#include "campaigns/committed_seed.hpp"
#include "campaigns/event.hpp"
#include "campaigns/order_book.hpp"
#include "campaigns/play_state.hpp"
#include "campaigns/stock_cell.hpp"
#include "campaigns/waitlist.hpp"
#include "engine/vocabulary/decision.hpp"
#include "engine/vocabulary/signature.hpp"

namespace stampede::campaigns {

/// Kinds of deadlines, as they lie in Deadline::kind. Higher ones are the play's own.
enum class DeadlineKind : std::uint8_t { hold = 1, lifecycle = 2, play = 16 };

/// What the moment allows a buyer, judged by time as well as by state, so that a late deadline
/// never sells before the start or after the end.
enum class Phase : std::uint8_t { unknown, not_started, open, paused, ending, ended, killed };

/// A campaign may be archived this long after its end: gateways retry their notices for a day.
inline constexpr Duration archive_wait = Duration::seconds(48 * 3600);

/// How a hold that ends without payment counts against hoarding.
enum class HoldMark : bool { keep, take_back };

/// Units for one buyer, as an event of a play takes them.
struct NewHold {
    OrderId order;
    BuyerId buyer;
    Instant pay_by;
    std::span<const HeldLine> lines;
    std::uint64_t ticket_nonce = 0;  // 0: without a ticket
    RecordIndex owner = no_record;   // the play's record
    /// The play's record holds the units already.
    bool units_with_play = false;
};

class Campaign {
  public:
    Campaign(CampaignId id, std::shared_ptr<const CampaignConfig> config, const Actor& editor);

    // Reading -------------------------------------------------------------------------------------
    [[nodiscard]] CampaignId id() const { return id_; }
    [[nodiscard]] const CampaignConfig& config() const { return *config_; }
    [[nodiscard]] const std::shared_ptr<const CampaignConfig>& shared_config() const {
        return config_;
    }
    [[nodiscard]] CampaignState state() const { return header_.state; }
    [[nodiscard]] std::uint32_t version() const { return header_.version; }
    [[nodiscard]] const Actor& editor() const { return header_.editor; }
    /// When it ended or was killed.
    [[nodiscard]] std::optional<Instant> ended_at() const;
    /// When it began to end, by its time or by an operator; 0: it has not.
    [[nodiscard]] Instant ending_since() const { return header_.ending_since; }
    /// Nothing has been sold yet: a draft, or published and waiting for its start.
    [[nodiscard]] bool has_not_begun() const;
    /// The same, or paused before it: an edit may still set the stock anew after a resume.
    [[nodiscard]] bool is_before_start(Instant at) const;
    /// For ever: a killed campaign stays one when it is settled.
    [[nodiscard]] bool was_killed() const { return header_.killed; }
    [[nodiscard]] const OrderBook& book() const { return book_; }
    [[nodiscard]] std::size_t item_count() const { return cells_.size(); }
    [[nodiscard]] const StockCell& cell(std::uint16_t item) const { return cells_[item]; }
    [[nodiscard]] const Waitlist& waitlist() const { return waitlist_; }
    /// Units that can be taken in this slot: available ones, of which `slot_stock` may leave some
    /// to later slots.
    [[nodiscard]] Quantity in_reach(std::uint16_t item, std::uint32_t slot) const;
    /// What of them is left for somebody who does not stand in line.
    [[nodiscard]] Quantity free_units(std::uint16_t item, std::uint32_t slot) const;
    [[nodiscard]] bool is_blocked(BuyerId buyer) const;
    /// Those of the configuration and those that operators added; in both counts twice.
    [[nodiscard]] std::size_t blocked_count() const {
        return blocked_.size() + config_->audience.blocklist.size();
    }

    [[nodiscard]] Phase phase(Instant now) const;
    /// Position of the 场次 that `at` lies in; 0 where the campaign has none; empty between slots.
    [[nodiscard]] std::optional<std::uint32_t> slot_at(Instant at) const;
    /// The slot that a hold made at `at` counts in: while the sale ends, the last one that was
    /// open.
    [[nodiscard]] std::uint32_t slot_of_hold(Instant at) const;
    /// The slot whose stock is on show: the one that is open, else the next, else the last.
    [[nodiscard]] std::uint32_t slot_on_show(Instant at) const;
    /// Start of the next 场次 (or of the sale) after `now`, if there is one.
    [[nodiscard]] std::optional<Instant> next_opening(Instant now) const;

    /// The first order that the kill's sweep has not reached, and the first item not yet handed
    /// back.
    [[nodiscard]] RecordIndex sweep_next() const { return header_.sweep_next; }
    [[nodiscard]] std::uint16_t handback_next() const { return header_.handback_next; }
    [[nodiscard]] bool has_mass_work() const;

    /// What the play keeps; null for seckill.
    [[nodiscard]] const PlayState* play() const { return play_.get(); }
    /// The play, where it owns this order; else null.
    [[nodiscard]] const PlayState* play_owning(RecordIndex order) const {
        return play_ != nullptr && book_.order(order).owner != no_record ? play_.get() : nullptr;
    }
    /// The chance of the campaign's draws; null for a play that draws nothing, and before it is
    /// published.
    [[nodiscard]] const CommittedSeed* seed() const { return seed_ ? &*seed_ : nullptr; }
    /// Whether the seed may be told: nothing can be drawn from it any more.
    [[nodiscard]] bool seed_is_public() const;

    /// An order's state as it is judged: from a kill on every hold is released and every paid seat
    /// due for refund, also where the sweep has not come by yet.
    [[nodiscard]] OrderState judged_state(RecordIndex order) const;
    [[nodiscard]] OrderView view(RecordIndex order) const;

    [[nodiscard]] Signature signature() const;
    [[nodiscard]] std::optional<std::string> check_invariants() const;

    // Changing: total, never refuses
    // ---------------------------------------------------------------
    void evolve(const Event& event, const Stamp& stamp, Effects& effects);

    // What events of plays are made of: PlayState::evolve() alone
    // --------------------------------------------------------
    /// available -> held, quota taken, deadline armed. The order is the newest afterwards.
    RecordIndex hold(const NewHold& wanted, const Stamp& stamp, Effects& effects);
    /// A hold ends without payment: units and quota return once.
    void end_hold(RecordIndex order, OrderState state, HoldMark mark, const Stamp& stamp);
    /// held -> paid, or (late) stock and quota taken again: the payment counts.
    void pay_order(RecordIndex order, const PaymentId& payment_id, Instant paid_at, Late late,
                   const Stamp& stamp);
    /// A paid order is sold.
    void confirm_paid_order(RecordIndex order);
    /// A paid order's money must go back; units and quota return now.
    void owe_paid_order(RecordIndex order, RefundReason reason);
    template <class Change>
    void change_cell(std::uint16_t item, Change&& change) {
        own_signature_.take_out(cell_digest(item));
        change(cells_[item]);
        own_signature_.put_in(cell_digest(item));
    }
    [[nodiscard]] OrderBook& book_to_change() { return book_; }
    void ask_for_mass_work(Effects& effects) const;

    /// Arms every deadline that the state waits for, after a restart.
    void rearm(Effects& effects) const;

    // Checkpoints (campaign_checkpoint.cpp)
    // ----------------------------------------------------------
    using PutRecord = std::function<void(std::span<const std::byte>)>;
    void save(const PutRecord& put) const;
    /// The campaign that a header record begins; empty when it is not one.
    [[nodiscard]] static std::unique_ptr<Campaign> load_header(ByteReader& reader);
    /// A further record of it, after its kind and campaign id.
    [[nodiscard]] bool load_part(std::uint8_t kind, ByteReader& reader);

  private:
    struct Header {
        CampaignState state = CampaignState::draft;
        std::uint32_t version = 1;
        Actor editor;
        Instant ended_at;      // 0: it has not ended
        Instant ending_since;  // 0: it has never been ending
        bool killed = false;
        RecordIndex sweep_next = 0;
        std::uint16_t handback_next = 0;
    };

    void apply(const CampaignDrafted& event, const Stamp& stamp, Effects& effects);
    void apply(const CampaignRevised& event, const Stamp& stamp, Effects& effects);
    void apply(const CampaignStateChanged& event, const Stamp& stamp, Effects& effects);
    void apply(const StockAdjusted& event, const Stamp& stamp, Effects& effects);
    void apply(const BuyersBlocked& event, const Stamp& stamp, Effects& effects);
    void apply(const StockHandedBack& event, const Stamp& stamp, Effects& effects);
    void apply(const PaymentMismatched& event, const Stamp& stamp, Effects& effects);
    void apply(const TicketIssued& event, const Stamp& stamp, Effects& effects);
    void apply(const OrderConfirmed& event, const Stamp& stamp, Effects& effects);
    void apply(const HoldExpired& event, const Stamp& stamp, Effects& effects);
    void apply(const HoldReleased& event, const Stamp& stamp, Effects& effects);
    void apply(const PaymentRefundDue& event, const Stamp& stamp, Effects& effects);
    void apply(const PaymentKept& event, const Stamp& stamp, Effects& effects);
    void apply(const OrderRefunded& event, const Stamp& stamp, Effects& effects);
    void apply(const HoldsSwept& event, const Stamp& stamp, Effects& effects);
    void apply(const SeedCommitted& event, const Stamp& stamp, Effects& effects);
    void apply(const StockHeld& event, const Stamp& stamp, Effects& effects);
    void apply(const WaiterJoined& event, const Stamp& stamp, Effects& effects);
    void apply(const WaiterLeft& event, const Stamp& stamp, Effects& effects);
    void apply(const WaiterPromoted& event, const Stamp& stamp, Effects& effects);

    [[nodiscard]] std::optional<std::string> broken_line() const;
    void release_units(RecordIndex order);
    template <class Take>
    void take_again(RecordIndex order, Take&& take);
    void commit_seed(const SeedBytes& seed);
    void settle_payment(RecordIndex order, const PaymentId& payment_id, Money amount,
                        Instant paid_at, PaymentStatus status, RefundReason reason, bool counts,
                        const Stamp& stamp);
    void arm_lifecycle(Effects& effects) const;
    void reset_cells();

    template <class Change>
    void change_header(Change&& change);
    [[nodiscard]] std::uint64_t cell_digest(std::uint16_t item) const;
    [[nodiscard]] std::uint64_t header_digest() const;
    void set_config(std::shared_ptr<const CampaignConfig> config);

    CampaignId id_;
    std::shared_ptr<const CampaignConfig> config_;
    std::uint64_t config_digest_ = 0;
    Header header_;
    std::vector<StockCell> cells_;
    /// Sorted: whom operators added to the configuration's blocklist. No edit takes one out.
    std::vector<BuyerId> blocked_;
    OrderBook book_;
    Waitlist waitlist_;
    std::unique_ptr<PlayState> play_;
    std::optional<CommittedSeed> seed_;
    Signature own_signature_;  // header, cells and seed
};

/// About how many orders a configuration can lead to, for sizing tables.
[[nodiscard]] std::size_t orders_expected(const CampaignConfig& config);

}  // namespace stampede::campaigns
