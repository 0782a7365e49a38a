// SPDX-License-Identifier: Apache-2.0
// What each event makes true of a bargain, what time and mass work ask for, and what is read.
#include "campaigns/bargains.hpp"

#include <algorithm>

#include "campaigns/campaign.hpp"
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};

std::size_t bargains_expected(const CampaignConfig& config) {
    return orders_expected(config);
}

Deadline deadline_of(const Campaign& campaign, const BargainRecord& bargain) {
    return {.at = end_of(bargain),
            .scope = campaign.id().raw(),
            .subject = bargain.id.raw(),
            .kind = bargain_deadline};
}

bool closes_its_bargains(const Campaign& campaign) {
    return campaign.state() == CampaignState::ending &&
           std::get<BargainTerms>(campaign.config().terms).close_with_campaign;
}

BargainBook::Sweep sweep_of(const Campaign& campaign) {
    return campaign.was_killed() ? BargainBook::Sweep::of_kill : BargainBook::Sweep::of_end;
}

}  // namespace

const Bargains& bargains_of(const Campaign& campaign) {
    check(campaign.config().play == Play::bargain && campaign.play() != nullptr,
          "a bargain in a campaign of another play");
    return static_cast<const Bargains&>(*campaign.play());  // begin() made it
}

const BargainItemTerms& terms_of(const Campaign& campaign, std::uint16_t item) {
    return std::get<BargainTerms>(campaign.config().terms).items[item];
}

BargainState state_of(const Campaign& campaign, const BargainRecord& bargain) {
    return campaign.was_killed() && is_running(bargain.state) ? BargainState::cancelled
                                                              : bargain.state;
}

Instant end_of(const BargainRecord& bargain) {
    const BargainState of =
        bargain.state == BargainState::ordered ? bargain.back_to : bargain.state;
    return of == BargainState::open ? bargain.deadline : bargain.pay_until;
}

std::optional<BargainState> ended_by_time(const Campaign& campaign, const BargainRecord& bargain,
                                          BargainState state, Instant now) {
    if (state == BargainState::open) {
        return now >= bargain.deadline || closes_its_bargains(campaign)
                   ? std::optional{BargainState::expired}
                   : std::nullopt;
    }
    return state == BargainState::reached && now >= bargain.pay_until
               ? std::optional{BargainState::lapsed}
               : std::nullopt;
}

std::string_view text(BargainState state) {
    switch (state) {
        case BargainState::open:
            return "open";
        case BargainState::reached:
            return "reached";
        case BargainState::ordered:
            return "ordered";
        case BargainState::paid:
            return "paid";
        case BargainState::expired:
            return "expired";
        case BargainState::cancelled:
            return "cancelled";
        case BargainState::sold_out:
            return "sold_out";
        case BargainState::lapsed:
            return "lapsed";
    }
    unreachable("a bargain's state without a text");
}

std::string_view text(BuyAt at) {
    return at == BuyAt::floor ? "floor" : "any_price";
}

std::string_view text(StockAt at) {
    switch (at) {
        case StockAt::floor:
            return "floor";
        case StockAt::launch:
            return "launch";
        case StockAt::order:
            return "order";
    }
    unreachable("a moment without a text");
}

std::string_view text(MutualHelp mutual) {
    return mutual == MutualHelp::block ? "block" : "allow";
}

std::unique_ptr<PlayState> BargainPlay::begin(const CampaignConfig& config) {
    return std::make_unique<Bargains>(config);
}

Bargains::Bargains(const CampaignConfig& config)
    : book_(config.items.size(), bargains_expected(config), 4 * bargains_expected(config)) {}

// Verdicts ---------------------------------------------------------------------------------------

Answer Bargains::decide(const Campaign& campaign, const Command& command, const Context& context,
                        Events& events) const {
    return std::visit(
        Overloaded{
            [&](const LaunchBargain& own) { return decide_launch(campaign, own, context, events); },
            [&](const CutBargain& own) { return decide_cut(campaign, own, context, events); },
            [&](const OrderBargain& own) {
                return decide_bargain_order(campaign, own, context, events);
            },
            [&](const CancelBargain& own) {
                return decide_bargain_cancel(campaign, own, context, events);
            },
            [&](const ExpireBargain& own) {
                return decide_bargain_expiry(campaign, own, context, events);
            },
            [](const auto&) -> Answer { unreachable("a command of another play"); },
        },
        command);
}

