// SPDX-License-Identifier: Apache-2.0
// Group-buys of the simulation, and what a group's events may say one after the other: no seat
// twice, none beyond its size, one end, everybody's money accounted for in it.
#include <algorithm>
#include <map>

#include "campaigns/group_buy_state.hpp"
#include "tests/simulation/simulated_play.hpp"

namespace stampede::tests {

namespace {

using namespace campaigns;

constexpr auto act_open = static_cast<Asked::Act>(static_cast<int>(Asked::Act::own_acts));
constexpr auto act_join = static_cast<Asked::Act>(static_cast<int>(Asked::Act::own_acts) + 1);

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};

struct Seat {
    OrderId order;
    BuyerId buyer;
    bool is_new = false;
    bool opener = false;
    bool taken = true;
    std::uint64_t sat_down = 0;
    std::uint64_t paid = 0;  // when; 0: not paid for
    [[nodiscard]] std::uint64_t rank() const { return paid != 0 ? paid : ~std::uint64_t{0}; }
};

struct Group {
    GroupId id;
    std::uint16_t item = 0;
    Instant deadline;
    BuyerId leader;
    std::int64_t kept = 0;
    std::vector<Seat> seats;
    GroupState state = GroupState::forming;
    History<std::size_t> taken_over_time;

    [[nodiscard]] bool is_open() const { return state == GroupState::forming; }
    [[nodiscard]] std::size_t taken() const {
        return static_cast<std::size_t>(std::ranges::count_if(seats, &Seat::taken));
    }
    [[nodiscard]] std::size_t paid() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            seats, [](const Seat& seat) { return seat.taken && seat.paid != 0; }));
    }
    [[nodiscard]] std::size_t new_members() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            seats, [](const Seat& seat) { return seat.taken && seat.is_new; }));
    }
    [[nodiscard]] bool seats_buyer(BuyerId buyer) const {
        return std::ranges::any_of(
            seats, [&](const Seat& seat) { return seat.taken && seat.buyer == buyer; });
    }
};

class SimulatedGroupBuy final : public SimulatedPlay {
  public:
    using SimulatedPlay::SimulatedPlay;

    void draw_up(CampaignConfig& config, Chance& chance) override;
    [[nodiscard]] Asked wish(BuyerId buyer, Chance& chance) const override;
    [[nodiscard]] std::optional<Command> intervene(CampaignId campaign,
                                                   Chance& chance) const override;
    void see(const Event& event, const Seen& seen) override;
    void hold_ended(OrderId order, const Seen& seen) override { leave(order, seen); }
    void order_refunded(OrderId order, const Seen& seen) override { leave(order, seen); }
    void commit_seen(const Seen& seen) override;
    void campaign_changed(CampaignState to) override { is_ending_ = to == CampaignState::ending; }
    [[nodiscard]] std::optional<std::string> contradiction(BuyerId buyer, const Asked& asked,
                                                           const Told& told,
                                                           Instant now) const override;
    [[nodiscard]] std::optional<std::string> forgotten(const Campaign& campaign,
                                                       Instant then) const override;
    [[nodiscard]] std::optional<std::string> unrest() const override;

  private:
    void happened(const GroupOpened& event, const Seen& seen);
    void happened(const SeatTaken& event, const Seen& seen);
    void happened(const SeatPaid& event, const Seen& seen);
    void happened(const GroupSucceeded& event, const Seen& seen);
    void happened(const GroupFailed& event, const Seen& seen);
    void happened(const LeaderChanged& event, const Seen& seen);
    void judge_success(const GroupSucceeded& event, const Group& group, const Seen& seen);
    void judge_members(const GroupSucceeded& event, const Group& group);
    void sit(Group& group, const SeatHold& hold, bool opener, const Seen& seen);
    void pay(Group& group, OrderId order, bool late);
    void leave(OrderId order, const Seen& seen);
    void finish(Group& group, GroupState state, const Seen& seen);
    void note_leads(BuyerId buyer, const Seen& seen);
    [[nodiscard]] std::optional<std::string> refusal_contradiction(BuyerId buyer,
                                                                   const Asked& asked,
                                                                   const Told& told,
                                                                   Instant now) const;

