// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulation.hpp"

#include <xxhash.h>

#include <charconv>
#include <map>
#include <memory>
#include <vector>

#include "net/http_server.hpp"
#include "net/sale_loop.hpp"
#include "tests/simulation/simulated_loop.hpp"
#include "tests/simulation/witness.hpp"
#include "tests/support/fake_time.hpp"
#include "tests/support/model_journal.hpp"

namespace stampede::tests {

namespace {

using namespace campaigns;
using net::ConnectionId;

constexpr CampaignId campaign_id{7};
constexpr Duration restart_grace = Duration::seconds(5);
constexpr std::uint64_t quiescence_turns_max = 200'000;

/// Which faults and which worlds: chosen first, since what is left out matters as much.
struct Swarm {
    std::int64_t stock = 1;
    std::uint64_t items = 1;
    std::uint64_t buyers = 3;
    std::int64_t per_buyer = 1;
    std::int64_t hold_s = 10;
    LatePayment late = LatePayment::reacquire_or_refund;
    std::uint64_t crash_per_mille = 0;
    std::uint64_t vanish_percent = 0;
    std::uint64_t sync_percent = 50;
    bool waitlist = false;

    static Swarm of(Chance& chance) {
        Swarm swarm;
        swarm.stock = chance.between(1, 5);
        swarm.items = static_cast<std::uint64_t>(chance.between(1, 2));
        swarm.buyers = static_cast<std::uint64_t>(chance.between(3, 8));
        swarm.per_buyer = chance.between(1, 2);
        swarm.hold_s = 10 * chance.between(1, 3);
        swarm.late = static_cast<LatePayment>(chance.below(3));
        swarm.crash_per_mille = chance.percent(70) ? chance.below(20) : 0;
        swarm.vanish_percent = chance.percent(50) ? chance.below(5) : 0;
        swarm.sync_percent = static_cast<std::uint64_t>(chance.between(5, 90));
        swarm.waitlist = chance.percent(50);
        return swarm;
    }
};

/// The process: everything that a crash takes away.
struct Node {
    Node(const std::vector<ModelJournal::Kept>& recovered, const engine::TimeSource& time,
         Chance& chance)
        : loop(chance) {
        for (const auto& kept : recovered) {
            const auto applied = shards.apply(kept.commit());
            check(applied.has_value(), "recovery refuses what was durable");
        }
        journal.start_after(recovered);
        clock.emplace(time, shards.last_time());
        gateway.emplace([this] { loop.wake(); }, [] {});
        net::SaleLoopOptions options;
        options.trust = net::TrustHeaders::from_everybody;
        options.recovery_grace = restart_grace;
        options.random_seed = chance.bits() | 1U;
        sale.emplace(shards, journal, *clock, loop, *gateway, counters, recorder, options);
        net::HttpServerOptions door_options;
        door_options.connections_max = 64;
        door.emplace(loop, *sale, door_options);
        sale->serve_through(*door);
        started_at = clock->last();
        last_turn_at = started_at;
    }

    ModelJournal journal;
    net::Shards shards;
    std::optional<engine::JournalClock> clock;
    SimulatedLoop loop;
    std::optional<net::LoopGateway> gateway;
    net::ServerCounters counters;
    engine::FlightRecorder recorder{1024};
    std::optional<net::SaleLoop> sale;
    std::optional<net::HttpServer> door;
    Instant started_at;
    Instant last_turn_at;  // of the last look for forgotten holds
};

struct Asked {
    enum class Act : std::uint8_t { buy, cancel, join, leave } act = Act::buy;
    std::uint64_t key = 0;
    std::uint16_t item = 0;
    OrderId order;
    CommitNumber durable_then;
};

struct Client {
    BuyerId id;
    std::optional<ConnectionId> connection;
    std::string received;
    std::optional<Asked> waiting;
    std::map<std::uint64_t, Asked> known;  // by key: every request ever sent
};

struct Told {
    std::string code;
    std::optional<OrderId> order;
    std::optional<Sequence> receipt;
    std::string place;
    ShardIndex shard;
    bool replayed = false;
};

std::optional<std::string_view> field(std::string_view body, std::string_view name) {
    const std::string quoted = '"' + std::string{name} + "\":\"";
    const auto at = body.find(quoted);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto start = at + quoted.size();
    return body.substr(start, body.find('"', start) - start);
}

Told told_by(std::string_view body) {
    Told told;
    told.code = std::string{field(body, "code").value_or("")};
    told.replayed = body.find("\"replayed\":true") != std::string_view::npos;
    if (const auto order = field(body, "order_id")) {
        if (const auto id = Base36::parse(*order)) {
            told.order = OrderId{*id};
        }
    }
    if (const auto at = body.find("\"place\":"); at != std::string_view::npos) {
        const auto start = at + 8;
        told.place = std::string{body.substr(start, body.find_first_of(",}", start) - start)};
    }
    if (const auto receipt = field(body, "receipt")) {
        std::uint16_t shard = 0;
        std::uint64_t sequence = 0;
        const auto dot = receipt->rfind('.');
        std::from_chars(receipt->data(), receipt->data() + receipt->size(), shard);
        std::from_chars(receipt->data() + dot + 1, receipt->data() + receipt->size(), sequence);
        told.shard = ShardIndex{shard};
        told.receipt = Sequence{sequence};
    }
    return told;
}

class World {
  public:
    World(std::uint64_t seed, std::uint64_t commands)
        : chance_(seed), swarm_(Swarm::of(chance_)), commands_(commands) {
        report_.seed = seed;
        for (std::uint64_t buyer = 1; buyer <= swarm_.buyers; ++buyer) {
            clients_.emplace_back().id = BuyerId{buyer};
        }
        start_node({});
    }

