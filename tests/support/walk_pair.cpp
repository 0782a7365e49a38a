// SPDX-License-Identifier: Apache-2.0
#include "tests/support/walk_pair.hpp"

#include <xxhash.h>

#include <algorithm>

namespace stampede::tests {

namespace {

using campaigns::Actor;
using campaigns::Answer;
using campaigns::CampaignConfig;
using campaigns::Code;

constexpr CampaignId campaign_id{7};
constexpr std::uint32_t orders_named = 6;  // acts speak of the first six orders
const std::string editor = "editor";

std::uint64_t digest(const std::string& text) {
    return XXH3_64bits(text.data(), text.size());
}

std::shared_ptr<const CampaignConfig> config_of(const NaiveRules& rules) {
    auto config = std::make_shared<CampaignConfig>();
    config->title = "Walk";
    config->starts_at = Instant{rules.starts_ms};
    config->ends_at = Instant{rules.ends_ms};
    for (const NaiveItem& item : rules.items) {
        config->items.push_back({.item_id = ItemId{item.id},
                                 .title = item.id,
                                 .price = Money{item.price},
                                 .list_price = Money{1000},
                                 .stock = Quantity{item.stock},
                                 .reserve = Quantity{item.reserve},
                                 .slot_stock = Quantity{item.slot_stock}});
    }
    for (const auto& [from, to] : rules.slots) {
        config->windows.push_back({Instant{from}, Instant{to}});
    }
    config->limits = {.per_buyer = rules.per_buyer,
                      .per_buyer_per_slot = rules.per_buyer_per_slot > 0
                                                ? std::optional{rules.per_buyer_per_slot}
                                                : std::nullopt,
                      .per_order_min = rules.per_order_min,
                      .per_order_max = rules.per_order_max,
                      .holds_per_buyer = rules.holds_per_buyer};
    config->hold = Duration::milliseconds(rules.hold_ms);
    config->min_pay = config->hold;
    config->warmup = Duration::milliseconds(rules.warmup_ms);
    config->audience.level_min = rules.level_min;
    config->audience.new_buyers_only = rules.new_buyers_only;
    for (const std::uint64_t buyer : rules.blocklist) {
        config->audience.blocklist.emplace_back(buyer);
    }
    config->stock_source =
        rules.mirrored ? campaigns::StockSource::mirrored : campaigns::StockSource::carved_out;
    config->late_payment = rules.late;
    config->restock = rules.restock;
    config->quota_on_refund =
        rules.keep_quota ? campaigns::QuotaOnRefund::keep : campaigns::QuotaOnRefund::give_back;
    config->ticket = rules.ticket ? campaigns::Ticket::required : campaigns::Ticket::off;
    config->resell_after_end = rules.resell_after_end;
    config->zero_price = true;
    config->waitlist = rules.waitlist;
    campaigns::index_items(*config);
    return config;
}

/// One word per value; unlike values of one name are a disagreement.
class Comparison {
  public:
    template <class Value>
    void of(const std::string& name, const Value& engine, const Value& model) {
        if (!wrong_ && engine != model) {
            wrong_ = name + ": engine " + word(engine) + ", model " + word(model);
        }
    }
    [[nodiscard]] const std::optional<std::string>& wrong() const { return wrong_; }

