// SPDX-License-Identifier: Apache-2.0
// 拼团: the words of the play, as campaigns/play_list.hpp asks for them. A seat and its unit of
// stock are taken together, at the click; the payment that completes the group makes it a success
// for all members in the same event. The rules are in group_buy.cpp, the draft's in
// group_draft.cpp. Plain values, any thread.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "campaigns/buyer.hpp"
#include "campaigns/code.hpp"
#include "campaigns/order.hpp"
#include "campaigns/policy.hpp"
#include "campaigns/seat_group.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {

struct CampaignConfig;
struct CampaignDraft;
struct EventFamily;
class EventFields;
class FieldNotes;
class FieldReader;
class PlayState;
class SettlementWriter;

// Parameters -------------------------------------------------------------------------------------

enum class NewMemberRule : std::uint8_t { none = 0, joiners_new_only = 1, at_least_new = 2 };
/// 模拟成团: whether a group that is not full at its deadline is completed by virtual seats.
enum class Simulate : std::uint8_t { off = 0, at_expiry = 1, threshold_bp = 2 };
/// What becomes of who asks for a seat of a full group.
enum class Overflow : std::uint8_t { reject = 0, reroute_fullest = 1, open_new = 2 };
enum class LeaderExit : std::uint8_t { promote_next = 0, dissolve = 1 };
[[nodiscard]] std::string_view text(NewMemberRule rule);
[[nodiscard]] std::string_view text(Simulate simulate);
[[nodiscard]] std::string_view text(Overflow overflow);
[[nodiscard]] std::string_view text(LeaderExit exit);

/// One step of a ladder (阶梯团).
struct GroupTier {
    std::uint16_t size = 0;
    Money price;
    friend bool operator==(const GroupTier&, const GroupTier&) = default;
};

struct GroupTerms {
    std::uint16_t size = 2;  // seats; of a ladder the last tier's
    Duration valid = Duration::seconds(86400);
    std::optional<Money> leader_price;
    std::vector<GroupTier> tiers;  // sizes rise, prices fall; empty: no ladder
    std::int64_t open_groups_per_buyer = 1;
    std::optional<std::int64_t> groups_per_buyer;
    std::optional<std::int64_t> joins_per_buyer;
    std::optional<Money> single_price;  // for a buyer alone; absent: not sold that way
    bool public_list = true;
    NewMemberRule new_member_rule = NewMemberRule::none;
    std::uint16_t new_members_min = 0;  // at_least_new
    Simulate simulate = Simulate::off;
    std::uint16_t simulate_bp = 0;      // of the seats that must be paid for at the deadline
    std::uint16_t lottery_winners = 0;  // 0: no lottery
    Overflow overflow = Overflow::reject;
    LeaderExit leader_exit = LeaderExit::promote_next;
    std::uint16_t leader_commission_bp = 0;  // for settlement
    bool close_with_campaign = false;
    friend bool operator==(const GroupTerms&, const GroupTerms&) = default;
};

/// What was not sent is empty.
struct GroupDraft {
    struct Tier {
        std::optional<std::int64_t> size;
        std::optional<std::int64_t> price;
    };
    std::optional<std::int64_t> size;
    std::optional<std::int64_t> valid_seconds;
    std::optional<std::int64_t> leader_price;
    std::optional<std::vector<Tier>> tiers;
    std::optional<std::int64_t> open_groups_per_buyer;
    std::optional<std::int64_t> groups_per_buyer;
    std::optional<std::int64_t> joins_per_buyer;
    std::optional<std::int64_t> single_price;
    std::optional<bool> public_list;
    /// A word, or `{"at_least_new": k}`: then the word is "at_least_new" and the number is here.
    std::optional<std::string> new_member_rule;
    std::optional<std::int64_t> at_least_new;
    /// A word, or `{"threshold_bp": n}`: then the word is "threshold_bp" and the number is here.
    std::optional<std::string> simulate;
    std::optional<std::int64_t> threshold_bp;
    /// `{"winners": k}`.
    struct Lottery {
        std::optional<std::int64_t> winners;
    };
    std::optional<Lottery> lottery;
    std::optional<std::string> overflow;
    std::optional<std::string> leader_exit;
    std::optional<std::int64_t> leader_commission_bp;
    std::optional<bool> close_with_campaign;
};

// Commands ---------------------------------------------------------------------------------------

/// Room for the events that end a group of the most seats, each with its payment.
inline constexpr std::size_t group_event_bytes_max = limits::deadline_event_bytes_max;

struct OpenGroup {
    static constexpr std::size_t event_bytes_max = 1024;
    static constexpr Code of_another_play = Code::campaign_unknown;
    CampaignId campaign;
    Buyer buyer;
    ItemId item_id;
    Quantity quantity{1};
    TicketClaims ticket;
};
struct JoinGroup {
    static constexpr std::size_t event_bytes_max = group_event_bytes_max;  // a free seat completes
    static constexpr Code of_another_play = Code::group_unknown;
    CampaignId campaign;
    GroupId group;
    Buyer buyer;
    std::optional<ItemId> item_id;  // absent: the group's
    Quantity quantity{1};
    TicketClaims ticket;
};
/// An operator's emergency.
struct FailGroup {
    static constexpr std::size_t event_bytes_max = group_event_bytes_max;
    static constexpr Code of_another_play = Code::group_unknown;
    CampaignId campaign;
    GroupId group;
    Actor actor;
};
/// A group's deadline may have come.
struct ExpireGroup {
    static constexpr std::size_t event_bytes_max = group_event_bytes_max;
    static constexpr Code of_another_play = Code::group_unknown;
    CampaignId campaign;
    GroupId group;
};

// Events -----------------------------------------------------------------------------------------