    SimulationReport run() {
        open_campaign();
        while (report_.commands < commands_ && !report_.broken) {
            step();
        }
        come_to_rest();
        report_.events = witness_.events();
        report_.confirmed = witness_.confirmed_orders();
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

    // The process
    // ----------------------------------------------------------------------------------

    void start_node(const std::vector<ModelJournal::Kept>& recovered) {
        node_ = std::make_unique<Node>(recovered, time_, chance_);
        if (const auto broken = node_->shards.check_invariants()) {
            fail("after recovery: " + *broken);
        }
        see_durable();
    }

    void crash() {
        ++report_.crashes;
        const auto fate =
            chance_.percent(50) ? ModelJournal::InFlight::survived : ModelJournal::InFlight::lost;
        const auto found = node_->journal.crash(fate);
        for (Client& client : clients_) {
            client.connection.reset();
            client.received.clear();
        }
        mall_waiting_.clear();
        if (chance_.percent(50)) {
            time_.pass(Duration::seconds(chance_.between(1, 30)));
        }
        start_node(found);
    }

    /// The witness reads what has become durable; nothing else may be acknowledged.
    void see_durable() {
        const auto& kept = node_->journal.kept();
        for (std::size_t at = witness_.durable().raw(); at < kept.size(); ++at) {
            if (auto wrong = witness_.see(kept[at].commit())) {
                fail(*wrong);
            }
            for (const OrderId order : witness_.take_promoted()) {
                orders_.push_back(order);
                quantities_[order] = 1;
                ++report_.promoted;
            }
            if (witness_.most_units_ever() > swarm_.per_buyer) {
                fail("a buyer got more than the limit");
            }
            trace({reinterpret_cast<const char*>(kept[at].frames.data()), kept[at].frames.size()});
        }
    }

    void turn() {
        const net::SteadyTime now{time_.boottime_ms()};
        node_->loop.turn(*node_->door, now);
        take_replies();
        if (chance_.percent(2)) {
            look_for_forgotten_holds();
        }
    }

    /// Every turn fires what is due, up to its budget, so once the grace of the last restart is
    /// over no hold outlives its time.
    void look_for_forgotten_holds() {
        const Instant now = node_->clock->last();
        if (campaign() == nullptr || now < node_->started_at + restart_grace) {
            return;
        }
        const OrderBook& book = campaign()->book();
        for (RecordIndex at = 0; at < book.order_count(); ++at) {
            const OrderRecord& order = book.order(at);
            if (order.state == OrderState::held && order.pay_by < node_->last_turn_at &&
                node_->last_turn_at >= node_->started_at + restart_grace) {
                fail("a hold outlives its time: " + Base36(order.id.raw()).str());
            }
        }
        node_->last_turn_at = now;
    }

    void sync() {
        node_->journal.make_durable();
        see_durable();
        node_->loop.wake();
    }

    // The mall
    // -------------------------------------------------------------------------------------

    void ask(Command command, std::uint64_t key = 0) {
        net::MallCall call{
            .call = net::CallId{++last_call_}, .act = std::move(command), .identity = {}};
        if (key != 0) {
            call.identity = engine::RequestIdentity{.owner = 0, .key_digest = key};
        }
        check(node_->gateway->ask(std::move(call)), "the ring is large enough");
        ++report_.commands;
    }

    void take_replies() {
        while (auto reply = node_->gateway->take_reply()) {
            mall_waiting_.push_back(std::move(*reply));
        }
        std::erase_if(mall_waiting_, [&](const net::MallReply& reply) {
            if (reply.rests_on > witness_.durable()) {
                return false;  // the door's reply queue would hold it as well
            }
            ++report_.answers;
            const Receipt& receipt = reply.answer.receipt;
            if (receipt.sequence.raw() != 0 && !witness_.has(receipt.shard, receipt.sequence)) {
                fail("the mall was answered with a receipt that is not durable");
            }
            trace(text(reply.answer.code));
            return true;
        });
        for (Client& client : clients_) {
            read_replies(client);
        }
    }

    void open_campaign() {
        auto config = std::make_shared<CampaignConfig>();
        config->title = "simulated";
        const Instant now = node_->clock->now();
        config->starts_at = now + Duration::seconds(1);
        config->ends_at = now + Duration::seconds(24 * 3600);
        for (std::uint64_t item = 0; item < swarm_.items; ++item) {
            config->items.push_back({.item_id = ItemId{"item" + std::to_string(item)},
                                     .title = "thing",
                                     .price = Money{100},
                                     .list_price = Money{200},
                                     .stock = Quantity{swarm_.stock},
                                     .reserve = Quantity{0}});
        }
        index_items(*config);
        config->limits.per_buyer = swarm_.per_buyer;
        config->limits.per_order_max = swarm_.per_buyer;
        config->limits.holds_per_buyer = 50;
        config->hold = Duration::seconds(swarm_.hold_s);
        config->min_pay = config->hold;
        config->late_payment = swarm_.late;
        config->waitlist = swarm_.waitlist;
        ask(DraftCampaign{campaign_id, config, Actor{"sim"}});
        ask(ChangeCampaign{.campaign = campaign_id, .verb = Verb::publish, .actor = Actor{"sim"}});
        for (int settle = 0; settle < 6; ++settle) {
            turn();
            sync();
        }
        time_.pass(Duration::seconds(1));
    }

    void mall_acts() {
        const std::uint64_t what = chance_.below(100);
        if (what < 6) {
            ask(ChangeCampaign{.campaign = campaign_id,
                               .verb = chance_.percent(50) ? Verb::pause : Verb::resume,
                               .actor = Actor{"sim"}});
            return;
        }
        if (what < 9) {
            ask(AdjustStock{.campaign = campaign_id,
                            .item_id = ItemId{"item0"},
                            .delta = chance_.percent(50) ? 1 : -1,
                            .reason = Reason{"simulated"},
                            .actor = Actor{"sim"}},
                chance_.bits());
            return;
        }
        if (orders_.empty()) {
            return;
        }
        const OrderId order = orders_[chance_.below(orders_.size())];
        if (what < 20) {
            ask(RecordRefund{.order = order,
                             .refund_id = RefundId{"r" + std::to_string(chance_.below(40))},
                             .payment_id = {},
                             .quantity = Quantity{chance_.between(0, 1)},
                             .amount = Money{100 * chance_.between(0, 1)},
                             .item_id = {}});
        } else if (what < 25) {
            ask(ResolveOrder{.order = order,
                             .decision = chance_.percent(50) ? Decision::confirm : Decision::refund,
                             .actor = Actor{"sim"}});
        } else if (what < 28) {
            ask(ReleaseOrder{.order = order, .actor = Actor{"sim"}});
        } else {
            const std::string payment =
                "p" + Base36(order.raw()).str() + "-" + std::to_string(chance_.below(2));
            const std::int64_t amount =
                100 * (chance_.percent(90) ? quantities_[order] : chance_.between(1, 3));
            ask(RecordPayment{.order = order,
                              .payment_id = PaymentId{payment},
                              .amount = Money{amount},
                              .paid_at = Instant{time_.realtime_ms()},
                              .buyer_is_new = {}});
        }
    }

    // Buyers
    // ---------------------------------------------------------------------------------------

    void buyer_acts() {
        Client& client = clients_[chance_.below(clients_.size())];
        if (client.connection && !node_->loop.is_open(*client.connection)) {
            client.connection.reset();
            client.received.clear();
        }
        if (client.connection && client.waiting) {
            if (chance_.percent(swarm_.vanish_percent)) {
                node_->loop.client_vanishes(*client.connection);
                client.connection.reset();
                client.received.clear();
            }
            return;
        }
        if (!client.connection) {
            client.connection = node_->loop.connect(*node_->door);
        }
        if (!client.waiting) {
            client.waiting = new_request(client);
        }
        send(client);
    }

    Asked new_request(Client& client) {
        if (!client.known.empty() && chance_.percent(25)) {
            auto known = client.known.begin();
            std::advance(known, static_cast<std::ptrdiff_t>(chance_.below(client.known.size())));
            return known->second;  // the same click again
        }
        Asked asked;
        asked.key = ++last_key_;
        asked.item = static_cast<std::uint16_t>(chance_.below(swarm_.items));
        if (chance_.percent(20) && !orders_.empty()) {
            asked.act = Asked::Act::cancel;
            asked.order = orders_[chance_.below(orders_.size())];
        } else if (swarm_.waitlist && chance_.percent(40)) {
            asked.act = chance_.percent(85) ? Asked::Act::join : Asked::Act::leave;
        }
        return asked;
    }

    void send(Client& client) {
        Asked& asked = *client.waiting;
        asked.durable_then = witness_.durable();
        std::string body;
        std::string path = "/v1/campaigns/7/orders";
        std::string method = "POST ";
        if (asked.act == Asked::Act::buy) {
            const std::int64_t quantity =
                1 +
                static_cast<std::int64_t>(asked.key % static_cast<std::uint64_t>(swarm_.per_buyer));
            body = R"({"item_id":"item)" + std::to_string(asked.item) + R"(","quantity":)" +
                   std::to_string(quantity) + "}";
        } else if (asked.act == Asked::Act::join || asked.act == Asked::Act::leave) {
            method = asked.act == Asked::Act::join ? "POST " : "DELETE ";
            path = "/v1/campaigns/7/waitlist";
            body = R"({"item_id":"item)" + std::to_string(asked.item) + R"("})";
        } else {
            path += "/" + Base36(asked.order.raw()).str() + "/cancel";
            body = "{}";
        }
        const std::string request =
            method + path +
            " HTTP/1.1\r\nHost: sim\r\nX-Buyer-Id: " + std::to_string(client.id.raw()) +
            "\r\nIdempotency-Key: k" + std::to_string(asked.key) +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
        node_->loop.client_sends(*client.connection, request);
        client.known[asked.key] = asked;
        ++report_.commands;
    }

    void read_replies(Client& client) {
        if (!client.connection) {
            return;
        }
        client.received += node_->loop.client_receives(*client.connection);
        for (;;) {
            const auto head = client.received.find("\r\n\r\n");
            if (head == std::string::npos) {
                return;
            }
            const auto length_at = client.received.find("Content-Length: ");
            std::size_t length = 0;
            const char* digits = client.received.data() + length_at + 16;
            while (*digits == ' ') {
                ++digits;
            }
            std::from_chars(digits, client.received.data() + head, length);
            if (client.received.size() < head + 4 + length) {
                return;
            }
            const std::string body = client.received.substr(head + 4, length);
            client.received.erase(0, head + 4 + length);
            heard(client, body);
        }
    }

    void heard(Client& client, const std::string& body) {
        ++report_.answers;
        trace(body);
        const Told told = told_by(body);
        if (!client.waiting) {
            fail("an answer to nothing: " + body);
            return;
        }
        if (told.code == "TIMEOUT") {
            return;  // its bytes came too slowly; the connection ends and it asks again
        }
        const Asked asked = *client.waiting;
        client.waiting.reset();
        if (told.receipt && !witness_.has(told.shard, *told.receipt)) {
            fail("acknowledged before it was durable: " + body);
        }
        // With a line, units that are there may belong to those who stand in it.
        if (told.code == "SOLD_OUT" && !swarm_.waitlist &&
            !witness_.was_sold_out_since(asked.durable_then, asked.item)) {
            fail("a sold-out that was never true: " + body);
        }
        if (told.code == "HELD" || told.code == "CONFIRMED") {
            if (!told.order || !told.receipt) {
                fail("an order without id or receipt: " + body);
                return;
            }
            const auto [first, is_new] = promised_.try_emplace({client.id, asked.key}, *told.order);
            if (first->second != *told.order) {
                fail("one key, two orders: " + body);
            }
            if (is_new && !quantities_.contains(*told.order)) {
                orders_.push_back(*told.order);
                quantities_[*told.order] =
                    asked.act == Asked::Act::join
                        ? 1
                        : 1 + static_cast<std::int64_t>(
                                  asked.key % static_cast<std::uint64_t>(swarm_.per_buyer));
            }
        } else if (told.code == "WAITLISTED" && told.receipt) {
            const auto [first, is_new] = places_.try_emplace({client.id, asked.key}, told.place);
            if (!is_new && (first->second != told.place || !told.replayed)) {
                fail("one key, two places: " + body);
            }
        } else if (places_.contains({client.id, asked.key})) {
            fail("a key that was answered WAITLISTED is now answered " + told.code);
        } else if (asked.act == Asked::Act::buy && promised_.contains({client.id, asked.key})) {
            fail("a key that was answered HELD is now answered " + told.code);
        }
    }

    // The run
    // --------------------------------------------------------------------------------------

    void step() {
        const std::uint64_t what = chance_.below(1000);
        if (what < swarm_.crash_per_mille) {
            crash();
        } else if (what < 350) {
            buyer_acts();
        } else if (what < 480) {
            mall_acts();
        } else if (what < 560) {
            // Quantised, so that deadlines, payments and last units meet.
            constexpr std::int64_t leaps_ms[] = {0, 50, 1'000, 5'000, 10'000};
            time_.pass(Duration::milliseconds(leaps_ms[chance_.below(5)]));
        } else if (what < 780) {
            turn();
        } else if (chance_.percent(swarm_.sync_percent)) {
            sync();
        }
    }

    /// Faults stop. Everybody who waits for an answer asks again, holds run out, the sale ends.
    void come_to_rest() {
        ask(ChangeCampaign{.campaign = campaign_id, .verb = Verb::resume, .actor = Actor{"sim"}});
        ask(ChangeCampaign{.campaign = campaign_id, .verb = Verb::end, .actor = Actor{"sim"}});
        for (std::uint64_t turns = 0; !report_.broken; ++turns) {
            if (turns == quiescence_turns_max) {
                fail("it never came to rest");
                return;
            }
            for (Client& client : clients_) {
                if (client.waiting &&
                    (!client.connection || !node_->loop.is_open(*client.connection))) {
                    client.received.clear();
                    client.connection = node_->loop.connect(*node_->door);
                    send(client);
                }
            }
            turn();
            sync();
            time_.pass(Duration::milliseconds(50));
            const bool all_heard = std::ranges::none_of(
                clients_, [](const Client& client) { return client.waiting.has_value(); });
            if (all_heard && is_over()) {
                break;
            }
        }
        check_the_end();
    }

    [[nodiscard]] const Campaign* campaign() const {
        const Campaign* found = nullptr;
        static_cast<void>(node_->shards.read(
            {Route::By::scope, campaign_id.raw()},
            [&](const CampaignMachine& machine) { found = machine.find(campaign_id); }));
        return found;
    }
    [[nodiscard]] bool is_over() const {
        return campaign() != nullptr &&
               (campaign()->state() == CampaignState::ended ||
                campaign()->state() == CampaignState::settled) &&
               !node_->shards.has_undurable() && !node_->journal.is_syncing();
    }

    void check_the_end() {
        if (report_.broken) {
            return;
        }
        if (const auto broken = node_->shards.check_invariants()) {
            fail("at rest: " + *broken);
            return;
        }
        if (campaign()->book().open_holds() != 0) {
            fail("at rest, but a hold is still open");
        }
        for (const auto& [who_and_key, order] : promised_) {
            const RecordIndex index = campaign()->book().find_order(order);
            if (index == no_record || campaign()->book().order(index).buyer != who_and_key.first) {
                fail("an acknowledged order is lost: " + Base36(order.raw()).str());
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

    Chance chance_;
    Swarm swarm_;
    std::uint64_t commands_;
    SimulationReport report_;
    engine::FakeTime time_;
    JournalWitness witness_;
    std::unique_ptr<Node> node_;
    std::vector<Client> clients_;
    std::vector<net::MallReply> mall_waiting_;
    std::vector<OrderId> orders_;
    std::map<OrderId, std::int64_t> quantities_;
    std::map<std::pair<BuyerId, std::uint64_t>, OrderId> promised_;
    std::map<std::pair<BuyerId, std::uint64_t>, std::string> places_;
    std::uint64_t last_key_ = 0;
    std::uint64_t last_call_ = 0;
};

}  // namespace

SimulationReport simulate(std::uint64_t seed, std::uint64_t commands) {
    return World(seed, commands).run();
}

}  // namespace stampede::tests
