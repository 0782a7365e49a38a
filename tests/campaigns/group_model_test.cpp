// SPDX-License-Identifier: Apache-2.0
// 拼团 against a slow and obvious second telling of its rules, over random streams of commands in
// random campaigns: every answer's code, every order, every group and the stock must agree after
// each command, and every invariant must hold.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>

#include "campaigns/group_buy_state.hpp"
#include "tests/support/naive_group_buy.hpp"
#include "tests/support/sale_rig.hpp"

namespace stampede::tests {
namespace {

using namespace campaigns;

constexpr Instant opening{1'795'262'400'000};
constexpr CampaignId campaign_id{1};

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    [[nodiscard]] std::int64_t from(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
    }
    [[nodiscard]] bool in(std::int64_t many) { return from(1, many) == 1; }

  private:
    std::mt19937_64 engine_;
};

CampaignConfig random_config(Dice& dice) {
    CampaignConfig config;
    config.play = GroupBuy::play;
    config.title = "Together";
    config.starts_at = opening;
    config.ends_at = opening + Duration::seconds(dice.from(1200, 4000));
    config.items.push_back({.item_id = ItemId{"1001"},
                            .title = "Kettle",
                            .price = Money{9900},
                            .list_price = Money{0},
                            .stock = Quantity{dice.from(4, 24)},
                            .reserve = Quantity{0}});
    config.hold = Duration::seconds(dice.from(60, 300));
    config.min_pay = Duration::seconds(dice.from(0, 60));
    config.limits.per_buyer = dice.from(1, 4);
    config.limits.per_order_max = dice.from(1, config.limits.per_buyer);
    config.limits.holds_per_buyer = dice.from(2, 6);
    GroupTerms terms;
    terms.size = static_cast<std::uint16_t>(dice.from(2, 4));
    terms.valid = Duration::seconds(dice.from(300, 1500));
    terms.open_groups_per_buyer = dice.from(1, 2);
    if (dice.in(3)) {
        terms.groups_per_buyer = dice.from(1, 3);
    }
    if (dice.in(3)) {
        terms.joins_per_buyer = dice.from(1, 3);
    }
    if (dice.in(3)) {
        terms.leader_price = Money{8800};
    }
    terms.overflow = static_cast<Overflow>(dice.from(0, 2));
    terms.leader_exit = static_cast<LeaderExit>(dice.from(0, 1));
    terms.new_member_rule = static_cast<NewMemberRule>(dice.in(2) ? 0 : dice.from(0, 2));
    if (terms.new_member_rule == NewMemberRule::at_least_new) {
        terms.new_members_min = static_cast<std::uint16_t>(dice.from(1, terms.size));
    }
    terms.simulate = static_cast<Simulate>(dice.in(2) ? 0 : dice.from(0, 2));
    terms.simulate_bp = static_cast<std::uint16_t>(
        terms.simulate == Simulate::threshold_bp ? dice.from(1, 10'000) : 0);
    config.audience.new_buyers_only = dice.in(8);
    terms.close_with_campaign = dice.in(2);
    if (terms.size > 2 && dice.in(3)) {
        terms.simulate = Simulate::off;  // of a ladder a draft refuses it
        terms.simulate_bp = 0;
        const auto first = static_cast<std::uint16_t>(dice.from(2, terms.size - 1));
        terms.tiers = {{first, Money{9000}}, {terms.size, Money{8000}}};
    }
    config.terms = terms;
    index_items(config);
    return config;
}

class Walk {
  public:
    explicit Walk(std::uint64_t seed)
        : dice_(seed), config_(random_config(dice_)), naive_(config_), rig_(opening) {
        DraftCampaign draft;
        draft.campaign = campaign_id;
        draft.config = std::make_shared<const CampaignConfig>(config_);
        EXPECT_EQ(rig_.execute(draft, std::nullopt).code, Code::ok);
        ChangeCampaign publish;
        publish.campaign = campaign_id;
        publish.fresh_seed.fill(7);
        EXPECT_EQ(rig_.execute(publish, std::nullopt).code, Code::ok);
        naive_.now = opening;
    }

    /// Empty, or how the two differ.
    [[nodiscard]] std::optional<std::string> step() {
        const std::int64_t choice = dice_.from(1, 100);
        if (choice <= 16) {
            return open();
        }
        if (choice <= 46) {
            return join();
        }
        if (choice <= 72) {
            return pay();
        }
        if (choice <= 78) {
            return cancel();
        }
        if (choice <= 83) {
            return refund();
        }
        if (choice <= 85) {
            return fail();
        }
        if (choice <= 97) {
            return move();
        }
        if (choice <= 98) {
            return dice_.in(20) ? end() : pause();
        }
        return restart();
    }

    [[nodiscard]] const std::map<Code, int>& heard() const { return heard_; }
    [[nodiscard]] const NaiveGroupBuy& naive() const { return naive_; }

  private:
    [[nodiscard]] std::int64_t any_buyer() { return dice_.from(1, 9); }
    [[nodiscard]] Buyer buyer(std::int64_t id, bool is_new) {
        return {.id = BuyerId{static_cast<std::uint64_t>(id)}, .segments = is_new ? 1U : 0U};
    }
    [[nodiscard]] std::optional<std::size_t> any_order() {
        if (ids_.empty()) {
            return std::nullopt;
        }
        // Mostly a recent one, where there is something to do.
        const auto count = static_cast<std::int64_t>(ids_.size());
        const std::int64_t from = dice_.in(3) ? 0 : std::max<std::int64_t>(0, count - 12);
        return static_cast<std::size_t>(dice_.from(from, count - 1));
    }
    [[nodiscard]] std::optional<std::size_t> any_group() {
        const auto count = static_cast<std::int64_t>(naive_.groups().size());
        if (count == 0) {
            return std::nullopt;
        }
        return static_cast<std::size_t>(
            dice_.from(std::max<std::int64_t>(0, count - 4), count - 1));
    }
    [[nodiscard]] GroupId id_of(std::size_t group) const {
        return GroupId{ids_[naive_.groups()[group].opener].raw()};
    }

    std::optional<std::string> judge(const Command& command, Code expected,
                                     const std::string& what) {
        const Answer answer = rig_.execute(command, std::nullopt);
        ++heard_[answer.code];
        if (naive_.orders().size() > ids_.size() && answer.order) {
            ids_.push_back(answer.order->order_id);
        }
        if (answer.code != expected) {
            return what + ": expected " + std::string{text(expected)} + ", got " +
                   std::string{text(answer.code)};
        }
        return compare(what);
    }

    std::optional<std::string> open() {
        const std::int64_t id = any_buyer();
        const bool is_new = dice_.in(2);
        const std::int64_t quantity = dice_.from(1, config_.limits.per_order_max + 1);
        OpenGroup ask;
        ask.campaign = campaign_id;
        ask.buyer = buyer(id, is_new);
        ask.item_id = ItemId{"1001"};
        ask.quantity = Quantity{quantity};
        const Code expected = naive_.open(static_cast<std::uint64_t>(id), is_new, quantity);
        return judge(ask, expected, "open");
    }
    std::optional<std::string> join() {
        const auto group = any_group();
        if (!group) {
            return std::nullopt;
        }
        const std::int64_t id = any_buyer();
        const bool is_new = dice_.in(2);
        const std::int64_t quantity = dice_.from(1, config_.limits.per_order_max);
        JoinGroup ask;
        ask.campaign = campaign_id;
        ask.group = id_of(*group);
        ask.buyer = buyer(id, is_new);
        ask.quantity = Quantity{quantity};
        const Code expected = naive_.join(*group, static_cast<std::uint64_t>(id), is_new, quantity);
        return judge(ask, expected, "join");
    }
    std::optional<std::string> pay() {
        const auto order = any_order();
        if (!order) {
            return std::nullopt;
        }
        // A number of its own for most, so that payments repeat and meet other orders' at times.
        const std::string payment = dice_.in(12)
                                        ? "p" + std::to_string(dice_.from(1, 40))
                                        : "o" + std::to_string(*order) + (dice_.in(8) ? "b" : "");
        const auto is_new = dice_.in(6) ? std::optional{dice_.in(2)} : std::optional<bool>{};
        const auto& known = naive_.orders()[*order];
        const RecordPayment ask{.order = ids_[*order],
                                .payment_id = PaymentId{payment},
                                .amount = Money{known.price * known.quantity},
                                .paid_at = rig_.now(),
                                .buyer_is_new = is_new};
        const Code expected = naive_.pay(*order, payment, is_new);
        return judge(ask, expected, "pay " + std::to_string(*order));
    }
    std::optional<std::string> cancel() {
        const auto order = any_order();
        if (!order) {
            return std::nullopt;
        }
        const CancelOrder ask{campaign_id, BuyerId{naive_.orders()[*order].buyer}, ids_[*order]};
        const Code expected = naive_.cancel(*order);
        return judge(ask, expected, "cancel " + std::to_string(*order));
    }
    std::optional<std::string> refund() {
        const auto order = any_order();
        if (!order) {
            return std::nullopt;
        }
        const auto& known = naive_.orders()[*order];
        RecordRefund ask;
        ask.order = ids_[*order];
        ask.refund_id = RefundId{"r" + std::to_string(++refunds_)};
        ask.quantity = Quantity{known.quantity};
        ask.amount = Money{known.price * known.quantity};
        const Code expected = naive_.refund(*order);
        return judge(ask, expected, "refund " + std::to_string(*order));
    }
    std::optional<std::string> fail() {
        const auto group = any_group();
        if (!group) {
            return std::nullopt;
        }
        const FailGroup ask{.campaign = campaign_id, .group = id_of(*group), .actor = Actor{"ann"}};
        const Code expected = naive_.fail(*group);
        return judge(ask, expected, "fail");
    }
    std::optional<std::string> move() {
        const Instant then = rig_.now() + Duration::milliseconds(dice_.from(1, 180'000));
        naive_.move_to(then);
        rig_.move_to(then);
        return compare("move");
    }
    std::optional<std::string> end() {
        if (rig_.now() >= config_.ends_at || naive_.ended_early) {
            return std::nullopt;
        }
        ChangeCampaign ask;
        ask.campaign = campaign_id;
        ask.verb = Verb::end;
        const Answer answer = rig_.execute(ask, std::nullopt);
        ++heard_[answer.code];
        naive_.end_early();
        rig_.turn_until_quiet();
        return compare("end");
    }
    std::optional<std::string> pause() {
        if (rig_.now() >= config_.ends_at || naive_.ended_early) {
            return std::nullopt;
        }
        ChangeCampaign ask;
        ask.campaign = campaign_id;
        ask.verb = naive_.paused ? Verb::resume : Verb::pause;
        naive_.paused = !naive_.paused;
        return judge(ask, Code::ok, "pause");
    }
    std::optional<std::string> restart() {
        if (dice_.in(2)) {
            rig_.crash(Duration{});
        } else {
            rig_.restart_from_checkpoint(Duration{});
        }
        rig_.turn_until_quiet();
        naive_.restart();
        return compare("restart");
    }

    std::optional<std::string> compare(const std::string& what) {
        const auto differs = [&](const std::string& where) {
            return std::optional{"after " + what + ": " + where};
        };
        if (const auto broken = rig_.broken()) {
            return differs(*broken);
        }
        const Campaign& campaign = *rig_.find(campaign_id);
        if (campaign.book().order_count() != ids_.size()) {
            return differs("another number of orders");
        }
        for (std::size_t at = 0; at < ids_.size(); ++at) {
            const auto index = static_cast<RecordIndex>(at);
            const OrderRecord& order = campaign.book().order(index);
            if (order.state != naive_.orders()[at].state ||
                order.marked != naive_.orders()[at].marked) {
                return differs("order " + std::to_string(at) + " is " +
                               std::string{text(order.state)} + ", not " +
                               std::string{text(naive_.orders()[at].state)});
            }
        }
        for (std::size_t at = 0; at < naive_.groups().size(); ++at) {
            if (auto other = compare_group(campaign, at)) {
                return differs(*other);
            }
        }
        const StockCell& cell = campaign.cell(0);
        const bool same_stock = cell.held().units() == naive_.held() &&
                                cell.sold().units() == naive_.sold() &&
                                (campaign.state() == CampaignState::ended ||
                                 cell.available().units() == naive_.available());
        return same_stock ? std::nullopt : differs("another stock");
    }

    [[nodiscard]] std::optional<std::string> compare_group(const Campaign& campaign,
                                                           std::size_t at) const {
        const auto& expected = naive_.groups()[at];
        const GroupView view = *find_group(campaign, id_of(at));
        const std::string name = "group " + std::to_string(at);
        if (view.state != expected.state || view.virtual_seats != expected.virtual_seats) {
            return name + " is " + std::string{text(view.state)} + ", not " +
                   std::string{text(expected.state)};
        }
        if (view.price.fen() != expected.price) {
            return name + " has another price";
        }
        const bool is_open = view.state == GroupState::forming || view.state == GroupState::full;
        if (!is_open) {
            return std::nullopt;
        }
        const auto seats = naive_.seats(at);
        if (view.leader.raw() != expected.leader || view.members.size() != seats.size() ||
            view.paid != naive_.paid(at)) {
            return name + " is led by another, or has other seats";
        }
        for (std::size_t seat = 0; seat < seats.size(); ++seat) {
            if (view.members[seat].buyer.raw() != naive_.orders()[seats[seat]].buyer) {
                return name + ": other members, or in another order";
            }
        }
        return std::nullopt;
    }

    Dice dice_;
    CampaignConfig config_;
    NaiveGroupBuy naive_;
    SaleRig rig_;
    std::vector<OrderId> ids_;
    std::map<Code, int> heard_;
    int refunds_ = 0;
};

TEST(GroupModel, agrees_with_the_rules_over_random_streams) {
    std::map<Code, int> heard;
    std::map<GroupState, int> ended;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        Walk walk(seed);
        for (int step = 0; step < 250; ++step) {
            const auto wrong = walk.step();
            ASSERT_FALSE(wrong.has_value())
                << "seed " << seed << ", step " << step << ", " << *wrong;
        }
        for (const auto& [code, times] : walk.heard()) {
            heard[code] += times;
        }
        for (const auto& group : walk.naive().groups()) {
            ++ended[group.state];
        }
    }
    // The streams went everywhere that they are meant to go.
    for (const Code code : {Code::ok,
                            Code::held,
                            Code::confirmed,
                            Code::cancelled,
                            Code::rerouted,
                            Code::already_done,
                            Code::refund_required,
                            Code::ended,
                            Code::paused,
                            Code::sold_out,
                            Code::insufficient,
                            Code::limit_order,
                            Code::limit_buyer,
                            Code::new_buyers_only,
                            Code::order_closed,
                            Code::payment_reused,
                            Code::group_full,
                            Code::group_ended,
                            Code::already_in_group,
                            Code::open_group_exists,
                            Code::refund_exceeds_paid,
                            Code::wrong_state}) {
        EXPECT_GT(heard[code], 20) << text(code);
    }
    for (const GroupState state :
         {GroupState::success, GroupState::failed, GroupState::dissolved}) {
        EXPECT_GT(ended[state], 100) << text(state);
    }
}

}  // namespace
}  // namespace stampede::tests
