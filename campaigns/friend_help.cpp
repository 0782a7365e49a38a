// SPDX-License-Identifier: Apache-2.0
// 好友助力: the rule, what each event makes true of a rally, and what must hold of all of them.
// decide_help() read from top to bottom is the rule; the order of its refusals is part of the
// contract. A tier is decided in the step that counts its last helper, from the stock as it stands
// there, so that none is granted twice and none beyond the stock. Owned by its campaign's thread.
#include "campaigns/friend_help.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "campaigns/arena.hpp"
#include "campaigns/campaign.hpp"
#include "campaigns/play_state.hpp"
#include "campaigns/record_chunks.hpp"
#include "campaigns/rules.hpp"
#include "engine/vocabulary/segmented_map.hpp"

namespace stampede::campaigns {

namespace {

struct RallyRecord {
    RallyId id;
    BuyerId starter;
    Instant launched_at;
    Instant deadline;
    RecordIndex previous_of_starter = no_record;
    std::uint16_t granted = 0;  // a bit for each tier
    std::uint16_t ran_out = 0;  // the same; no tier has both
    RallyState state = RallyState::open;
};
static_assert(limits::reward_tiers_max <= 16, "a bit for each tier");

template <class Visit>
void fields(RallyRecord& r, Visit&& visit) {
    visit(r.id, r.starter, r.launched_at, r.deadline, r.previous_of_starter, r.granted, r.ran_out,
          r.state);
}

/// Follows from the records.
struct RallyStarter {
    std::uint32_t launches = 0;
    RecordIndex last = no_record;  // his rallies, newest first
};

constexpr std::uint8_t rally_deadline = static_cast<std::uint8_t>(DeadlineKind::play);
enum DigestKind : std::uint64_t { rally_digest = 0x5241, sweep_digest = 0x5357 };
/// Of a checkpoint, in this order.
enum Part : std::uint8_t {
    rallies_part = 1,
    helpers_part = 2,
    sweep_part = helpers_part + HelperAccumulator::parts,
};

constexpr std::uint16_t bit_of(std::size_t tier) {
    return static_cast<std::uint16_t>(1U << tier);
}

const FriendHelpTerms& terms_of(const Campaign& campaign) {
    return std::get<FriendHelpTerms>(campaign.config().terms);
}

class Rallies final : public PlayState {
  public:
    explicit Rallies(const CampaignConfig& config)
        : starters_(orders_expected(config)), helpers_(4 * orders_expected(config)) {}

    // Verdicts ------------------------------------------------------------------------------------
    [[nodiscard]] Answer decide(const Campaign& campaign, const Command& command,
                                const Context& context, Events& events) const override;
    [[nodiscard]] std::optional<Money> price_alone(const Campaign& /*campaign*/,
                                                   std::uint16_t /*item*/) const override {
        return std::nullopt;
    }
    [[nodiscard]] std::optional<Command> due(const Campaign& campaign,
                                             const Deadline& deadline) const override;

    // Mass work: a campaign that ends, or is killed, closes its rallies ---------------------------
    [[nodiscard]] bool has_open_records() const override { return open_ > 0; }
    [[nodiscard]] bool has_chore(const Campaign& campaign) const override;
    void decide_chore(const Campaign& campaign, const Context& context,
                      Events& events) const override;

    // Reading -------------------------------------------------------------------------------------
    [[nodiscard]] std::uint64_t record_id(RecordIndex owner) const override {
        return rallies_[owner].id.raw();
    }
    [[nodiscard]] Plays::View view(const Campaign& campaign, RecordIndex owner) const override {
        return view_of(campaign, owner);
    }
    [[nodiscard]] Answer recall(const Campaign& campaign, EventNumber number, std::uint64_t subject,
                                Receipt receipt) const override;
    /// A reward is never held without its order.
    [[nodiscard]] std::int64_t units_held(std::uint16_t /*item*/) const override { return 0; }
    [[nodiscard]] Signature signature() const override;
    [[nodiscard]] std::optional<std::string> check_invariants(
        const Campaign& campaign) const override;
    [[nodiscard]] RallyView view_of(const Campaign& campaign, RecordIndex rally) const;
    /// By halving: ids of a shard rise.
    [[nodiscard]] RecordIndex find(RallyId id) const;
    [[nodiscard]] const RallyRecord& rally(RecordIndex rally) const { return rallies_[rally]; }
    [[nodiscard]] RallyStarter starter(BuyerId buyer) const;