  private:
    static std::string word(const std::string& value) { return value; }
    static std::string word(bool value) { return value ? "yes" : "no"; }
    static std::string word(Code value) { return std::string{text(value)}; }
    static std::string word(campaigns::OrderState value) { return std::string{text(value)}; }
    static std::string word(campaigns::CampaignState value) { return std::string{text(value)}; }
    static std::string word(campaigns::RefundReason value) { return std::string{text(value)}; }
    template <class Number>
        requires std::is_arithmetic_v<Number>
    static std::string word(Number value) {
        return std::to_string(value);
    }
    template <class Value>
    static std::string word(const std::optional<Value>& value) {
        return value ? word(*value) : std::string{"nothing"};
    }
    std::optional<std::string> wrong_;
};

std::optional<std::int64_t> ms_of(const std::optional<Duration>& duration) {
    return duration ? std::optional{duration->ms()} : std::nullopt;
}
std::optional<std::int64_t> fen_of(const std::optional<Money>& money) {
    return money ? std::optional{money->fen()} : std::nullopt;
}
std::optional<std::int64_t> units_of(const std::optional<Quantity>& quantity) {
    return quantity ? std::optional{quantity->units()} : std::nullopt;
}

}  // namespace

WalkPair::WalkPair(const NaiveRules& rules, std::set<campaigns::Code>& codes)
    : codes_(codes), rig_(Instant{walk_start_ms}), model_(rules, editor) {
    campaigns::DraftCampaign draft;
    draft.campaign = campaign_id;
    draft.config = config_of(rules);
    draft.actor = Actor{editor};
    static_cast<void>(rig_.execute(draft, std::nullopt));
    for (std::uint32_t pick = 0; pick < 8; ++pick) {
        names_.give("u" + std::to_string(pick), OrderId{100 + pick});
    }
}

// Acts -------------------------------------------------------------------------------------------

WalkPair::Identity WalkPair::identity(const Act& act, std::uint64_t owner, const std::string& path,
                                      const std::string& body) const {
    if (act.key == 0) {
        return {};
    }
    const std::string key = path + " " + std::to_string(act.key);
    return {
        .engine = engine::RequestIdentity{.owner = owner,
                                          .key_digest = digest(key),
                                          .body_digest = static_cast<std::uint32_t>(digest(body))},
        .model = {.scope = std::to_string(owner) + " " + key, .body = body}};
}

std::optional<std::size_t> WalkPair::order_at(std::uint32_t pick) const {
    const std::uint32_t at = pick % (orders_named + 1);
    return at < orders_named && at < orders_.size() ? std::optional<std::size_t>{at} : std::nullopt;
}

OrderId WalkPair::engine_order(std::uint32_t pick) const {
    const auto at = order_at(pick);
    return at ? orders_[*at] : OrderId{100 + pick};
}

WalkPair::Asked WalkPair::buy(const Act& act) {
    campaigns::Buy buy;
    buy.campaign = campaign_id;
    const std::uint64_t buyer = 1 + act.who % 5;
    const auto level = static_cast<std::uint8_t>((act.how & 3U) == 0 ? 0 : 1);
    const bool is_new = (act.how & 12U) != 0;
    buy.buyer = {.id = BuyerId{buyer}, .level = level, .segments = is_new ? 1U : 0U};
    const std::int64_t units = 1 + (act.much % 6 == 0 ? 2 : act.much % 2);
    NaiveSeckill::Lines lines;
    lines.emplace_back(act.what == 7 ? "c" : act.what % 3 == 2 ? "b" : "a", units);
    if (act.what == 4) {
        lines.emplace_back(lines[0].first == "a" ? "b" : "a", 1);
    }
    for (const auto& [item, count] : lines) {
        buy.lines.push_back({ItemId{item}, Quantity{count}});
    }
    const bool partial = (act.how & 16U) != 0 && lines.size() == 1;
    buy.allow_partial = partial ? campaigns::AllowPartial::yes : campaigns::AllowPartial::no;
    std::optional<std::size_t> ticket;
    if (!tickets_.empty() && (act.how & 224U) != 0) {
        ticket = (act.how >> 5U) % tickets_.size();
        buy.ticket = tickets_[*ticket];
    }
    const Identity who =
        identity(act, buyer, "orders",
                 "buy " + std::to_string(act.what) + " " + std::to_string(units) + " " +
                     std::to_string(partial) + " " + std::to_string(ticket.value_or(99)));
    return {rig_.execute(buy, who.engine),
            model_.buy(now_ms(), buyer, level, is_new, lines, partial, ticket, who.model)};
}

WalkPair::Asked WalkPair::take_ticket(const Act& act) {
    campaigns::IssueTicket issue;
    issue.campaign = campaign_id;
    const std::uint64_t buyer = 1 + act.who % 5;
    const auto level = static_cast<std::uint8_t>((act.how & 3U) == 0 ? 0 : 1);
    const bool is_new = (act.how & 12U) != 0;
    issue.buyer = {.id = BuyerId{buyer}, .level = level, .segments = is_new ? 1U : 0U};
    const std::string item = act.what == 7 ? "c" : act.what % 3 == 2 ? "b" : "a";
    issue.item_id = ItemId{item};
    const Identity who = identity(act, buyer, "tickets", item);
    const std::size_t before = model_.ticket_count();
    Asked asked{rig_.execute(issue, who.engine),
                model_.take_ticket(now_ms(), buyer, level, is_new, item, who.model)};
    if (model_.ticket_count() > before && asked.engine.ticket) {
        tickets_.push_back({.proof = campaigns::TicketProof::genuine,
                            .campaign = campaign_id,
                            .item_id = asked.engine.ticket->item_id,
                            .buyer = BuyerId{buyer},
                            .not_before = asked.engine.ticket->not_before,
                            .expires = asked.engine.ticket->expires,
                            .nonce = asked.engine.ticket->nonce});
    }
    return asked;
}

WalkPair::Asked WalkPair::wait_in_line(const Act& act) {
    const std::uint64_t buyer = 1 + act.who % 5;
    const auto level = static_cast<std::uint8_t>((act.how & 3U) == 0 ? 0 : 1);
    const bool is_new = (act.how & 12U) != 0;
    const std::string item = act.what == 7 ? "c" : act.what % 3 == 2 ? "b" : "a";
    if (act.kind == ActKind::leave_line) {
        const Identity who = identity(act, buyer, "leave", item);
        return {rig_.execute(campaigns::LeaveWaitlist{campaign_id, BuyerId{buyer}, ItemId{item}},
                             who.engine),
                model_.leave(buyer, item, who.model)};
    }
    const Identity who = identity(act, buyer, "waitlist", item);
    campaigns::JoinWaitlist join;
    join.campaign = campaign_id;
    join.buyer = {.id = BuyerId{buyer}, .level = level, .segments = is_new ? 1U : 0U};
    join.item_id = ItemId{item};
    return {rig_.execute(join, who.engine),
            model_.wait(now_ms(), buyer, level, is_new, item, who.model)};
}

WalkPair::Asked WalkPair::cancel(const Act& act) {
    const auto order = order_at(act.who);
    // Mostly the order's own buyer.
    const std::uint64_t buyer =
        order && act.how % 8 != 0 ? model_.orders()[*order].buyer : 1 + act.what % 5;
    const Identity who = identity(act, buyer, "cancel " + std::to_string(act.who), "");
    return {rig_.execute(campaigns::CancelOrder{campaign_id, BuyerId{buyer}, engine_order(act.who)},
                         who.engine),
            model_.cancel(now_ms(), buyer, order, who.model)};
}

WalkPair::Asked WalkPair::pay(const Act& act) {
    const auto order = order_at(act.who);
    const std::string payment =
        act.how % 4 == 0 ? "p" + std::to_string(act.what)
                         : "p" + std::to_string(act.who) + "." + std::to_string(act.what % 3);
    const std::int64_t amount =
        (order ? model_.orders()[*order].amount : 100) + (act.much == 0 ? 1 : 0);
    const Identity who = identity(
        act, 0, "payments", std::to_string(act.who) + " " + payment + " " + std::to_string(amount));
    const campaigns::RecordPayment report{.order = engine_order(act.who),
                                          .payment_id = PaymentId{payment},
                                          .amount = Money{amount},
                                          .paid_at = rig_.now(),
                                          .buyer_is_new = std::nullopt};
    return {rig_.execute(report, who.engine),
            model_.pay(now_ms(), order, "u" + std::to_string(act.who), payment, amount, who.model)};
}

WalkPair::Asked WalkPair::refund(const Act& act) {
    const auto order = order_at(act.who);
    campaigns::RecordRefund report;
    report.order = engine_order(act.who);
    const std::string refund_id = "r" + std::to_string(act.how % 16);
    std::string payment;
    if ((act.how & 16U) != 0) {
        payment = "p" + std::to_string(act.who) + "." + std::to_string(act.what % 3);
        report.payment_id = PaymentId{payment};
    }
    const std::int64_t units = act.much % 4;
    const std::int64_t paid = order ? model_.orders()[*order].amount : 100;
    const std::array<std::int64_t, 4> amounts{paid, paid / 2, 50, 0};
    const std::int64_t amount = amounts[act.what % 4];
    std::string item;
    if ((act.how & 32U) != 0) {
        item = (act.how & 64U) != 0 ? "a" : "b";
        report.item_id = ItemId{item};
    }
    report.refund_id = RefundId{refund_id};
    report.quantity = Quantity{units};
    report.amount = Money{amount};
    const Identity who =
        identity(act, 0, "refunds",
                 std::to_string(act.who) + " " + refund_id + " " + payment + " " +
                     std::to_string(units) + " " + std::to_string(amount) + " " + item);
    return {rig_.execute(report, who.engine),
            model_.refund(now_ms(), order, refund_id, payment, units, amount, item, who.model)};
}

WalkPair::Asked WalkPair::decide_order(const Act& act) {
    const auto order = order_at(act.who);
    if (act.kind == ActKind::release) {
        const Identity who = identity(act, 0, "release " + std::to_string(act.who), "");
        return {rig_.execute(campaigns::ReleaseOrder{engine_order(act.who), Actor{"publisher"}},
                             who.engine),
                model_.release(now_ms(), order, who.model)};
    }
    const auto decision =
        act.how % 2 == 0 ? campaigns::Decision::confirm : campaigns::Decision::refund;
    const Identity who =
        identity(act, 0, "resolve " + std::to_string(act.who), std::to_string(act.how % 2));
    return {
        rig_.execute(campaigns::ResolveOrder{engine_order(act.who), decision, Actor{"treasurer"}},
                     who.engine),
        model_.resolve(now_ms(), order, decision, who.model)};
}

// Operators --------------------------------------------------------------------------------------

WalkPair::Asked WalkPair::change(const Act& act) {
    const auto verb = static_cast<campaigns::Verb>(act.who % 6);
    const std::string actor = act.how % 4 == 0 ? editor : "publisher";
    const bool four_eyes = (act.how & 4U) != 0;
    const Identity who = identity(act, 0, "verb " + std::to_string(act.who % 6), "");
    campaigns::ChangeCampaign command;
    command.campaign = campaign_id;
    command.verb = verb;
    command.actor = Actor{actor};
    command.four_eyes = four_eyes ? campaigns::FourEyes::on : campaigns::FourEyes::off;
    Asked asked{rig_.execute(command, who.engine),
                model_.change(now_ms(), verb, actor, four_eyes, who.model)};
    is_quiet_ = is_quiet_ && !(verb == campaigns::Verb::kill && asked.model.code == Code::ok);
    return asked;
}

WalkPair::Asked WalkPair::revise(const Act& act) {
    NaiveRules rules = model_.rules();
    rules.ends_ms += act.how % 8 == 0 ? -5'000 : std::int64_t{act.much % 3} * 5'000;
    rules.per_buyer += act.what % 3 == 0 ? 1 : 0;
    rules.items[0].reserve = std::min<std::int64_t>(act.what % 4, rules.items[0].stock);
    if ((act.how & 8U) != 0) {
        rules.blocklist = {1 + act.who % 5};
    }
    const std::uint32_t version = model_.version() - (act.how % 16 == 0 ? 1U : 0U);
    const Identity who = identity(
        act, 0, "revise",
        std::to_string(version) + " " + std::to_string(rules.ends_ms) + " " +
            std::to_string(rules.per_buyer) + " " + std::to_string(rules.items[0].reserve) + " " +
            std::to_string(rules.blocklist.empty() ? 0 : *rules.blocklist.begin()));
    campaigns::ReviseCampaign command;
    command.campaign = campaign_id;
    command.version = version;
    command.config = config_of(rules);
    command.actor = Actor{"reviser"};
    return {rig_.execute(command, who.engine),
            model_.revise(now_ms(), version, rules, "reviser", who.model)};
}

WalkPair::Asked WalkPair::stock(const Act& act) {
    const std::string item = act.what == 7 ? "c" : act.what % 2 == 0 ? "a" : "b";
    const std::int64_t delta = std::int64_t{act.much % 6} - 3;
    const Identity who = identity(act, 0, "stock", item + std::to_string(delta));
    const campaigns::AdjustStock command{.campaign = campaign_id,
                                         .item_id = ItemId{item},
                                         .delta = delta == 0 ? 1 : delta,
                                         .reason = campaigns::Reason{"count"},
                                         .actor = Actor{"publisher"}};
    return {rig_.execute(command, who.engine), model_.stock(item, command.delta, who.model)};
}

WalkPair::Asked WalkPair::block(const Act& act) {
    const std::uint64_t buyer = 1 + act.who % 5;
    const Identity who = identity(act, 0, "blocklist", std::to_string(buyer));
    campaigns::BlockBuyers command;
    command.campaign = campaign_id;
    command.buyers = {BuyerId{buyer}};
    command.actor = Actor{"risk"};
    return {rig_.execute(command, who.engine), model_.block(buyer, who.model)};
}

// Steps ------------------------------------------------------------------------------------------

std::optional<std::string> WalkPair::move_time(const Act& act) {
    rig_.turn_until_quiet();
    model_.turn(now_ms());
    is_quiet_ = true;
    if (act.kind == ActKind::turn) {
        return std::nullopt;
    }
    // Now and then two days pass, after which a settled campaign may be archived.
    const bool is_long = act.how % 32 == 0;
    const std::int64_t then_ms =
        is_long ? now_ms() + 48 * 3'600'000
                : now_ms() + 1'000 * (act.much % 12 == 11 ? 30 : act.much % 12);
    const bool deadlines_wait = act.how % 4 == 1;
    const std::int64_t from_ms = now_ms();
    for (auto next = model_.next_wake_ms(from_ms);
         next && (*next < then_ms || (*next == then_ms && !deadlines_wait));
         next = model_.next_wake_ms(*next)) {
        model_.turn(*next);
    }
    if (deadlines_wait) {
        rig_.move_to_before_deadlines(Instant{then_ms});
    } else {
        rig_.move_to(Instant{then_ms});
        model_.turn(then_ms);
    }
    return std::nullopt;
}

std::optional<WalkPair::Asked> WalkPair::ask(const Act& act) {
    switch (act.kind) {
        case ActKind::buy:
            return buy(act);
        case ActKind::take_ticket:
            return take_ticket(act);
        case ActKind::cancel:
            return cancel(act);
        case ActKind::pay:
            return pay(act);
        case ActKind::refund:
            return refund(act);
        case ActKind::release:
        case ActKind::resolve:
            return decide_order(act);
        case ActKind::change:
            return change(act);
        case ActKind::revise:
            return revise(act);
        case ActKind::stock:
            return stock(act);
        case ActKind::block:
            return block(act);
        case ActKind::wait_in_line:
        case ActKind::leave_line:
            return wait_in_line(act);
        case ActKind::settle:
        case ActKind::wait:
        case ActKind::turn:
        case ActKind::crash:
        case ActKind::checkpoint:
        case ActKind::selling:
            break;
    }
    return std::nullopt;
}

std::optional<std::string> WalkPair::step(const Act& act) {
    const std::size_t orders_before = model_.orders().size();
    const auto asked = ask(act);
    const bool buys = act.kind == ActKind::buy || act.kind == ActKind::wait_in_line;
    if (buys && asked && model_.orders().size() > orders_before && !asked->engine.order) {
        return "the model made an order, the engine answers " +
               std::string{text(asked->engine.code)};
    }
    const Duration grace = Duration::seconds(act.much % 3 * 10);
    if (act.kind == ActKind::wait || act.kind == ActKind::turn) {
        move_time(act);
    } else if (act.kind == ActKind::crash || act.kind == ActKind::checkpoint) {
        act.kind == ActKind::crash ? rig_.crash(grace) : rig_.restart_from_checkpoint(grace);
        model_.restarted((rig_.now() + grace).ms());
    } else if (act.kind == ActKind::selling) {
        model_.set_may_sell(!model_.may_sell());
        rig_.selling = model_.may_sell() ? Selling::open : Selling::stopped;
    } else if (act.kind == ActKind::settle) {
        static_cast<void>(rig_.execute(campaigns::MarkSettled{campaign_id}, std::nullopt));
        model_.settle();
    }
    if (model_.rules().waitlist && act.kind != ActKind::crash && act.kind != ActKind::checkpoint) {
        // What a decision had no room for comes in the next turns.
        rig_.turn_until_quiet();
        model_.turn(now_ms());
        is_quiet_ = true;
    }
    if (const auto broken = rig_.broken()) {
        return broken;
    }
    if (auto wrong = name_new_orders()) {
        return wrong;
    }
    if (asked) {
        codes_.insert(asked->engine.code);
        if (auto wrong = difference(*asked)) {
            return wrong;
        }
    }
    if (auto wrong = difference_of_told()) {
        return wrong;
    }
    return difference_of_state();
}

/// Orders that both have made since: those of a step, matched by what they are for.
std::optional<std::string> WalkPair::name_new_orders() {
    const campaigns::Campaign* campaign = rig_.find(campaign_id);
    if (campaign == nullptr) {
        return std::nullopt;
    }
    const auto& book = campaign->book();
    const auto& wanted = model_.orders();
    if (book.order_count() != wanted.size()) {
        return "orders made: engine " + std::to_string(book.order_count()) + ", model " +
               std::to_string(wanted.size());
    }
    std::set<campaigns::RecordIndex> free;
    for (auto at = orders_.size(); at < wanted.size(); ++at) {
        free.insert(static_cast<campaigns::RecordIndex>(at));
    }
    for (auto at = orders_.size(); at < wanted.size(); ++at) {
        const auto same = std::ranges::find_if(free, [&](campaigns::RecordIndex index) {
            const auto& order = book.order(index);
            return order.buyer.raw() == wanted[at].buyer &&
                   order.line_count == wanted[at].items.size() &&
                   book.line(order, 0).item == wanted[at].items[0] &&
                   order.pay_by.ms() == wanted[at].pay_by_ms;
        });
        if (same == free.end()) {
            return "the model made an order for buyer " + std::to_string(wanted[at].buyer) +
                   ", the engine none like it";
        }
        const OrderId id = book.order(*same).id;
        free.erase(same);
        names_.give("o" + std::to_string(at), id);
        orders_.push_back(id);
    }
    return std::nullopt;
}

// Comparing --------------------------------------------------------------------------------------

std::optional<std::string> WalkPair::difference(const Asked& asked) const {
    const Answer& engine = asked.engine;
    const NaiveAnswer& model = asked.model;
    Comparison compare;
    compare.of("code", engine.code, model.code);
    compare.of("replayed", engine.replayed, model.replayed);
    compare.of("left", units_of(engine.left), model.left);
    compare.of("may_return", engine.may_return, model.may_return);
    compare.of("place",
               engine.waiting ? std::optional<std::int64_t>{engine.waiting->place} : std::nullopt,
               model.place);
    compare.of("starts_in", ms_of(engine.starts_in), model.starts_in_ms);
    compare.of("refund", fen_of(engine.refund_amount), model.refund_amount);
    compare.of("reason", engine.refund_reason, model.refund_reason);
    if (model.code == Code::limit_buyer) {
        compare.of(
            "open order", engine.open_order ? names_.of(*engine.open_order) : std::string{"none"},
            model.open_order ? "o" + std::to_string(*model.open_order) : std::string{"none"});
    }
    if (model.ticket_ms && engine.ticket) {
        compare.of("not before", engine.ticket->not_before.ms(), model.ticket_ms->first);
        compare.of("expires", engine.ticket->expires.ms(), model.ticket_ms->second);
    }
    // Stock and blocklist acts told again show the campaign as it is now.
    const bool shows_campaign = model.campaign && engine.campaign_state && !model.replayed;
    if (shows_campaign) {
        compare.of("campaign", *engine.campaign_state, *model.campaign);
        compare.of("version", engine.version, model.version);
    }
    return compare.wrong() ? compare.wrong() : difference_of_orders(asked);
}

std::optional<std::string> WalkPair::difference_of_orders(const Asked& asked) const {
    const Answer& engine = asked.engine;
    const NaiveAnswer& model = asked.model;
    Comparison compare;
    compare.of("names an order", engine.order.has_value(), model.order.has_value());
    if (!engine.order || !model.order) {
        return compare.wrong();
    }
    std::int64_t units = 0;
    std::int64_t refunded = 0;
    for (const campaigns::LineView& line : engine.order->lines) {
        units += line.quantity.units();
        refunded += line.refunded.units();
    }
    compare.of("order", names_.of(engine.order->order_id), "o" + std::to_string(*model.order));
    compare.of("amount", engine.order->amount.fen(), model.amount.value_or(-1));
    compare.of("units", units, model.units.value_or(-1));
    compare.of("state now", engine.state_now, model.state_now);
    compare.of("pay by", engine.order->pay_by.ms(), model.pay_by_ms.value_or(-1));
    // A refund, or a payment beside the one that counts, told again shows the order as it is now.
    const bool is_as_it_was = model.code != Code::ok && model.code != Code::refund_required;
    if (is_as_it_was || !model.replayed) {
        compare.of("state", std::optional{engine.order->state}, model.state);
        compare.of("refunded units", refunded, model.refunded_units);
        compare.of("refunded amount", engine.order->refunded_amount.fen(), model.refunded_amount);
        compare.of("waits", engine.order->waits_for_operator, model.waits);
    }
    return compare.wrong();
}

std::optional<std::string> WalkPair::difference_of_state() const {
    const campaigns::Campaign* campaign = rig_.find(campaign_id);
    Comparison compare;
    const bool is_gone = model_.state() == campaigns::CampaignState::archived;
    compare.of("archived", campaign == nullptr, is_gone);
    if (campaign == nullptr || is_gone) {
        return compare.wrong();
    }
    compare.of("state of the campaign", campaign->state(), model_.state());
    compare.of("version of the campaign", campaign->version(), model_.version());
    for (std::uint16_t item = 0; item < campaign->item_count() && is_quiet_; ++item) {
        const std::string name = model_.rules().items[item].id + ".";
        const campaigns::StockCell& cell = campaign->cell(item);
        compare.of(name + "available", cell.available().units(), model_.available(item));
        compare.of(name + "held", cell.held().units(), model_.held(item));
        compare.of(name + "sold", cell.sold().units(), model_.sold(item));
        compare.of(name + "reserve", cell.reserve().units(), model_.reserve(item));
        compare.of(name + "removed", cell.removed().units(), model_.removed(item));
    }
    for (std::uint64_t buyer = 1; buyer <= 5 && is_quiet_; ++buyer) {
        for (std::uint16_t item = 0; item < campaign->item_count(); ++item) {
            compare.of(
                "place of " + std::to_string(buyer),
                std::int64_t{campaign->waitlist().place_of(BuyerId{buyer}, item).value_or(0)},
                model_.place_of(buyer, item));
        }
    }
    for (std::size_t at = 0; at < orders_.size(); ++at) {
        const std::string name = "o" + std::to_string(at) + ".";
        const auto& order = model_.orders()[at];
        const auto view = campaign->view(campaign->book().find_order(orders_[at]));
        compare.of(name + "state", view.state, order.state);
        compare.of(name + "waits", view.waits_for_operator, order.waits);
        compare.of(name + "refunded", view.refunded_amount.fen(), order.refunded_amount);
    }
    return compare.wrong();
}

std::optional<std::string> WalkPair::difference_of_told() {
    const auto joined = [](const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines) {
            text += (text.empty() ? "" : "; ") + line;
        }
        return text;
    };
    std::vector<std::string> engine;
    for (const SettlementRecord& record : rig_.take_told()) {
        if (const auto* event = std::get_if<EventRow>(&record)) {
            engine.push_back(told(*event, names_));
        } else if (const auto* row = std::get_if<OrderRow>(&record)) {
            engine.push_back("ROW " + names_.of(row->order_id) + " amount " +
                             std::to_string(row->amount.fen()));
        }
    }
    Comparison compare;
    compare.of("told to settlement", joined(engine), joined(model_.take_told()));
    return compare.wrong();
}

}  // namespace stampede::tests