std::optional<Money> Bargains::price_alone(const Campaign& /*campaign*/,
                                           std::uint16_t /*item*/) const {
    return std::nullopt;
}

Answer Bargains::decide_payment(const Campaign& campaign, RecordIndex order,
                                const RecordPayment& payment, Late late, const Context& context,
                                Events& events) const {
    Answer answer = confirm_order(campaign, order, payment, late, context, events);
    BargainView view = view_of(campaign, campaign.book().order(order).owner);
    view.state = BargainState::paid;
    answer.record = std::move(view);
    return answer;
}

bool Bargains::can_reacquire(const Campaign& campaign, RecordIndex order,
                             const Context& context) const {
    const OrderRecord& late = campaign.book().order(order);
    const BargainRecord& bargain = book_.bargain(late.owner);
    // What was to be paid before further cuts is not the price any more.
    return bargain.state == BargainState::reached && context.now < bargain.pay_until &&
           late.amount == bargain.current;
}

void Bargains::after_hold_ends(const Campaign& campaign, RecordIndex order, const Context& context,
                               Events& events) const {
    const BargainRecord& bargain = book_.bargain(campaign.book().order(order).owner);
    if (campaign.was_killed() || bargain.state != BargainState::ordered || bargain.order != order) {
        return;
    }
    if (const auto ended = ended_by_time(campaign, bargain, bargain.back_to, context.now)) {
        events.emplace_back(BargainPlay::Event{
            BargainClosed{.bargain = bargain.id, .as = *ended, .actor = Actor{}}});
    }
}

std::optional<Command> Bargains::due(const Campaign& campaign, const Deadline& deadline) const {
    const BargainId id{deadline.subject};
    const RecordIndex index = book_.find(id);
    if (index == no_record) {
        return std::nullopt;
    }
    // An ordered one is looked at again when its hold ends, which is not after its own end.
    const BargainState state = book_.bargain(index).state;
    if (state != BargainState::open && state != BargainState::reached) {
        return std::nullopt;
    }
    return ExpireBargain{.campaign = campaign.id(), .bargain = id};
}

// Mass work --------------------------------------------------------------------------------------

bool Bargains::has_chore(const Campaign& campaign) const {
    const bool sweeps = campaign.state() == CampaignState::killed || closes_its_bargains(campaign);
    return sweeps && book_.sweep_next(sweep_of(campaign)) < book_.count();
}

void Bargains::decide_chore(const Campaign& campaign, const Context& /*context*/,
                            Events& events) const {
    const RecordIndex first = book_.sweep_next(sweep_of(campaign));
    events.emplace_back(BargainPlay::Event{BargainsSwept{
        .first = first,
        .count = std::min<RecordIndex>(book_.count() - first, limits::records_per_event_max),
        .as = campaign.was_killed() ? BargainState::cancelled : BargainState::expired}});
}

// Reading ----------------------------------------------------------------------------------------

BargainView Bargains::view_of(const Campaign& campaign, RecordIndex index) const {
    const BargainRecord& bargain = book_.bargain(index);
    const CutRules& cuts = terms_of(campaign, bargain.item).cuts;
    const TallyRecord& tally = book_.helpers().tally(index);
    BargainView view;
    view.bargain_id = bargain.id;
    view.item_id = campaign.config().items[bargain.item].item_id;
    view.starter = bargain.starter;
    view.state = state_of(campaign, bargain);
    view.start_price = cuts.start_price;
    view.floor_price = cuts.floor_price;
    view.current_price = bargain.current;
    if (cuts.helpers) {
        view.helpers_needed = *cuts.helpers - tally.helps;
    }
    view.deadline = end_of(bargain).ms() == 0 ? bargain.deadline : end_of(bargain);
    const bool has_first = bargain.first_cut > Money{0};
    view.cuts.resize(tally.helps + (has_first ? 1U : 0U));
    if (has_first) {
        view.cuts.front() = {.amount = bargain.first_cut, .at = bargain.launched_at, .first = true};
    }
    auto cut = view.cuts.rbegin();
    for (RecordIndex at = tally.last_help; at != no_record;
         at = book_.helpers().help(at).previous_of_tally) {
        const HelpRecord& help = book_.helpers().help(at);
        *cut++ = {.amount = Money{help.worth}, .at = help.at, .new_helper = help.new_helper};
    }
    return view;
}

