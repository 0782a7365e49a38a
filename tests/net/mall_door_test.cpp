// SPDX-License-Identifier: Apache-2.0
// The mall's door over real sockets. Behind it a thread takes the calls from the rings, as the loop
// does, and answers them after a fixed rule; what the rules of a sale make of a call is tested
// elsewhere.
#include "net/mall_door.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "net/live_door.hpp"
#include "net/quiet_doors.hpp"
#include "plain_client.hpp"

namespace stampede::net {
namespace {

using campaigns::Answer;
using campaigns::Code;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Says what is durable as the test wants it.
class HandMovedJournal final : public engine::Journal {
  public:
    void submit(const engine::Commit& /*commit*/) override { FAIL() << "nobody submits here"; }
    [[nodiscard]] CommitNumber durable() const override {
        return CommitNumber{durable_.load(std::memory_order_acquire)};
    }
    [[nodiscard]] bool has_room_to_sell() const override { return true; }
    void reach(CommitNumber commit) { durable_.store(commit.raw(), std::memory_order_release); }

  private:
    std::atomic<std::uint64_t> durable_{0};
};

/// Takes calls and answers them: payments of 1 fen mismatch, all others confirm; the campaign 5 is
/// taken already; whatever else is OK. Every answer rests on the commit that the test names.
class CallTaker {
  public:
    CallTaker()
        : gateway([this] { ring(); }, [this] { wake_door(); }), thread_([this] { run(); }) {}
    ~CallTaker() {
        {
            const std::lock_guard lock(mutex_);
            stops_ = true;
        }
        rung_.notify_one();
        thread_.join();
    }
    /// Calls lie in the ring until resume().
    void pause() {
        const std::lock_guard lock(mutex_);
        paused_ = true;
    }
    void resume() {
        {
            const std::lock_guard lock(mutex_);
            paused_ = false;
        }
        ring();
    }

    std::function<void()> wake_door;
    LoopGateway gateway;
    std::atomic<std::uint64_t> rests_on{0};
    std::atomic<std::uint64_t> taken{0};
    std::mutex seen_mutex;
    std::vector<MallCall> seen;  // under seen_mutex

  private:
    void ring() {
        {
            const std::lock_guard lock(mutex_);
            is_rung_ = true;
        }
        rung_.notify_one();
    }
    void run() {
        std::unique_lock lock(mutex_);
        while (!stops_) {
            rung_.wait(lock, [this] { return stops_ || (is_rung_ && !paused_); });
            is_rung_ = false;
            lock.unlock();
            while (auto call = gateway.take_call()) {
                MallReply reply{call->call, answer(*call), CommitNumber{rests_on.load()}};
                {
                    const std::lock_guard seen_lock(seen_mutex);
                    seen.push_back(std::move(*call));
                }
                gateway.answer(std::move(reply));
                taken.fetch_add(1);
            }
            gateway.flush_replies();
            lock.lock();
        }
    }
    static Answer answer(const MallCall& call) {
        Answer answer;
        answer.server_time = Instant{1234};
        const auto* command = std::get_if<campaigns::Command>(&call.act);
        if (command == nullptr) {
            return answer;
        }
        if (const auto* payment = std::get_if<campaigns::RecordPayment>(command)) {
            answer.code = payment->amount == Money{1} ? Code::amount_mismatch : Code::confirmed;
        }
        if (const auto* draft = std::get_if<campaigns::DraftCampaign>(command)) {
            answer.campaign = draft->campaign;
            answer.campaign_state = campaigns::CampaignState::draft;
            answer.version = 1;
            if (draft->campaign == CampaignId{5}) {
                answer.code = Code::wrong_state;
                answer.detail = "a campaign with this id exists already";
            }
        }
        return answer;
    }

    std::mutex mutex_;
    std::condition_variable rung_;
    bool is_rung_ = false;
    bool paused_ = false;
    bool stops_ = false;
    std::thread thread_;
};

/// The follower's state, as far as the test has let it come.
class ShownState final : public MallReads {
  public:
    std::atomic<std::uint64_t> applied{0};
    std::atomic<std::uint64_t> reads_too_early{0};