/// A seat with its hold.
struct SeatHold {
    OrderId order;
    BuyerId buyer;
    Quantity quantity;
    Money unit_price;
    Instant pay_by;
    std::uint64_t ticket_nonce = 0;  // 0: without a ticket
    bool is_new = false;             // the buyer counts as a new member
    bool rerouted = false;           // he had asked for another group
};
/// The group is called like its opener's order. A lottery's units are held for the group.
struct GroupOpened {
    static constexpr std::uint8_t kind = 1;
    SeatHold seat;
    std::uint16_t item = 0;
    std::uint16_t size = 0;
    Instant deadline;
    Quantity units_kept;
    [[nodiscard]] std::uint64_t subject() const { return seat.order.raw(); }
};
struct SeatTaken {
    static constexpr std::uint8_t kind = 2;
    GroupId group;
    SeatHold seat;
    [[nodiscard]] std::uint64_t subject() const { return seat.order.raw(); }
};
/// The mall reported a payment for a seat; others are still missing.
struct SeatPaid {
    static constexpr std::uint8_t kind = 3;
    OrderId order;
    PaymentId payment_id;
    Instant paid_at;
    bool late = false;
    [[nodiscard]] std::uint64_t subject() const { return order.raw(); }
};
/// Once for all members; `order` is the one whose payment completed the group, 0 at the deadline
/// or where the last seat was free.
struct GroupSucceeded {
    static constexpr std::uint8_t kind = 4;
    struct Member {
        OrderId order;
        BuyerId buyer;
        Quantity quantity;
        Money unit_price;
        PaymentId payment_id;  // empty: free
        Instant paid_at;
        bool confirmed = true;  // false: lost the lottery
        Money back;             // the ladder's difference to what was paid
    };
    GroupId group;
    OrderId order;
    bool late = false;
    ItemId item_id;
    std::uint16_t virtual_seats = 0;
    std::uint8_t tier = 0;
    Money price;  // of a unit, as reached
    BuyerId leader;
    std::uint16_t leader_commission_bp = 0;
    StockSource stock_source = StockSource::carved_out;
    std::vector<Member> members;    // in the order of their seats
    std::vector<OrderId> released;  // seats that were not paid for in time
    [[nodiscard]] std::uint64_t subject() const { return order.raw(); }
};
struct GroupFailed {
    static constexpr std::uint8_t kind = 5;
    struct Refund {
        OrderId order;
        PaymentId payment_id;
        Money amount;
        Quantity quantity;
        Instant paid_at;
    };
    GroupId group;
    GroupState state = GroupState::failed;  // or dissolved
    GroupEnd end = GroupEnd::deadline;
    Actor actor;                    // empty: no operator
    std::vector<Refund> refunds;    // paid seats
    std::vector<OrderId> released;  // unpaid ones, and free ones
    [[nodiscard]] std::uint64_t subject() const { return group.raw(); }
};
struct LeaderChanged {
    static constexpr std::uint8_t kind = 6;
    GroupId group;
    BuyerId leader;
    [[nodiscard]] std::uint64_t subject() const { return group.raw(); }
};

void settle(const GroupOpened& event, SettlementWriter& out);
void settle(const SeatTaken& event, SettlementWriter& out);
void settle(const SeatPaid& event, SettlementWriter& out);
void settle(const GroupSucceeded& event, SettlementWriter& out);
void settle(const GroupFailed& event, SettlementWriter& out);
void settle(const LeaderChanged& event, SettlementWriter& out);
void show(const GroupOpened& event, EventFields& out);
void show(const SeatTaken& event, EventFields& out);
void show(const SeatPaid& event, EventFields& out);
void show(const GroupSucceeded& event, EventFields& out);
void show(const GroupFailed& event, EventFields& out);
void show(const LeaderChanged& event, EventFields& out);

// What an answer says ----------------------------------------------------------------------------

struct GroupView {
    struct Member {
        BuyerId buyer;  // masked by the door
        bool leader = false;
        bool paid = false;
        bool is_new = false;
    };
    GroupId group_id;
    ItemId item_id;
    GroupState state = GroupState::forming;
    GroupEnd end = GroupEnd::none;
    std::uint16_t size = 0;
    std::uint16_t locked = 0;  // unpaid seats
    std::uint16_t paid = 0;
    std::uint16_t virtual_seats = 0;
    BuyerId leader;
    Instant opened_at;
    Instant deadline;
    Money price;  // of a unit: what members pay, or at success the tier's that was reached
    std::uint16_t lottery_winners = 0;  // 0: no lottery
    /// Of a success, without those who were refunded since; earliest first.
    boost::container::small_vector<Member, 8> members;
};

struct GroupBuy {
    static constexpr Play play = Play::group_buy;
    static constexpr std::string_view word = "group_buy";
    static constexpr std::string_view key = "group";
    static constexpr std::string_view record_key = "group_id";
    using Draft = GroupDraft;
    using Terms = GroupTerms;
    using Command = std::variant<OpenGroup, JoinGroup, FailGroup, ExpireGroup>;
    using Event =
        std::variant<GroupOpened, SeatTaken, SeatPaid, GroupSucceeded, GroupFailed, LeaderChanged>;
    using View = GroupView;

    [[nodiscard]] static EventFamily events();
    static void judge(const Draft* draft, const CampaignDraft& campaign, CampaignConfig& config,
                      FieldNotes& errors);
    static void lint(const CampaignConfig& config, FieldNotes& warnings);
    [[nodiscard]] static std::size_t bytes_max(const Terms& terms);
    static void put(const Terms& terms, ByteWriter& out);
    static void get(FieldReader& in, Terms& terms);
    [[nodiscard]] static std::unique_ptr<PlayState> begin(const CampaignConfig& config);
};

}  // namespace stampede::campaigns
