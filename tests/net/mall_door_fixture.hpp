// SPDX-License-Identifier: Apache-2.0
// The quiet doors over real sockets. Behind them a thread takes the calls from the rings, as the
// loop does, and answers them after a fixed rule; what the rules of a sale make of a call is tested
// elsewhere.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/mall_door.hpp"
#include "net/quiet_doors.hpp"
#include "tests/net/plain_client.hpp"

namespace stampede::net {

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
    static campaigns::Answer answer(const MallCall& call) {
        campaigns::Answer answer;
        answer.server_time = Instant{1234};
        const auto* command = std::get_if<campaigns::Command>(&call.act);
        if (command == nullptr) {
            return answer;
        }
        if (const auto* payment = std::get_if<campaigns::RecordPayment>(command)) {
            answer.code = payment->amount == Money{1} ? campaigns::Code::amount_mismatch
                                                      : campaigns::Code::confirmed;
        }
        if (const auto* draft = std::get_if<campaigns::DraftCampaign>(command)) {
            answer.campaign = draft->campaign;
            answer.campaign_state = campaigns::CampaignState::draft;
            answer.version = 1;
            if (draft->campaign == CampaignId{5}) {
                answer.code = campaigns::Code::wrong_state;
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
        view.id = campaign;
        view.version = 3;
        view.state = campaigns::CampaignState::scheduled;
        view.config = std::move(config);
        view.seed_digest = seed_digest;
        view.seed = seed;
        return ReadOutcome::done;
    }
    std::optional<campaigns::SeedBytes> seed_digest;
    std::optional<campaigns::SeedBytes> seed;
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
        : doors_(journal_, patient_doors()),
          door_(MallDoorParts{loop_.gateway, state_, keys_, counters_, doors_},
                MallDoorOptions{.read_patience = patience}) {
        loop_.wake_door = [this] { doors_.wake(); };
        counters_.phase = ServerPhase::serving;
        const auto any_port = Endpoint::parse("127.0.0.1:0");
        const auto mall = doors_.open(*any_port, door_);
        EXPECT_TRUE(mall.has_value());
        mall_port_ = mall->port();
        doors_.start();
    }
    ~MallDoorTest() override { doors_.stop(Duration::seconds(5)); }

    /// For each phase of a request, and for a read that waits: no test waits so long.
    static constexpr Duration patience = Duration::seconds(120);
    static QuietDoorsOptions patient_doors() {
        QuietDoorsOptions options;
        options.deadlines.idle = patience;
        options.deadlines.header = patience;
        options.deadlines.body = patience;
        options.deadlines.stalled_write = patience;
        return options;
    }
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
    std::uint16_t mall_port_ = 0;
};

inline constexpr std::string_view a_payment =
    R"({"order_id":"10","payment_id":"wx1","amount":9900,"paid_at":"2026-11-21T20:00:00+08:00"})";

}  // namespace stampede::net
