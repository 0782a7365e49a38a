// SPDX-License-Identifier: Apache-2.0
// 好友助力: friends gather behind a buyer, and at each count of distinct helpers a reward out of
// the campaign's stock is his. Its parameters, commands, events and what an answer says about a
// rally; the words that campaigns/plays.hpp registers it by stand at the end. The rule and the
// records are in friend_help.cpp, drafts and bytes in friend_help_words.cpp. Plain values, any
// thread.
//
//   open -> complete              its last tier's count is reached
//   open -> lapsed | cancelled    its time, or the campaign's, is over | a kill
//
// A reward is an order of nothing to pay, confirmed in the decision that reaches its tier, so that
// stock, settlement, refunds and the end of the sale are those of every other order.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "campaigns/buyer.hpp"
#include "campaigns/code.hpp"
#include "campaigns/helper_accumulator.hpp"
#include "campaigns/local_days.hpp"
#include "campaigns/policy.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {

class Campaign;
struct CampaignConfig;
struct CampaignDraft;
class EventFields;
class FieldNotes;
class FieldReader;
struct EventFamily;
class PlayState;
class SettlementWriter;

using RallyId = StrongId<struct RallyTag>;

enum class RallyState : std::uint8_t { open = 1, complete = 2, lapsed = 3, cancelled = 4 };
/// A tier is granted or has run out once, and stays so.
enum class RewardState : std::uint8_t { waiting = 0, granted = 1, ran_out = 2 };

[[nodiscard]] std::string_view text(RallyState state);
[[nodiscard]] std::string_view text(RewardState state);

// Parameters -------------------------------------------------------------------------------------

/// Bounds that only a draft meets.
namespace friend_help_bounds {
inline constexpr std::int64_t valid_seconds_min = 10;
inline constexpr std::int64_t valid_seconds_max = 2'592'000;
inline constexpr std::int64_t launches_max = 1'000;
}  // namespace friend_help_bounds

struct RewardTierDraft {
    std::optional<std::int64_t> helpers_needed;
    std::optional<std::string> item_id;
    std::optional<std::int64_t> quantity;
};
struct FriendHelpDraft {
    std::optional<std::vector<RewardTierDraft>> tiers;
    std::optional<bool> helper_new_only;
    std::optional<std::int64_t> helps_per_buyer;
    std::optional<std::int64_t> helps_per_buyer_per_day;
    std::optional<std::int64_t> launches_per_buyer;
    std::optional<std::int64_t> valid_seconds;
    /// Where the campaign's days begin; absent when whoever knows the zone could not tell.
    std::optional<LocalDays> days;
};

