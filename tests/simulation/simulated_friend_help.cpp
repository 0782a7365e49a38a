// SPDX-License-Identifier: Apache-2.0
// Friend help of the simulation, and what a rally's events may say one after the other: each helper
// counts once, each tier is decided once and in the event that reaches it, rewards end with stock.
#include <algorithm>
#include <map>
#include <set>

#include "campaigns/friend_help.hpp"
#include "tests/simulation/simulated_play.hpp"

namespace stampede::tests {

namespace {

using namespace campaigns;

constexpr auto act_launch = static_cast<Asked::Act>(static_cast<int>(Asked::Act::own_acts));
constexpr auto act_help = static_cast<Asked::Act>(static_cast<int>(Asked::Act::own_acts) + 1);

struct Rally {
    RallyId id;
    BuyerId starter;
    Instant deadline;
    std::set<BuyerId> helpers;
    std::set<std::size_t> decided;  // tiers
    RallyState state = RallyState::open;
    History<RallyState> states;
};

class SimulatedFriendHelp final : public SimulatedPlay {
  public:
    using SimulatedPlay::SimulatedPlay;

    void draw_up(CampaignConfig& config, Chance& chance) override;
    [[nodiscard]] Asked wish(BuyerId buyer, Chance& chance) const override;
    void see(const Event& event, const Seen& seen) override;
    void commit_seen(const Seen& seen) override;
    void campaign_changed(CampaignState to) override { is_ending_ = to == CampaignState::ending; }
    [[nodiscard]] std::optional<std::string> contradiction(BuyerId buyer, const Asked& asked,
                                                           const Told& told,
                                                           Instant now) const override;
    [[nodiscard]] std::optional<std::string> forgotten(const Campaign& campaign,
                                                       Instant then) const override;
    [[nodiscard]] std::optional<std::string> unrest() const override;

  private:
    void happened(const RallyLaunched& event, const Seen& seen);
    void happened(const RallyHelped& event, const Seen& seen);
    void happened(const RewardGranted& event, const Seen& seen);
    void happened(const RewardRanOut& event, const Seen& seen);
    void happened(const RallyLapsed& event, const Seen& seen);
    void happened(const RalliesSwept& event, const Seen& seen);
    void decide(Rally& rally, std::size_t tier);
    void set_state(Rally& rally, RallyState state, const Seen& seen);

    [[nodiscard]] const FriendHelpTerms& terms() const {
        return std::get<FriendHelpTerms>(orders().config().terms);
    }
    [[nodiscard]] const Rally* find(std::uint64_t id) const {
        const auto found = by_id_.find(RallyId{id});
        return found == by_id_.end() ? nullptr : &rallies_[found->second];
    }
    Rally& rally(RallyId id) {
        const auto found = by_id_.find(id);
        check(found != by_id_.end(), "an event about a rally that nobody launched");
        return rallies_[found->second];
    }
    [[nodiscard]] std::int64_t launched_by(BuyerId buyer, bool open) const {
        return std::ranges::count_if(rallies_, [&](const Rally& one) {
            return one.starter == buyer && (!open || one.state == RallyState::open);
        });
    }