    // Changing ------------------------------------------------------------------------------------
    void evolve(Campaign& campaign, const Event& event, const Stamp& stamp,
                Effects& effects) override;
    void rearm(const Campaign& campaign, Effects& effects) const override;

    // Checkpoints ---------------------------------------------------------------------------------
    void save(const PutChunk& put) const override;
    [[nodiscard]] bool load(std::uint8_t part, ByteReader& reader) override;

  private:
    [[nodiscard]] Answer decide_launch(const Campaign& campaign, const LaunchRally& launch,
                                       const Context& context, Events& events) const;
    [[nodiscard]] std::optional<Answer> refuse_launch(const Campaign& campaign, const Buyer& buyer,
                                                      const Context& context) const;
    [[nodiscard]] Answer decide_help(const Campaign& campaign, const HelpRally& help,
                                     const Context& context, Events& events) const;
    [[nodiscard]] std::optional<Answer> refuse_help(const Campaign& campaign, RecordIndex index,
                                                    const Buyer& helper, std::uint32_t day,
                                                    const Context& context) const;
    [[nodiscard]] RewardState reward(const Campaign& campaign, RecordIndex index, std::size_t tier,
                                     const Context& context, Events& events) const;
    [[nodiscard]] Answer decide_expiry(const ExpireRally& expire, const Context& context,
                                       Events& events) const;
    /// The rally as it stands, told beside a refusal or a repeated act.
    [[nodiscard]] Answer about(const Campaign& campaign, RecordIndex rally, Code code,
                               const Context& context) const;

    void apply(Campaign& campaign, const RallyLaunched& event, const Stamp& stamp,
               Effects& effects);
    void apply(Campaign& campaign, const RallyHelped& event, const Stamp& stamp, Effects& effects);
    void apply(Campaign& campaign, const RewardGranted& event, const Stamp& stamp,
               Effects& effects);
    void apply(Campaign& campaign, const RewardRanOut& event, const Stamp& stamp, Effects& effects);
    void apply(Campaign& campaign, const RallyLapsed& event, const Stamp& stamp, Effects& effects);
    void apply(Campaign& campaign, const RalliesSwept& event, const Stamp& stamp, Effects& effects);

    void add_record(const RallyRecord& rally);
    template <class Change>
    void change(RecordIndex index, Change&& change) {
        RallyRecord& rally = rallies_[index];
        signature_.take_out(digest_of(rally_digest, index, rally));
        open_ -= rally.state == RallyState::open ? 1U : 0U;
        change(rally);
        open_ += rally.state == RallyState::open ? 1U : 0U;
        signature_.put_in(digest_of(rally_digest, index, rally));
    }
    [[nodiscard]] std::optional<std::string> broken_rally(const Campaign& campaign,
                                                          RecordIndex index) const;
    [[nodiscard]] std::optional<std::string> broken_orders(const Campaign& campaign) const;

