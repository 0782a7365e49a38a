// SPDX-License-Identifier: Apache-2.0
// Bargains of the simulation, and what a bargain's events may say one after the other: the price
// falls by every cut and by nothing else, each helper cuts once, the last one reaches the floor.
#include <algorithm>
#include <map>

#include "campaigns/bargains.hpp"
#include "tests/simulation/simulated_play.hpp"

namespace stampede::tests {

namespace {

using namespace campaigns;

constexpr auto act_launch = static_cast<Asked::Act>(static_cast<int>(Asked::Act::own_acts));
constexpr auto act_cut = static_cast<Asked::Act>(static_cast<int>(Asked::Act::own_acts) + 1);
constexpr auto act_order = static_cast<Asked::Act>(static_cast<int>(Asked::Act::own_acts) + 2);

struct Bargain {
    BargainId id;
    BuyerId starter;
    std::uint16_t item = 0;
    Instant deadline;
    Instant pay_until;
    Money price;
    std::map<BuyerId, Money> cuts;
    BargainState state = BargainState::open;
    BargainState back_to = BargainState::open;
    OrderId order;
    bool keeps_unit = false;
    History<BargainState> states;

    [[nodiscard]] Instant end() const {
        return (state == BargainState::ordered ? back_to : state) == BargainState::open ? deadline
                                                                                        : pay_until;
    }
};

class SimulatedBargain final : public SimulatedPlay {
  public:
    using SimulatedPlay::SimulatedPlay;

    void draw_up(CampaignConfig& config, Chance& chance) override;
    [[nodiscard]] Asked wish(BuyerId buyer, Chance& chance) const override;
    [[nodiscard]] std::optional<Command> intervene(CampaignId campaign,
                                                   Chance& chance) const override;
    void see(const Event& event, const Seen& seen) override;
    void hold_ended(OrderId order, const Seen& seen) override;
    void order_confirmed(OrderId order, const Seen& seen) override;
    void campaign_changed(CampaignState to) override { is_ending_ = to == CampaignState::ending; }
    [[nodiscard]] std::optional<std::string> contradiction(BuyerId buyer, const Asked& asked,
                                                           const Told& told,
                                                           Instant now) const override;
    [[nodiscard]] std::optional<std::string> forgotten(const Campaign& campaign,
                                                       Instant then) const override;
    [[nodiscard]] std::optional<std::string> unrest() const override;

  private:
    void happened(const BargainLaunched& event, const Seen& seen);
    void happened(const BargainCut& event, const Seen& seen);
    void happened(const BargainOrdered& event, const Seen& seen);
    void happened(const BargainClosed& event, const Seen& seen);
    void happened(const BargainsSwept& event, const Seen& seen);
    void judge_amount(const Bargain& bargain, Money amount);
    void judge_helper(const Bargain& bargain, BuyerId helper, std::uint32_t day);
    void close(Bargain& bargain, BargainState as, const Seen& seen);
    void set_state(Bargain& bargain, BargainState state, const Seen& seen);
    void keep_unit(Bargain& bargain);
    [[nodiscard]] std::optional<std::string> cut_contradiction(BuyerId buyer, const Told& told,
                                                               const Bargain& wanted) const;
    [[nodiscard]] std::optional<std::string> refusal_contradiction(BuyerId buyer,
                                                                   const Asked& asked,
                                                                   const Told& told,
                                                                   Instant now) const;

    [[nodiscard]] const BargainTerms& terms() const {
        return std::get<BargainTerms>(orders().config().terms);
    }
    [[nodiscard]] const BargainItemTerms& terms(const Bargain& bargain) const {
        return terms().items[bargain.item];
    }
    [[nodiscard]] const Bargain* find(BargainId id) const {
        const auto found = by_id_.find(id);
        return found == by_id_.end() ? nullptr : &bargains_[found->second];
    }
    Bargain& bargain(BargainId id) {
        const auto found = by_id_.find(id);
        check(found != by_id_.end(), "an event about a bargain that nobody launched");
        return bargains_[found->second];
    }
    [[nodiscard]] const Bargain* one_for(BuyerId starter, Chance& chance) const;
    [[nodiscard]] std::int64_t launched_by(BuyerId buyer, bool running) const {
        return std::ranges::count_if(bargains_, [&](const Bargain& one) {
            return one.starter == buyer && (!running || is_running(one.state));
        });
    }