    std::vector<Rally> rallies_;
    std::map<RallyId, std::size_t> by_id_;
    std::map<BuyerId, History<std::int64_t>> open_;
    std::map<std::pair<BuyerId, std::uint32_t>, std::uint32_t> helps_of_day_;
    std::map<BuyerId, std::uint32_t> helps_;
    std::vector<RallyId> touched_;
    bool is_ending_ = false;
};

// Generating -------------------------------------------------------------------------------------

void SimulatedFriendHelp::draw_up(CampaignConfig& config, Chance& chance) {
    FriendHelpTerms terms;
    std::int64_t needed = 0;
    for (std::int64_t tier = chance.between(1, 3); tier > 0; --tier) {
        needed += chance.between(1, 2);
        terms.tiers.push_back(
            {.helpers_needed = static_cast<std::uint32_t>(needed),
             .item = static_cast<std::uint16_t>(chance.below(config.items.size())),
             .quantity = Quantity{1}});
    }
    terms.helper_new_only = chance.percent(25);
    terms.helps.per_campaign = chance.percent(20) ? std::optional{std::uint32_t{10}} : std::nullopt;
    terms.helps.per_day = chance.percent(20) ? std::optional{std::uint32_t{5}} : std::nullopt;
    terms.launches_per_buyer = static_cast<std::uint32_t>(chance.between(1, 20));
    terms.valid = Duration::seconds(10 * chance.between(1, 20));
    config.limits.per_buyer = 1'000;  // rewards are bounded by launches and stock
    config.terms = terms;
}

Asked SimulatedFriendHelp::wish(BuyerId /*buyer*/, Chance& chance) const {
    Asked asked;
    asked.item = terms().tiers.front().item;
    asked.body = "{}";
    if (rallies_.empty() || chance.percent(20)) {
        asked.act = act_launch;
        asked.path = "/rallies";
        return asked;
    }
    const std::size_t newest = std::min<std::size_t>(rallies_.size(), chance.percent(90) ? 4 : 40);
    asked.act = act_help;
    asked.record = rallies_[rallies_.size() - 1 - chance.below(newest)].id.raw();
    asked.path = "/rallies/" + Base36(asked.record).str() + "/helps";
    return asked;
}

// What the journal says --------------------------------------------------------------------------

void SimulatedFriendHelp::see(const Event& event, const Seen& seen) {
    if (const auto* family = std::get_if<FriendHelp::Event>(&event)) {
        std::visit([&](const auto& own) { happened(own, seen); }, *family);
    }
}

void SimulatedFriendHelp::set_state(Rally& rally, RallyState state, const Seen& seen) {
    rally.state = state;
    rally.states.note(seen.commit, state);
    open_[rally.starter].note(seen.commit, launched_by(rally.starter, true));
}

void SimulatedFriendHelp::happened(const RallyLaunched& event, const Seen& seen) {
    JournalOrders& book = orders();
    book.require(!by_id_.contains(event.rally), "a rally's id was given twice");
    by_id_[event.rally] = rallies_.size();
    Rally& of = rallies_.emplace_back();
    of.id = event.rally;
    of.starter = event.starter;
    of.deadline = event.deadline;
    book.require(event.deadline - seen.at <= terms().valid, "a rally lives longer than it may");
    book.require(launched_by(event.starter, true) <= 1, "a buyer has two rallies at once");
    book.require(launched_by(event.starter, false) <= terms().launches_per_buyer,
                 "a buyer launched more rallies than he may");
    set_state(of, RallyState::open, seen);
}

void SimulatedFriendHelp::happened(const RallyHelped& event, const Seen& seen) {
    JournalOrders& book = orders();
    Rally& of = rally(event.rally);
    book.require(of.state == RallyState::open && seen.at < of.deadline, "help after the end");
    book.require(event.helper != of.starter, "a starter helps himself");
    book.require(of.helpers.insert(event.helper).second, "a helper counts twice");
    book.require(event.new_helper == is_new_buyer(event.helper), "new is who was not, or not");
    book.require(event.new_helper || !terms().helper_new_only, "help of who is not new");
    const std::uint32_t of_day = ++helps_of_day_[{event.helper, event.day}];
    const std::uint32_t all = ++helps_[event.helper];
    book.require(!terms().helps.per_day || of_day <= *terms().helps.per_day,
                 "a helper helps more often in a day than he may");
    book.require(!terms().helps.per_campaign || all <= *terms().helps.per_campaign,
                 "a helper helps more often than he may");
    const bool is_last = of.helpers.size() == terms().tiers.back().helpers_needed;
    book.require((event.then == RallyState::complete) == is_last,
                 "complete with too few helpers, or not with enough");
    set_state(of, event.then, seen);
    touched_.push_back(of.id);
}

void SimulatedFriendHelp::decide(Rally& rally, std::size_t tier) {
    orders().require(rally.decided.insert(tier).second, "a tier is decided twice");
    orders().require(terms().tiers.at(tier).helpers_needed == rally.helpers.size(),
                     "a tier is decided that is not reached");
}

void SimulatedFriendHelp::happened(const RewardGranted& event, const Seen& seen) {
    Rally& of = rally(event.rally);
    decide(of, event.tier);
    orders().require(event.starter == of.starter && event.item == terms().tiers[event.tier].item &&
                         event.quantity == terms().tiers[event.tier].quantity,
                     "another reward than the tier's");
    orders().hold(
        {.id = event.order,
         .buyer = event.starter,
         .pay_by = seen.at,
         .lines = {{.item = event.item, .quantity = event.quantity, .unit_price = Money{0}}}});
}

void SimulatedFriendHelp::happened(const RewardRanOut& event, const Seen& /*seen*/) {
    decide(rally(event.rally), event.tier);
    const RewardTier& tier = terms().tiers.at(event.tier);
    orders().require(orders().available(tier.item) < tier.quantity.units(),
                     "a reward ran out that was there");
}

void SimulatedFriendHelp::happened(const RallyLapsed& event, const Seen& seen) {
    Rally& of = rally(event.rally);
    orders().require(of.state == RallyState::open && seen.at >= of.deadline,
                     "a rally lapses before its time, or twice");
    set_state(of, RallyState::lapsed, seen);
}

void SimulatedFriendHelp::happened(const RalliesSwept& event, const Seen& seen) {
    orders().require(is_ending_ || event.as == RallyState::cancelled,
                     "rallies lapse before their campaign ends");
    for (RecordIndex at = event.first; at < event.first + event.count; ++at) {
        if (Rally& of = rallies_.at(at); of.state == RallyState::open) {
            set_state(of, event.as, seen);
        }
    }
}

void SimulatedFriendHelp::commit_seen(const Seen& /*seen*/) {
    for (const RallyId id : touched_) {
        const Rally& of = rally(id);
        const auto reached = std::ranges::count_if(terms().tiers, [&](const RewardTier& tier) {
            return tier.helpers_needed <= of.helpers.size();
        });
        orders().require(static_cast<std::size_t>(reached) == of.decided.size(),
                         "a tier is reached and not decided");
    }
    touched_.clear();
}

// Judging ----------------------------------------------------------------------------------------

std::optional<std::string> SimulatedFriendHelp::contradiction(BuyerId buyer, const Asked& asked,
                                                              const Told& told,
                                                              Instant /*now*/) const {
    const auto wrong_unless = [](bool holds, const char* what) {
        return holds ? std::nullopt : std::optional{std::string{what}};
    };
    if (told.code == "LAUNCH_EXISTS") {
        const auto own = open_.find(buyer);
        return wrong_unless(
            own != open_.end() &&
                own->second.was(asked.durable_then, [](std::int64_t n) { return n > 0; }),
            "told of a rally that he has not");
    }
    if (told.code == "LAUNCH_LIMIT") {
        return wrong_unless(launched_by(buyer, false) >= terms().launches_per_buyer,
                            "told of more launches than he made");
    }
    const Rally* const named = find(asked.act == act_help ? asked.record : told.id("rally_id"));
    if (told.code == "OK" && (asked.act == act_launch || asked.act == act_help)) {
        return wrong_unless(
            named != nullptr && (asked.act == act_launch ? named->starter == buyer
                                                         : named->helpers.contains(buyer)),
            "told of a launch or a help that is not in the journal");
    }
    if (named == nullptr || asked.act != act_help) {
        return std::nullopt;
    }
    const auto was = [&](auto&& holds) { return named->states.was(asked.durable_then, holds); };
    if (told.code == "BARGAIN_UNKNOWN") {
        return std::string{"a rally that is there is told as unknown"};
    }
    if (told.code == "HELP_SELF") {
        return wrong_unless(named->starter == buyer, "told that he helps himself");
    }
    if (told.code == "HELP_REPEAT") {
        return wrong_unless(named->helpers.contains(buyer), "told of a help that he never gave");
    }
    if (told.code == "ALREADY_DONE") {
        return wrong_unless(was([](RallyState state) { return state == RallyState::complete; }),
                            "an open rally is told as complete");
    }
    if (told.code == "NEW_BUYERS_ONLY") {
        return wrong_unless(terms().helper_new_only && !is_new_buyer(buyer),
                            "a new helper is told that he is none");
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedFriendHelp::forgotten(const Campaign& campaign,
                                                          Instant then) const {
    for (const Rally& one : rallies_) {
        const auto is = find_rally(campaign, one.id);
        if (is && is->state == RallyState::open && is->deadline < then) {
            return "a rally outlives its deadline: " + Base36(one.id.raw()).str();
        }
    }
    return std::nullopt;
}

std::optional<std::string> SimulatedFriendHelp::unrest() const {
    const auto open = std::ranges::find(rallies_, RallyState::open, &Rally::state);
    return open == rallies_.end()
               ? std::nullopt
               : std::optional{"a rally is still open: " + Base36(open->id.raw()).str()};
}

}  // namespace

std::unique_ptr<SimulatedPlay> simulated_friend_help(JournalOrders& orders) {
    return std::make_unique<SimulatedFriendHelp>(orders);
}

}  // namespace stampede::tests
