// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulation.hpp"

#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "tests/simulation/crowd.hpp"
#include "tests/support/fake_time.hpp"

namespace stampede::tests {

namespace {

using namespace campaigns;

constexpr std::uint64_t quiescence_turns_max = 200'000;
constexpr std::size_t campaigns_max = 8;  // of one world, one after the other or at once

/// Which faults and which worlds: chosen first, since what is left out matters as much.
struct Swarm {
    std::uint64_t buyers = 3;
    std::uint64_t crash_per_mille = 0;
    std::uint64_t vanish_percent = 0;
    std::uint64_t sync_percent = 50;
    std::uint64_t campaigns = 1;
    bool one_shard = false;
    std::uint64_t jump_per_mille = 0;
    std::uint64_t end_per_mille = 0;  // of the mall's acts

    static Swarm of(Chance& chance) {
        Swarm swarm;
        swarm.buyers = static_cast<std::uint64_t>(chance.between(3, 8));
        swarm.crash_per_mille = chance.percent(70) ? chance.below(20) : 0;
        swarm.vanish_percent = chance.percent(50) ? chance.below(5) : 0;
        swarm.sync_percent = static_cast<std::uint64_t>(chance.between(5, 90));
        swarm.campaigns = static_cast<std::uint64_t>(chance.between(1, 3));
        swarm.one_shard = chance.percent(60);
        swarm.jump_per_mille = chance.percent(30) ? 2 : 0;
        swarm.end_per_mille = chance.percent(70) ? chance.below(20) : 0;
        return swarm;
    }
};

/// Campaigns drafted on one shard, as a server of long ago may have left them; live ones are
/// spread.
class OneShardPast {
  public:
    void draft(CampaignId id, std::shared_ptr<const CampaignConfig> config, Instant now) {
        static_cast<void>(shard_.execute(DraftCampaign{id, std::move(config), Actor{"sim"}},
                                         std::nullopt, {.now = now, .random = 1}, commit_,
                                         nothing_));
    }
    [[nodiscard]] std::vector<ModelJournal::Kept> journal() {
        // Of all shards but this one nothing is known: their signatures are as in an empty set.
        Signature signature = net::Shards{}.signature();
        signature.take_out(engine::Shard<CampaignMachine>{ShardIndex{0}}.signature().raw());
        signature.put_in(shard_.signature().raw());
        const engine::Commit sealed = commit_.seal(signature, CampaignMachine::state_layout());
        return {{sealed.number,
                 sealed.journal_time,
                 sealed.signature,
                 sealed.layout,
                 {sealed.frames.begin(), sealed.frames.end()}}};
    }

  private:
    class NoEffects final : public Effects {
      public:
        void arm(const Deadline& /*deadline*/, Duration /*span*/, Grace /*grace*/) override {}
        void needs_chores(std::uint64_t /*scope*/) override {}
        void id_used(std::uint64_t /*id*/) override {}
        void scope_closed(std::uint64_t /*scope*/) override {}
    };
    NoEffects nothing_;
    engine::Shard<CampaignMachine> shard_{ShardIndex{0}};
    engine::OpenCommit commit_{CommitNumber{}};
};

class World {
  public:
    World(std::uint64_t seed, std::uint64_t commands)
        : chance_(seed), swarm_(Swarm::of(chance_)), commands_(commands) {
        report_.seed = seed;
        for (std::uint64_t buyer = 1; buyer <= swarm_.buyers; ++buyer) {
            buyers_.emplace_back().id = BuyerId{buyer};
        }
    }

    SimulationReport run() {
        begin();
        while (report_.commands < commands_ && !report_.broken) {
            step();
        }
        come_to_rest();
        report_.events = witness_.events();
        for (const auto& campaign : witness_.campaigns()) {
            report_.confirmed += campaign->orders.confirmed();
        }
        for (const auto& [name, count] : witness_.events_by_name()) {
            report_.events_by_name[std::string{name}] += count;
        }
        return report_;
    }