Answer Bargains::recall(const Campaign& campaign, EventNumber number, std::uint64_t subject,
                        Receipt receipt) const {
    Answer answer;
    RecordIndex index = no_record;
    if (number.kind == BargainOrdered::kind) {
        const RecordIndex order = campaign.book().find_order(OrderId{subject});
        check(order != no_record, "a remembered order that is not here");
        answer = replay_of_order(campaign, order);
        index = campaign.book().order(order).owner;
    } else {
        index = book_.find(BargainId{subject});
        check(index != no_record, "a remembered bargain that is not here");
        answer.code = number.kind == BargainLaunched::kind ? Code::ok
                      : number.kind == BargainCut::kind    ? Code::cut
                                                           : Code::cancelled;
    }
    BargainView view = view_of(campaign, index);
    if (number.kind == BargainCut::kind) {
        RecordIndex at = book_.helpers().tally(index).last_help;
        while (at != no_record && book_.helpers().help(at).receipt != receipt.sequence) {
            at = book_.helpers().help(at).previous_of_tally;
        }
        check(at != no_record, "a remembered cut that is not here");
        const HelpRecord& help = book_.helpers().help(at);
        view.cut =
            CutView{.amount = Money{help.worth}, .at = help.at, .new_helper = help.new_helper};
    }
    answer.record = std::move(view);
    return answer;
}

// Changing ---------------------------------------------------------------------------------------

void Bargains::evolve(Campaign& campaign, const Event& event, const Stamp& stamp,
                      Effects& effects) {
    std::visit([&](const auto& happened) { apply(campaign, happened, stamp, effects); },
               std::get<BargainPlay::Event>(event));
}

void Bargains::apply(Campaign& campaign, const BargainLaunched& event, const Stamp& stamp,
                     Effects& effects) {
    const BargainItemTerms& terms = terms_of(campaign, event.item);
    BargainRecord bargain;
    bargain.id = event.bargain;
    bargain.starter = event.starter;
    bargain.launched_at = stamp.at;
    bargain.deadline = event.deadline;
    bargain.first_cut = event.first_cut;
    bargain.current = terms.cuts.start_price - event.first_cut;
    bargain.item = event.item;
    bargain.keeps_unit = terms.stock_at == StockAt::launch;
    if (bargain.keeps_unit) {
        campaign.change_cell(event.item, [](StockCell& cell) { cell.hold(Quantity{1}); });
    }
    book_.launch(bargain);
    effects.id_used(event.bargain.raw());
    effects.arm(deadline_of(campaign, bargain), event.deadline - stamp.at, Grace::after_restart);
}

void Bargains::apply(Campaign& campaign, const BargainCut& event, const Stamp& stamp,
                     Effects& effects) {
    const RecordIndex index = book_.find(event.bargain);
    const BargainItemTerms& terms = terms_of(campaign, book_.bargain(index).item);
    book_.add_help({.tally = index,
                    .helper = event.helper,
                    .worth = event.amount.fen(),
                    .day = event.day,
                    .at = stamp.at,
                    .receipt = stamp.sequence,
                    .new_helper = event.new_helper});
    const bool takes_unit = event.then == BargainState::reached && terms.stock_at == StockAt::floor;
    if (takes_unit) {
        campaign.change_cell(book_.bargain(index).item,
                             [](StockCell& cell) { cell.hold(Quantity{1}); });
    }
    book_.change(index, [&](BargainRecord& bargain) {
        bargain.current -= event.amount;
        bargain.state = event.then;
        bargain.pay_until = event.pay_until;
        bargain.keeps_unit = bargain.keeps_unit || takes_unit;
    });
    check(book_.bargain(index).current >= terms.cuts.floor_price, "a cut below the floor");
    if (event.then == BargainState::reached) {
        effects.arm(deadline_of(campaign, book_.bargain(index)), event.pay_until - stamp.at,
                    Grace::after_restart);
    } else if (event.then != BargainState::open) {
        campaign.ask_for_mass_work(effects);
    }
}

