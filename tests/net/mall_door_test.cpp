// SPDX-License-Identifier: Apache-2.0
// The mall's door over real sockets: who may do what, what becomes of a request, and that no answer
// overtakes its commit.
#include <gmock/gmock.h>

#include "tests/net/mall_door_fixture.hpp"

namespace stampede::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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
        R"({"payments":[{"order_id":"10","payment_id":"p","amount":1,)"
        R"("paid_at":"2026-11-21T12:00:00Z"},)"
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
        {"POST", "/v1/campaigns/7/blocklist", R"({"buyers":["1"]})", "publisher", "editor"},
        {"POST", "/v1/campaigns/7/groups/10/fail", "", "publisher", "editor"},
        {"POST", "/v1/campaigns/7/groups/10/fail", "", "treasurer", "mall"},
        {"POST", "/v1/campaigns/7/bargains/10/cancel", "", "publisher", "viewer"},
        {"POST", "/v1/campaigns/7/bargains/10/cancel", "", "treasurer", "editor"},
        {"POST", "/v1/orders/10/release", "", "publisher", "viewer"},
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

TEST_F(MallDoorTest, shows_the_seed_by_its_digest_until_it_may_be_told) {
    EXPECT_THAT(call(request("GET", "/v1/campaigns/7")).body, Not(HasSubstr("seed")));
    state_.seed_digest = campaigns::digest_of_seed(campaigns::SeedBytes{});
    const auto promised = call(request("GET", "/v1/campaigns/7"));
    EXPECT_THAT(promised.body, HasSubstr(R"("seed_digest":"66687aadf862bd776c8fc18b8e9f8e20)"));
    EXPECT_THAT(promised.body, Not(HasSubstr(R"("seed":)")));
    state_.seed = campaigns::SeedBytes{};
    EXPECT_THAT(call(request("GET", "/v1/campaigns/7")).body,
                HasSubstr(R"("seed":")" + std::string(64, '0') + '"'));
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
    EXPECT_EQ(call(request("GET", "/v1/campaigns/7/groups/1/fail")).status, 405);
    EXPECT_EQ(call(request("POST", "/v1/campaigns/7/groups/1/cancel")).status, 404);
    EXPECT_EQ(call(request("POST", "/v1/campaigns/7/groups/fail")).status, 404);
    EXPECT_EQ(call(request("POST", "/v1/campaigns/7/bargains/1/cancel/")).status, 404);
    EXPECT_THAT(call(request("POST", "/v1/campaigns/7/groups/A/fail")).body,
                HasSubstr("group_id: must be a group's id"));
    EXPECT_THAT(call(request("POST", "/v1/campaigns/7/bargains/A/cancel")).body,
                HasSubstr("bargain_id: must be a bargain's id"));
    EXPECT_THAT(call(request("POST", "/v1/campaigns/x/groups/1/fail")).body,
                HasSubstr("campaign_id: must be"));
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

}  // namespace
}  // namespace stampede::net