    [[nodiscard]] const GroupTerms& terms() const {
        return std::get<GroupTerms>(orders().config().terms);
    }
    [[nodiscard]] Money first_price(std::uint16_t item) const {
        return terms().tiers.empty() ? orders().config().items[item].price
                                     : terms().tiers.front().price;
    }
    [[nodiscard]] const Group* find(GroupId id) const {
        const auto found = by_id_.find(id);
        return found == by_id_.end() ? nullptr : &groups_[found->second];
    }
    Group& group(GroupId id) {
        const auto found = by_id_.find(id);
        check(found != by_id_.end(), "an event about a group that nothing opened");
        return groups_[found->second];
    }
    static Seat& seat_of(Group& group, OrderId order) {
        const auto seat = std::ranges::find(group.seats, order, &Seat::order);
        check(seat != group.seats.end(), "an event about a seat that nobody took");
        return *seat;
    }
    [[nodiscard]] const Group& one_to_join(Chance& chance) const;
    /// Seats that count against a buyer's limits: of his open groups and of successes.
    [[nodiscard]] std::int64_t standing(BuyerId buyer, bool opener) const;

    std::vector<Group> groups_;
    std::map<GroupId, std::size_t> by_id_;
    std::map<OrderId, GroupId> of_order_;
    std::map<BuyerId, History<std::int64_t>> leads_;
    std::vector<GroupId> touched_;
    bool is_ending_ = false;
    std::uint64_t turn_ = 0;  // counts everything that comes before or after something else
};

// Generating -------------------------------------------------------------------------------------

