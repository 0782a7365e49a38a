// SPDX-License-Identifier: Apache-2.0
// 砍价: its parameters, commands, events and what an answer says about a bargain. The words that
// campaigns/plays.hpp registers it by stand at the end. The rule is in bargain.cpp, the records in
// bargain_book.hpp. Plain values, any thread.
//
//   open -> reached -> ordered -> paid       the floor, an order at it, its payment
//   open -> ordered                          at any price, where buy_at allows it
//   ordered -> open | reached                its order was not paid: back to where it came from
//   open -> expired | cancelled | sold_out   time, an operator or a kill, no unit left at the floor
//   reached -> lapsed | cancelled            not bought within its pay time
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "campaigns/buyer.hpp"
#include "campaigns/code.hpp"
#include "campaigns/cut_plan.hpp"
#include "campaigns/helper_accumulator.hpp"
#include "campaigns/local_days.hpp"
#include "campaigns/policy.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::campaigns {

struct CampaignConfig;
struct CampaignDraft;
class EventFields;
class FieldNotes;
class FieldReader;
struct EventFamily;
class PlayState;
class SettlementWriter;

using BargainId = StrongId<struct BargainTag>;

enum class BargainState : std::uint8_t {
    open = 1,
    reached = 2,
    ordered = 3,
    paid = 4,
    expired = 5,
    cancelled = 6,
    sold_out = 7,
    lapsed = 8,
};
inline constexpr std::size_t bargain_state_count = 8;
/// When an order may be made.
enum class BuyAt : std::uint8_t { floor = 0, any_price = 1 };
/// When the unit is taken out of stock.
enum class StockAt : std::uint8_t { floor = 0, launch = 1, order = 2 };
/// Whether whom A has helped may help A.
enum class MutualHelp : std::uint8_t { block = 0, allow = 1 };

[[nodiscard]] std::string_view text(BargainState state);
[[nodiscard]] std::string_view text(BuyAt at);
[[nodiscard]] std::string_view text(StockAt at);
[[nodiscard]] std::string_view text(MutualHelp mutual);

// Parameters -------------------------------------------------------------------------------------

/// Bounds that only a draft meets.
namespace bargain_bounds {
inline constexpr std::int64_t valid_seconds_min = 10;
inline constexpr std::int64_t valid_seconds_max = 2'592'000;
inline constexpr std::int64_t pay_seconds_min = 10;
inline constexpr std::int64_t pay_seconds_max = 604'800;
inline constexpr std::int64_t launches_max = 1'000;
inline constexpr std::int64_t bonus_bp_max = 100'000;
}  // namespace bargain_bounds

struct CutRangeDraft {
    std::optional<std::int64_t> min;
    std::optional<std::int64_t> max;
};
struct CutStageDraft {
    std::optional<std::int64_t> upto;
    std::optional<std::int64_t> min;
    std::optional<std::int64_t> max;
};
/// `"cuts":"planned"`, or an object with exactly one of the other modes.
struct CutsDraft {
    bool planned = false;
    std::optional<CutRangeDraft> uniform;
    std::optional<CutRangeDraft> proportional;  // of basis points
    std::optional<std::vector<CutStageDraft>> staged;
};
/// What each item may have its own of, in `items[].bargain`; an absent word is taken from
/// `bargain`.
struct BargainItemDraft {
    std::optional<std::int64_t> start_price;
    std::optional<std::int64_t> floor_price;
    std::optional<std::int64_t> helpers;
    std::optional<bool> undisclosed;
    std::optional<CutsDraft> cuts;
    std::optional<std::int64_t> first_cut;
    std::optional<std::int64_t> new_helper_bonus_bp;
    std::optional<std::int64_t> valid_seconds;
    std::optional<std::int64_t> pay_seconds;
    std::optional<std::string> buy_at;
    std::optional<std::string> stock_at;
};
struct BargainDraft {
    BargainItemDraft every_item;
    std::optional<std::int64_t> helps_per_buyer;
    std::optional<std::int64_t> helps_per_buyer_per_day;
    std::optional<std::string> mutual_help;
    std::optional<std::int64_t> launches_per_buyer;
    std::optional<std::int64_t> open_launches_per_buyer;
    std::optional<bool> close_with_campaign;
    /// Where the campaign's days begin; absent when whoever knows the zone could not tell.
    std::optional<LocalDays> days;
};

