// SPDX-License-Identifier: Apache-2.0
// What a group-buy keeps of a campaign beside its orders: the groups with their seats, and what
// each buyer has of them. An order's `owner` is its seat. Its rules are in group_buy.cpp, its
// changes in group_buy_state.cpp. The doors read groups through the functions below. One thread,
// the shard's.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "campaigns/campaign.hpp"
#include "campaigns/group_buy.hpp"
#include "campaigns/play_state.hpp"
#include "campaigns/seat_group.hpp"
#include "engine/vocabulary/segmented_map.hpp"

namespace stampede::campaigns {

[[nodiscard]] inline const GroupTerms& group_terms(const CampaignConfig& config) {
    return std::get<GroupTerms>(config.terms);
}

/// Kinds of a group-buy's deadlines.
inline constexpr auto group_deadline = static_cast<std::uint8_t>(DeadlineKind::play);

/// What one buyer has of a campaign's groups. Seats count as long as they stand: a lock that ends
/// and a group that fails give back.
struct GroupBuyerRecord {
    std::uint32_t leads = 0;   // open groups that he leads
    std::uint32_t opened = 0;  // seats with which he opened a group
    std::uint32_t joined = 0;  // his other seats
};

class GroupBuyState final : public PlayState {
  public:
    explicit GroupBuyState(const CampaignConfig& config);

    [[nodiscard]] const SeatGroups& groups() const { return groups_; }
    [[nodiscard]] GroupBuyerRecord buyer(BuyerId buyer) const {
        const GroupBuyerRecord* found = buyers_.find(buyer);
        return found == nullptr ? GroupBuyerRecord{} : *found;
    }
    [[nodiscard]] GroupView view_of(const Campaign& campaign, RecordIndex group) const;
    /// How many groups are wanted, and how many are looked at for them.
    struct Search {
        std::optional<std::uint16_t> item;  // empty: of all items
        std::size_t most = 1;
        std::size_t walk_most = 1;
    };
    /// Open groups with a free seat, the time to pay for it, and where suits(group index) says so,
    /// fullest first. Where too many of the fullest are in their last minutes the newest are looked
    /// at, as many again: those have most of their time left.
    template <class Suits>
    [[nodiscard]] std::vector<RecordIndex> to_fill(const Campaign& campaign, Instant now,
                                                   const Search& search, Suits&& suits) const;

    // PlayState -----------------------------------------------------------------------------------
    [[nodiscard]] Answer decide(const Campaign& campaign, const Command& command,
                                const Context& context, Events& events) const override;
    [[nodiscard]] std::optional<Money> price_alone(const Campaign& campaign,
                                                   std::uint16_t item) const override;
    [[nodiscard]] std::optional<RefundReason> refuse_payment(
        const Campaign& campaign, RecordIndex order, const RecordPayment& payment) const override;
    [[nodiscard]] Answer decide_payment(const Campaign& campaign, RecordIndex order,
                                        const RecordPayment& payment, Late late,
                                        const Context& context, Events& events) const override;
    [[nodiscard]] bool can_reacquire(const Campaign& campaign, RecordIndex order,
                                     const Context& context) const override;
    void after_hold_ends(const Campaign& campaign, RecordIndex order, const Context& context,
                         Events& events) const override;
    void after_refund(const Campaign& campaign, RecordIndex order, const Context& context,
                      Events& events) const override;
    void sweep_record(const Campaign& campaign, RecordIndex order, Events& events) const override;
    [[nodiscard]] std::optional<Command> due(const Campaign& campaign,
                                             const Deadline& deadline) const override;
    [[nodiscard]] std::size_t records_behind(const Deadline& deadline) const override;
    [[nodiscard]] std::size_t records_behind_hold(const Campaign& campaign,
                                                  RecordIndex order) const override;
    [[nodiscard]] bool has_open_records() const override { return groups_.open_count() > 0; }
    [[nodiscard]] bool has_chore(const Campaign& campaign) const override;
    void decide_chore(const Campaign& campaign, const Context& context,
                      Events& events) const override;
    [[nodiscard]] std::uint64_t record_id(RecordIndex owner) const override {
        return groups_.group(groups_.seat(owner).group).id.raw();
    }
    [[nodiscard]] Plays::View view(const Campaign& campaign, RecordIndex owner) const override {
        return view_of(campaign, groups_.seat(owner).group);
    }
    void recall_hold(const Campaign& campaign, RecordIndex order, Answer& answer) const override;
    [[nodiscard]] Answer recall(const Campaign& campaign, EventNumber number, std::uint64_t subject,
                                Receipt receipt) const override;
    [[nodiscard]] std::int64_t units_held(std::uint16_t item) const override {
        return units_kept_[item];
    }
    [[nodiscard]] Signature signature() const override;
    [[nodiscard]] std::optional<std::string> check_invariants(
        const Campaign& campaign) const override;
    void evolve(Campaign& campaign, const Event& event, const Stamp& stamp,
                Effects& effects) override;
    void hold_ended(Campaign& campaign, RecordIndex order, const Stamp& stamp) override;
    void order_refunded(Campaign& campaign, RecordIndex order, const Stamp& stamp) override;
    void rearm(const Campaign& campaign, Effects& effects) const override;
    void save(const PutChunk& put) const override;
    [[nodiscard]] bool load(std::uint8_t part, ByteReader& reader) override;