struct RewardTier {
    std::uint32_t helpers_needed = 0;
    std::uint16_t item = 0;  // position in the configuration
    Quantity quantity{1};
    friend bool operator==(const RewardTier&, const RewardTier&) = default;
};
struct FriendHelpTerms {
    std::vector<RewardTier> tiers;  // 1..limits::reward_tiers_max, helpers_needed rising
    HelperLimits helps;
    bool helper_new_only = false;
    std::uint32_t launches_per_buyer = 1;
    Duration valid = Duration::seconds(86'400);
    LocalDays days;
    /// As an operator means it: days follow from the campaign's zone and its end, which may be
    /// later.
    friend bool operator==(const FriendHelpTerms& left, const FriendHelpTerms& right) {
        return left.tiers == right.tiers && left.helps == right.helps &&
               left.helper_new_only == right.helper_new_only &&
               left.launches_per_buyer == right.launches_per_buyer && left.valid == right.valid;
    }
};

// Commands ---------------------------------------------------------------------------------------

/// The most bytes of any of their events, and of the order's that go with them.
inline constexpr std::size_t friend_help_event_bytes_max = 1024;

struct LaunchRally {
    static constexpr std::size_t event_bytes_max = friend_help_event_bytes_max;
    static constexpr Code of_another_play = Code::campaign_unknown;
    CampaignId campaign;
    Buyer buyer;
};
struct HelpRally {
    static constexpr std::size_t event_bytes_max = friend_help_event_bytes_max;
    static constexpr Code of_another_play = Code::bargain_unknown;
    CampaignId campaign;
    Buyer buyer;
    RallyId rally;
};
/// The engine's own: a rally's time may be over.
struct ExpireRally {
    static constexpr std::size_t event_bytes_max = friend_help_event_bytes_max;
    static constexpr Code of_another_play = Code::bargain_unknown;
    CampaignId campaign;
    RallyId rally;
};

// Events -----------------------------------------------------------------------------------------

struct RallyLaunched {
    static constexpr std::uint8_t kind = 1;
    RallyId rally;
    BuyerId starter;
    Instant deadline;
    [[nodiscard]] std::uint64_t subject() const { return rally.raw(); }
};
/// `then`: still open, or complete.
struct RallyHelped {
    static constexpr std::uint8_t kind = 2;
    RallyId rally;
    BuyerId helper;
    std::uint32_t day = 0;  // of the campaign's zone
    bool new_helper = false;
    RallyState then = RallyState::open;
    [[nodiscard]] std::uint64_t subject() const { return rally.raw(); }
};
/// The help before it reached a tier: its reward is held for the starter, and the event after this
/// one confirms the order.
struct RewardGranted {
    static constexpr std::uint8_t kind = 3;
    RallyId rally;
    std::uint8_t tier = 0;
    OrderId order;
    BuyerId starter;
    std::uint16_t item = 0;
    ItemId item_id;
    Quantity quantity;
    std::uint32_t helpers = 0;
    [[nodiscard]] std::uint64_t subject() const { return order.raw(); }
};
/// The help before it reached a tier of whose reward too little was left.
struct RewardRanOut {
    static constexpr std::uint8_t kind = 4;
    RallyId rally;
    std::uint8_t tier = 0;
    [[nodiscard]] std::uint64_t subject() const { return rally.raw(); }
};
struct RallyLapsed {
    static constexpr std::uint8_t kind = 5;
    RallyId rally;
    [[nodiscard]] std::uint64_t subject() const { return rally.raw(); }
};
/// The campaign's end, or a kill, reaches the records from position `first` on: the open are
/// closed.
struct RalliesSwept {
    static constexpr std::uint8_t kind = 6;
    RecordIndex first = 0;
    std::uint32_t count = 0;  // 1..records_per_event_max
    RallyState as = RallyState::cancelled;
    [[nodiscard]] std::uint64_t subject() const { return 0; }
};

// Views ------------------------------------------------------------------------------------------

struct RewardTierView {
    std::uint32_t helpers_needed = 0;
    ItemId item_id;
    Quantity quantity;
    RewardState state = RewardState::waiting;
};
struct RallyView {
    RallyId rally_id;
    BuyerId starter;
    RallyState state = RallyState::open;
    std::uint32_t helpers = 0;
    Instant deadline;
    boost::container::static_vector<RewardTierView, limits::reward_tiers_max> tiers;
};

/// A rally as it is; empty: not of this campaign.
[[nodiscard]] std::optional<RallyView> find_rally(const Campaign& campaign, RallyId rally);
/// Those that the buyer launched, newest first.
[[nodiscard]] std::vector<RallyView> rallies_launched_by(const Campaign& campaign, BuyerId buyer,
                                                         std::size_t most);

// Registration -----------------------------------------------------------------------------------

// What the mall learns of an event, and how `stampede journal print` shows it.
void settle(const RallyLaunched& event, SettlementWriter& out);
void settle(const RallyHelped& event, SettlementWriter& out);
void settle(const RewardGranted& event, SettlementWriter& out);
void settle(const RewardRanOut& event, SettlementWriter& out);
void settle(const RallyLapsed& event, SettlementWriter& out);
void settle(const RalliesSwept& event, SettlementWriter& out);
void show(const RallyLaunched& event, EventFields& fields);
void show(const RallyHelped& event, EventFields& fields);
void show(const RewardGranted& event, EventFields& fields);
void show(const RewardRanOut& event, EventFields& fields);
void show(const RallyLapsed& event, EventFields& fields);
void show(const RalliesSwept& event, EventFields& fields);

struct FriendHelp {
    static constexpr Play play = Play{4};
    static constexpr std::string_view word = "friend_help";
    static constexpr std::string_view key = "friend_help";
    static constexpr std::string_view record_key = "rally_id";
    using Draft = FriendHelpDraft;
    using Terms = FriendHelpTerms;
    using Command = std::variant<LaunchRally, HelpRally, ExpireRally>;
    using Event = std::variant<RallyLaunched, RallyHelped, RewardGranted, RewardRanOut, RallyLapsed,
                               RalliesSwept>;
    using View = RallyView;
    static EventFamily events();
    static void judge(const Draft* draft, const CampaignDraft& campaign, CampaignConfig& config,
                      FieldNotes& errors);
    static void lint(const CampaignConfig& config, FieldNotes& warnings);
    static std::size_t bytes_max(const Terms& terms);
    static void put(const Terms& terms, ByteWriter& out);
    static void get(FieldReader& in, Terms& terms);
    static std::unique_ptr<PlayState> begin(const CampaignConfig& config);
};

}  // namespace stampede::campaigns