    std::vector<Bargain> bargains_;
    std::map<BargainId, std::size_t> by_id_;
    std::map<OrderId, BargainId> of_order_;
    std::map<BuyerId, History<std::int64_t>> running_;
    std::map<std::pair<BuyerId, std::uint32_t>, std::uint32_t> helps_of_day_;
    std::map<BuyerId, std::uint32_t> helps_;
    bool is_ending_ = false;
};

// Generating -------------------------------------------------------------------------------------

CutRules draw_up_cuts(Chance& chance, bool free_floor) {
    CutRules cuts;
    cuts.start_price = Money{chance.between(20, 60)};
    cuts.floor_price = Money{free_floor ? 0 : chance.between(1, 10)};
    if (chance.percent(80)) {
        cuts.helpers = static_cast<std::uint32_t>(chance.between(1, 4));
    }
    // Whoever does not say how many helpers it takes must say how much each takes.
    cuts.mode = static_cast<CutMode>(cuts.helpers ? chance.between(0, 3) : chance.between(1, 3));
    switch (cuts.mode) {
        case CutMode::planned:
            break;
        case CutMode::uniform:
            cuts.uniform = {.min = Money{1}, .max = Money{chance.between(1, 30)}};
            break;
        case CutMode::proportional:
            cuts.low_bp = 1'000;
            cuts.high_bp = 6'000;
            break;
        case CutMode::staged:
            cuts.stages.push_back({.upto = 1, .range = {.min = Money{5}, .max = Money{15}}});
            cuts.stages.push_back({.upto = 100, .range = {.min = Money{1}, .max = Money{10}}});
            break;
    }
    cuts.first_cut = Money{chance.between(0, 3)};
    cuts.new_helper_bonus_bp = chance.percent(30) ? 2'000 : 0;
    return cuts;
}

void SimulatedBargain::draw_up(CampaignConfig& config, Chance& chance) {
    BargainTerms terms;
    config.zero_price = chance.percent(15);
    for (ItemConfig& item : config.items) {
        BargainItemTerms own;
        own.cuts = draw_up_cuts(chance, config.zero_price);
        own.valid = Duration::seconds(10 * chance.between(config.hold.ms() / 10'000, 20));
        own.pay = config.hold + Duration::seconds(10 * chance.between(0, 3));
        own.buy_at = chance.percent(50) ? BuyAt::floor : BuyAt::any_price;
        own.stock_at = static_cast<StockAt>(chance.below(3));
        item.price = own.cuts.start_price;
        item.list_price = own.cuts.start_price;
        terms.items.push_back(own);
    }
    terms.helps.per_campaign = chance.percent(20) ? std::optional{std::uint32_t{10}} : std::nullopt;
    terms.helps.per_day = chance.percent(20) ? std::optional{std::uint32_t{5}} : std::nullopt;
    terms.mutual_help = chance.percent(40) ? MutualHelp::block : MutualHelp::allow;
    terms.open_launches_per_buyer = static_cast<std::uint32_t>(chance.between(1, 2));
    terms.launches_per_buyer = static_cast<std::uint32_t>(chance.between(2, 20));
    terms.close_with_campaign = chance.percent(30);
    config.limits.per_buyer = chance.between(1, 6);
    config.limits.per_order_max = 1;
    config.terms = terms;
}

Asked SimulatedBargain::wish(BuyerId buyer, Chance& chance) const {
    Asked asked;
    asked.item = any_item(chance);
    const std::uint64_t what = chance.below(100);
    if (bargains_.empty() || what < 20) {
        asked.act = act_launch;
        asked.path = "/bargains";
        asked.body = R"({"item_id":")" +
                     std::string{orders().config().items[asked.item].item_id.view()} + "\"}";
        return asked;
    }
    asked.act = what < 70 ? act_cut : act_order;
    const Bargain* const wanted = one_for(asked.act == act_order ? buyer : BuyerId{}, chance);
    asked.item = wanted->item;
    asked.record = wanted->id.raw();
    asked.path =
        "/bargains/" + Base36(asked.record).str() + (asked.act == act_cut ? "/cuts" : "/orders");
    asked.body = "{}";
    return asked;
}

/// Mostly one that runs and is not reached yet; for `starter`, if given, mostly his own.
const Bargain* SimulatedBargain::one_for(BuyerId starter, Chance& chance) const {
    std::vector<const Bargain*> running;
    for (auto at = bargains_.rbegin(); at != bargains_.rend() && running.size() < 4; ++at) {
        const bool meant =
            starter == BuyerId{} ? at->state == BargainState::open : at->starter == starter;
        if (meant && is_running(at->state)) {
            running.push_back(&*at);
        }
    }
    return running.empty() || chance.percent(10) ? &bargains_[chance.below(bargains_.size())]
                                                 : running[chance.below(running.size())];
}

std::optional<Command> SimulatedBargain::intervene(CampaignId campaign, Chance& chance) const {
    if (bargains_.empty()) {
        return std::nullopt;
    }
    return CancelBargain{
        .campaign = campaign,
        .bargain = bargains_[bargains_.size() - 1 -
                             chance.below(std::min<std::size_t>(bargains_.size(), 4))]
                       .id,
        .actor = Actor{"sim"}};
}

// What the journal says --------------------------------------------------------------------------

void SimulatedBargain::see(const Event& event, const Seen& seen) {
    if (const auto* family = std::get_if<BargainPlay::Event>(&event)) {
        std::visit([&](const auto& own) { happened(own, seen); }, *family);
    }
}

void SimulatedBargain::set_state(Bargain& bargain, BargainState state, const Seen& seen) {
    bargain.state = state;
    bargain.states.note(seen.commit, state);
    running_[bargain.starter].note(seen.commit, launched_by(bargain.starter, true));
}

void SimulatedBargain::keep_unit(Bargain& bargain) {
    bargain.keeps_unit = true;
    orders().move(bargain.item, -1);
}

void SimulatedBargain::happened(const BargainLaunched& event, const Seen& seen) {
    JournalOrders& book = orders();
    book.require(!by_id_.contains(event.bargain), "a bargain's id was given twice");
    by_id_[event.bargain] = bargains_.size();
    Bargain& of = bargains_.emplace_back();
    of.id = event.bargain;
    of.starter = event.starter;
    of.item = event.item;
    of.deadline = event.deadline;
    of.price = terms(of).cuts.start_price - event.first_cut;
    book.require(event.first_cut == terms(of).cuts.first_cut, "another first cut than the item's");
    book.require(event.deadline - seen.at <= terms(of).valid, "a bargain lives longer than it may");
    book.require(launched_by(event.starter, true) <= terms().open_launches_per_buyer,
                 "a buyer has more bargains running than he may");
    book.require(launched_by(event.starter, false) <= terms().launches_per_buyer,
                 "a buyer launched more bargains than he may");
    if (terms(of).stock_at == StockAt::launch) {
        keep_unit(of);
    }
    set_state(of, BargainState::open, seen);
}

/// 1 fen or more, 1 fen for each helper to come, and all of the rest for the last.
void SimulatedBargain::judge_amount(const Bargain& bargain, Money amount) {
    const CutRules& cuts = terms(bargain).cuts;
    const Money rest = bargain.price - cuts.floor_price;
    orders().require(amount >= Money{1} && amount <= rest, "a cut of nothing, or below the floor");
    if (cuts.helpers) {
        const auto missing = static_cast<std::int64_t>(*cuts.helpers - bargain.cuts.size());
        orders().require(missing >= 1, "more helpers than were said");
        orders().require(missing > 1 ? amount <= rest - Money{missing - 1} : amount == rest,
                         missing > 1 ? "a cut leaves nothing to later helpers"
                                     : "the last helper does not reach the floor");
    }
}

void SimulatedBargain::judge_helper(const Bargain& bargain, BuyerId helper, std::uint32_t day) {
    JournalOrders& book = orders();
    book.require(helper != bargain.starter, "a starter helps himself");
    book.require(!bargain.cuts.contains(helper), "a helper cuts twice");
    const bool was_helped = std::ranges::any_of(bargains_, [&](const Bargain& one) {
        return one.starter == helper && one.cuts.contains(bargain.starter);
    });
    book.require(!was_helped || terms().mutual_help == MutualHelp::allow,
                 "two help each other where that is blocked");
    const std::uint32_t of_day = ++helps_of_day_[{helper, day}];
    const std::uint32_t all = ++helps_[helper];
    book.require(!terms().helps.per_day || of_day <= *terms().helps.per_day,
                 "a helper helps more often in a day than he may");
    book.require(!terms().helps.per_campaign || all <= *terms().helps.per_campaign,
                 "a helper helps more often than he may");
}

void SimulatedBargain::happened(const BargainCut& event, const Seen& seen) {
    JournalOrders& book = orders();
    Bargain& of = bargain(event.bargain);
    book.require(of.state == BargainState::open, "a cut of a bargain that is not open");
    book.require(seen.at < of.deadline, "a cut after the deadline");
    book.require(event.new_helper == is_new_buyer(event.helper), "new is who was not, or not");
    judge_helper(of, event.helper, event.day);
    judge_amount(of, event.amount);
    of.cuts[event.helper] = event.amount;
    of.price = of.price - event.amount;
    const bool is_floor = of.price == terms(of).cuts.floor_price;
    const bool takes_unit = is_floor && terms(of).stock_at == StockAt::floor;
    const bool is_gone = takes_unit && book.available(of.item) == 0;
    const BargainState expected = !is_floor ? BargainState::open
                                  : is_gone ? BargainState::sold_out
                                            : BargainState::reached;
    book.require(event.then == expected, "another state after a cut than the price says");
    if (takes_unit && !is_gone) {
        keep_unit(of);
    }
    if (expected == BargainState::reached) {
        of.pay_until = event.pay_until;
        book.require(of.pay_until == seen.at + terms(of).pay, "another time to pay than was said");
    }
    set_state(of, expected, seen);
}

void SimulatedBargain::happened(const BargainOrdered& event, const Seen& seen) {
    JournalOrders& book = orders();
    Bargain& of = bargain(event.bargain);
    const bool may = of.state == BargainState::reached ||
                     (of.state == BargainState::open && terms(of).buy_at == BuyAt::any_price);
    book.require(may, "an order of a bargain that cannot be bought");
    book.require(event.price == of.price, "another price than its cuts have left");
    book.require(event.pay_by <= of.end() && seen.at < of.end(), "an order outlives its bargain");
    of.order = event.order;
    of.back_to = of.state;
    of_order_[event.order] = of.id;
    book.hold({.id = event.order,
               .buyer = of.starter,
               .pay_by = event.pay_by,
               .lines = {{.item = of.item, .quantity = Quantity{1}, .unit_price = event.price}},
               .units_with_play = of.keeps_unit});
    set_state(of, BargainState::ordered, seen);
}

void SimulatedBargain::close(Bargain& bargain, BargainState as, const Seen& seen) {
    orders().require(is_running(bargain.state), "a bargain ends twice");
    if (std::exchange(bargain.keeps_unit, false)) {
        orders().move(bargain.item, 1);
    }
    set_state(bargain, as, seen);
}

void SimulatedBargain::happened(const BargainClosed& event, const Seen& seen) {
    Bargain& of = bargain(event.bargain);
    const bool closes = terms().close_with_campaign && is_ending_;
    orders().require(event.as == BargainState::cancelled || seen.at >= of.end() ||
                         (closes && of.state == BargainState::open),
                     "a bargain ended before its time");
    orders().require(event.as == BargainState::cancelled ||
                         (event.as == BargainState::expired) == (of.state == BargainState::open),
                     "expired what was reached, or lapsed what was not");
    close(of, event.as, seen);
}

void SimulatedBargain::happened(const BargainsSwept& event, const Seen& seen) {
    for (RecordIndex at = event.first; at < event.first + event.count; ++at) {
        Bargain& of = bargains_.at(at);
        const bool meant = event.as == BargainState::cancelled ? is_running(of.state)
                                                               : of.state == BargainState::open;
        if (meant) {
            close(of, event.as, seen);
        }
    }
}

void SimulatedBargain::hold_ended(OrderId order, const Seen& seen) {
    Bargain& of = bargain(of_order_.at(order));
    if (of.state == BargainState::ordered && of.order == order) {
        set_state(of, of.back_to, seen);
    }
}

void SimulatedBargain::order_confirmed(OrderId order, const Seen& seen) {
    Bargain& of = bargain(of_order_.at(order));
    orders().require(of.state == BargainState::ordered || of.state == BargainState::reached,
                     "a bargain was paid for that could not be bought");
    orders().require(!of.keeps_unit || orders().find(order)->units_with_play,
                     "a bargain keeps a unit beside the one that was sold");
    of.keeps_unit = false;
    of.order = order;
    set_state(of, BargainState::paid, seen);
}

// Judging ----------------------------------------------------------------------------------------

std::optional<std::string> SimulatedBargain::contradiction(BuyerId buyer, const Asked& asked,
                                                           const Told& told, Instant now) const {
    const Bargain* const named = find(BargainId{told.id("bargain_id")});
    if (asked.act < act_launch) {
        return std::nullopt;
    }
    if (told.number("current_price") >= 0 && named != nullptr) {
        const CutRules& cuts = terms(*named).cuts;
        if (told.number("current_price") < cuts.floor_price.fen() ||
            told.number("current_price") > cuts.start_price.fen()) {
            return std::string{"a price below the floor or above the start"};
        }
    }
    if (told.receipt == Sequence{}) {
        return refusal_contradiction(buyer, asked, told, now);
    }
    if (named == nullptr) {
        return std::string{"told of a bargain that is not in the journal"};
    }
    if (asked.act == act_launch && named->starter != buyer) {
        return std::string{"launched for somebody else"};
    }
    if (asked.act == act_cut) {
        return cut_contradiction(buyer, told, *named);
    }
    if (asked.act == act_order && of_order_.find(told.order) == of_order_.end()) {
        return std::string{"an order that is not the bargain's"};
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedBargain::cut_contradiction(BuyerId buyer, const Told& told,
                                                               const Bargain& wanted) const {
    const auto own = wanted.cuts.find(buyer);
    const auto at = told.body.find("\"cut\":{");
    if (own == wanted.cuts.end() || at == std::string::npos) {
        return std::string{"told of a cut that is not in the journal"};
    }
    if (Told{told.body.substr(at)}.number("amount") != own->second.fen()) {
        return std::string{"told of another amount than was cut"};
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedBargain::refusal_contradiction(BuyerId buyer,
                                                                   const Asked& asked,
                                                                   const Told& told,
                                                                   Instant now) const {
    const auto wrong_unless = [](bool holds, const char* what) {
        return holds ? std::nullopt : std::optional{std::string{what}};
    };
    if (told.code == "LAUNCH_EXISTS") {
        const auto own = running_.find(buyer);
        return wrong_unless(own != running_.end() &&
                                own->second.was(asked.durable_then,
                                                [&](std::int64_t n) {
                                                    return n >= terms().open_launches_per_buyer;
                                                }),
                            "told of a bargain that he has not");
    }
    if (told.code == "LAUNCH_LIMIT") {
        return wrong_unless(launched_by(buyer, false) >= terms().launches_per_buyer,
                            "told of more launches than he made");
    }
    const Bargain* const wanted = find(BargainId{asked.record});
    if (told.code == "BARGAIN_UNKNOWN") {
        return wrong_unless(
            wanted == nullptr || (asked.act == act_order && wanted->starter != buyer),
            "a bargain that is there is told as unknown");
    }
    if (wanted == nullptr) {
        return std::nullopt;
    }
    const auto was = [&](auto&& holds) { return wanted->states.was(asked.durable_then, holds); };
    if (told.code == "HELP_SELF") {
        return wrong_unless(wanted->starter == buyer, "told that he helps himself");
    }
    if (told.code == "HELP_REPEAT") {
        return wrong_unless(wanted->cuts.contains(buyer), "told of a help that he never gave");
    }
    if (told.code == "ALREADY_DONE") {
        return wrong_unless(was([](BargainState state) { return state != BargainState::open; }),
                            "an open bargain is told as done");
    }
    if (told.code == "FLOOR_NOT_REACHED") {
        return wrong_unless(was([](BargainState state) { return state == BargainState::open; }) &&
                                terms(*wanted).buy_at == BuyAt::floor,
                            "a bargain at its floor is told as above it");
    }
    if (told.code == "BARGAIN_ENDED") {
        const auto is_short = [&](Instant end) {
            return asked.act == act_order ? end - now < orders().config().min_pay : now >= end;
        };
        const bool was_reached = wanted->pay_until != Instant{};
        const bool is_late =
            is_short(wanted->deadline) || (was_reached && is_short(wanted->pay_until));
        return wrong_unless(is_late || terms().close_with_campaign ||
                                was([](BargainState state) { return !is_running(state); }),
                            "a bargain that runs is told as ended");
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedBargain::forgotten(const Campaign& campaign,
                                                       Instant then) const {
    const BargainBook& book = bargains_of(campaign).book();
    for (RecordIndex at = 0; at < book.count(); ++at) {
        const BargainRecord& bargain = book.bargain(at);
        const bool waits =
            bargain.state == BargainState::open || bargain.state == BargainState::reached;
        if (waits && end_of(bargain) < then) {
            return "a bargain outlives its time: " + Base36(bargain.id.raw()).str();
        }
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedBargain::unrest() const {
    const auto open = std::ranges::find_if(
        bargains_, [](const Bargain& bargain) { return is_running(bargain.state); });
    return open == bargains_.end()
               ? std::nullopt
               : std::optional{"a bargain is still open: " + Base36(open->id.raw()).str()};
}

}  // namespace

std::unique_ptr<SimulatedPlay> simulated_bargain(JournalOrders& orders) {
    return std::make_unique<SimulatedBargain>(orders);
}

}  // namespace stampede::tests