void SimulatedGroupBuy::draw_up(CampaignConfig& config, Chance& chance) {
    GroupTerms terms;
    terms.size = static_cast<std::uint16_t>(chance.between(2, 4));
    terms.valid = Duration::seconds(10 * chance.between(config.hold.ms() / 10'000, 20));
    terms.open_groups_per_buyer = chance.between(1, 2);
    terms.groups_per_buyer =
        chance.percent(30) ? std::optional{chance.between(1, 3)} : std::nullopt;
    terms.joins_per_buyer = chance.percent(30) ? std::optional{chance.between(1, 3)} : std::nullopt;
    terms.single_price = chance.percent(30) ? std::optional{Money{150}} : std::nullopt;
    terms.public_list = chance.percent(85);
    terms.overflow = static_cast<Overflow>(chance.below(3));
    terms.leader_exit = static_cast<LeaderExit>(chance.below(2));
    terms.close_with_campaign = chance.percent(30);
    config.limits.per_buyer = chance.between(1, 6);
    config.limits.per_order_max = std::min<std::int64_t>(config.limits.per_buyer, 2);
    switch (chance.below(6)) {
        case 0:  // a ladder
            for (std::uint16_t size = 2; size <= terms.size; ++size) {
                terms.tiers.push_back({.size = size, .price = Money{100 - 10 * size}});
            }
            break;
        case 1:
            terms.lottery_winners = static_cast<std::uint16_t>(chance.between(1, terms.size - 1));
            config.limits.per_order_max = 1;
            break;
        case 2:
            terms.new_member_rule = NewMemberRule::at_least_new;
            terms.new_members_min = static_cast<std::uint16_t>(chance.between(1, terms.size));
            break;
        case 3:
            terms.new_member_rule = NewMemberRule::joiners_new_only;
            break;
        default:
            terms.leader_price = chance.percent(40) ? std::optional{Money{80}} : std::nullopt;
            terms.simulate = static_cast<Simulate>(chance.below(3));
            terms.simulate_bp = terms.simulate == Simulate::threshold_bp ? 6'000 : 0;
            break;
    }
    config.terms = terms;
}

Asked SimulatedGroupBuy::wish(BuyerId /*buyer*/, Chance& chance) const {
    Asked asked;
    asked.item = any_item(chance);
    const std::int64_t quantity = chance.between(1, orders().config().limits.per_order_max);
    if (terms().single_price && chance.percent(10)) {
        asked.path = "/orders";
        asked.body = item_body(asked.item, quantity);
        return asked;
    }
    if (groups_.empty() || chance.percent(25)) {
        asked.act = act_open;
        asked.path = "/groups";
        asked.body = item_body(asked.item, quantity);
        return asked;
    }
    const Group& wanted = one_to_join(chance);
    asked.act = act_join;
    asked.item = wanted.item;
    asked.record = wanted.id.raw();
    asked.path = "/groups/" + Base36(asked.record).str() + "/members";
    asked.body = R"({"quantity":)" + std::to_string(quantity) + "}";
    return asked;
}

/// Mostly one that is open: its last seats are wanted by many.
const Group& SimulatedGroupBuy::one_to_join(Chance& chance) const {
    std::vector<const Group*> open;
    for (auto at = groups_.rbegin(); at != groups_.rend() && open.size() < 3; ++at) {
        if (at->is_open()) {
            open.push_back(&*at);
        }
    }
    return open.empty() || chance.percent(10) ? groups_[chance.below(groups_.size())]
                                              : *open[chance.below(open.size())];
}

std::optional<Command> SimulatedGroupBuy::intervene(CampaignId campaign, Chance& chance) const {
    if (groups_.empty()) {
        return std::nullopt;
    }
    return FailGroup{
        .campaign = campaign,
        .group =
            groups_[groups_.size() - 1 - chance.below(std::min<std::size_t>(groups_.size(), 4))].id,
        .actor = Actor{"sim"}};
}

// What the journal says --------------------------------------------------------------------------

void SimulatedGroupBuy::see(const Event& event, const Seen& seen) {
    if (const auto* family = std::get_if<GroupBuy::Event>(&event)) {
        ++turn_;
        std::visit([&](const auto& own) { happened(own, seen); }, *family);
    }
}

std::int64_t SimulatedGroupBuy::standing(BuyerId buyer, bool opener) const {
    std::int64_t seats = 0;
    for (const Group& group : groups_) {
        for (const Seat& seat : group.seats) {
            const bool stands = group.is_open() || group.state == GroupState::success;
            seats += stands && seat.taken && seat.buyer == buyer && seat.opener == opener ? 1 : 0;
        }
    }
    return seats;
}

void SimulatedGroupBuy::note_leads(BuyerId buyer, const Seen& seen) {
    leads_[buyer].note(seen.commit, std::ranges::count_if(groups_, [&](const Group& group) {
                           return group.is_open() && group.leader == buyer;
                       }));
}

void SimulatedGroupBuy::sit(Group& group, const SeatHold& hold, bool opener, const Seen& seen) {
    JournalOrders& book = orders();
    book.require(group.is_open(), "a seat of a group that is over");
    book.require(!group.seats_buyer(hold.buyer), "a buyer sits in a group twice");
    book.require(group.taken() < terms().size, "a group has more members than seats");
    book.require(hold.pay_by <= group.deadline, "a lock outlives its group");
    book.require(group.deadline - seen.at >= book.config().min_pay,
                 "a seat was locked with too little time to pay");
    book.require(hold.is_new == is_new_buyer(hold.buyer), "new is who was not, or not who was");
    group.seats.push_back({.order = hold.order,
                           .buyer = hold.buyer,
                           .is_new = hold.is_new,
                           .opener = opener,
                           .sat_down = turn_});
    book.require(terms().new_member_rule != NewMemberRule::at_least_new ||
                     group.new_members() + terms().size - group.taken() >= terms().new_members_min,
                 "too few seats are left for new members");
    book.require(
        terms().new_member_rule != NewMemberRule::joiners_new_only || opener || hold.is_new,
        "who joins must be new");
    of_order_[hold.order] = group.id;
    book.hold(
        {.id = hold.order,
         .buyer = hold.buyer,
         .pay_by = hold.pay_by,
         .lines = {{.item = group.item, .quantity = hold.quantity, .unit_price = hold.unit_price}},
         .units_with_play = group.kept > 0});
    group.taken_over_time.note(seen.commit, group.taken());
    touched_.push_back(group.id);
    const auto limit = opener ? terms().groups_per_buyer : terms().joins_per_buyer;
    book.require(!limit || standing(hold.buyer, opener) <= *limit,
                 "a buyer has more seats than he may");
}

void SimulatedGroupBuy::happened(const GroupOpened& event, const Seen& seen) {
    JournalOrders& book = orders();
    const GroupId id{event.seat.order.raw()};
    book.require(!by_id_.contains(id), "a group's id was given twice");
    book.require(event.size == terms().size, "a group of another size than the campaign's");
    book.require(event.units_kept.units() == terms().lottery_winners,
                 "a group keeps other units than its lottery needs");
    book.require(event.deadline - seen.at <= terms().valid, "a group lives longer than it may");
    book.require(event.seat.unit_price == terms().leader_price.value_or(first_price(event.item)),
                 "an opener pays another price than the leader's");
    by_id_[id] = groups_.size();
    Group group;
    group.id = id;
    group.item = event.item;
    group.deadline = event.deadline;
    group.leader = event.seat.buyer;
    group.kept = event.units_kept.units();
    groups_.push_back(std::move(group));
    book.move(event.item, -event.units_kept.units());
    sit(groups_.back(), event.seat, true, seen);
    note_leads(event.seat.buyer, seen);
    book.require(
        !leads_[event.seat.buyer].was(
            seen.commit, [&](std::int64_t n) { return n > terms().open_groups_per_buyer; }),
        "a buyer opened a group and leads too many");
}

void SimulatedGroupBuy::happened(const SeatTaken& event, const Seen& seen) {
    Group& of = group(event.group);
    orders().require(event.seat.unit_price == first_price(of.item),
                     "a member pays another price than the group's");
    orders().require(!event.seat.rerouted || terms().overflow != Overflow::reject,
                     "rerouted where the operator rejects");
    sit(of, event.seat, false, seen);
}

void SimulatedGroupBuy::pay(Group& group, OrderId order, bool late) {
    JournalOrders& book = orders();
    Seat& seat = seat_of(group, order);
    book.require(group.is_open(), "a seat of a group that is over was paid for");
    book.require(seat.taken != late, late ? "a late payment for a seat that is taken"
                                          : "a payment for a seat that was left");
    if (late) {
        book.require(group.taken() < terms().size, "a late payment makes a group over-full");
        book.require(!group.seats_buyer(seat.buyer), "a late payment seats a buyer twice");
        seat.taken = true;
        seat.sat_down = turn_;
    }
    seat.paid = turn_;
    book.pay(order, late);
}

void SimulatedGroupBuy::happened(const SeatPaid& event, const Seen& seen) {
    const auto found = of_order_.find(event.order);
    check(found != of_order_.end(), "a seat was paid for that nobody took");
    Group& of = group(found->second);
    pay(of, event.order, event.late);
    of.taken_over_time.note(seen.commit, of.taken());
    orders().require(of.paid() < terms().size, "all seats are paid for, and no success");
    touched_.push_back(of.id);
}

void SimulatedGroupBuy::judge_members(const GroupSucceeded& event, const Group& group) {
    JournalOrders& book = orders();
    std::vector<OrderId> paid;
    std::vector<OrderId> unpaid;
    for (const Seat& seat : group.seats) {
        if (seat.taken) {
            (seat.paid != 0 ? paid : unpaid).push_back(seat.order);
        }
    }
    std::vector<OrderId> members;
    for (const GroupSucceeded::Member& member : event.members) {
        members.push_back(member.order);
    }
    std::vector<OrderId> released = event.released;
    for (auto* list : {&paid, &unpaid, &members, &released}) {
        std::ranges::sort(*list);
    }
    book.require(members == paid, "the members of a success are not who paid");
    book.require(released == unpaid, "a success releases other seats than the unpaid ones");
}

void SimulatedGroupBuy::judge_success(const GroupSucceeded& event, const Group& group,
                                      const Seen& seen) {
    JournalOrders& book = orders();
    judge_members(event, group);
    const std::size_t count = event.members.size();
    // Where groups close with the campaign, an operator's early end is a deadline to all.
    const bool is_over = seen.at >= group.deadline || (is_ending_ && terms().close_with_campaign);
    const bool by_ladder = is_over && !terms().tiers.empty() && event.virtual_seats == 0 &&
                           count >= terms().tiers.front().size;
    const bool by_pretence =
        is_over && terms().simulate != Simulate::off && count + event.virtual_seats == terms().size;
    book.require(count == terms().size || by_ladder || by_pretence,
                 "a success with too few members");
    book.require(by_pretence || event.virtual_seats == 0, "virtual seats where none may be");
    std::size_t confirmed = 0;
    Money price = book.config().items[group.item].price;
    for (const GroupTier& tier : terms().tiers) {
        price = count >= tier.size ? tier.price : price;
    }
    for (const GroupSucceeded::Member& member : event.members) {
        confirmed += member.confirmed ? 1U : 0U;
        const Money back =
            terms().tiers.empty() ? Money{0} : (member.unit_price - price) * member.quantity;
        book.require(member.back == back, "a member gets back another difference");
    }
    book.require(event.price == price, "a success at another price than was reached");
    const std::size_t winners = terms().lottery_winners;
    book.require(confirmed == (winners == 0 ? count : std::min(winners, count)),
                 "another number of members won than could");
}

void SimulatedGroupBuy::happened(const GroupSucceeded& event, const Seen& seen) {
    JournalOrders& book = orders();
    Group& of = group(event.group);
    book.require(of.is_open(), "a group that is over succeeds");
    if (event.order.raw() != 0) {
        pay(of, event.order, event.late);
    }
    judge_success(event, of, seen);
    std::int64_t sold = 0;
    for (const GroupSucceeded::Member& member : event.members) {
        if (member.confirmed) {
            book.confirm(member.order);
            sold += member.quantity.units();
        } else {
            book.owe_paid(member.order);
        }
    }
    for (const OrderId released : event.released) {
        book.end_hold(released);
        seat_of(of, released).taken = false;
    }
    book.move(of.item, of.kept > 0 ? of.kept - sold : 0);
    const BuyerId led = of.leader;
    of.leader = event.leader;
    book.require(of.seats_buyer(event.leader), "a success is led by nobody of it");
    finish(of, GroupState::success, seen);
    note_leads(led, seen);
}

void SimulatedGroupBuy::happened(const GroupFailed& event, const Seen& seen) {
    JournalOrders& book = orders();
    Group& of = group(event.group);
    book.require(of.is_open(), "a group that is over fails");
    book.require(event.refunds.size() == of.paid(), "a failure with too few or too many refunds");
    book.require(event.refunds.size() + event.released.size() == of.taken(),
                 "a failure forgets a seat");
    book.require(event.end != GroupEnd::deadline || seen.at >= of.deadline,
                 "a group failed before its deadline");
    book.require(event.end != GroupEnd::nobody_left || of.taken() == 0,
                 "a group was left by all, but somebody is there");
    book.require(event.end != GroupEnd::leader_left || terms().leader_exit == LeaderExit::dissolve,
                 "dissolved where the next one should lead");
    book.require(event.end != GroupEnd::campaign_ended || terms().close_with_campaign,
                 "a group ends with its campaign that should outlive it");
    for (const GroupFailed::Refund& refund : event.refunds) {
        book.require(seat_of(of, refund.order).taken, "a refund for a seat that was left");
        book.owe_paid(refund.order);
    }
    for (const OrderId released : event.released) {
        book.require(seat_of(of, released).taken, "a seat is released twice");
        book.end_hold(released);
    }
    book.move(of.item, of.kept);
    finish(of, event.state, seen);
    note_leads(of.leader, seen);
}

void SimulatedGroupBuy::finish(Group& group, GroupState state, const Seen& seen) {
    group.state = state;
    group.taken_over_time.note(seen.commit, 0);
}

void SimulatedGroupBuy::happened(const LeaderChanged& event, const Seen& seen) {
    Group& of = group(event.group);
    const Seat* next = nullptr;
    for (const Seat& seat : of.seats) {
        const auto comes_before = [&](const Seat& other) {
            return std::pair{seat.rank(), seat.sat_down} < std::pair{other.rank(), other.sat_down};
        };
        if (seat.taken && (next == nullptr || comes_before(*next))) {
            next = &seat;
        }
    }
    orders().require(next != nullptr && next->buyer == event.leader,
                     "another member leads than the earliest who paid");
    orders().require(terms().leader_exit == LeaderExit::promote_next,
                     "a leader follows where the group should dissolve");
    const BuyerId led = of.leader;
    of.leader = event.leader;
    note_leads(led, seen);
    note_leads(event.leader, seen);
}

/// A lock ended, or a paid seat's money went back.
void SimulatedGroupBuy::leave(OrderId order, const Seen& seen) {
    const auto found = of_order_.find(order);
    if (found == of_order_.end()) {
        return;  // bought alone
    }
    Group& of = group(found->second);
    Seat& seat = seat_of(of, order);
    orders().require(seat.taken, "a seat was left twice");
    seat.taken = false;
    seat.paid = 0;
    if (of.is_open()) {
        of.taken_over_time.note(seen.commit, of.taken());
        touched_.push_back(of.id);
    }
}

void SimulatedGroupBuy::commit_seen(const Seen& /*seen*/) {
    for (const GroupId id : touched_) {
        const Group& of = group(id);
        orders().require(!of.is_open() || of.taken() > 0, "an open group without members");
        orders().require(!of.is_open() || of.seats_buyer(of.leader),
                         "an open group whose leader has left");
    }
    touched_.clear();
}

// Judging ----------------------------------------------------------------------------------------

std::optional<std::string> SimulatedGroupBuy::contradiction(BuyerId buyer, const Asked& asked,
                                                            const Told& told, Instant now) const {
    if (asked.act != act_open && asked.act != act_join) {
        return std::nullopt;
    }
    if (told.code != "HELD" && told.code != "REROUTED") {
        return told.code == "CONFIRMED" ? std::optional{std::string{"a seat confirmed unpaid"}}
                                        : refusal_contradiction(buyer, asked, told, now);
    }
    const auto found = of_order_.find(told.order);
    if (found == of_order_.end() || found->second.raw() != told.id("group_id")) {
        return std::string{"an order of another group than was told"};
    }
    const bool is_the_wanted = asked.act == act_join && found->second.raw() == asked.record;
    if (asked.act == act_join && is_the_wanted != (told.code == "HELD")) {
        return std::string{"a seat of another group, and not told as such"};
    }
    if (told.number("locked") + told.number("paid") > terms().size) {
        return std::string{"a group told as over-full"};
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedGroupBuy::refusal_contradiction(BuyerId buyer,
                                                                    const Asked& asked,
                                                                    const Told& told,
                                                                    Instant now) const {
    const Group* wanted = find(GroupId{asked.record});
    const auto wrong_unless = [](bool holds, const char* what) {
        return holds ? std::nullopt : std::optional{std::string{what}};
    };
    if (told.code == "GROUP_UNKNOWN") {
        return wrong_unless(wanted == nullptr, "a group that is there is told as unknown");
    }
    if (told.code == "OPEN_GROUP_EXISTS") {
        const auto led = leads_.find(buyer);
        return wrong_unless(
            led != leads_.end() &&
                led->second.was(asked.durable_then,
                                [&](std::int64_t n) { return n >= terms().open_groups_per_buyer; }),
            "told of a group that he never led");
    }
    if (told.code == "NEW_BUYERS_ONLY") {
        return wrong_unless(!is_new_buyer(buyer) && terms().new_member_rule != NewMemberRule::none,
                            "a new buyer is told that he is none");
    }
    if (told.code == "GROUP_ENDED") {
        const bool is_short =
            wanted != nullptr &&
            (!wanted->is_open() || wanted->deadline - now < orders().config().min_pay);
        return wrong_unless(asked.act == act_open || is_short || terms().close_with_campaign,
                            "a group that runs is told as ended");
    }
    if (wanted == nullptr) {
        return std::nullopt;
    }
    if (told.code == "GROUP_FULL") {
        return wrong_unless(
            wanted->taken_over_time.was(asked.durable_then,
                                        [&](std::size_t n) { return n >= terms().size; }),
            "a group is told as full that never was");
    }
    if (told.code == "ALREADY_IN_GROUP") {
        return wrong_unless(
            std::ranges::find(wanted->seats, buyer, &Seat::buyer) != wanted->seats.end(),
            "told that he is in a group in which he never was");
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedGroupBuy::forgotten(const Campaign& campaign,
                                                        Instant then) const {
    const SeatGroups& groups = group_buy_of(campaign)->groups();
    for (RecordIndex at = 0; at < groups.group_count(); ++at) {
        if (groups.group(at).is_open() && groups.group(at).deadline < then) {
            return "a group outlives its deadline: " + Base36(groups.group(at).id.raw()).str();
        }
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedGroupBuy::unrest() const {
    const auto open = std::ranges::find_if(groups_, &Group::is_open);
    return open == groups_.end()
               ? std::nullopt
               : std::optional{"a group is still open: " + Base36(open->id.raw()).str()};
}

}  // namespace

std::unique_ptr<SimulatedPlay> simulated_group_buy(JournalOrders& orders) {
    return std::make_unique<SimulatedGroupBuy>(orders);
}

}  // namespace stampede::tests
