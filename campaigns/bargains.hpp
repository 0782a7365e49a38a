// SPDX-License-Identifier: Apache-2.0
// What a campaign of 砍价 keeps and where its rules join the common ones
// (campaigns/play_state.hpp). The verdicts are in bargain.cpp, the records in bargain_book.hpp.
// Owned by its campaign's thread.
#pragma once

#include <optional>
#include <vector>

#include "campaigns/bargain.hpp"
#include "campaigns/bargain_book.hpp"
#include "campaigns/play_state.hpp"

namespace stampede::campaigns {

/// A bargain's time to be open, or to be paid for, may be over.
inline constexpr std::uint8_t bargain_deadline = 16;

class Bargains final : public PlayState {
  public:
    explicit Bargains(const CampaignConfig& config);

    [[nodiscard]] const BargainBook& book() const { return book_; }

    [[nodiscard]] Answer decide(const Campaign& campaign, const Command& command,
                                const Context& context, Events& events) const override;
    [[nodiscard]] std::optional<Money> price_alone(const Campaign& campaign,
                                                   std::uint16_t item) const override;
    [[nodiscard]] Answer decide_payment(const Campaign& campaign, RecordIndex order,
                                        const RecordPayment& payment, Late late,
                                        const Context& context, Events& events) const override;
    [[nodiscard]] bool can_reacquire(const Campaign& campaign, RecordIndex order,
                                     const Context& context) const override;
    void after_hold_ends(const Campaign& campaign, RecordIndex order, const Context& context,
                         Events& events) const override;
    [[nodiscard]] std::optional<Command> due(const Campaign& campaign,
                                             const Deadline& deadline) const override;

    [[nodiscard]] bool has_open_records() const override { return book_.running() > 0; }
    [[nodiscard]] bool has_chore(const Campaign& campaign) const override;
    void decide_chore(const Campaign& campaign, const Context& context,
                      Events& events) const override;

    [[nodiscard]] std::uint64_t record_id(RecordIndex owner) const override {
        return book_.bargain(owner).id.raw();
    }
    [[nodiscard]] Plays::View view(const Campaign& campaign, RecordIndex owner) const override {
        return view_of(campaign, owner);
    }
    [[nodiscard]] BargainView view_of(const Campaign& campaign, RecordIndex bargain) const;
    [[nodiscard]] Answer recall(const Campaign& campaign, EventNumber number, std::uint64_t subject,
                                Receipt receipt) const override;
    [[nodiscard]] std::int64_t units_held(std::uint16_t item) const override {
        return book_.kept(item);
    }
    [[nodiscard]] Signature signature() const override { return book_.signature(); }
    [[nodiscard]] std::optional<std::string> check_invariants(
        const Campaign& campaign) const override;

    void evolve(Campaign& campaign, const Event& event, const Stamp& stamp,
                Effects& effects) override;
    void hold_ended(Campaign& campaign, RecordIndex order, const Stamp& stamp) override;
    void order_confirmed(Campaign& campaign, RecordIndex order, const Stamp& stamp) override;
    void rearm(const Campaign& campaign, Effects& effects) const override;

    void save(const PutChunk& put) const override { book_.save(put); }
    [[nodiscard]] bool load(std::uint8_t part, ByteReader& reader) override {
        return book_.load(part, reader);
    }

  private:
    void apply(Campaign& campaign, const BargainLaunched& event, const Stamp& stamp,
               Effects& effects);
    void apply(Campaign& campaign, const BargainCut& event, const Stamp& stamp, Effects& effects);
    void apply(Campaign& campaign, const BargainOrdered& event, const Stamp& stamp,
               Effects& effects);
    void apply(Campaign& campaign, const BargainClosed& event, const Stamp& stamp,
               Effects& effects);
    void apply(Campaign& campaign, const BargainsSwept& event, const Stamp& stamp,
               Effects& effects);
    void close(Campaign& campaign, RecordIndex bargain, BargainState as);

    BargainBook book_;
};

/// The bargains of a campaign of play bargain.
[[nodiscard]] const Bargains& bargains_of(const Campaign& campaign);
[[nodiscard]] const BargainItemTerms& terms_of(const Campaign& campaign, std::uint16_t item);
/// As the journal's order has it, and as a kill has it where its sweep has not come by yet.
[[nodiscard]] BargainState state_of(const Campaign& campaign, const BargainRecord& bargain);
/// Until when the bargain can be cut, or (once reached) bought.
[[nodiscard]] Instant end_of(const BargainRecord& bargain);
/// Whether the time of an open or reached bargain is over at `now`: what it is from then on.
[[nodiscard]] std::optional<BargainState> ended_by_time(const Campaign& campaign,
                                                        const BargainRecord& bargain,
                                                        BargainState state, Instant now);

// For the doors
/// A bargain as it is, a killed campaign's as the kill judged it; empty: not of this campaign.
[[nodiscard]] std::optional<BargainView> find_bargain(const Campaign& campaign, BargainId bargain);
/// Those that the buyer launched, newest first.
[[nodiscard]] std::vector<BargainView> bargains_launched_by(const Campaign& campaign, BuyerId buyer,
                                                            std::size_t most);

// bargain.cpp
[[nodiscard]] Answer decide_launch(const Campaign& campaign, const LaunchBargain& launch,
                                   const Context& context, Events& events);
[[nodiscard]] Answer decide_cut(const Campaign& campaign, const CutBargain& cut,
                                const Context& context, Events& events);
[[nodiscard]] Answer decide_bargain_order(const Campaign& campaign, const OrderBargain& wanted,
                                          const Context& context, Events& events);
[[nodiscard]] Answer decide_bargain_cancel(const Campaign& campaign, const CancelBargain& cancel,
                                           const Context& context, Events& events);
[[nodiscard]] Answer decide_bargain_expiry(const Campaign& campaign, const ExpireBargain& expire,
                                           const Context& context, Events& events);

}  // namespace stampede::campaigns