    [[nodiscard]] ReadOutcome ledger(CampaignId campaign, CommitNumber at_least,
                                     LedgerView& ledger) override {
        if (is_early(at_least)) {
            return ReadOutcome::not_yet;
        }
        if (campaign != CampaignId{7}) {
            return ReadOutcome::unknown;
        }
        ledger.sequence = Sequence{9};
        ledger.items = {{ItemId{"1001"}, Quantity{10}, Quantity{4}, Quantity{1}, Quantity{3},
                         Quantity{2}, Quantity{0}}};
        return ReadOutcome::done;
    }
    [[nodiscard]] ReadOutcome campaign(CampaignId campaign, CommitNumber at_least,
                                       CampaignView& view) override {
        if (is_early(at_least)) {
            return ReadOutcome::not_yet;
        }
        if (campaign != CampaignId{7}) {
            return ReadOutcome::unknown;
        }
        auto config = std::make_shared<campaigns::CampaignConfig>();
        config->title = "Opening night";
        config->starts_at = Instant{1'795'262'400'000};
        config->ends_at = Instant{1'795'269'600'000};
        config->items.push_back(
            {ItemId{"1001"}, "Kettle", Money{9900}, Money{19900}, Quantity{10}, Quantity{0}});
        view = {campaign, 3, campaigns::CampaignState::scheduled, std::move(config)};
        return ReadOutcome::done;
    }
    [[nodiscard]] ReadOutcome campaigns(const CampaignsQuery& query, CommitNumber at_least,
                                        CampaignsPage& page) override {
        CampaignView view;
        const auto outcome = campaign(CampaignId{7}, at_least, view);
        if (outcome == ReadOutcome::done && query.after < CampaignId{7}) {
            page.campaigns.push_back(view);
            page.more = query.limit == 1;
        }
        return outcome;
    }
    [[nodiscard]] ReadOutcome order(OrderId order, CommitNumber at_least,
                                    campaigns::OrderView& view) override {
        if (is_early(at_least)) {
            return ReadOutcome::not_yet;
        }
        if (order != OrderId{36}) {
            return ReadOutcome::unknown;
        }
        view.order_id = order;
        view.campaign = CampaignId{7};
        view.buyer = BuyerId{42};
        view.amount = Money{9900};
        view.state = campaigns::OrderState::confirmed;
        view.lines.push_back({ItemId{"1001"}, Quantity{1}, Money{9900}, Quantity{0}});
        return ReadOutcome::done;
    }
    [[nodiscard]] ReadOutcome orders(const OrdersQuery& query, CommitNumber at_least,
                                     OrdersPage& page) override {
        if (query.campaign != CampaignId{7}) {
            return ReadOutcome::unknown;
        }
        campaigns::OrderView view;
        const auto outcome = order(OrderId{36}, at_least, view);
        if (outcome == ReadOutcome::done && (!query.state || *query.state == view.state)) {
            page.orders.push_back(view);
            page.more = true;
        }
        return outcome;
    }
    [[nodiscard]] ReadOutcome events(const EventsQuery& query, CommitNumber /*at_least*/,
                                     EventsPage& page) override {
        if (!query.after.empty() && query.after != "c1") {
            return ReadOutcome::unknown;
        }
        EventRow row;
        row.event_id = "j.0.9.0";
        row.journal_id = "j";
        row.kind = "REFUND_REQUIRED";
        row.payload = R"({"amount":9900})";
        page.events.push_back(row);
        page.next = "c1";
        return ReadOutcome::done;
    }
    [[nodiscard]] SettlementView settlement() override {
        SettlementView view;
        view.configured = true;
        view.backlog_commits = 3;
        view.last_error = "disk full";
        return view;
    }

  private:
    bool is_early(CommitNumber at_least) {
        const bool early = applied.load() < at_least.raw();
        reads_too_early.fetch_add(early ? 1 : 0);
        return early;
    }
};

/// A key for each role, named as the role; `all` has every one.
class RoleKeys final : public ApiKeys {
  public:
    [[nodiscard]] std::optional<ApiCaller> find(std::string_view key) const override {
        const auto roles = key == "all" ? std::optional{every_role} : Roles::parse(key);
        if (!roles.has_value()) {
            return std::nullopt;
        }
        return ApiCaller{campaigns::Actor{key}, *roles};
    }
};

class MallDoorTest : public testing::Test {
  protected:
    MallDoorTest()
        : doors_(journal_, QuietDoorsOptions{}),
          door_(MallDoorParts{loop_.gateway, state_, keys_, counters_, doors_}, MallDoorOptions{}),
          live_(doors_.services()) {
        loop_.wake_door = [this] { doors_.wake(); };
        counters_.phase = ServerPhase::serving;
        const auto any_port = Endpoint::parse("127.0.0.1:0");
        const auto mall = doors_.open(*any_port, door_);
        const auto live = doors_.open(*any_port, live_);
        EXPECT_TRUE(mall.has_value() && live.has_value());
        mall_port_ = mall->port();
        live_port_ = live->port();
        doors_.start();
    }
    ~MallDoorTest() override { doors_.stop(Duration::seconds(5)); }

