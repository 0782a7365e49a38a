// SPDX-License-Identifier: Apache-2.0
// The live door over real sockets: who is let in, who is told what, and how it ends. The state is
// the test's own; what a sale looks like there is in tests/end_to_end/live_test.cpp.
#include "net/live_door.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>
#include <thread>

#include "net/quiet_doors.hpp"
#include "tests/net/mall_door_fixture.hpp"
#include "tests/net/shown_subjects.hpp"
#include "tests/support/live_client.hpp"

namespace stampede::net {
namespace {

using testing::HasSubstr;
using tests::follow;
using tests::Framing;
using tests::LiveClient;
using tests::LiveNews;

/// More than the kernel takes on both sides: a watcher who does not read it is stuck in it.
constexpr std::size_t large_bytes = 1U << 20;
static_assert(large_bytes > 4 * (tests::live_receive_buffer_bytes +
                                 std::size_t{limits::live_socket_buffer_bytes}));

const LiveSubject the_campaign{SubjectKind::campaign, CampaignId{7}, 0};
const LiveSubject the_order{SubjectKind::order, CampaignId{7}, 36};  // "10"
const std::string campaign_path = "/v1/campaigns/7/live";
const std::string order_path = "/v1/campaigns/7/orders/10/live";

std::string framing_name(const testing::TestParamInfo<Framing>& param) {
    return tests::text(param.param);
}

class LiveDoorTest : public testing::TestWithParam<Framing> {
  protected:
    ~LiveDoorTest() override {
        if (doors_) {
            doors_->stop(Duration::seconds(5));
        }
    }
    static LiveDoorOptions for_everybody() {
        LiveDoorOptions options;
        options.trust = TrustHeaders::from_everybody;
        options.look_every = Duration::milliseconds(1);
        options.read_patience = Duration::seconds(20);
        // A deadline is only to pass where a test is about it.
        options.deadlines = {.opening = Duration::seconds(60),
                             .heartbeat = Duration::seconds(60),
                             .silence = Duration::seconds(60),
                             .slow_write = Duration::seconds(60),
                             .leaving = Duration::seconds(60),
                             .parting = Duration::seconds(60)};
        return options;
    }
    void open(const LiveDoorOptions& options = for_everybody()) {
        doors_.emplace(journal_, QuietDoorsOptions{});
        door_.emplace(LiveDoorParts{doors_->services(), gateway_, state_, counters_}, options);
        port_ = doors_->open(*Endpoint::parse("127.0.0.1:0"), *door_)->port();
        doors_->start();
    }
    std::unique_ptr<LiveClient> watch(const std::string& path,
                                      const std::vector<std::string>& headers = {}) {
        return follow(port_, GetParam(), path, headers);
    }
    /// Let in, and the first state seen.
    std::unique_ptr<LiveClient> watcher(const std::string& path,
                                        const std::vector<std::string>& headers = {}) {
        auto client = watch(path, headers);
        EXPECT_EQ(client->greeting().status, let_in());
        EXPECT_EQ(client->read().event.code(), "OK");
        return client;
    }
    [[nodiscard]] static int let_in() { return GetParam() == Framing::websocket ? 101 : 200; }
    static void wait_until(const std::function<bool()>& holds, const char* what) {
        const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (!holds()) {
            ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << what << " does not come";
            std::this_thread::yield();
        }
    }
    /// Sets a state, and waits until the door has seen it.
    void show(const std::string& fields) {
        const std::uint64_t before = counters_.states.value();
        state_.set(the_campaign, fields);
        wait_until([&] { return counters_.states.value() > before; }, "the state");
    }