struct BargainItemTerms {
    CutRules cuts;
    Duration valid = Duration::seconds(86'400);
    Duration pay = Duration::seconds(900);
    BuyAt buy_at = BuyAt::floor;
    StockAt stock_at = StockAt::floor;
    friend bool operator==(const BargainItemTerms&, const BargainItemTerms&) = default;
};
struct BargainTerms {
    std::vector<BargainItemTerms> items;  // as the campaign's items
    HelperLimits helps;
    MutualHelp mutual_help = MutualHelp::block;
    std::uint32_t launches_per_buyer = 1;
    std::uint32_t open_launches_per_buyer = 1;
    bool close_with_campaign = false;
    LocalDays days;
    /// As an operator means it: days follow from the campaign's zone and its end, which may be
    /// later.
    friend bool operator==(const BargainTerms& left, const BargainTerms& right) {
        return left.items == right.items && left.helps == right.helps &&
               left.mutual_help == right.mutual_help &&
               left.launches_per_buyer == right.launches_per_buyer &&
               left.open_launches_per_buyer == right.open_launches_per_buyer &&
               left.close_with_campaign == right.close_with_campaign;
    }
};

/// The terms of one item by themselves, as somebody published them: judged without a campaign.
[[nodiscard]] BargainItemTerms judge_bargain_terms(const BargainItemDraft& draft,
                                                   const std::string& place, FieldNotes& errors);

// Commands ---------------------------------------------------------------------------------------

/// The most bytes of any of their events, and of the order's that go with them.
inline constexpr std::size_t bargain_event_bytes_max = 1024;

struct LaunchBargain {
    static constexpr std::size_t event_bytes_max = bargain_event_bytes_max;
    static constexpr Code of_another_play = Code::item_unknown;
    CampaignId campaign;
    Buyer buyer;
    ItemId item_id;
};
struct CutBargain {
    static constexpr std::size_t event_bytes_max = bargain_event_bytes_max;
    static constexpr Code of_another_play = Code::bargain_unknown;
    CampaignId campaign;
    Buyer buyer;
    BargainId bargain;
};
/// Buys at the price that the bargain has reached; its starter alone may.
struct OrderBargain {
    static constexpr std::size_t event_bytes_max = bargain_event_bytes_max;
    static constexpr Code of_another_play = Code::bargain_unknown;
    CampaignId campaign;
    Buyer buyer;
    BargainId bargain;
};
/// An operator's emergency.
struct CancelBargain {
    static constexpr std::size_t event_bytes_max = bargain_event_bytes_max;
    static constexpr Code of_another_play = Code::bargain_unknown;
    CampaignId campaign;
    BargainId bargain;
    Actor actor;
};
/// The engine's own: a bargain's time may be over.
struct ExpireBargain {
    static constexpr std::size_t event_bytes_max = bargain_event_bytes_max;
    static constexpr Code of_another_play = Code::bargain_unknown;
    CampaignId campaign;
    BargainId bargain;
};

// Events -----------------------------------------------------------------------------------------

/// A unit leaves stock with it where stock_at is launch.
struct BargainLaunched {
    static constexpr std::uint8_t kind = 1;
    BargainId bargain;
    BuyerId starter;
    std::uint16_t item = 0;
    Instant deadline;
    Money first_cut;  // the starter's own; 0: none
    [[nodiscard]] std::uint64_t subject() const { return bargain.raw(); }
};
/// `then` is what the bargain is after the cut: still open; reached, with its unit where stock_at
/// is floor; or sold_out, where no unit was left to keep.
struct BargainCut {
    static constexpr std::uint8_t kind = 2;
    BargainId bargain;
    BuyerId helper;
    Money amount;
    std::uint32_t day = 0;  // of the campaign's zone
    bool new_helper = false;
    BargainState then = BargainState::open;
    Instant pay_until;  // of one that is reached
    [[nodiscard]] std::uint64_t subject() const { return bargain.raw(); }
};
/// The starter buys: a hold at the current price.
struct BargainOrdered {
    static constexpr std::uint8_t kind = 3;
    BargainId bargain;
    OrderId order;
    Money price;
    Instant pay_by;
    [[nodiscard]] std::uint64_t subject() const { return order.raw(); }
};
/// Expired, lapsed or cancelled; what it kept returns to stock.
struct BargainClosed {
    static constexpr std::uint8_t kind = 4;
    BargainId bargain;
    BargainState as = BargainState::expired;
    Actor actor;  // of a cancellation
    [[nodiscard]] std::uint64_t subject() const { return bargain.raw(); }
};
/// A kill, or the end of a campaign that closes with its bargains, reaches the records from
/// position `first` on: those that are open (after a kill also the reached) are closed.
struct BargainsSwept {
    static constexpr std::uint8_t kind = 5;
    RecordIndex first = 0;
    std::uint32_t count = 0;  // 1..records_per_event_max
    BargainState as = BargainState::cancelled;
    [[nodiscard]] std::uint64_t subject() const { return 0; }
};

// Views ------------------------------------------------------------------------------------------

struct CutView {
    Money amount;
    Instant at;
    bool first = false;  // the starter's own
    bool new_helper = false;
};
struct BargainView {
    BargainId bargain_id;
    ItemId item_id;
    BuyerId starter;
    BargainState state = BargainState::open;
    Money start_price;
    Money floor_price;
    Money current_price;
    std::optional<std::uint32_t> helpers_needed;  // absent: undisclosed
    Instant deadline;                             // until which the state lasts
    std::vector<CutView> cuts;                    // in order; their sum is start - current
    std::optional<CutView> cut;                   // the one that this answer is about
};

// Registration -----------------------------------------------------------------------------------

// What the mall learns of an event, and how `stampede journal print` shows it.
void settle(const BargainLaunched& event, SettlementWriter& out);
void settle(const BargainCut& event, SettlementWriter& out);
void settle(const BargainOrdered& event, SettlementWriter& out);
void settle(const BargainClosed& event, SettlementWriter& out);
void settle(const BargainsSwept& event, SettlementWriter& out);
void show(const BargainLaunched& event, EventFields& fields);
void show(const BargainCut& event, EventFields& fields);
void show(const BargainOrdered& event, EventFields& fields);
void show(const BargainClosed& event, EventFields& fields);
void show(const BargainsSwept& event, EventFields& fields);

struct BargainPlay {
    static constexpr Play play = Play::bargain;
    static constexpr std::string_view word = "bargain";
    static constexpr std::string_view key = "bargain";
    static constexpr std::string_view record_key = "bargain_id";
    using Draft = BargainDraft;
    using Terms = BargainTerms;
    using Command =
        std::variant<LaunchBargain, CutBargain, OrderBargain, CancelBargain, ExpireBargain>;
    using Event =
        std::variant<BargainLaunched, BargainCut, BargainOrdered, BargainClosed, BargainsSwept>;
    using View = BargainView;
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