void Bargains::apply(Campaign& campaign, const BargainOrdered& event, const Stamp& stamp,
                     Effects& effects) {
    const RecordIndex index = book_.find(event.bargain);
    const BargainRecord& bargain = book_.bargain(index);
    const HeldLine line{.item = bargain.item, .quantity = Quantity{1}, .unit_price = event.price};
    const RecordIndex order = campaign.hold({.order = event.order,
                                             .buyer = bargain.starter,
                                             .pay_by = event.pay_by,
                                             .lines = {&line, 1},
                                             .ticket_nonce = 0,
                                             .owner = index,
                                             .units_with_play = bargain.keeps_unit},
                                            stamp, effects);
    book_.change(index, [&](BargainRecord& record) {
        record.order = order;
        record.back_to = record.state;
        record.state = BargainState::ordered;
    });
}

/// The unit that it kept returns to stock.
void Bargains::close(Campaign& campaign, RecordIndex index, BargainState as) {
    const BargainRecord& bargain = book_.bargain(index);
    if (bargain.keeps_unit) {
        campaign.change_cell(bargain.item, [](StockCell& cell) { cell.release(Quantity{1}); });
    }
    book_.change(index, [&](BargainRecord& record) {
        record.state = as;
        record.keeps_unit = false;
    });
}

void Bargains::apply(Campaign& campaign, const BargainClosed& event, const Stamp& /*stamp*/,
                     Effects& effects) {
    close(campaign, book_.find(event.bargain), event.as);
    campaign.ask_for_mass_work(effects);
}

void Bargains::apply(Campaign& campaign, const BargainsSwept& event, const Stamp& /*stamp*/,
                     Effects& effects) {
    const bool is_kill = event.as == BargainState::cancelled;
    for (RecordIndex index = event.first; index < event.first + event.count; ++index) {
        const BargainState state = book_.bargain(index).state;
        if (is_kill ? is_running(state) : state == BargainState::open) {
            close(campaign, index, event.as);
        }
    }
    book_.sweep_to(is_kill ? BargainBook::Sweep::of_kill : BargainBook::Sweep::of_end,
                   event.first + event.count);
    campaign.ask_for_mass_work(effects);
}

void Bargains::hold_ended(Campaign& campaign, RecordIndex order, const Stamp& /*stamp*/) {
    const RecordIndex index = campaign.book().order(order).owner;
    const BargainRecord& bargain = book_.bargain(index);
    if (bargain.state == BargainState::ordered && bargain.order == order) {
        book_.change(index, [](BargainRecord& record) { record.state = record.back_to; });
    }
}

void Bargains::order_confirmed(Campaign& campaign, RecordIndex order, const Stamp& /*stamp*/) {
    book_.change(campaign.book().order(order).owner, [&](BargainRecord& record) {
        record.state = BargainState::paid;
        record.order = order;
        record.keeps_unit = false;  // it is sold with the order
    });
}

void Bargains::rearm(const Campaign& campaign, Effects& effects) const {
    for (RecordIndex index = 0; index < book_.count(); ++index) {
        const BargainRecord& bargain = book_.bargain(index);
        if (is_running(bargain.state)) {
            const BargainItemTerms& terms = terms_of(campaign, bargain.item);
            const bool is_open = end_of(bargain) == bargain.deadline;
            effects.arm(deadline_of(campaign, bargain),
                        is_open ? bargain.deadline - bargain.launched_at : terms.pay,
                        Grace::after_restart);
        }
    }
}

// For the doors ----------------------------------------------------------------------------------

namespace {

const Bargains* play_of(const Campaign& campaign) {
    return campaign.config().play == BargainPlay::play ? &bargains_of(campaign) : nullptr;
}

}  // namespace

std::optional<BargainView> find_bargain(const Campaign& campaign, BargainId id) {
    const Bargains* play = play_of(campaign);
    const RecordIndex bargain = play == nullptr ? no_record : play->book().find(id);
    return bargain == no_record ? std::nullopt : std::optional{play->view_of(campaign, bargain)};
}

std::vector<BargainView> bargains_launched_by(const Campaign& campaign, BuyerId buyer,
                                              std::size_t most) {
    std::vector<BargainView> views;
    const Bargains* play = play_of(campaign);
    RecordIndex at = play == nullptr ? no_record : play->book().starter(buyer).last;
    while (at != no_record && views.size() < most) {
        views.push_back(play->view_of(campaign, at));
        at = play->book().bargain(at).previous_of_starter;
    }
    return views;
}

}  // namespace stampede::campaigns