    HandMovedJournal journal_;
    LiveCounters counters_;
    ShownSubjects state_;
    LoopGateway gateway_{[] {}, [] {}};
    std::optional<QuietDoors> doors_;
    std::optional<LiveDoor> door_;
    std::uint16_t port_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Over, LiveDoorTest, testing::Values(Framing::websocket, Framing::lines),
                         framing_name);

TEST_P(LiveDoorTest, shows_the_state_at_once_and_each_change_after_it) {
    open();
    state_.set(the_campaign, R"("sold_out":false,)");
    const auto client = watch(campaign_path);
    EXPECT_EQ(client->greeting().status, let_in());
    LiveNews news = client->read();
    EXPECT_EQ(news.event.code(), "OK");
    EXPECT_FALSE(news.event.flag("sold_out"));
    EXPECT_EQ(news.event.number("sequence"), 2);
    show(R"("sold_out":true,)");
    news = client->read();
    EXPECT_TRUE(news.event.flag("sold_out"));
    show(R"("sold_out":false,)");
    EXPECT_FALSE(client->read().event.flag("sold_out"));
    EXPECT_EQ(counters_.events.value(), 3U);
}

TEST_P(LiveDoorTest, waits_for_the_state_to_hold_what_was_answered_before) {
    open();
    const CommitNumber answered = state_.set(the_order, R"("state":"held",)", BuyerId{1});
    gateway_.note_newest_commit(answered.next());
    const auto client = watch(order_path, {"X-Buyer-Id: 1"});
    EXPECT_FALSE(client->has_input(200)) << "the state shown would be older than an answer";
    EXPECT_EQ(state_.set(the_order, R"("state":"confirmed",)", BuyerId{1}), answered.next());
    EXPECT_EQ(client->read().event.text("state"), "confirmed");
}

TEST_P(LiveDoorTest, asks_a_newcomer_to_come_again_when_the_state_stays_behind) {
    auto options = for_everybody();
    options.read_patience = Duration::milliseconds(1);
    open(options);
    state_.set(the_campaign, R"("a":1,)");
    gateway_.note_newest_commit(CommitNumber{1'000});
    const auto client = watch(campaign_path);
    EXPECT_EQ(client->greeting().status, 503);
    EXPECT_EQ(counters_.refused.value(), 1U);
}

TEST_P(LiveDoorTest, gives_a_late_reader_the_newest_state_and_no_backlog) {
    open();
    state_.set(the_campaign, R"("version":1,"filler":")" + std::string(large_bytes, 'x') + "\",");
    const auto late = watch(campaign_path);
    wait_until([&] { return counters_.events.value() == 1; }, "the first event");
    for (const char* fields : {R"("version":2,)", R"("version":3,)", R"("version":4,)"}) {
        show(fields);
    }
    EXPECT_EQ(counters_.events.value(), 1U) << "nothing is sent to who has not read";
    EXPECT_EQ(late->read().event.number("version"), 1);
    EXPECT_EQ(late->read().event.number("version"), 4);
    EXPECT_EQ(counters_.coalesced.value(), 2U);
    show(R"("version":5,)");
    EXPECT_EQ(late->read().event.number("version"), 5);
}

TEST_P(LiveDoorTest, writes_a_state_once_for_all_who_follow_it) {
    open();
    state_.set(the_campaign, R"("version":1,)");
    std::vector<std::unique_ptr<LiveClient>> crowd;
    for (int at = 0; at < 50; ++at) {
        crowd.push_back(watcher(campaign_path));
    }
    EXPECT_EQ(counters_.states.value(), 1U);
    show(R"("version":2,)");
    for (const auto& client : crowd) {
        EXPECT_EQ(client->read().event.number("version"), 2);
    }
    EXPECT_EQ(counters_.states.value(), 2U);
    EXPECT_EQ(counters_.events.value(), 100U);
    EXPECT_EQ(counters_.watchers.value(), 50);
    EXPECT_EQ(counters_.subjects.value(), 1);
}

TEST_P(LiveDoorTest, follows_several_subjects_on_one_connection) {
    open();
    state_.set(the_campaign, R"("subject":"campaign",)");
    state_.set(the_order, R"("subject":"order","state":"held",)", BuyerId{1});
    const auto client = watch(campaign_path + "?order_id=10", {"X-Buyer-Id: 1"});
    std::multiset<std::string> seen{client->read().event.text("subject"),
                                    client->read().event.text("subject")};
    EXPECT_EQ(seen, (std::multiset<std::string>{"campaign", "order"}));
    state_.set(the_order, R"("subject":"order","state":"confirmed",)", BuyerId{1});
    EXPECT_EQ(client->read().event.text("state"), "confirmed");
}

// Who is let in ----------------------------------------------------------------------------------

TEST_P(LiveDoorTest, shows_an_order_to_its_own_buyer_alone) {
    open();
    state_.set(the_order, R"("state":"held",)", BuyerId{1});
    EXPECT_EQ(watch(order_path)->greeting().status, 401);
    EXPECT_EQ(watch(order_path, {"X-Buyer-Id: one"})->greeting().status, 400);
    EXPECT_EQ(watch(order_path, {"X-Buyer-Id: 1"})->read().event.text("state"), "held");
    const auto expect_unknown = [&](const std::string& path) {
        const auto client = watch(path, {"X-Buyer-Id: 2"});
        if (GetParam() == Framing::lines) {
            EXPECT_EQ(client->greeting().code(), "ORDER_UNKNOWN");
            return;
        }
        EXPECT_EQ(client->read().event.code(), "ORDER_UNKNOWN");
        const LiveNews end = client->read();
        EXPECT_EQ(end.end, "gone");
        EXPECT_EQ(end.close_code, 1000);
    };
    expect_unknown(order_path);
    expect_unknown("/v1/campaigns/7/orders/zz/live");
    state_.set(the_campaign, R"("a":1,)");
    expect_unknown(campaign_path + "?order_id=10");
    wait_until([&] { return counters_.watchers.value() == 0; }, "everybody's end");
    wait_until([&] { return counters_.subjects.value() == 0; }, "the end of what they followed");
}

TEST_P(LiveDoorTest, knows_a_buyer_by_his_token) {
    auto options = for_everybody();
    options.trust = TrustHeaders::from_listed_peers;
    open(options);
    BuyerTokenKey key{"k1", Secret::random(32)};
    const auto token_of = [&](std::uint64_t buyer) {
        const Instant expires{(std::int64_t{1} << 40) + 100'000'000'000'000};
        return "Authorization: Bearer " +
               mint_buyer_token(key, {campaigns::Buyer{.id = BuyerId{buyer}}, expires});
    };
    state_.set(the_order, R"("state":"held",)", BuyerId{1});
    EXPECT_EQ(watch(order_path, {token_of(1)})->greeting().status, 401) << "no keys yet";
    auto keys = std::make_shared<Keys>();
    keys->buyer_token_keys.push_back(key);
    door_->use_keys(keys);
    EXPECT_EQ(watch(order_path, {"X-Buyer-Id: 1"})->greeting().status, 401);
    EXPECT_EQ(watch(order_path, {token_of(1)})->read().event.text("state"), "held");
    EXPECT_EQ(watch(order_path, {token_of(1) + "x"})->greeting().status, 401);
}

TEST_P(LiveDoorTest, bounds_its_connections_and_takes_another_when_one_ends) {
    auto options = for_everybody();
    options.connections_max = 3;
    open(options);
    state_.set(the_campaign, R"("a":1,)");
    std::vector<std::unique_ptr<LiveClient>> in;
    for (int at = 0; at < 3; ++at) {
        in.push_back(watcher(campaign_path));
    }
    EXPECT_EQ(watch(campaign_path)->greeting().status, 503);
    EXPECT_EQ(counters_.refused.value(), 1U);
    in.pop_back();
    wait_until([&] { return counters_.watchers.value() == 2; }, "the end of one");
    in.push_back(watcher(campaign_path));
}

TEST_P(LiveDoorTest, bounds_the_connections_of_one_peer) {
    auto options = for_everybody();
    options.connections_per_peer_max = 2;
    open(options);
    state_.set(the_campaign, R"("a":1,)");
    auto one = watcher(campaign_path);
    const auto other = watcher(campaign_path);
    EXPECT_EQ(watch(campaign_path)->greeting().status, 503);
    one.reset();
    wait_until([&] { return counters_.watchers.value() == 1; }, "the end of one");
    one = watcher(campaign_path);
}

TEST_P(LiveDoorTest, bounds_the_subjects_of_all_connections) {
    auto options = for_everybody();
    options.subjects_max = 2;
    open(options);
    state_.set(the_campaign, R"("a":1,)");
    state_.set(the_order, R"("a":1,)", BuyerId{1});
    const auto both = watcher(campaign_path + "?order_id=10", {"X-Buyer-Id: 1"});
    EXPECT_EQ(watch("/v1/campaigns/8/live")->greeting().status, 503);
}

// How it ends ------------------------------------------------------------------------------------

TEST_P(LiveDoorTest, drops_a_slow_watcher_and_tells_him_why_when_he_reads_again) {
    auto options = for_everybody();
    options.deadlines.slow_write = Duration::milliseconds(20);
    open(options);
    state_.set(the_campaign, R"("version":1,"filler":")" + std::string(large_bytes, 'x') + "\",");
    auto slow = watch(campaign_path);
    wait_until([&] { return counters_.dropped_slow.value() == 1; }, "the drop");
    state_.set(the_campaign, R"("version":2,)");
    EXPECT_EQ(slow->read().event.number("version"), 1);
    const LiveNews end = slow->read();
    EXPECT_EQ(end.end, "slow");
    EXPECT_EQ(end.close_code, GetParam() == Framing::websocket ? 1013 : 0);
    slow.reset();  // he hangs up, and is not waited for any longer
    wait_until([&] { return counters_.watchers.value() == 0; }, "his end");
}

TEST_P(LiveDoorTest, closes_a_slow_watcher_who_does_not_read_on) {
    auto options = for_everybody();
    options.deadlines.slow_write = Duration::milliseconds(20);
    options.deadlines.leaving = Duration::milliseconds(20);
    open(options);
    state_.set(the_campaign, R"("filler":")" + std::string(large_bytes, 'x') + "\",");
    const auto stuck = watch(campaign_path);
    wait_until([&] { return counters_.dropped_slow.value() == 1; }, "the drop");
    wait_until([&] { return counters_.watchers.value() == 0; }, "his end");
    EXPECT_TRUE(stuck->read().is_broken);
}

TEST_P(LiveDoorTest, drops_a_watcher_who_talks_too_much) {
    open();
    state_.set(the_campaign, R"("a":1,)");
    const auto client = watcher(campaign_path);
    for (std::size_t sent = 0; sent <= limits::live_input_bytes_max; sent += 256) {
        client->chatter(std::string(256, 'x'));
    }
    const LiveNews end = client->read();
    EXPECT_EQ(end.end, "talkative");
    EXPECT_EQ(end.close_code, GetParam() == Framing::websocket ? 1008 : 0);
    EXPECT_EQ(counters_.dropped_talkative.value(), 1U);
}

TEST_P(LiveDoorTest, lets_a_watcher_say_a_word_now_and_then) {
    open();
    state_.set(the_campaign, R"("a":1,)");
    const auto client = watcher(campaign_path);
    client->chatter("still here");
    show(R"("a":2,)");
    EXPECT_EQ(client->read().event.number("a"), 2);
}

TEST_P(LiveDoorTest, says_that_a_subject_is_gone) {
    open();
    state_.set(the_campaign, R"("a":1,)");
    const auto client = watcher(campaign_path);
    state_.remove(the_campaign);
    EXPECT_EQ(client->read().event.code(), "CAMPAIGN_UNKNOWN");
    const LiveNews end = client->read();
    EXPECT_EQ(end.end, "gone");
    EXPECT_EQ(end.close_code, GetParam() == Framing::websocket ? 1000 : 0);
}

TEST_P(LiveDoorTest, says_goodbye_when_it_stops) {
    open();
    state_.set(the_campaign, R"("a":1,)");
    std::vector<std::unique_ptr<LiveClient>> crowd;
    for (int at = 0; at < 20; ++at) {
        crowd.push_back(watcher(campaign_path));
    }
    std::thread stopper([this] { doors_->stop(Duration::seconds(60)); });
    for (const auto& client : crowd) {
        const LiveNews end = client->read();
        EXPECT_EQ(end.end, "stopping");
        EXPECT_EQ(end.close_code, GetParam() == Framing::websocket ? 1001 : 0);
    }
    crowd.clear();
    stopper.join();
    EXPECT_EQ(door_->connections_kept(), 0U);
}

TEST_P(LiveDoorTest, stops_although_somebody_does_not_read) {
    auto options = for_everybody();
    open(options);
    state_.set(the_campaign, R"("filler":")" + std::string(large_bytes, 'x') + "\",");
    const auto stuck = watch(campaign_path);
    wait_until([&] { return counters_.events.value() == 1; }, "the event");
    doors_->stop(Duration::milliseconds(50));
    EXPECT_EQ(door_->connections_kept(), 1U) << "the test did not hold it up";
}