    static std::string request(std::string_view method, std::string_view path,
                               std::string_view body = {}, std::string_view key = "all",
                               std::string_view headers = {}) {
        std::string text;
        text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: mall\r\n");
        if (!key.empty()) {
            text.append("Authorization: Bearer ").append(key).append("\r\n");
        }
        text.append(headers);
        if (!body.empty() || method == "POST" || method == "PUT") {
            text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
        }
        return text.append("\r\n").append(body);
    }
    PlainResponse call(const std::string& text) {
        PlainClient client(mall_port_);
        client.send(text);
        auto response = client.read(!text.starts_with("HEAD"));
        EXPECT_TRUE(response.has_value()) << text;
        return response.value_or(PlainResponse{});
    }
    /// What the loop was asked, oldest first.
    template <class Command>
    std::vector<Command> asked() {
        const std::lock_guard lock(loop_.seen_mutex);
        std::vector<Command> found;
        for (const auto& seen : loop_.seen) {
            const auto* command = std::get_if<campaigns::Command>(&seen.act);
            if (command != nullptr && std::holds_alternative<Command>(*command)) {
                found.push_back(std::get<Command>(*command));
            }
        }
        return found;
    }
    std::vector<std::optional<engine::RequestIdentity>> identities() {
        const std::lock_guard lock(loop_.seen_mutex);
        std::vector<std::optional<engine::RequestIdentity>> found;
        for (const auto& seen : loop_.seen) {
            found.push_back(seen.identity);
        }
        return found;
    }

    HandMovedJournal journal_;
    ServerCounters counters_;
    ShownState state_;
    RoleKeys keys_;
    CallTaker loop_;
    QuietDoors doors_;
    MallDoor door_;
    LiveDoor live_;
    std::uint16_t mall_port_ = 0;
    std::uint16_t live_port_ = 0;
};

constexpr std::string_view a_payment =
    R"({"order_id":"10","payment_id":"wx1","amount":9900,"paid_at":"2026-11-21T20:00:00+08:00"})";

TEST_F(MallDoorTest, records_a_payment) {
    const auto response = call(request("POST", "/v1/payments", a_payment));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"code":"CONFIRMED","order_id":"10","server_ms":1234})");
    const auto payments = asked<campaigns::RecordPayment>();
    ASSERT_EQ(payments.size(), 1u);
    EXPECT_EQ(payments[0].order, OrderId{36});
    EXPECT_EQ(payments[0].payment_id, PaymentId{"wx1"});
    EXPECT_EQ(payments[0].paid_at, Instant{1'795'262'400'000});
    EXPECT_FALSE(payments[0].buyer_is_new.has_value());
}

TEST_F(MallDoorTest, holds_every_answer_back_until_its_commit_is_durable) {
    loop_.rests_on = 5;
    PlainClient client(mall_port_);
    client.send(request("POST", "/v1/payments", a_payment));
    while (loop_.taken.load() == 0) {
        std::this_thread::yield();
    }
    journal_.reach(CommitNumber{4});
    doors_.durable_advanced();
    EXPECT_FALSE(client.has_input(200)) << "an answer left before its commit was durable";
    journal_.reach(CommitNumber{5});
    doors_.durable_advanced();
    EXPECT_EQ(client.read()->status, 200);
}

TEST_F(MallDoorTest, holds_refusals_and_replies_to_other_connections_back_too) {
    loop_.rests_on = 8;
    PlainClient batch(mall_port_);
    PlainClient thaw(mall_port_);
    batch.send(request("POST", "/v1/payments/batch",
                       R"({"payments":[{"order_id":"10","payment_id":"p","amount":1,)"
                       R"("paid_at":"2026-11-21T12:00:00Z"}]})"));
    thaw.send(request("POST", "/v1/clock/thaw"));
    while (loop_.taken.load() < 2) {
        std::this_thread::yield();
    }
    EXPECT_FALSE(batch.has_input(200));
    EXPECT_FALSE(thaw.has_input(0));
    journal_.reach(CommitNumber{8});
    doors_.durable_advanced();
    EXPECT_THAT(batch.read()->body, HasSubstr("AMOUNT_MISMATCH"));
    EXPECT_EQ(thaw.read()->status, 200);
}

TEST_F(MallDoorTest, reads_only_a_state_that_knows_what_was_answered_before) {
    loop_.rests_on = 3;
    journal_.reach(CommitNumber{3});
    EXPECT_EQ(call(request("POST", "/v1/payments", a_payment)).status, 200);
    PlainClient client(mall_port_);
    client.send(request("GET", "/v1/campaigns/7/ledger"));
    while (state_.reads_too_early.load() == 0) {
        std::this_thread::yield();
    }
    EXPECT_FALSE(client.has_input(50));
    state_.applied = 3;
    const auto response = client.read();
    EXPECT_THAT(response->body,
                StartsWith(R"({"code":"OK","campaign_id":"7","sequence":9,"items":[)"
                           R"({"item_id":"1001","total":10,"available":4,"held":1,"sold":3,)"
                           R"("reserve":2,"removed":0}])"));
}