  private:
    void fail(std::string what) {
        if (!report_.broken) {
            report_.broken = std::move(what);
        }
    }
    void trace(std::string_view bytes) {
        report_.trace = XXH3_64bits_withSeed(bytes.data(), bytes.size(), report_.trace);
    }

    void begin();
    void start_node(const std::vector<ModelJournal::Kept>& recovered);
    void crash();
    void see_durable();
    void compare_with_journal(const char* when);
    void turn();
    void look_for_forgotten();
    void sync();
    void settle_down();

    std::shared_ptr<const CampaignConfig> draw_up(SimulatedCampaign& campaign);
    void publish(CampaignId id);
    void open_another();

    void ask(Command command, std::uint64_t key = 0);
    void take_replies();
    void mall_acts();
    void operator_acts(SimulatedCampaign& campaign, std::uint64_t what);
    void edit(const SimulatedCampaign& campaign);
    void pay(const SimulatedCampaign& campaign, const JournalOrders::Order& order);
    void refund(const JournalOrders::Order& order);

    void buyer_acts();
    [[nodiscard]] Asked new_request(SimulatedBuyer& buyer);
    void send(SimulatedBuyer& buyer);
    void heard(SimulatedBuyer& buyer, const std::string& body);

    void step();
    void jump_the_clock();
    void end_all();
    void come_to_rest();
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] std::string unrest() const;
    void check_the_end();

    [[nodiscard]] const Campaign* find(CampaignId id) const {
        const Campaign* found = nullptr;
        static_cast<void>(
            node_->shards.read({Route::By::scope, id.raw()},
                               [&](const CampaignMachine& machine) { found = machine.find(id); }));
        return found;
    }
    [[nodiscard]] SimulatedCampaign& any_campaign() {
        return *witness_.campaigns()[chance_.below(witness_.campaigns().size())];
    }
    /// Mostly one that is held, or of the newest: about them there is something to say.
    [[nodiscard]] const JournalOrders::Order* any_order(const SimulatedCampaign& campaign) {
        const auto& all = campaign.orders.all();
        if (all.empty()) {
            return nullptr;
        }
        const std::size_t newest = std::min<std::size_t>(all.size(), 12);
        const auto* order = &all[all.size() - 1 - chance_.below(newest)];
        for (int tries = 0; tries < 3 && order->standing != JournalOrders::Standing::held;
             ++tries) {
            order = &all[all.size() - 1 - chance_.below(newest)];
        }
        return chance_.percent(85) ? order : &all[chance_.below(all.size())];
    }