// What is particular to one of the two -----------------------------------------------------------

class LiveDoorWords : public LiveDoorTest {
  protected:
    /// The answer to bytes as they are.
    tests::HttpAnswer answer_to(const std::string& request) const {
        tests::HttpClient client(port_);
        client.send(request);
        return client.read();
    }
    static std::string handshake(const std::string& upgrade, const std::string& key,
                                 const std::string& version) {
        return "GET " + campaign_path +
               " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " + upgrade +
               "\r\nSec-WebSocket-Key: " + key + "\r\nSec-WebSocket-Version: " + version +
               "\r\n\r\n";
    }
};
INSTANTIATE_TEST_SUITE_P(Over, LiveDoorWords, testing::Values(Framing::lines), framing_name);

TEST_P(LiveDoorWords, takes_the_handshake_of_the_standard_and_no_other) {
    open();
    state_.set(the_campaign, R"("a":1,)");
    // The example of RFC 6455, section 1.3.
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
    const auto accepted = answer_to(handshake("websocket", key, "13"));
    EXPECT_EQ(accepted.status, 101);
    EXPECT_EQ(accepted.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(answer_to(handshake("WebSocket", key, "13")).status, 101);
    EXPECT_EQ(answer_to(handshake("h2c", key, "13")).status, 400);
    EXPECT_EQ(answer_to(handshake("websocket", "short", "13")).status, 400);
    EXPECT_EQ(answer_to(handshake("websocket", key, "8")).status, 400);
    EXPECT_EQ(
        answer_to("GET " + campaign_path + " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
            .status,
        400);
}

TEST_P(LiveDoorWords, refuses_what_it_cannot_stream_to) {
    open();
    state_.set(the_campaign, R"("a":1,)");
    const std::string line = "GET " + campaign_path;
    EXPECT_EQ(answer_to(line + " HTTP/1.0\r\nHost: a\r\n\r\n").status, 505);
    EXPECT_EQ(answer_to(line + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").status, 400);
    EXPECT_EQ(
        answer_to(line + " HTTP/1.1\r\nHost: a\r\n\r\n" + line + " HTTP/1.1\r\nHost: a\r\n\r\n")
            .status,
        400)
        << "nothing can be asked behind a stream";
    const auto wrong =
        answer_to("POST " + campaign_path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(wrong.header("Allow"), "GET");
    EXPECT_EQ(answer_to("GET /v1/campaigns/7 HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
}

TEST_P(LiveDoorWords, keeps_gateways_from_holding_a_stream_back) {
    auto options = for_everybody();
    options.cors_origins = {"https://mall.example"};
    open(options);
    state_.set(the_campaign, R"("a":1,)");
    const auto client = watch(campaign_path, {"Origin: https://mall.example"});
    const auto& greeting = client->greeting();
    EXPECT_EQ(greeting.header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(greeting.header("Content-Type"), "application/x-ndjson");
    EXPECT_EQ(greeting.header("Cache-Control"), "no-store");
    EXPECT_EQ(greeting.header("X-Accel-Buffering"), "no");
    EXPECT_EQ(greeting.header("Access-Control-Allow-Origin"), "https://mall.example");
    EXPECT_EQ(watch(campaign_path, {"Origin: https://else.example"})
                  ->greeting()
                  .header("Access-Control-Allow-Origin"),
              "");
}

TEST_P(LiveDoorWords, sends_an_empty_line_while_there_is_nothing_to_say) {
    auto options = for_everybody();
    options.deadlines.heartbeat = Duration::milliseconds(1);
    open(options);
    state_.set(the_campaign, R"("a":1,)");
    tests::HttpClient client(port_);
    client.send("GET " + campaign_path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read().status, 200);
    EXPECT_THAT(client.read_chunk().value_or(""), HasSubstr("\"a\":1"));
    EXPECT_EQ(client.read_chunk(), "\n");
    EXPECT_EQ(client.read_chunk(), "\n");
}

TEST_P(LiveDoorWords, drops_a_websocket_that_answers_no_ping) {
    auto options = for_everybody();
    options.deadlines.heartbeat = Duration::milliseconds(1);
    options.deadlines.silence = Duration::milliseconds(100);
    options.deadlines.parting = Duration::milliseconds(1);
    open(options);
    state_.set(the_campaign, R"("a":1,)");
    tests::HttpClient mute(port_);
    mute.send(handshake("websocket", "dGhlIHNhbXBsZSBub25jZQ==", "13"));
    EXPECT_EQ(mute.read().status, 101);
    wait_until([&] { return counters_.dropped_silent.value() == 1; }, "the drop");
    wait_until([&] { return counters_.watchers.value() == 0; }, "its end");
}

}  // namespace
}  // namespace stampede::net