TEST_F(MallDoorTest, answers_a_batch_in_the_order_given) {
    std::string body = R"({"payments":[)";
    for (int at = 0; at < 1000; ++at) {
        body += R"({"order_id":")" + Base36{static_cast<std::uint64_t>(at + 1)}.str() +
                R"(","payment_id":"p)" + std::to_string(at) + R"(","amount":)" +
                std::to_string(at % 2) + R"(,"paid_at":"2026-11-21T12:00:00Z"},)";
    }
    body.back() = ']';
    const auto response = call(request("POST", "/v1/payments/batch", body + "}"));
    EXPECT_EQ(response.status, 200);
    std::size_t from = 0;
    for (int at = 0; at < 1000; ++at) {
        const std::string expected =
            std::string{R"({"code":")"} + (at % 2 == 1 ? "AMOUNT_MISMATCH" : "CONFIRMED") +
            R"(","order_id":")" + Base36{static_cast<std::uint64_t>(at + 1)}.str() + '"';
        const auto found = response.body.find(expected, from);
        ASSERT_NE(found, std::string::npos) << at;
        from = found + expected.size();
    }
}

TEST_F(MallDoorTest, refuses_a_batch_with_a_wrong_payment_whole_and_names_it) {
    const auto response = call(request(
        "POST", "/v1/payments/batch",
        R"({"payments":[{"order_id":"10","payment_id":"p","amount":1,"paid_at":"2026-11-21T12:00:00Z"},)"
        R"({"order_id":"10","payment_id":"p","amount":-1,"paid_at":"2026-11-21T12:00:00Z"}]})"));
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("payments[1].amount: must be an integer from 0"));
    EXPECT_TRUE(asked<campaigns::RecordPayment>().empty());
}

TEST_F(MallDoorTest, lets_only_the_right_roles_in) {
    const struct {
        std::string_view method, path, body, right, wrong;
    } rows[] = {
        {"POST", "/v1/payments", a_payment, "mall", "viewer"},
        {"POST", "/v1/refunds", "{}", "mall", "treasurer"},
        {"GET", "/v1/events", "", "mall", "viewer"},
        {"GET", "/v1/campaigns", "", "viewer", "mall"},
        {"GET", "/v1/settlement", "", "viewer", "mall"},
        {"GET", "/v1/campaigns/7/ledger", "", "viewer", "mall"},
        {"GET", "/v1/orders/10", "", "mall", ""},
        {"POST", "/v1/campaigns", "{}", "editor", "publisher"},
        {"PUT", "/v1/campaigns/7", "{}", "editor", "viewer"},
        {"POST", "/v1/campaigns/7/publish", "", "publisher", "editor"},
        {"POST", "/v1/campaigns/7/kill", "", "publisher", "treasurer"},
        {"POST", "/v1/orders/10/resolve", R"({"decision":"refund"})", "treasurer", "editor"},
        {"POST", "/v1/clock/thaw", "", "publisher", "mall"},
    };
    for (const auto& row : rows) {
        const auto status = [&](std::string_view key) {
            return call(request(row.method, row.path, row.body, key)).status;
        };
        EXPECT_NE(status(row.right), 403) << row.path;
        EXPECT_NE(status(row.right), 401) << row.path;
        EXPECT_NE(status("admin"), 403) << row.path;
        EXPECT_EQ(status("nobody"), 401) << row.path;
        EXPECT_EQ(status(""), 401) << row.path;
        if (!row.wrong.empty()) {
            EXPECT_EQ(status(row.wrong), 403) << row.path;
        }
    }
}

TEST_F(MallDoorTest, says_which_role_is_missing) {
    const auto response = call(request("POST", "/v1/payments", a_payment, "viewer"));
    EXPECT_THAT(response.body, HasSubstr(R"("code":"FORBIDDEN")"));
    EXPECT_THAT(response.body, HasSubstr("is needed: mall"));
    EXPECT_THAT(call(request("GET", "/v1/events", "", "")).head,
                HasSubstr("WWW-Authenticate: Bearer"));
}

constexpr std::string_view a_draft =
    R"({"play":"seckill","title":"Opening night","starts_at":"2026-11-21T20:00:00+08:00",)"
    R"("ends_at":"2026-11-21T22:00:00+08:00","items":[{"item_id":"1001","title":"Kettle",)"
    R"("price":9900,"list_price":19900,"stock":1000}],"limits":{"per_buyer":1}})";