    Arena<RallyRecord> rallies_;
    SegmentedMap<BuyerId, RallyStarter> starters_;
    HelperAccumulator helpers_;  // its tallies have the rallies' positions
    RecordIndex open_ = 0;
    /// The first record that no sweep has reached. A kill goes on where an end had come to: no
    /// rally is launched while a campaign ends, and those before are closed.
    RecordIndex sweep_next_ = 0;
    Signature signature_;  // of the records
};

const Rallies& rallies_of(const Campaign& campaign) {
    check(campaign.config().play == FriendHelp::play && campaign.play() != nullptr,
          "a rally in a campaign of another play");
    return static_cast<const Rallies&>(*campaign.play());  // begin() made it
}

/// As the journal's order has it, and as a kill or an end has it where its sweep has not come by.
RallyState state_of(const Campaign& campaign, const RallyRecord& rally) {
    if (rally.state != RallyState::open) {
        return rally.state;
    }
    if (campaign.was_killed()) {
        return RallyState::cancelled;
    }
    return campaign.state() == CampaignState::ending ? RallyState::lapsed : RallyState::open;
}

// Verdicts ---------------------------------------------------------------------------------------

Answer Rallies::decide(const Campaign& campaign, const Command& command, const Context& context,
                       Events& events) const {
    if (const auto* launch = std::get_if<LaunchRally>(&command)) {
        return decide_launch(campaign, *launch, context, events);
    }
    if (const auto* help = std::get_if<HelpRally>(&command)) {
        return decide_help(campaign, *help, context, events);
    }
    return decide_expiry(std::get<ExpireRally>(command), context, events);
}

Answer Rallies::about(const Campaign& campaign, RecordIndex rally, Code code,
                      const Context& context) const {
    Answer answer = answer_of(code, context);
    answer.record = view_of(campaign, rally);
    return answer;
}

/// In the contract's order.
std::optional<Answer> Rallies::refuse_launch(const Campaign& campaign, const Buyer& buyer,
                                             const Context& context) const {
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    if (auto refused = refuse_by_time(campaign, context)) {
        return refused;
    }
    if (phase == Phase::ending) {
        return answer_of(Code::ended, context);
    }
    if (campaign.is_blocked(buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    if (const auto refused = refuse_audience(campaign, buyer)) {
        return answer_of(*refused, context);
    }
    const FriendHelpTerms& terms = terms_of(campaign);
    const RallyStarter his = starter(buyer.id);
    if (his.last != no_record && rallies_[his.last].state == RallyState::open) {
        return about(campaign, his.last, Code::launch_exists, context);
    }
    if (his.launches >= terms.launches_per_buyer) {
        return answer_of(Code::launch_limit, context);
    }
    const bool has_reward = std::ranges::any_of(terms.tiers, [&](const RewardTier& tier) {
        return campaign.cell(tier.item).available() >= tier.quantity;
    });
    if (!has_reward) {
        return sold_out(campaign, terms.tiers.front().item, context);
    }
    if (auto refused = refuse_while_stopped(context)) {
        return refused;
    }
    if (rallies_.size() >= limits::rallies_per_campaign_max) {
        return busy("this campaign has had as many rallies as it can", context);
    }
    return std::nullopt;
}

Answer Rallies::decide_launch(const Campaign& campaign, const LaunchRally& launch,
                              const Context& context, Events& events) const {
    if (auto refused = refuse_launch(campaign, launch.buyer, context)) {
        return *refused;
    }
    const FriendHelpTerms& terms = terms_of(campaign);
    const RallyLaunched launched{
        .rally = RallyId{context.next_id},
        .starter = launch.buyer.id,
        .deadline = std::min(context.now + terms.valid, campaign.config().ends_at)};
    events.emplace_back(FriendHelp::Event{launched});
    RallyView view;
    view.rally_id = launched.rally;
    view.starter = launched.starter;
    view.deadline = launched.deadline;
    for (const RewardTier& tier : terms.tiers) {
        view.tiers.push_back({.helpers_needed = tier.helpers_needed,
                              .item_id = campaign.config().items[tier.item].item_id,
                              .quantity = tier.quantity});
    }
    Answer answer = receipted(Code::ok, context);
    answer.record = view;
    return answer;
}

/// In the contract's order; nothing of it uses the helper's quota.
std::optional<Answer> Rallies::refuse_help(const Campaign& campaign, RecordIndex index,
                                           const Buyer& helper, std::uint32_t day,
                                           const Context& context) const {
    const FriendHelpTerms& terms = terms_of(campaign);
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::paused || phase == Phase::killed) {
        return answer_of(phase == Phase::paused ? Code::paused : Code::killed, context);
    }
    if (campaign.is_blocked(helper.id)) {
        return answer_of(Code::blocked, context);
    }
    const RallyRecord& rally = rallies_[index];
    if (helper.id == rally.starter) {
        return about(campaign, index, Code::help_self, context);
    }
    // Judged by time as well, since a deadline may be late; a blocked starter gets no more rewards.
    const RallyState state = state_of(campaign, rally);
    const bool is_over = state == RallyState::open &&
                         (context.now >= rally.deadline || campaign.is_blocked(rally.starter));
    if (is_over || state == RallyState::lapsed || state == RallyState::cancelled) {
        return about(campaign, index, Code::bargain_ended, context);
    }
    if (helpers_.find_help(index, helper.id) != no_record) {
        return about(campaign, index, Code::help_repeat, context);
    }
    if (state == RallyState::complete) {
        return about(campaign, index, Code::already_done, context);
    }
    if (terms.helper_new_only && (helper.segments & 1U) == 0) {
        return about(campaign, index, Code::new_buyers_only, context);
    }
    if (helpers_.is_at_limit(helper.id, day, terms.helps)) {
        return about(campaign, index, Code::help_limit, context);
    }
    if (auto refused = refuse_while_stopped(context)) {
        return refused;
    }
    if (helpers_.help_count() >= limits::helps_per_campaign_max || campaign.book().is_full()) {
        return busy("this campaign has had as many helps or rewards as it can", context);
    }
    return std::nullopt;
}

/// The tier is reached: granted while its reward is there, run out for ever otherwise.
RewardState Rallies::reward(const Campaign& campaign, RecordIndex index, std::size_t tier,
                            const Context& context, Events& events) const {
    const RallyRecord& rally = rallies_[index];
    const RewardTier& reached = terms_of(campaign).tiers[tier];
    const auto position = static_cast<std::uint8_t>(tier);
    if (campaign.cell(reached.item).available() < reached.quantity) {
        events.emplace_back(FriendHelp::Event{RewardRanOut{.rally = rally.id, .tier = position}});
        return RewardState::ran_out;
    }
    const OrderId order{context.next_id};
    const HeldLine line{.item = reached.item, .quantity = reached.quantity, .unit_price = Money{0}};
    events.emplace_back(
        FriendHelp::Event{RewardGranted{.rally = rally.id,
                                        .tier = position,
                                        .order = order,
                                        .starter = rally.starter,
                                        .item = reached.item,
                                        .item_id = campaign.config().items[reached.item].item_id,
                                        .quantity = reached.quantity,
                                        .helpers = reached.helpers_needed}});
    events.push_back(confirmation_of_free(campaign, order, rally.starter, {&line, 1}, context));
    return RewardState::granted;
}

Answer Rallies::decide_help(const Campaign& campaign, const HelpRally& help, const Context& context,
                            Events& events) const {
    const RecordIndex index = find(help.rally);
    if (index == no_record) {
        return answer_of(Code::bargain_unknown, context);
    }
    const FriendHelpTerms& terms = terms_of(campaign);
    const std::uint32_t day = terms.days.day_of(context.now);
    if (auto refused = refuse_help(campaign, index, help.buyer, day, context)) {
        return *refused;
    }
    RallyView view = view_of(campaign, index);
    ++view.helpers;
    const auto reached = std::ranges::find(terms.tiers, view.helpers, &RewardTier::helpers_needed);
    const bool is_last = reached == std::prev(terms.tiers.end());
    view.state = is_last ? RallyState::complete : RallyState::open;
    events.emplace_back(FriendHelp::Event{RallyHelped{.rally = help.rally,
                                                      .helper = help.buyer.id,
                                                      .day = day,
                                                      .new_helper = (help.buyer.segments & 1U) != 0,
                                                      .then = view.state}});
    if (reached != terms.tiers.end()) {
        const auto tier = static_cast<std::size_t>(reached - terms.tiers.begin());
        view.tiers[tier].state = reward(campaign, index, tier, context, events);
    }
    Answer answer = receipted(Code::ok, context);
    answer.record = view;
    return answer;
}

Answer Rallies::decide_expiry(const ExpireRally& expire, const Context& context,
                              Events& events) const {
    const RecordIndex index = find(expire.rally);
    const bool is_over = index != no_record && rallies_[index].state == RallyState::open &&
                         context.now >= rallies_[index].deadline;
    if (!is_over) {
        return answer_of(Code::ok, context);
    }
    events.emplace_back(FriendHelp::Event{RallyLapsed{.rally = expire.rally}});
    return receipted(Code::ok, context);
}

std::optional<Command> Rallies::due(const Campaign& campaign, const Deadline& deadline) const {
    const RallyId id{deadline.subject};
    const RecordIndex index = find(id);
    const bool is_open =
        index != no_record && !campaign.was_killed() && rallies_[index].state == RallyState::open;
    return is_open ? std::optional<Command>{ExpireRally{.campaign = campaign.id(), .rally = id}}
                   : std::nullopt;
}

// Mass work --------------------------------------------------------------------------------------

bool Rallies::has_chore(const Campaign& campaign) const {
    const bool closes =
        campaign.state() == CampaignState::killed || campaign.state() == CampaignState::ending;
    return closes && open_ > 0 && sweep_next_ < rallies_.size();
}

void Rallies::decide_chore(const Campaign& campaign, const Context& /*context*/,
                           Events& events) const {
    events.emplace_back(FriendHelp::Event{RalliesSwept{
        .first = sweep_next_,
        .count =
            std::min<RecordIndex>(rallies_.size() - sweep_next_, limits::records_per_event_max),
        .as = campaign.was_killed() ? RallyState::cancelled : RallyState::lapsed}});
}

// Reading ----------------------------------------------------------------------------------------

RecordIndex Rallies::find(RallyId id) const {
    return find_by_id(rallies_, id);
}

RallyStarter Rallies::starter(BuyerId buyer) const {
    const RallyStarter* record = starters_.find(buyer);
    return record == nullptr ? RallyStarter{} : *record;
}

RallyView Rallies::view_of(const Campaign& campaign, RecordIndex index) const {
    const RallyRecord& rally = rallies_[index];
    const auto& tiers = terms_of(campaign).tiers;
    RallyView view;
    view.rally_id = rally.id;
    view.starter = rally.starter;
    view.state = state_of(campaign, rally);
    view.helpers = helpers_.tally(index).helps;
    view.deadline = rally.deadline;
    for (std::size_t tier = 0; tier < tiers.size(); ++tier) {
        const RewardState state = (rally.granted & bit_of(tier)) != 0   ? RewardState::granted
                                  : (rally.ran_out & bit_of(tier)) != 0 ? RewardState::ran_out
                                                                        : RewardState::waiting;
        view.tiers.push_back({.helpers_needed = tiers[tier].helpers_needed,
                              .item_id = campaign.config().items[tiers[tier].item].item_id,
                              .quantity = tiers[tier].quantity,
                              .state = state});
    }
    return view;
}

Answer Rallies::recall(const Campaign& campaign, EventNumber /*number*/, std::uint64_t subject,
                       Receipt /*receipt*/) const {
    const RecordIndex index = find(RallyId{subject});
    check(index != no_record, "a remembered rally that is not here");
    Answer answer;
    answer.code = Code::ok;
    answer.record = view_of(campaign, index);
    return answer;
}

Signature Rallies::signature() const {
    Signature sum = signature_;
    sum.put_in(helpers_.signature().raw());
    sum.put_in(record_digest(sweep_digest, std::as_bytes(std::span{&sweep_next_, 1})));
    return sum;
}

// Changing ---------------------------------------------------------------------------------------

void Rallies::evolve(Campaign& campaign, const Event& event, const Stamp& stamp, Effects& effects) {
    std::visit([&](const auto& happened) { apply(campaign, happened, stamp, effects); },
               std::get<FriendHelp::Event>(event));
}

void Rallies::add_record(const RallyRecord& rally) {
    const RecordIndex index = rallies_.append(rally);
    signature_.put_in(digest_of(rally_digest, index, rally));
    open_ += rally.state == RallyState::open ? 1U : 0U;
    RallyStarter& starter = *starters_.insert(rally.starter, RallyStarter{}).first;
    ++starter.launches;
    starter.last = index;
}

void Rallies::apply(Campaign& campaign, const RallyLaunched& event, const Stamp& stamp,
                    Effects& effects) {
    const RecordIndex index = rallies_.size();
    check(index == 0 || event.rally > rallies_[index - 1].id,
          "a rally's id is not above those before it");
    add_record({.id = event.rally,
                .starter = event.starter,
                .launched_at = stamp.at,
                .deadline = event.deadline,
                .previous_of_starter = starter(event.starter).last});
    check(helpers_.open_tally(event.starter) == index,
          "a rally and its tally have different positions");
    effects.id_used(event.rally.raw());
    effects.arm({.at = event.deadline,
                 .scope = campaign.id().raw(),
                 .subject = event.rally.raw(),
                 .kind = rally_deadline},
                event.deadline - stamp.at, Grace::after_restart);
}

void Rallies::apply(Campaign& /*campaign*/, const RallyHelped& event, const Stamp& stamp,
                    Effects& /*effects*/) {
    const RecordIndex index = find(event.rally);
    helpers_.add_help({.tally = index,
                       .helper = event.helper,
                       .worth = 1,
                       .day = event.day,
                       .at = stamp.at,
                       .receipt = stamp.sequence,
                       .new_helper = event.new_helper});
    change(index, [&](RallyRecord& rally) { rally.state = event.then; });
}

void Rallies::apply(Campaign& campaign, const RewardGranted& event, const Stamp& stamp,
                    Effects& effects) {
    const RecordIndex index = find(event.rally);
    const HeldLine line{.item = event.item, .quantity = event.quantity, .unit_price = Money{0}};
    campaign.hold({.order = event.order,
                   .buyer = event.starter,
                   .pay_by = stamp.at,  // confirmed by the next event
                   .lines = {&line, 1},
                   .owner = index},
                  stamp, effects);
    change(index, [&](RallyRecord& rally) {
        check(((rally.granted | rally.ran_out) & bit_of(event.tier)) == 0,
              "a reward granted that had been decided");
        rally.granted |= bit_of(event.tier);
    });
}

void Rallies::apply(Campaign& /*campaign*/, const RewardRanOut& event, const Stamp& /*stamp*/,
                    Effects& /*effects*/) {
    change(find(event.rally), [&](RallyRecord& rally) { rally.ran_out |= bit_of(event.tier); });
}

void Rallies::apply(Campaign& campaign, const RallyLapsed& event, const Stamp& /*stamp*/,
                    Effects& effects) {
    change(find(event.rally), [](RallyRecord& rally) { rally.state = RallyState::lapsed; });
    campaign.ask_for_mass_work(effects);
}

void Rallies::apply(Campaign& campaign, const RalliesSwept& event, const Stamp& /*stamp*/,
                    Effects& effects) {
    for (RecordIndex index = event.first; index < event.first + event.count; ++index) {
        if (rallies_[index].state == RallyState::open) {
            change(index, [&](RallyRecord& rally) { rally.state = event.as; });
        }
    }
    sweep_next_ = event.first + event.count;
    campaign.ask_for_mass_work(effects);
}

void Rallies::rearm(const Campaign& campaign, Effects& effects) const {
    for (RecordIndex index = 0; index < rallies_.size() && open_ > 0; ++index) {
        const RallyRecord& rally = rallies_[index];
        if (rally.state == RallyState::open) {
            effects.arm({.at = rally.deadline,
                         .scope = campaign.id().raw(),
                         .subject = rally.id.raw(),
                         .kind = rally_deadline},
                        rally.deadline - rally.launched_at, Grace::after_restart);
        }
    }
}

// Checkpoints ------------------------------------------------------------------------------------

void Rallies::save(const PutChunk& put) const {
    save_arena(rallies_part, rallies_, put);
    helpers_.save(helpers_part, put);
    RecordChunks sweep(sweep_part, put);
    sweep.add([&](ByteWriter& out) { out.put(sweep_next_); });
    sweep.finish();
}

bool Rallies::load(std::uint8_t part, ByteReader& reader) {
    if (part >= helpers_part && part < sweep_part) {
        return helpers_.load(static_cast<std::uint8_t>(part - helpers_part), reader);
    }
    const auto count = reader.get<std::uint32_t>();
    for (std::uint32_t each = 0; each < count && !reader.failed(); ++each) {
        if (part == rallies_part) {
            const auto rally = read_record<RallyRecord>(reader);
            if (rally.state < RallyState::open || rally.state > RallyState::cancelled) {
                return false;
            }
            add_record(rally);
        } else if (part == sweep_part && count == 1) {
            sweep_next_ = reader.get<RecordIndex>();
        } else {
            return false;
        }
    }
    return !reader.failed() && reader.left() == 0 && sweep_next_ <= rallies_.size();
}

// Invariants: everything counted anew ------------------------------------------------------------

std::optional<std::string> Rallies::broken_rally(const Campaign& campaign,
                                                 RecordIndex index) const {
    const RallyRecord& rally = rallies_[index];
    const FriendHelpTerms& terms = terms_of(campaign);
    const TallyRecord& tally = helpers_.tally(index);
    if (tally.starter != rally.starter || tally.worth != std::int64_t{tally.helps}) {
        return "its tally is another's, or counts a helper otherwise than once";
    }
    for (RecordIndex at = tally.last_help; at != no_record;
         at = helpers_.help(at).previous_of_tally) {
        if (terms.helper_new_only && !helpers_.help(at).new_helper) {
            return "helped by somebody who was not new";
        }
    }
    const std::uint32_t last = terms.tiers.back().helpers_needed;
    if ((tally.helps == last) != (rally.state == RallyState::complete) || tally.helps > last) {
        return "complete, but not with the helpers of its last tier";
    }
    if ((rally.granted & rally.ran_out) != 0) {
        return "a reward both granted and run out";
    }
    for (std::size_t tier = 0; tier < terms.tiers.size(); ++tier) {
        const bool is_decided = ((rally.granted | rally.ran_out) & bit_of(tier)) != 0;
        if (is_decided != (tally.helps >= terms.tiers[tier].helpers_needed)) {
            return is_decided ? "a reward before its helpers" : "a tier reached and not decided";
        }
    }
    return std::nullopt;
}

/// Every granted tier has its order, and no order is without its tier.
std::optional<std::string> Rallies::broken_orders(const Campaign& campaign) const {
    struct Rewards {
        std::size_t orders = 0;
        std::map<std::uint16_t, std::int64_t> units;
        bool operator==(const Rewards&) const = default;
    };
    std::vector<Rewards> ordered(rallies_.size());
    for (RecordIndex at = 0; at < campaign.book().order_count(); ++at) {
        const OrderRecord& order = campaign.book().order(at);
        const bool is_sold =
            order.state == OrderState::confirmed || order.state == OrderState::refunded;
        if (order.owner >= rallies_.size() || order.buyer != rallies_[order.owner].starter ||
            order.amount != Money{0} || order.line_count != 1 || !is_sold) {
            return "an order that is no reward";
        }
        const LineRecord& line = campaign.book().line(order, 0);
        ++ordered[order.owner].orders;
        ordered[order.owner].units[line.item] += line.quantity;
    }
    const auto& tiers = terms_of(campaign).tiers;
    for (RecordIndex index = 0; index < rallies_.size(); ++index) {
        Rewards granted;
        for (std::size_t tier = 0; tier < tiers.size(); ++tier) {
            if ((rallies_[index].granted & bit_of(tier)) != 0) {
                ++granted.orders;
                granted.units[tiers[tier].item] += tiers[tier].quantity.units();
            }
        }
        if (granted != ordered[index]) {
            return "rewards granted that are not its orders";
        }
    }
    return std::nullopt;
}

std::optional<std::string> Rallies::check_invariants(const Campaign& campaign) const {
    struct Counted {
        std::uint32_t launches = 0;
        std::uint32_t open = 0;
        RecordIndex last = no_record;
    };
    std::map<BuyerId, Counted> starters;
    RecordIndex open = 0;
    for (RecordIndex index = 0; index < rallies_.size(); ++index) {
        const RallyRecord& rally = rallies_[index];
        if (const auto wrong = broken_rally(campaign, index)) {
            return "rally " + Base36(rally.id.raw()).str() + ": " + *wrong;
        }
        Counted& starter = starters[rally.starter];
        if (rally.previous_of_starter != starter.last) {
            return "a starter's rallies do not follow each other";
        }
        ++starter.launches;
        starter.open += rally.state == RallyState::open ? 1U : 0U;
        starter.last = index;
        open += rally.state == RallyState::open ? 1U : 0U;
    }
    if (open != open_ || sweep_next_ > rallies_.size()) {
        return "open rallies are miscounted";
    }
    for (const auto& [buyer, counted] : starters) {
        const RallyStarter kept = starter(buyer);
        if (kept.launches != counted.launches || kept.last != counted.last) {
            return "a starter's count differs from his rallies";
        }
        if (counted.open > 1 || counted.launches > terms_of(campaign).launches_per_buyer) {
            return "more rallies than a buyer may launch";
        }
    }
    if (auto wrong = broken_orders(campaign)) {
        return wrong;
    }
    return helpers_.check_invariants();
}

}  // namespace

std::unique_ptr<PlayState> FriendHelp::begin(const CampaignConfig& config) {
    return std::make_unique<Rallies>(config);
}

// For the doors ----------------------------------------------------------------------------------

std::optional<RallyView> find_rally(const Campaign& campaign, RallyId id) {
    if (campaign.config().play != FriendHelp::play) {
        return std::nullopt;
    }
    const Rallies& rallies = rallies_of(campaign);
    const RecordIndex rally = rallies.find(id);
    return rally == no_record ? std::nullopt : std::optional{rallies.view_of(campaign, rally)};
}

std::vector<RallyView> rallies_launched_by(const Campaign& campaign, BuyerId buyer,
                                           std::size_t most) {
    std::vector<RallyView> views;
    if (campaign.config().play != FriendHelp::play) {
        return views;
    }
    const Rallies& rallies = rallies_of(campaign);
    RecordIndex at = rallies.starter(buyer).last;
    while (at != no_record && views.size() < most) {
        views.push_back(rallies.view_of(campaign, at));
        at = rallies.rally(at).previous_of_starter;
    }
    return views;
}

}  // namespace stampede::campaigns