    Chance chance_;
    Swarm swarm_;
    std::uint64_t commands_;
    SimulationReport report_;
    engine::FakeTime time_;
    JournalWitness witness_;
    net::Shards follower_;  // the durable commits applied once more, one by one
    std::optional<Checkpoint> checkpoint_;
    std::unique_ptr<SimulatedNode> node_;
    std::vector<SimulatedBuyer> buyers_;
    std::vector<net::MallReply> mall_waiting_;
    std::set<OrderId> told_confirmed_;  // the mall was
    std::uint64_t last_key_ = 0;
    std::uint64_t last_call_ = 0;
};

// The process ------------------------------------------------------------------------------------

void World::begin() {
    const Instant now{time_.realtime_ms()};
    OneShardPast past;
    std::vector<CampaignId> ids;
    std::vector<std::shared_ptr<const CampaignConfig>> configs;
    for (std::uint64_t at = 0; at < swarm_.campaigns; ++at) {
        const auto plays = simulated_plays();
        SimulatedCampaign& campaign =
            witness_.add(CampaignId{7 + at}, plays[chance_.below(plays.size())]);
        ids.push_back(campaign.id);
        configs.push_back(draw_up(campaign));
        if (swarm_.one_shard) {
            past.draft(campaign.id, configs.back(), now);
        }
    }
    start_node(swarm_.one_shard ? past.journal() : std::vector<ModelJournal::Kept>{});
    for (std::size_t at = 0; at < ids.size(); ++at) {
        if (!swarm_.one_shard) {
            ask(DraftCampaign{ids[at], configs[at], Actor{"sim"}});
        }
        publish(ids[at]);
    }
    settle_down();
    time_.pass(Duration::seconds(1));
}

void World::start_node(const std::vector<ModelJournal::Kept>& recovered) {
    Checkpoint* const from = checkpoint_ && chance_.percent(50) ? &*checkpoint_ : nullptr;
    node_ = std::make_unique<SimulatedNode>(from, recovered, time_, chance_);
    see_durable();
    if (const auto broken = node_->shards.check_invariants()) {
        fail("after recovery: " + *broken);
    }
    compare_with_journal("after recovery: ");
}

void World::crash() {
    ++report_.crashes;
    const auto fate =
        chance_.percent(50) ? ModelJournal::InFlight::survived : ModelJournal::InFlight::lost;
    const auto found = node_->journal.crash(fate);
    for (SimulatedBuyer& buyer : buyers_) {
        buyer.hang_up();
    }
    mall_waiting_.clear();
    if (chance_.percent(50)) {
        time_.pass(Duration::seconds(chance_.between(1, 30)));
    }
    start_node(found);
}

/// The witness reads what has become durable; nothing else may be acknowledged.
void World::see_durable() {
    const auto& kept = node_->journal.kept();
    for (std::size_t at = witness_.durable().raw(); at < kept.size() && !report_.broken; ++at) {
        if (auto wrong = witness_.see(kept[at].commit())) {
            fail(*wrong);
        }
        if (const auto applied = follower_.apply(kept[at].commit()); applied.has_error()) {
            fail("the follower: " + applied.error().message);
        }
        trace({reinterpret_cast<const char*>(kept[at].frames.data()), kept[at].frames.size()});
    }
}

/// The engine holds exactly what is durable.
void World::compare_with_journal(const char* when) {
    for (const auto& campaign : witness_.campaigns()) {
        const Campaign* is = find(campaign->id);
        if (is == nullptr || report_.broken) {
            continue;
        }
        if (const auto differs = JournalWitness::difference(*campaign, *is)) {
            fail(when + *differs);
        } else if (const auto wrong = witness_.mall().difference(*is)) {
            fail(when + *wrong);
        }
    }
}

void World::turn() {
    node_->loop.turn(*node_->door, net::SteadyTime{time_.boottime_ms()});
    take_replies();
    if (chance_.percent(5)) {
        if (const auto broken = node_->shards.check_invariants()) {
            fail("while it runs: " + *broken);
        }
        look_for_forgotten();
    }
}

/// Every turn fires what is due, up to its budget, so once the grace of the last restart is over
/// nothing outlives its time.
void World::look_for_forgotten() {
    const Instant now = node_->clock->last();
    const Instant then = node_->last_look_at;
    if (node_->clock->frozen()) {
        node_->last_look_at = node_->started_at;  // nothing expires now; judged anew after it
        return;
    }
    node_->last_look_at = now;
    if (then < node_->started_at + restart_grace) {
        return;
    }
    for (const auto& campaign : witness_.campaigns()) {
        const Campaign* is = find(campaign->id);
        if (is == nullptr || is->was_killed()) {
            continue;  // a sweep takes its time
        }
        for (RecordIndex at = 0; at < is->book().order_count(); ++at) {
            const OrderRecord& order = is->book().order(at);
            if (order.state == OrderState::held && order.pay_by < then) {
                fail("a hold outlives its time: " + Base36(order.id.raw()).str());
            }
        }
        if (const auto forgotten = campaign->play->forgotten(*is, then)) {
            fail(*forgotten);
        }
    }
}

void World::sync() {
    node_->journal.make_durable();
    see_durable();
    node_->loop.wake();
    if (chance_.percent(1)) {
        checkpoint_.emplace();
        checkpoint_->number = witness_.durable();
        follower_.save(checkpoint_->records);
    }
}

/// No fault in between: what was asked is done.
void World::settle_down() {
    for (int times = 0; times < 6; ++times) {
        turn();
        sync();
    }
}

// Campaigns --------------------------------------------------------------------------------------

std::shared_ptr<const CampaignConfig> World::draw_up(SimulatedCampaign& campaign) {
    auto config = std::make_shared<CampaignConfig>();
    config->play = campaign.play_of;
    config->title = "simulated";
    // Where somebody set the wall clock back, journal time is ahead of it.
    const Instant now = node_ ? node_->clock->last() : Instant{time_.realtime_ms()};
    config->starts_at = now + Duration::seconds(1);
    // Some end by themselves, and groups and bargains outlive them.
    config->ends_at =
        now + Duration::seconds(chance_.percent(50) ? 10 * chance_.between(10, 100) : 24 * 3600);
    const std::int64_t stock = chance_.between(1, 8);
    const std::int64_t items = chance_.between(1, 2);
    for (std::int64_t item = 0; item < items; ++item) {
        config->items.push_back({.item_id = ItemId{"item" + std::to_string(item)},
                                 .title = "thing",
                                 .price = Money{100},
                                 .list_price = Money{200},
                                 .stock = Quantity{stock},
                                 .reserve = Quantity{0}});
    }
    index_items(*config);
    config->limits.per_buyer = chance_.between(1, 2);
    config->limits.per_order_max = config->limits.per_buyer;
    config->limits.holds_per_buyer = 50;
    config->hold = Duration::seconds(10 * chance_.between(1, 3));
    config->min_pay = chance_.percent(25) ? config->hold : Duration::seconds(5);
    config->late_payment = static_cast<LatePayment>(chance_.below(3));
    config->restock = static_cast<Restock>(chance_.percent(70) ? 0 : chance_.below(3));
    campaign.play->draw_up(*config, chance_);
    return config;
}

void World::publish(CampaignId id) {
    SeedBytes seed{};
    for (std::uint8_t& byte : seed) {
        byte = static_cast<std::uint8_t>(chance_.between(1, 255));
    }
    ask(ChangeCampaign{
        .campaign = id, .verb = Verb::publish, .actor = Actor{"sim"}, .fresh_seed = seed});
}

/// One is over: the mall opens the next.
void World::open_another() {
    const auto plays = simulated_plays();
    SimulatedCampaign& campaign = witness_.add(CampaignId{7 + witness_.campaigns().size()},
                                               plays[chance_.below(plays.size())]);
    ask(DraftCampaign{campaign.id, draw_up(campaign), Actor{"sim"}});
    publish(campaign.id);
    settle_down();
}

// The mall ---------------------------------------------------------------------------------------

void World::ask(Command command, std::uint64_t key) {
    net::MallCall call{
        .call = net::CallId{++last_call_}, .act = std::move(command), .identity = {}};
    if (key != 0) {
        call.identity = engine::RequestIdentity{.owner = 0, .key_digest = key};
    }
    check(node_->gateway->ask(std::move(call)), "the ring is large enough");
    ++report_.commands;
}

void World::take_replies() {
    while (auto reply = node_->gateway->take_reply()) {
        mall_waiting_.push_back(std::move(*reply));
    }
    std::erase_if(mall_waiting_, [&](const net::MallReply& reply) {
        if (reply.rests_on > witness_.durable()) {
            return false;  // the door's reply queue would hold it as well
        }
        ++report_.answers;
        const Answer& answer = reply.answer;
        if (answer.receipt.sequence.raw() != 0 &&
            !witness_.has(answer.receipt.shard, answer.receipt.sequence)) {
            fail("the mall was answered with a receipt that is not durable");
        }
        const bool is_confirmed =
            answer.code == Code::confirmed || answer.code == Code::late_confirmed;
        if (is_confirmed && answer.order) {
            told_confirmed_.insert(answer.order->order_id);
        }
        trace(text(answer.code));
        return true;
    });
    for (SimulatedBuyer& buyer : buyers_) {
        while (const auto body = buyer.next_answer(*node_)) {
            heard(buyer, *body);
        }
    }
}

void World::mall_acts() {
    SimulatedCampaign& campaign = any_campaign();
    const std::uint64_t what = chance_.below(100);
    if (what < 14) {
        operator_acts(campaign, what);
        return;
    }
    const JournalOrders::Order* order = any_order(campaign);
    if (order == nullptr) {
        return;
    }
    if (what < 24) {
        refund(*order);
    } else if (what < 28) {
        ask(ResolveOrder{.order = order->id,
                         .decision = chance_.percent(50) ? Decision::confirm : Decision::refund,
                         .actor = Actor{"sim"}});
    } else if (what < 30) {
        ask(ReleaseOrder{.order = order->id, .actor = Actor{"sim"}});
    } else {
        pay(campaign, *order);
    }
}

void World::operator_acts(SimulatedCampaign& campaign, std::uint64_t what) {
    if (chance_.below(1000) < swarm_.end_per_mille) {
        ask(ChangeCampaign{.campaign = campaign.id,
                           .verb = chance_.percent(50) ? Verb::end : Verb::kill,
                           .actor = Actor{"sim"}});
    } else if (what < 4) {
        ask(ChangeCampaign{.campaign = campaign.id,
                           .verb = chance_.percent(15) ? Verb::pause : Verb::resume,
                           .actor = Actor{"sim"}});
    } else if (what < 8) {
        ask(AdjustStock{.campaign = campaign.id,
                        .item_id = ItemId{"item0"},
                        .delta = chance_.percent(60) ? 1 : -1,
                        .reason = Reason{"simulated"},
                        .actor = Actor{"sim"}},
            chance_.bits());
    } else if (what < 9) {
        edit(campaign);
    } else if (what < 10 && chance_.percent(5)) {
        BlockBuyers block{.campaign = campaign.id, .buyers = {}, .actor = Actor{"sim"}};
        block.buyers.push_back(buyers_[chance_.below(buyers_.size())].id);
        ask(std::move(block));
    } else if (auto own = campaign.play->intervene(campaign.id, chance_)) {
        if (chance_.percent(40)) {
            ask(std::move(*own));
        }
    }
}

/// While it runs: a later end, more for each buyer.
void World::edit(const SimulatedCampaign& campaign) {
    if (campaign.state != CampaignState::live && campaign.state != CampaignState::paused) {
        return;
    }
    const Campaign* is = find(campaign.id);
    auto config = std::make_shared<CampaignConfig>(is->config());
    config->ends_at = config->ends_at + Duration::seconds(10);
    config->limits.per_buyer += chance_.percent(30) ? 1 : 0;
    ask(ReviseCampaign{.campaign = campaign.id,
                       .version = is->version(),
                       .config = std::move(config),
                       .actor = Actor{"sim"}});
}

void World::pay(const SimulatedCampaign& campaign, const JournalOrders::Order& order) {
    const std::string payment =
        "p" + Base36(order.id.raw()).str() + "-" + std::to_string(chance_.percent(15) ? 1 : 0);
    const Money amount = chance_.percent(95) ? order.amount() : order.amount() + Money{1};
    const bool may_be_old = campaign.play_of != Play::seckill && chance_.percent(5);
    ask(RecordPayment{.order = order.id,
                      .payment_id = PaymentId{payment},
                      .amount = amount,
                      .paid_at = Instant{time_.realtime_ms()},
                      .buyer_is_new = may_be_old ? std::optional{false} : std::nullopt});
}

void World::refund(const JournalOrders::Order& order) {
    const bool wholly = chance_.percent(60);
    ask(RecordRefund{.order = order.id,
                     .refund_id = RefundId{"r" + std::to_string(chance_.below(400))},
                     .payment_id = {},
                     .quantity = Quantity{wholly ? order.units() : chance_.between(0, 1)},
                     .amount = wholly ? order.amount() : Money{10 * chance_.between(0, 1)},
                     .item_id = {}});
}

// Buyers -----------------------------------------------------------------------------------------

void World::buyer_acts() {
    SimulatedBuyer& buyer = buyers_[chance_.below(buyers_.size())];
    if (buyer.connection && !node_->loop.is_open(*buyer.connection)) {
        buyer.hang_up();
    }
    if (buyer.connection && buyer.waiting) {
        if (chance_.percent(swarm_.vanish_percent)) {
            node_->loop.client_vanishes(*buyer.connection);
            buyer.hang_up();
        }
        return;
    }
    if (!buyer.connection) {
        buyer.connection = node_->loop.connect(*node_->door);
    }
    if (!buyer.waiting) {
        buyer.waiting = new_request(buyer);
    }
    send(buyer);
}

Asked World::new_request(SimulatedBuyer& buyer) {
    if (!buyer.known.empty() && chance_.percent(20)) {
        auto known = buyer.known.begin();
        std::advance(known, static_cast<std::ptrdiff_t>(chance_.below(buyer.known.size())));
        return known->second;  // the same click again
    }
    const std::size_t at = chance_.below(witness_.campaigns().size());
    const SimulatedCampaign& campaign = *witness_.campaigns()[at];
    const JournalOrders::Order* order = chance_.percent(12) ? any_order(campaign) : nullptr;
    const auto& all = campaign.orders.all();
    const auto own = std::find_if(all.rbegin(), all.rend(), [&](const JournalOrders::Order& one) {
        return one.buyer == buyer.id && one.standing == JournalOrders::Standing::held;
    });
    if (order != nullptr && own != all.rend() && chance_.percent(80)) {
        order = &*own;
    }
    Asked asked;
    if (order != nullptr) {
        asked.act = Asked::Act::cancel;
        asked.record = order->id.raw();
        asked.path = "/orders/" + Base36(asked.record).str() + "/cancel";
        asked.body = "{}";
    } else {
        asked = campaign.play->wish(buyer.id, chance_);
    }
    asked.key = ++last_key_;
    asked.campaign = at;
    return asked;
}

void World::send(SimulatedBuyer& buyer) {
    buyer.waiting->durable_then = witness_.durable();
    buyer.send(*node_, witness_.campaigns()[buyer.waiting->campaign]->id);
    ++report_.commands;
}

void World::heard(SimulatedBuyer& buyer, const std::string& body) {
    ++report_.answers;
    trace(body);
    const Told told(body);
    if (!buyer.waiting) {
        fail("an answer to nothing: " + body);
        return;
    }
    if (told.code == "TIMEOUT") {
        return;  // its bytes came too slowly; the connection ends and it asks again
    }
    const Asked asked = *buyer.waiting;
    buyer.waiting.reset();
    ++report_.codes[told.code];
    const SimulatedCampaign& campaign = *witness_.campaigns()[asked.campaign];
    auto wrong = common_contradiction(witness_, campaign, buyer.id, asked, told);
    if (!wrong) {
        wrong = buyer.differs_from_first(asked, told);
    }
    if (!wrong) {
        wrong = campaign.play->contradiction(buyer.id, asked, told, node_->clock->last());
    }
    if (wrong) {
        fail(*wrong + ": " + body);
    }
}

// The run ----------------------------------------------------------------------------------------

void World::step() {
    const std::uint64_t what = chance_.below(1000);
    if (what < swarm_.crash_per_mille) {
        crash();
    } else if (what < 350) {
        buyer_acts();
    } else if (what < 520) {
        mall_acts();
    } else if (what < 520 + swarm_.jump_per_mille) {
        jump_the_clock();
    } else if (what < 560) {
        // Quantised, so that deadlines, payments and last units meet.
        constexpr std::int64_t leaps_ms[] = {0, 50, 1'000, 5'000, 10'000};
        time_.pass(Duration::milliseconds(leaps_ms[chance_.below(5)]));
    } else if (what < 780) {
        turn();
    } else if (chance_.percent(swarm_.sync_percent)) {
        sync();
    }
    const auto running = std::ranges::count_if(
        witness_.campaigns(), [](const auto& campaign) { return !campaign->is_over(); });
    if (what > 990 && witness_.campaigns().size() < campaigns_max &&
        static_cast<std::uint64_t>(running) < swarm_.campaigns) {
        open_another();
    }
}

void World::jump_the_clock() {
    if (node_->clock->frozen() && chance_.percent(50)) {
        check(node_->gateway->ask(
                  {.call = net::CallId{++last_call_}, .act = net::ThawClock{}, .identity = {}}),
              "the ring is large enough");
        return;
    }
    time_.step_wall(Duration::seconds(chance_.percent(50) ? 300 : -300));
}

void World::end_all() {
    for (const auto& campaign : witness_.campaigns()) {
        const bool is_ended = campaign->is_over() || campaign->state == CampaignState::ending;
        for (const Verb verb : {Verb::resume, Verb::end}) {
            if (!is_ended) {
                ask(ChangeCampaign{.campaign = campaign->id, .verb = verb, .actor = Actor{"sim"}});
            }
        }
    }
}

/// Faults stop. Everybody who waits for an answer asks again, holds run out, the sales end.
void World::come_to_rest() {
    for (std::uint64_t turns = 0; !report_.broken; ++turns) {
        if (turns == quiescence_turns_max) {
            fail("it never came to rest" + unrest());
            return;
        }
        if (turns % 50 == 0) {
            end_all();  // also those that had not begun yet
        }
        bool all_heard = true;
        for (SimulatedBuyer& buyer : buyers_) {
            if (buyer.waiting && (!buyer.connection || !node_->loop.is_open(*buyer.connection))) {
                buyer.hang_up();
                buyer.connection = node_->loop.connect(*node_->door);
                send(buyer);
            }
            all_heard = all_heard && !buyer.waiting;
        }
        turn();
        sync();
        time_.pass(Duration::milliseconds(all_heard ? 250 : 50));
        if (all_heard && is_over()) {
            break;
        }
    }
    check_the_end();
}

/// What is not over yet.
std::string World::unrest() const {
    std::string all;
    for (const SimulatedBuyer& buyer : buyers_) {
        all += buyer.waiting ? "; buyer " + std::to_string(buyer.id.raw()) + " waits" : "";
    }
    for (const auto& campaign : witness_.campaigns()) {
        if (!campaign->is_over()) {
            all += "; campaign " + std::to_string(campaign->id.raw()) + " is " +
                   std::string{text(campaign->state)} + ", " +
                   campaign->play->unrest().value_or("its records are at rest");
        }
    }
    return all;
}

bool World::is_over() const {
    return std::ranges::all_of(witness_.campaigns(),
                               [&](const auto& campaign) {
                                   const Campaign* is = find(campaign->id);
                                   // A clock that leaps may leave a draft that none can publish.
                                   const bool is_done = campaign->is_over() ||
                                                        campaign->state == CampaignState::draft;
                                   return is_done && is != nullptr && !is->has_mass_work();
                               }) &&
           !node_->shards.has_undurable() && !node_->journal.is_syncing();
}

void World::check_the_end() {
    if (report_.broken) {
        return;
    }
    if (const auto broken = node_->shards.check_invariants()) {
        fail("at rest: " + *broken);
    }
    compare_with_journal("at rest: ");
    for (const auto& campaign : witness_.campaigns()) {
        for (const JournalOrders::Order& order : campaign->orders.all()) {
            if (order.standing == JournalOrders::Standing::held ||
                order.standing == JournalOrders::Standing::paid) {
                fail("at rest, but an order is held or waits: " + Base36(order.id.raw()).str());
            }
        }
        if (const auto unrest = campaign->play->unrest()) {
            fail("at rest: " + *unrest);
        }
    }
    for (const OrderId order : told_confirmed_) {
        if (!witness_.mall().has_order(order)) {
            fail("told as confirmed, but never settled: " + Base36(order.raw()).str());
        }
    }
    net::Shards twin;
    for (const auto& kept : node_->journal.kept()) {
        if (const auto applied = twin.apply(kept.commit()); applied.has_error()) {
            fail("replay: " + applied.error().message);
            return;
        }
    }
    if (twin.signature() != node_->shards.signature()) {
        fail("a replay of the journal arrives at another state");
    }
}

}  // namespace

SimulationReport simulate(std::uint64_t seed, std::uint64_t commands) {
    return World(seed, commands).run();
}

}  // namespace stampede::tests