  private:
    /// Whether an operator's end, with which groups close, came before the group's own deadline.
    /// Where the sale ends by its time each group waits for its deadline: it may be a success then,
    /// and after a restart payments that wait at the door come first.
    [[nodiscard]] bool is_closed_early(const Campaign& campaign, RecordIndex group) const;

    void apply(Campaign& campaign, const GroupOpened& event, const Stamp& stamp, Effects& effects);
    void apply(Campaign& campaign, const SeatTaken& event, const Stamp& stamp, Effects& effects);
    void apply(Campaign& campaign, const SeatPaid& event, const Stamp& stamp, Effects& effects);
    void apply(Campaign& campaign, const GroupSucceeded& event, const Stamp& stamp,
               Effects& effects);
    void apply(Campaign& campaign, const GroupFailed& event, const Stamp& stamp, Effects& effects);
    void set_leader(RecordIndex group, BuyerId leader);
    void apply(Campaign& campaign, const LeaderChanged& event, const Stamp& stamp,
               Effects& effects);

    void sit(Campaign& campaign, RecordIndex group, const SeatHold& seat, bool is_opener,
             const Stamp& stamp, Effects& effects);
    void pay_seat(Campaign& campaign, OrderId order, const PaymentId& payment_id, Instant paid_at,
                  bool late, const Stamp& stamp);
    void end_group(RecordIndex group, const SeatGroups::Ending& ending);
    /// Units held for the winners of a lottery go back but for those that were sold.
    void let_go_of_units(Campaign& campaign, RecordIndex group, Quantity sold);
    void count_seat(RecordIndex seat, int change);
    template <class Change>
    void change_buyer(BuyerId buyer, Change&& change);

    SeatGroups groups_;
    SegmentedMap<BuyerId, GroupBuyerRecord> buyers_;
    std::vector<std::int64_t> units_kept_;  // by item; follows from the groups
    Signature own_signature_;               // buyers
};

template <class Suits>
std::vector<RecordIndex> GroupBuyState::to_fill(const Campaign& campaign, Instant now,
                                                const Search& search, Suits&& suits) const {
    std::vector<RecordIndex> found;
    std::size_t walked = 0;
    const auto has_time = [&](RecordIndex at) {
        return groups_.group(at).deadline - now >= campaign.config().min_pay;
    };
    const auto look = [&](RecordIndex at) {
        if (has_time(at) && suits(at)) {
            found.push_back(at);
        }
        return found.size() < search.most && ++walked < search.walk_most;
    };
    const auto fullest = static_cast<std::uint16_t>(group_terms(campaign.config()).size - 1);
    if (search.item) {
        groups_.for_each_open(*search.item, fullest, look);
    } else {
        groups_.for_each_open(fullest, look);
    }
    if (walked < search.walk_most) {
        return found;
    }
    walked = 0;
    const auto found_before = static_cast<std::ptrdiff_t>(found.size());
    groups_.for_each_open_newest([&](RecordIndex at) {
        const GroupRecord& group = groups_.group(at);
        const bool is_asked_for = !search.item || group.item == *search.item;
        if (group.state == GroupState::forming && is_asked_for && has_time(at) && suits(at) &&
            std::find(found.begin(), found.begin() + found_before, at) ==
                found.begin() + found_before) {
            found.push_back(at);
        }
        return has_time(at) && ++walked < search.walk_most;
    });
    std::ranges::stable_sort(found, std::ranges::greater{},
                             [&](RecordIndex at) { return groups_.group(at).taken(); });
    found.resize(std::min(found.size(), search.most));
    return found;
}

/// The group-buy of a campaign; null when it has another play.
[[nodiscard]] const GroupBuyState* group_buy_of(const Campaign& campaign);

// For the doors ----------------------------------------------------------------------------------

/// A group as it is, a killed campaign's as the kill judged it; empty: not of this campaign.
[[nodiscard]] std::optional<GroupView> find_group(const Campaign& campaign, GroupId group);
/// Those that can still fill, fullest first; none where the operator shows none.
[[nodiscard]] std::vector<GroupView> open_groups(const Campaign& campaign, Instant now,
                                                 std::size_t most);
/// Those that the buyer has or had a seat in, newest first.
[[nodiscard]] std::vector<GroupView> groups_of(const Campaign& campaign, BuyerId buyer,
                                               std::size_t most);

}  // namespace stampede::campaigns
