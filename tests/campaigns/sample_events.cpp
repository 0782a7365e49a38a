// SPDX-License-Identifier: Apache-2.0
// See the header. A new kind of event appends a sample; nothing here is edited.
#include "tests/campaigns/sample_events.hpp"

namespace stampede::campaigns {
namespace {

constexpr OrderId order{0x0123456789abcdefULL};
constexpr Instant opening{1'795'262'400'000};

ConfirmedLines two_lines() {
    return {ConfirmedLine{ItemId{"1001"}, 0, Quantity{2}, Money{9900}},
            ConfirmedLine{ItemId{"KETTLE_red-2"}, 1, Quantity{1}, Money{100'000'000'000}}};
}

SeedBytes sample_seed() {
    SeedBytes seed{};
    for (std::size_t at = 0; at < seed.size(); ++at) {
        seed[at] = static_cast<std::uint8_t>(0xA0 + at);
    }
    return seed;
}

std::vector<Event> campaign_samples() {
    const auto config = std::make_shared<const CampaignConfig>(sample_config());
    return {
        CampaignEvent{CampaignDrafted{config, Actor{"editor-1"}}},
        CampaignEvent{CampaignRevised{7, config, Actor{"editor-2"}}},
        CampaignEvent{
            CampaignStateChanged{CampaignState::live, CampaignState::paused, Actor{"publisher"}}},
        CampaignEvent{StockAdjusted{999, -250, Reason{"门店盘点"}, Actor{"publisher"}}},
        CampaignEvent{
            BuyersBlocked{{BuyerId{1}, BuyerId{9'007'199'254'740'993ULL}}, Actor{"risk"}}},
        CampaignEvent{
            StockHandedBack{{{4, ItemId{"1005"}, Quantity{17}}, {5, ItemId{"1006"}, Quantity{0}}}}},
        CampaignEvent{PaymentMismatched{order, PaymentId{"4200001"}, Money{9901}, Money{9900}}},
        CampaignEvent{TicketIssued{ItemId{"1001"}, BuyerId{42}, opening,
                                   opening + Duration::seconds(60), 0xfeedfacecafebeefULL}},
        CampaignEvent{SeedCommitted{sample_seed()}},
    };
}

std::vector<Event> order_samples() {
    OrderRefunded refunded{.order = order,
                           .refund_id = RefundId{"R-1"},
                           .payment_id = PaymentId{"4200001"},
                           .counted = true,
                           .amount = Money{9900},
                           .quantity = Quantity{2},
                           .body_digest = 0x0dd0c0ffee0dd00dULL,
                           .parts = {},
                           .units_return = true,
                           .wholly = false,
                           .restock = Restock::to_mall,
                           .stock_source = StockSource::mirrored,
                           .quota = QuotaOnRefund::keep};
    refunded.parts.push_back({1, 3, ItemId{"1004"}, Quantity{2}});
    return {
        OrderEvent{OrderConfirmed{order, Play::seckill, BuyerId{42}, Money{100'000'019'800},
                                  StockSource::mirrored, true, PaymentId{"4200001"}, opening,
                                  two_lines()}},
        OrderEvent{HoldExpired{order}},
        OrderEvent{HoldReleased{order, ReleaseReason::op, Actor{"treasurer"}}},
        OrderEvent{PaymentRefundDue{order, PaymentId{"4200002"}, Money{19800}, Quantity{2},
                                    RefundReason::campaign_killed, true, opening}},
        OrderEvent{PaymentKept{order, PaymentId{"4200003"}, Money{9900}, opening}},
        OrderEvent{refunded},
        OrderEvent{HoldsSwept{4096, 512}},
    };
}

std::vector<Event> seckill_samples() {
    StockHeld one_line{order, BuyerId{42}, opening, 0, {}};
    one_line.lines.push_back({7, Quantity{1}, Money{9900}});
    StockHeld with_ticket{order, BuyerId{limits::buyer_id_max}, opening, 0x1122334455667788ULL, {}};
    with_ticket.lines.push_back({0, Quantity{limits::stock_max}, Money{limits::price_fen_max}});
    with_ticket.lines.push_back({999, Quantity{1}, Money{0}});
    return {SeckillEvent{one_line}, SeckillEvent{with_ticket}};
}

SeatHold sample_seat() {
    return {.order = order,
            .buyer = BuyerId{42},
            .quantity = Quantity{2},
            .unit_price = Money{9900},
            .pay_by = opening + Duration::seconds(300),
            .ticket_nonce = 0,
            .is_new = true,
            .rerouted = false};
}

std::vector<Event> group_samples() {
    const GroupId group{0x0123456789abcd11ULL};
    SeatHold with_ticket = sample_seat();
    with_ticket.ticket_nonce = 0x1122334455667788ULL;
    with_ticket.rerouted = true;
    GroupSucceeded success;
    success.group = group;
    success.order = order;
    success.late = true;
    success.item_id = ItemId{"1001"};
    success.virtual_seats = 1;
    success.tier = 2;
    success.price = Money{8000};
    success.leader = BuyerId{42};
    success.leader_commission_bp = 500;
    success.stock_source = StockSource::mirrored;
    success.members.push_back({.order = order,
                               .buyer = BuyerId{42},
                               .quantity = Quantity{2},
                               .unit_price = Money{9900},
                               .payment_id = PaymentId{"4200001"},
                               .paid_at = opening,
                               .confirmed = true,
                               .back = Money{3800}});
    success.members.push_back({.order = OrderId{0x0123456789abcdf0ULL},
                               .buyer = BuyerId{43},
                               .quantity = Quantity{1},
                               .unit_price = Money{0},
                               .payment_id = PaymentId{},
                               .paid_at = opening,
                               .confirmed = false,
                               .back = Money{0}});
    success.released.push_back(OrderId{0x0123456789abcdf1ULL});
    GroupFailed failed;
    failed.group = group;
    failed.state = GroupState::dissolved;
    failed.end = GroupEnd::leader_left;
    failed.actor = Actor{"ann"};
    failed.refunds.push_back({.order = order,
                              .payment_id = PaymentId{"4200001"},
                              .amount = Money{19800},
                              .quantity = Quantity{2},
                              .paid_at = opening});
    failed.released.push_back(OrderId{0x0123456789abcdf1ULL});
    return {
        GroupBuy::Event{GroupOpened{.seat = sample_seat(),
                                    .item = 999,
                                    .size = 500,
                                    .deadline = opening + Duration::seconds(86400),
                                    .units_kept = Quantity{3}}},
        GroupBuy::Event{SeatTaken{.group = group, .seat = with_ticket}},
        GroupBuy::Event{SeatPaid{
            .order = order, .payment_id = PaymentId{"4200001"}, .paid_at = opening, .late = true}},
        GroupBuy::Event{success},
        GroupBuy::Event{failed},
        GroupBuy::Event{LeaderChanged{.group = group, .leader = BuyerId{43}}}};
}

std::vector<Event> bargain_samples() {
    const BargainId bargain{0x0123456789abcd00ULL};
    return {BargainPlay::Event{BargainLaunched{.bargain = bargain,
                                               .starter = BuyerId{42},
                                               .item = 7,
                                               .deadline = opening,
                                               .first_cut = Money{100}}},
            BargainPlay::Event{BargainCut{.bargain = bargain,
                                          .helper = BuyerId{limits::buyer_id_max},
                                          .amount = Money{1271},
                                          .day = 20'778,
                                          .new_helper = true,
                                          .then = BargainState::open,
                                          .pay_until = Instant{0}}},
            BargainPlay::Event{BargainCut{.bargain = bargain,
                                          .helper = BuyerId{43},
                                          .amount = Money{limits::price_fen_max},
                                          .day = 20'778,
                                          .new_helper = false,
                                          .then = BargainState::reached,
                                          .pay_until = opening}},
            BargainPlay::Event{BargainOrdered{
                .bargain = bargain, .order = order, .price = Money{1000}, .pay_by = opening}},
            BargainPlay::Event{BargainClosed{
                .bargain = bargain, .as = BargainState::cancelled, .actor = Actor{"ann"}}},
            BargainPlay::Event{
                BargainClosed{.bargain = bargain, .as = BargainState::lapsed, .actor = Actor{}}},
            BargainPlay::Event{
                BargainsSwept{.first = 4096, .count = 512, .as = BargainState::expired}}};
}

constexpr RallyId rally{0x0123456789abcd01};

CampaignConfig friend_help_config() {
    CampaignConfig config = sample_config();
    config.play = FriendHelp::play;
    config.terms =
        FriendHelpTerms{.tiers = {{.helpers_needed = 2, .item = 1, .quantity = Quantity{1}},
                                  {.helpers_needed = 100'000, .item = 0, .quantity = Quantity{7}}},
                        .helps = {.per_campaign = 9, .per_day = std::nullopt},
                        .helper_new_only = true,
                        .launches_per_buyer = 3,
                        .valid = Duration::seconds(600),
                        .days = {.spans = {{.from = Instant{0}, .offset_s = 28'800}}}};
    return config;
}

std::vector<Event> friend_help_samples() {
    const auto config = std::make_shared<const CampaignConfig>(friend_help_config());
    return {
        CampaignEvent{CampaignDrafted{config, Actor{"editor-1"}}},
        FriendHelp::Event{
            RallyLaunched{.rally = rally, .starter = BuyerId{42}, .deadline = opening}},
        FriendHelp::Event{RallyHelped{.rally = rally,
                                      .helper = BuyerId{limits::buyer_id_max},
                                      .day = 20'778,
                                      .new_helper = true,
                                      .then = RallyState::open}},
        FriendHelp::Event{RallyHelped{.rally = rally,
                                      .helper = BuyerId{43},
                                      .day = 20'778,
                                      .new_helper = false,
                                      .then = RallyState::complete}},
        FriendHelp::Event{RewardGranted{.rally = rally,
                                        .tier = 1,
                                        .order = order,
                                        .starter = BuyerId{42},
                                        .item = 7,
                                        .item_id = ItemId{"Cup_1"},
                                        .quantity = Quantity{limits::stock_max},
                                        .helpers = 100'000}},
        FriendHelp::Event{RewardRanOut{.rally = rally, .tier = 9}},
        FriendHelp::Event{RallyLapsed{.rally = rally}},
        FriendHelp::Event{RalliesSwept{.first = 4096, .count = 512, .as = RallyState::cancelled}}};
}

/// A configuration that says what only its second version has room for.
CampaignConfig waiting_config() {
    CampaignConfig config = sample_config();
    config.waitlist = true;
    config.items[0].slot_stock = Quantity{250};
    return config;
}

std::vector<Event> waitlist_samples() {
    const auto config = std::make_shared<const CampaignConfig>(waiting_config());
    return {
        CampaignEvent{CampaignDrafted{config, Actor{"editor-1"}}},
        WaitlistEvent{WaiterJoined{BuyerId{42}, 7, 10'000, 0x8000000000000001ULL, 3}},
        WaitlistEvent{WaiterLeft{BuyerId{42}, 999, LeaveReason::refused}},
        WaitlistEvent{WaiterPromoted{order, BuyerId{limits::buyer_id_max}, opening, 7,
                                     Money{limits::price_fen_max}}},
    };
}

}  // namespace

CampaignConfig sample_config() {
    CampaignConfig config;
    config.title = "开业之夜 Opening night";
    config.starts_at = opening;
    config.ends_at = opening + Duration::seconds(7200);
    config.items = {
        {ItemId{"kettle-2"}, "Kettle", Money{9900}, Money{19900}, Quantity{1000}, Quantity{10}},
        {ItemId{"Cup_1"}, "杯子", Money{0}, Money{0}, Quantity{5}, Quantity{0}},
    };
    config.windows = {{opening, opening + Duration::seconds(600)},
                      {opening + Duration::seconds(3600), opening + Duration::seconds(7200)}};
    config.slots_json = R"([{"from":"20:00:00","to":"20:10:00"}])";
    config.timezone = "Asia/Urumqi";
    config.limits = {.per_buyer = 4,
                     .per_buyer_per_slot = 3,
                     .per_order_min = 2,
                     .per_order_max = 3,
                     .holds_per_buyer = 6};
    config.hold = Duration::seconds(120);
    config.min_pay = Duration::seconds(30);
    config.warmup = Duration::seconds(90);
    config.audience = {.new_buyers_only = true,
                       .segments_any = 0x8000000000000005ULL,
                       .level_min = 3,
                       .allowlist = {BuyerId{1}, BuyerId{2}},
                       .blocklist = {BuyerId{3}, BuyerId{limits::buyer_id_max}}};
    config.stock_source = StockSource::mirrored;
    config.late_payment = LatePayment::hold_for_operator;
    config.restock = Restock::to_mall;
    config.quota_on_refund = QuotaOnRefund::keep;
    config.ticket = Ticket::required;
    config.resell_after_end = true;
    config.show_available = false;
    config.zero_price = true;
    index_items(config);
    return config;
}

std::vector<Event> sample_events() {
    std::vector<Event> events;
    for (auto& family : {campaign_samples(), order_samples(), seckill_samples(), waitlist_samples(),
                         group_samples(), bargain_samples(), friend_help_samples()}) {
        events.insert(events.end(), family.begin(), family.end());
    }
    return events;
}

}  // namespace stampede::campaigns