TEST_F(MallDoorTest, makes_a_campaign_and_says_where_it_is) {
    const auto response = call(request("POST", "/v1/campaigns", a_draft, "editor"));
    EXPECT_EQ(response.status, 201) << response.body;
    const auto drafts = asked<campaigns::DraftCampaign>();
    ASSERT_EQ(drafts.size(), 1u);
    const auto id = drafts[0].campaign.raw();
    EXPECT_LE(id, limits::campaign_id_max);
    EXPECT_GT(id, 0u);
    EXPECT_EQ(drafts[0].actor, campaigns::Actor{"editor"});
    EXPECT_THAT(response.body, HasSubstr(R"("id":")" + std::to_string(id) + '"'));
    EXPECT_THAT(response.body, HasSubstr(R"("state":"draft")"));
    EXPECT_THAT(response.body, HasSubstr(R"("warnings":[)"));
    EXPECT_THAT(response.head, HasSubstr("Location: /v1/campaigns/" + std::to_string(id)));
}

TEST_F(MallDoorTest, gives_every_campaign_another_id) {
    for (int at = 0; at < 5; ++at) {
        EXPECT_EQ(call(request("POST", "/v1/campaigns", a_draft)).status, 201);
    }
    const auto drafts = asked<campaigns::DraftCampaign>();
    for (std::size_t at = 1; at < drafts.size(); ++at) {
        EXPECT_LT(drafts[at - 1].campaign, drafts[at].campaign);
    }
}

TEST_F(MallDoorTest, makes_one_campaign_of_one_key) {
    for (int at = 0; at < 2; ++at) {
        EXPECT_EQ(
            call(request("POST", "/v1/campaigns", a_draft, "all", "Idempotency-Key: opening\r\n"))
                .status,
            201);
    }
    const auto drafts = asked<campaigns::DraftCampaign>();
    ASSERT_EQ(drafts.size(), 2u);
    EXPECT_EQ(drafts[0].campaign, drafts[1].campaign);
    EXPECT_EQ(identities()[0], identities()[1]);
    EXPECT_TRUE(identities()[0].has_value());
}

TEST_F(MallDoorTest, tells_the_operator_that_the_id_he_chose_is_taken) {
    const auto response = call(request(
        "POST", "/v1/campaigns", std::string{R"({"id":"5",)"} + std::string{a_draft.substr(1)}));
    EXPECT_EQ(response.status, 409);
    EXPECT_THAT(response.body, HasSubstr("WRONG_STATE"));
    EXPECT_EQ(asked<campaigns::DraftCampaign>().size(), 1u);
}

TEST_F(MallDoorTest, lists_all_that_is_wrong_with_a_draft) {
    const auto response =
        call(request("POST", "/v1/campaigns",
                     R"({"play":"seckill","titel":"x","items":[{"item_id":"1","price":-5}]})"));
    EXPECT_EQ(response.status, 422);
    EXPECT_THAT(response.body, HasSubstr(R"("code":"DRAFT_INVALID")"));
    EXPECT_THAT(response.body, HasSubstr(R"("field":"titel")"));
    EXPECT_THAT(response.body, HasSubstr(R"("field":"items[0].price")"));
    EXPECT_THAT(response.body, HasSubstr(R"("field":"ends_at")"));
}

TEST_F(MallDoorTest, shows_revises_and_clones_a_campaign) {
    const auto shown = call(request("GET", "/v1/campaigns/7"));
    EXPECT_THAT(shown.body, StartsWith(R"({"code":"OK","id":"7","state":"scheduled","version":3)"));
    EXPECT_THAT(shown.body, HasSubstr(R"("title":"Opening night")"));

    const auto revised =
        call(request("PUT", "/v1/campaigns/7",
                     std::string{R"({"version":3,)"} + std::string{a_draft.substr(1)}));
    EXPECT_EQ(revised.status, 200) << revised.body;
    ASSERT_EQ(asked<campaigns::ReviseCampaign>().size(), 1u);
    EXPECT_EQ(asked<campaigns::ReviseCampaign>()[0].version, 3u);

    const auto cloned = call(request("POST", "/v1/campaigns/7/clone"));
    EXPECT_EQ(cloned.status, 201);
    ASSERT_EQ(asked<campaigns::DraftCampaign>().size(), 1u);
    EXPECT_EQ(asked<campaigns::DraftCampaign>()[0].config->title, "Opening night");

    EXPECT_THAT(call(request("POST", "/v1/campaigns/8/clone")).body, HasSubstr("CAMPAIGN_UNKNOWN"));
}

TEST_F(MallDoorTest, passes_operators_acts_on) {
    EXPECT_EQ(call(request("POST", "/v1/campaigns/7/pause")).status, 200);
    EXPECT_EQ(asked<campaigns::ChangeCampaign>().at(0).verb, campaigns::Verb::pause);
    EXPECT_EQ(call(request("POST", "/v1/campaigns/7/blocklist", R"({"buyers":["9","10"]})")).status,
              200);
    EXPECT_EQ(asked<campaigns::BlockBuyers>().at(0).buyers, (std::vector{BuyerId{9}, BuyerId{10}}));
    EXPECT_EQ(call(request("POST", "/v1/orders/10/release")).status, 200);
    EXPECT_EQ(asked<campaigns::ReleaseOrder>().at(0).order, OrderId{36});
    EXPECT_EQ(call(request("POST", "/v1/orders/10/resolve", R"({"decision":"confirm"})")).status,
              200);
    EXPECT_EQ(asked<campaigns::ResolveOrder>().at(0).decision, campaigns::Decision::confirm);
    EXPECT_EQ(call(request("POST", "/v1/refunds",
                           R"({"order_id":"10","refund_id":"r1","quantity":1,"amount":100,)"
                           R"("item_id":"1001","payment_id":"p1"})"))
                  .status,
              200);
    const auto refund = asked<campaigns::RecordRefund>().at(0);
    EXPECT_EQ(refund.refund_id, RefundId{"r1"});
    EXPECT_EQ(refund.payment_id, PaymentId{"p1"});
    EXPECT_EQ(refund.item_id, ItemId{"1001"});
    EXPECT_EQ(refund.quantity, Quantity{1});
}

TEST_F(MallDoorTest, needs_a_key_for_stock) {
    const std::string body = R"({"item_id":"1001","delta":-5,"reason":"broken"})";
    const auto without = call(request("POST", "/v1/campaigns/7/stock", body));
    EXPECT_EQ(without.status, 400);
    EXPECT_THAT(without.body, HasSubstr("Idempotency-Key"));
    const auto with =
        call(request("POST", "/v1/campaigns/7/stock", body, "all", "Idempotency-Key: k\r\n"));
    EXPECT_EQ(with.status, 200);
    EXPECT_EQ(asked<campaigns::AdjustStock>().at(0).delta, -5);
    EXPECT_EQ(asked<campaigns::AdjustStock>().at(0).campaign, CampaignId{7});
}

TEST_F(MallDoorTest, refuses_wrong_bodies_by_field) {
    const struct {
        std::string_view path, body, detail;
    } rows[] = {
        {"/v1/payments", "", "body: missing"},
        {"/v1/payments", "{}", "order_id: missing"},
        {"/v1/payments", R"({"order_id":"A"})", "order_id: must be an order's id"},
        {"/v1/payments", R"({"order_id":"10","payment_id":""})", "payment_id: must be 1 to 64"},
        {"/v1/payments", R"({"order_id":"10","paid_at":"yesterday"})", "paid_at: must be an RFC"},
        {"/v1/payments", R"({"order_id":"10","amount":1.5})", "amount: must be an integer"},
        {"/v1/payments", R"({"order_id":"10","extra":1})", "extra: unknown field"},
        {"/v1/payments", R"({"order_id":"10","order_id":"10"})", "order_id: repeated field"},
        {"/v1/payments/batch", R"({"payments":[]})", "payments: must not be empty"},
        {"/v1/refunds", R"({"quantity":-1})", "quantity: must be an integer from 0"},
        {"/v1/refunds", R"({"order_id":"1","quantity":0,"amount":0})", "refund_id: missing"},
        {"/v1/campaigns/7/blocklist", R"({"buyers":["x"]})", "buyers[0]: must be a decimal"},
        {"/v1/campaigns/7/blocklist", R"({"buyers":[9]})", "buyers[0]: must be a string"},
        {"/v1/orders/10/resolve", R"({"decision":"maybe"})", "decision: must be"},
        {"/v1/orders/10/release", R"({"why":"x"})", "why: unknown field"},
        {"/v1/campaigns/7/end", "[]", "must be a JSON object"},
    };
    for (const auto& row : rows) {
        const auto response = call(request("POST", row.path, row.body));
        EXPECT_EQ(response.status, 400) << row.body;
        EXPECT_THAT(response.body, HasSubstr(row.detail)) << row.path;
        EXPECT_THAT(response.head, HasSubstr("application/problem+json"));
    }
    const auto stock = [&](std::string_view body) {
        return call(request("POST", "/v1/campaigns/7/stock", body, "all", "Idempotency-Key: k\r\n"))
            .body;
    };
    EXPECT_THAT(stock(R"({"item_id":"1","delta":0,"reason":"x"})"), HasSubstr("delta: must not"));
    EXPECT_THAT(stock(R"({"item_id":"1","delta":1})"), HasSubstr("reason: missing"));
}

TEST_F(MallDoorTest, knows_its_paths_and_their_methods) {
    EXPECT_EQ(call(request("GET", "/v1/nothing")).status, 404);
    EXPECT_EQ(call(request("GET", "/console/")).status, 404);
    const auto group = call(request("POST", "/v1/campaigns/7/groups/1/fail"));
    EXPECT_EQ(group.status, 404);
    EXPECT_THAT(group.body, HasSubstr("not available"));
    const auto method = call(request("DELETE", "/v1/campaigns/7"));
    EXPECT_EQ(method.status, 405);
    EXPECT_THAT(method.head, HasSubstr("Allow: GET, PUT"));
    EXPECT_EQ(call(request("GET", "/v1/campaigns/zero")).status, 400);
    EXPECT_EQ(
        call(request("POST", "/v1/payments", a_payment, "all", "Content-Type: text/plain\r\n"))
            .status,
        415);
}

TEST_F(MallDoorTest, pages_and_filters_its_lists) {
    EXPECT_THAT(call(request("GET", "/v1/campaigns?limit=1")).body, HasSubstr(R"("next":"7")"));
    EXPECT_THAT(call(request("GET", "/v1/campaigns?after=7")).body,
                HasSubstr(R"("campaigns":[],)"));
    EXPECT_THAT(call(request("GET", "/v1/campaigns/7/orders?state=confirmed")).body,
                HasSubstr(R"("order_id":"10","state":"confirmed","campaign_id":"7")"));
    EXPECT_THAT(call(request("GET", "/v1/campaigns/7/orders?state=held")).body,
                HasSubstr(R"("orders":[])"));
    EXPECT_THAT(call(request("GET", "/v1/orders/10")).body, HasSubstr(R"("buyer_id":"42")"));
    EXPECT_THAT(call(request("GET", "/v1/orders/11")).body, HasSubstr("ORDER_UNKNOWN"));
    EXPECT_THAT(call(request("GET", "/v1/campaigns/8/ledger")).body, HasSubstr("CAMPAIGN_UNKNOWN"));
    for (const char* query : {"limit=0", "limit=1001", "limit=x", "stat=live", "state=asleep",
                              "play=poker", "limit=1&limit=2", "after=x"}) {
        EXPECT_EQ(call(request("GET", std::string{"/v1/campaigns?"} + query)).status, 400) << query;
    }
}

TEST_F(MallDoorTest, feeds_events_and_tells_of_settlement) {
    const auto events = call(request("GET", "/v1/events?limit=10"));
    EXPECT_THAT(events.body, HasSubstr(R"("kind":"REFUND_REQUIRED","payload":{"amount":9900})"));
    EXPECT_THAT(events.body, HasSubstr(R"("next":"c1")"));
    EXPECT_EQ(call(request("GET", "/v1/events?after=elsewhere")).status, 400);
    const auto settlement = call(request("GET", "/v1/settlement"));
    EXPECT_THAT(settlement.body, HasSubstr(R"("backlog":3)"));
    EXPECT_THAT(settlement.body, HasSubstr(R"("last_error":"disk full")"));
}

TEST_F(MallDoorTest, tells_of_its_health_without_a_key) {
    EXPECT_EQ(call(request("GET", "/healthz", "", "")).status, 200);
    EXPECT_THAT(call(request("GET", "/readyz", "", "")).body,
                HasSubstr(R"("ready":true,"clock_frozen":false)"));
    loop_.gateway.note_clock(true);
    EXPECT_THAT(call(request("GET", "/readyz", "", "")).body, HasSubstr(R"("clock_frozen":true)"));
    counters_.phase = ServerPhase::stopping;
    EXPECT_EQ(call(request("GET", "/readyz", "", "")).status, 503);
    EXPECT_EQ(call(request("GET", "/healthz", "", "")).status, 200);
    const auto metrics = call(request("GET", "/metrics", "", ""));
    EXPECT_THAT(metrics.head, HasSubstr("text/plain"));
    EXPECT_THAT(metrics.body, HasSubstr("stampede_journal_durable_commit"));
    EXPECT_THAT(call(request("GET", "/openapi.yaml", "", "")).body, StartsWith("openapi: 3.1"));
    const auto head = call(request("HEAD", "/healthz", "", ""));
    EXPECT_EQ(head.status, 200);
}

TEST_F(MallDoorTest, says_busy_when_the_loop_does_not_keep_up) {
    loop_.pause();
    std::string batch = R"({"payments":[)";
    for (int at = 0; at < 1000; ++at) {
        batch += std::string{a_payment} + ',';
    }
    batch.back() = ']';
    batch += '}';
    std::vector<std::unique_ptr<PlainClient>> clients;
    for (int at = 0; at < 4; ++at) {
        clients.push_back(std::make_unique<PlainClient>(mall_port_));
        clients.back()->send(request("POST", "/v1/payments/batch", batch));
    }
    while (loop_.gateway.calls_waiting() < 4000) {
        std::this_thread::yield();
    }
    const auto refused = call(request("POST", "/v1/payments/batch", batch));
    EXPECT_EQ(refused.status, 503);
    EXPECT_THAT(refused.body, HasSubstr(R"("code":"BUSY")"));
    EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1"));
    loop_.resume();
    for (auto& client : clients) {
        EXPECT_EQ(client->read()->status, 200);
    }
    EXPECT_EQ(asked<campaigns::RecordPayment>().size(), 4000u);
}

TEST_F(MallDoorTest, answers_pipelined_requests_in_order_on_one_connection) {
    PlainClient client(mall_port_);
    std::string many;
    for (int at = 0; at < 20; ++at) {
        many += at % 2 == 0 ? request("GET", "/healthz") : request("GET", "/nowhere");
    }
    client.send(many);
    for (int at = 0; at < 20; ++at) {
        EXPECT_EQ(client.read()->status, at % 2 == 0 ? 200 : 404);
    }
}

TEST_F(MallDoorTest, takes_a_body_in_pieces_and_in_chunks) {
    PlainClient client(mall_port_);
    const std::string text = request("POST", "/v1/payments", a_payment);
    for (const char byte : text) {
        client.send(std::string_view{&byte, 1});
    }
    EXPECT_EQ(client.read()->status, 200);
    client.send(
        "POST /v1/payments HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer all\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < a_payment.size(); at += 16) {
        const auto piece = a_payment.substr(at, 16);
        char size[8];
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        client.send(std::string{size} + std::string{piece} + "\r\n");
    }
    client.send("0\r\n\r\n");
    EXPECT_EQ(client.read()->status, 200);
}

TEST_F(MallDoorTest, tells_a_client_that_waits_for_it_to_go_on) {
    PlainClient client(mall_port_);
    client.send(
        "POST /v1/payments HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer all\r\n"
        "Expect: 100-continue\r\nContent-Length: " +
        std::to_string(a_payment.size()) + "\r\n\r\n");
    EXPECT_EQ(client.read()->status, 100);
    client.send(a_payment);
    EXPECT_EQ(client.read()->status, 200);
}

TEST_F(MallDoorTest, closes_after_what_is_no_request) {
    for (const char* text :
         {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
          "nonsense\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
          "chunked\r\n\r\n0\r\n\r\n"}) {
        PlainClient client(mall_port_);
        client.send(text);
        const auto response = client.read();
        ASSERT_TRUE(response.has_value()) << text;
        EXPECT_EQ(response->status, 400) << text;
        EXPECT_THAT(response->head, HasSubstr("Connection: close"));
        EXPECT_TRUE(client.is_closed_by_server()) << text;
    }
    PlainClient client(mall_port_);
    client.send("POST /v1/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 4194305\r\n\r\n");
    EXPECT_EQ(client.read()->status, 413);
}

TEST_F(MallDoorTest, bounds_the_memory_of_large_bodies) {
    const std::string head =
        "POST /v1/payments/batch HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer all\r\n"
        "Content-Length: 600000\r\n\r\n";
    const std::string part(500'000, ' ');
    std::vector<std::unique_ptr<PlainClient>> slow;
    for (std::size_t at = 0; at < QuietDoorsOptions{}.large_bodies_max; ++at) {
        slow.push_back(std::make_unique<PlainClient>(mall_port_));
        slow.back()->send(head + part);
    }
    // Once the server has read all of them, one more is refused; until then it may be let in.
    std::optional<PlainResponse> refused;
    while (!refused.has_value() || refused->status != 503) {
        PlainClient one_more(mall_port_);
        one_more.send(head + part);
        refused = one_more.has_input(100) ? one_more.read() : std::nullopt;
    }
    EXPECT_THAT(refused->body, HasSubstr(R"("code":"BUSY")"));
    slow.front()->send(std::string(600'000 - part.size(), ' '));
    EXPECT_EQ(slow.front()->read()->status, 400) << "a body of spaces is no batch";
    slow.clear();
    EXPECT_EQ(call(request("POST", "/v1/payments", a_payment)).status, 200);
}

TEST_F(MallDoorTest, serves_more_clients_than_it_has_sessions) {
    std::vector<std::unique_ptr<PlainClient>> idle;
    for (std::size_t at = 0; at < QuietDoorsOptions{}.sessions_max + 20; ++at) {
        idle.push_back(std::make_unique<PlainClient>(mall_port_));
        idle.back()->send(request("GET", "/healthz"));
        EXPECT_EQ(idle.back()->read()->status, 200) << at;
    }
    EXPECT_LE(doors_.sessions_open(), QuietDoorsOptions{}.sessions_max);
}

TEST_F(MallDoorTest, lets_an_answer_under_way_leave_when_it_stops) {
    loop_.rests_on = 2;
    PlainClient idle(mall_port_);
    PlainClient busy(mall_port_);
    idle.send(request("GET", "/healthz"));
    EXPECT_EQ(idle.read()->status, 200);
    busy.send(request("POST", "/v1/payments", a_payment));
    while (loop_.taken.load() == 0) {
        std::this_thread::yield();
    }
    std::thread stopper([this] { doors_.stop(Duration::seconds(20)); });
    EXPECT_TRUE(idle.is_closed_by_server());
    journal_.reach(CommitNumber{2});
    doors_.durable_advanced();
    EXPECT_EQ(busy.read()->status, 200);
    EXPECT_TRUE(busy.is_closed_by_server());
    stopper.join();
}

TEST_F(MallDoorTest, answers_404_at_the_live_door) {
    PlainClient client(live_port_);
    client.send(request("GET", "/v1/live/campaigns/7"));
    const auto response = client.read();
    EXPECT_EQ(response->status, 404);
    EXPECT_THAT(response->head, HasSubstr("application/problem+json"));
}

}  // namespace
}  // namespace stampede::net
