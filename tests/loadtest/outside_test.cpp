// SPDX-License-Identifier: Apache-2.0
// What the load test reads from outside and says at the end: the mall's door, its database, the
// printed journal, the journal of answers, the reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>

#include "loadtest/answer_log.hpp"
#include "loadtest/cashier.hpp"
#include "loadtest/gather.hpp"
#include "loadtest/report.hpp"
#include "loadtest/sale_setup.hpp"
#include "loadtest/verify_answers.hpp"
#include "tests/loadtest/small_server.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

Endpoint endpoint_of(const SmallServer& server) {
    return *resolve_endpoint(server.address());
}

class Outside : public testing::Test {
  protected:
    Outside() {
        directory_ = std::filesystem::temp_directory_path() /
                     ("stampede-outside-" + std::to_string(::getpid()) + "-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(directory_);
    }
    ~Outside() override { std::filesystem::remove_all(directory_); }
    [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }

  private:
    std::filesystem::path directory_;
};

TEST_F(Outside, the_mall_door_reconnects_and_asks_again) {
    std::atomic<int> count{0};
    SmallServer server{[&](const SmallRequest& request) {
        return ++count == 1 ? std::string{} : http_answer(R"({"code":"OK"})" + request.body);
    }};
    MallDoor door{endpoint_of(server), "dev", milliseconds{2000}};
    const auto reply = door.post("/v1/refunds", "{}", "key-1");
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(count.load(), 2);
}

TEST_F(Outside, the_mall_door_sends_its_key_and_gives_up_after_its_patience) {
    std::string seen;
    std::string address;
    {
        SmallServer server{[&](const SmallRequest& request) {
            seen = request.header("Authorization") + '|' + request.header("Idempotency-Key");
            return http_answer("{}");
        }};
        address = server.address();
        MallDoor door{endpoint_of(server), "dev", milliseconds{2000}};
        ASSERT_TRUE(door.post("/x", "{}", "k1").has_value());
    }
    EXPECT_EQ(seen, "Bearer dev|k1");
    MallDoor gone{*resolve_endpoint(address), "dev", milliseconds{30}};
    EXPECT_FALSE(gone.get("/x").has_value());
}

TEST_F(Outside, a_sale_is_drafted_published_and_started_by_the_servers_clock) {
    std::vector<std::string> lines;
    std::string draft;
    SmallServer server{[&](const SmallRequest& request) {
        lines.push_back(request.first_line());
        if (lines.size() == 1) {
            return http_answer(R"({"code":"OK","server_ms":1795262400000})");
        }
        draft += request.body;
        return lines.size() == 2 ? http_answer(R"({"id":"42","warnings":[]})", 201)
                                 : http_answer(R"({"code":"OK","state":"live"})");
    }};
    const auto scenario = load_scenario("t0-herd");
    MallDoor mall{endpoint_of(server), "dev", milliseconds{2000}};
    MallDoor buyers{endpoint_of(server), "dev", milliseconds{2000}};
    const auto before = std::chrono::steady_clock::now();
    const auto sale = start_sale(*scenario, mall, buyers);
    ASSERT_TRUE(sale.has_value()) << sale.error().message;
    EXPECT_EQ(sale->campaign_id, "42");
    EXPECT_GE(sale->starts - before, milliseconds{2000});
    EXPECT_EQ(lines,
              (std::vector<std::string>{"GET /v1/time HTTP/1.1", "POST /v1/campaigns HTTP/1.1",
                                        "POST /v1/campaigns/42/publish HTTP/1.1"}));
    EXPECT_THAT(draft, HasSubstr(R"("starts_at":"2026-11-21T12:00:02.000Z")"));
    EXPECT_THAT(draft, HasSubstr(R"("ends_at":"2026-11-21T12:10:00.000Z")"));
}

TEST_F(Outside, a_refused_draft_is_told_in_the_servers_words) {
    SmallServer server{[](const SmallRequest& request) {
        return request.first_line().starts_with("GET")
                   ? http_answer(R"({"code":"OK","server_ms":1})")
                   : http_answer(R"({"code":"DRAFT_INVALID"})", 422);
    }};
    MallDoor mall{endpoint_of(server), "dev", milliseconds{2000}};
    MallDoor buyers{endpoint_of(server), "dev", milliseconds{2000}};
    const auto sale = start_sale(*load_scenario("saturate"), mall, buyers);
    ASSERT_FALSE(sale.has_value());
    EXPECT_THAT(sale.error().message, HasSubstr("DRAFT_INVALID"));
}

TEST_F(Outside, the_order_list_is_read_page_by_page) {
    SmallServer server{[](const SmallRequest& request) {
        return request.first_line().find("after=p2") == std::string::npos
                   ? http_answer(R"({"code":"OK","orders":[{"order_id":"a","buyer_id":"1",)"
                                 R"("item_id":"x","state":"held","quantity":1,"amount":5}],)"
                                 R"("next":"p2"})")
                   : http_answer(R"({"code":"OK","orders":[{"order_id":"b","quantity":2}]})");
    }};
    MallDoor mall{endpoint_of(server), "dev", milliseconds{2000}};
    const auto orders = fetch_orders(mall, "7");
    ASSERT_TRUE(orders.has_value()) << orders.error().message;
    ASSERT_EQ(orders->size(), 2u);
    EXPECT_EQ((*orders)[0].state, "held");
    EXPECT_EQ((*orders)[1].quantity, 2);
}

TEST_F(Outside, the_ledger_is_awaited_until_nothing_is_held) {
    std::atomic<int> held{3};
    SmallServer server{[&](const SmallRequest&) {
        const int now = held > 0 ? held-- : 0;
        return http_answer(R"({"sequence":9,"items":[{"item_id":"1001","total":5,"available":)" +
                           std::to_string(5 - now) + R"(,"held":)" + std::to_string(now) +
                           R"(,"sold":0,"reserve":0,"removed":0}]})");
    }};
    MallDoor mall{endpoint_of(server), "dev", milliseconds{2000}};
    const auto ledger = await_lapsed(mall, "7", std::chrono::seconds{5});
    ASSERT_TRUE(ledger.has_value()) << ledger.error().message;
    EXPECT_EQ(ledger->front().held, 0);
    EXPECT_EQ(ledger->front().available, 5);
    EXPECT_EQ(server.requests(), 4u);
}

void execute(sqlite3* database, const char* sql) {
    char* message = nullptr;
    ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, &message), SQLITE_OK) << message;
}

TEST_F(Outside, the_malls_database_is_read_with_lines_events_and_cursor) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path("mall.db").c_str(), &database), SQLITE_OK);
    execute(database, R"(
CREATE TABLE stampede_order (order_id TEXT PRIMARY KEY, campaign_id TEXT, play TEXT, buyer_id TEXT,
  amount INTEGER, refunded_amount INTEGER, state TEXT, group_id TEXT, bargain_id TEXT,
  payment_id TEXT, paid_at_ms INTEGER, confirmed_at_ms INTEGER, receipt TEXT);
CREATE TABLE stampede_order_item (order_id TEXT, line INTEGER, item_id TEXT, quantity INTEGER,
  unit_price INTEGER, refunded_quantity INTEGER, PRIMARY KEY (order_id, line));
CREATE TABLE stampede_event (event_id TEXT PRIMARY KEY, journal_id TEXT, shard INTEGER,
  sequence INTEGER, ordinal INTEGER, kind TEXT, order_id TEXT, payload TEXT, at_ms INTEGER);
CREATE TABLE stampede_cursor (journal_id TEXT PRIMARY KEY, sequence INTEGER);
INSERT INTO stampede_order VALUES
  ('a','7','group_buy','100',30,0,'confirmed','g1',NULL,'p1',1,2,'0.1.5'),
  ('z','8','seckill','100',30,0,'confirmed',NULL,NULL,'p2',1,2,'0.1.6');
INSERT INTO stampede_order_item VALUES ('a',1,'x',2,10,0),('a',2,'y',1,10,0),('lost',1,'x',1,1,0);
INSERT INTO stampede_event VALUES
  ('e1','j',0,5,0,'REFUND_REQUIRED','a',
   '{"campaign_id":"7","payment_id":"p9","amount":30,"reason":"group_failed","group_id":"g2"}',1),
  ('e2','j',0,6,0,'STOCK_DELTA',NULL,'{"campaign_id":"8"}',1);
INSERT INTO stampede_cursor VALUES ('j', 6);
)");
    sqlite3_close(database);
    const auto mall = read_mall_database("sqlite:" + path("mall.db"), "7");
    ASSERT_TRUE(mall.has_value()) << mall.error().message;
    ASSERT_EQ(mall->orders.size(), 1u);
    EXPECT_EQ(mall->orders[0].lines, 2);
    EXPECT_EQ(mall->orders[0].lines_amount, 30);
    EXPECT_EQ(mall->orders[0].lines_quantity, 3);
    ASSERT_EQ(mall->events.size(), 1u);
    EXPECT_EQ(mall->events[0].payment_id, "p9");
    EXPECT_EQ(mall->events[0].amount, 30);
    EXPECT_EQ(mall->events[0].reason, "group_failed");
    EXPECT_EQ(mall->events[0].group_id, "g2");
    EXPECT_EQ(mall->orders[0].group_id, "g1");
    EXPECT_EQ(mall->orders[0].bargain_id, "");
    EXPECT_EQ(mall->orders[0].receipt, "0.1.5");
    EXPECT_EQ(mall->cursors, 1u);
    EXPECT_EQ(mall->lines_without_order, 1u);
}

TEST_F(Outside, a_missing_mall_database_is_a_fault_and_not_an_empty_one) {
    EXPECT_FALSE(read_mall_database("sqlite:" + path("none.db"), "7").has_value());
    EXPECT_FALSE(read_mall_database("postgresql://x", "7").has_value());
}

TEST_F(Outside, a_printed_journal_gives_its_receipts_and_orders) {
    const std::string program = path("print");
    std::ofstream{program} << "#!/bin/sh\n"
                              "echo '{\"shard\":3,\"sequence\":17,\"order_id\":\"abc\"}'\n"
                              "echo '{\"shard\":3,\"epoch\":2,\"sequence\":18,"
                              "\"fields\":{\"order_id\":\"def\"}}'\n"
                              "printf '{\"receipt\":\"1.1.9\"}'\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    const auto journal = read_journal(program, "unused", "7");
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    EXPECT_EQ(journal->lines, 3u);
    for (const char* receipt : {"3.1.17", "3.2.18", "1.1.9"}) {
        EXPECT_TRUE(journal->receipts.contains(receipt)) << receipt;
    }
    EXPECT_TRUE(journal->orders.contains("abc"));
    EXPECT_TRUE(journal->orders.contains("def"));
}

TEST_F(Outside, a_journal_that_cannot_be_printed_is_a_fault) {
    EXPECT_FALSE(read_journal("/bin/false", "unused", "7").has_value());
    EXPECT_FALSE(read_journal(path("no-such-program"), "unused", "7").has_value());
    EXPECT_FALSE(read_journal("/bin/echo", "unused", "7").has_value()) << "no JSON";
}

Answer held_answer() {
    Answer answer;
    answer.buyer = BuyerId{1'000'000'001};
    answer.key = KeyNumber{5};
    answer.order = OrderId{777};
    answer.receipt = {0, 1, 9};
    answer.amount = Money{9900};
    answer.pay_by = Instant{123};
    answer.quantity = 1;
    answer.status = 200;
    answer.code = AnswerCode::held;
    return answer;
}

std::string write_log(const std::string& file) {
    const Sale sale{"7", {{"1001", Money{9900}, Quantity{10}}}, Quantity{1}, {}};
    auto log = AnswerLog::open(file, sale, 1);
    check(log.has_value(), "a log in a fresh directory");
    (*log)->write(held_answer());
    Answer cancel = held_answer();
    cancel.kind = ActKind::cancel;
    cancel.code = AnswerCode::cancelled;
    cancel.key = KeyNumber{6};
    (*log)->write(cancel);
    Answer refusal = held_answer();
    refusal.code = AnswerCode::sold_out;
    (*log)->write(refusal);
    PaymentAnswer payment;
    payment.payment = {OrderId{777}, "pay-1", Money{9900}, "2026-01-01T00:00:00Z",
                       PaymentKind::plain};
    payment.code = AnswerCode::confirmed;
    (*log)->write(payment);
    return file;
}

TEST_F(Outside, the_journal_of_answers_is_read_back_as_written) {
    const auto answers = read_answer_log(write_log(path("answers")));
    ASSERT_TRUE(answers.has_value()) << answers.error().message;
    ASSERT_EQ(answers->orders.size(), 2u);  // the refusal changed nothing and is not kept
    EXPECT_EQ(answers->orders[0].order_id, Base36{777}.str());
    EXPECT_EQ(answers->orders[0].receipt, "0.1.9");
    EXPECT_EQ(answers->orders[0].key, key_text(KeyNumber{5}));
    EXPECT_EQ(answers->orders[0].item_id, "1001");
    EXPECT_EQ(answers->orders[1].cancel_of, Base36{777}.str());
    ASSERT_EQ(answers->payments.size(), 1u);
    EXPECT_EQ(answers->payments[0].payment_id, "pay-1");
}

TEST_F(Outside, the_journal_of_answers_tells_how_to_ask_about_a_group_or_a_bargain_again) {
    const Sale sale{"7", {{"1001", Money{9900}, Quantity{10}}}, Quantity{1}, {}};
    {
        auto log = AnswerLog::open(path("answers"), sale, 2);
        ASSERT_TRUE(log.has_value());
        Answer join = held_answer();
        join.kind = ActKind::join_group;
        join.code = AnswerCode::rerouted;
        join.asked_record = RecordId{55};
        join.record = RecordId{56};
        (*log)->write(join);
        Answer cut = held_answer();
        cut.kind = ActKind::cut;
        cut.code = AnswerCode::cut;
        cut.asked_record = cut.record = RecordId{77};
        (*log)->write(cut);
    }
    const auto answers = read_answer_log(path("answers"));
    ASSERT_TRUE(answers.has_value()) << answers.error().message;
    ASSERT_EQ(answers->orders.size(), 2u);
    const auto words = [&](std::size_t at) {
        const LoggedOrder& logged = answers->orders[at];
        return words_of(logged.act, logged.record, logged.item_id, logged.asked_quantity);
    };
    EXPECT_EQ(words(0).path, "/groups/" + Base36{55}.str() + "/members");
    EXPECT_EQ(words(0).body, R"({"quantity":2})");
    EXPECT_EQ(words(1).path, "/bargains/" + Base36{77}.str() + "/cuts");
    EXPECT_EQ(words(1).body, "");
}

TEST_F(Outside, a_line_cut_off_by_a_crash_is_left_out_and_a_damaged_one_is_a_fault) {
    const std::string file = write_log(path("answers"));
    std::ofstream{file, std::ios::app} << R"({"campaign":"7","buy)";
    const auto cut = read_answer_log(file);
    ASSERT_TRUE(cut.has_value());
    EXPECT_EQ(cut->orders.size(), 2u);
    std::ofstream{file, std::ios::app} << "\n{}\n";
    EXPECT_FALSE(read_answer_log(file).has_value());
}

// A server that still knows what it acknowledged, and lies in the way that a test asks for.
class Recovered {
  public:
    std::string order_id = Base36{777}.str();
    std::string code = "HELD";
    std::string payment_code = "ALREADY_DONE";
    bool replayed = true;
    bool readable = true;

    std::string operator()(const SmallRequest& request) const {
        const std::string line = request.first_line();
        if (line.starts_with("POST /v1/payments/batch")) {
            return http_answer(R"({"results":[{"code":")" + payment_code + R"("}]})");
        }
        const std::string order = R"(","order_id":")" + order_id +
                                  R"(","quantity":1,"amount":9900,"pay_by_ms":123,)"
                                  R"("receipt":"0.1.9")" +
                                  (replayed ? R"(,"replayed":true})" : "}");
        if (line.find("/cancel ") != std::string::npos) {
            return http_answer(R"({"code":"CANCELLED)" + order);
        }
        if (line.starts_with("GET")) {
            return http_answer(R"({"code":")" + std::string{readable ? "OK" : "ORDER_UNKNOWN"} +
                               order);
        }
        return http_answer(R"({"code":")" + code + order);
    }
};

std::set<std::string> broken_after(const Recovered& recovered, const std::string& file) {
    SmallServer server{recovered};
    const auto answers = read_answer_log(file);
    const auto findings = verify_with_server(
        *answers, {endpoint_of(server), endpoint_of(server), "dev", std::nullopt, 5});
    check(findings.has_value(), "the small server answers");
    std::set<std::string> broken;
    for (const Finding& finding : *findings) {
        EXPECT_GT(finding.checked, 0u);
        if (finding.broken > 0) {
            broken.insert(finding.invariant);
        }
    }
    return broken;
}

TEST_F(Outside, a_server_that_remembers_passes_and_each_way_to_forget_is_noticed) {
    const std::string file = write_log(path("answers"));
    EXPECT_EQ(broken_after({}, file), std::set<std::string>{});
    Recovered other_order;
    other_order.order_id = "1";
    EXPECT_TRUE(broken_after(other_order, file).contains("answers_replayed"));
    Recovered judged_anew;
    judged_anew.replayed = false;
    EXPECT_TRUE(broken_after(judged_anew, file).contains("answers_replayed"));
    Recovered sold_out;
    sold_out.code = "SOLD_OUT";
    EXPECT_TRUE(broken_after(sold_out, file).contains("answers_replayed"));
    Recovered lost;
    lost.readable = false;
    EXPECT_EQ(broken_after(lost, file), std::set<std::string>{"orders_found"});
    Recovered unpaid;
    unpaid.payment_code = "CONFIRMED";
    EXPECT_EQ(broken_after(unpaid, file), std::set<std::string>{"payments_replayed"});
}

TEST_F(Outside, a_journal_without_an_acknowledged_receipt_is_noticed) {
    const auto answers = read_answer_log(write_log(path("answers")));
    JournalContents journal;
    journal.orders = {Base36{777}.str()};
    journal.receipts = {"0.1.9"};
    EXPECT_EQ(verify_with_journal(*answers, journal).front().broken, 0u);
    journal.receipts.clear();
    EXPECT_GT(verify_with_journal(*answers, journal).front().broken, 0u);
}

TEST_F(Outside, the_cashier_tells_every_payment_of_its_plan) {
    std::mutex mutex;
    std::map<std::string, int> told;
    std::atomic<int> refunds{0};
    SmallServer server{[&](const SmallRequest& request) {
        if (request.first_line().starts_with("POST /v1/refunds")) {
            ++refunds;
            return http_answer(R"({"code":"OK"})");
        }
        const std::lock_guard lock{mutex};
        std::string results;
        const auto body = boost::json::parse(request.body);
        for (const auto& payment : body.at("payments").as_array()) {
            const std::string id{payment.at("payment_id").as_string()};
            const bool wrong = id.ends_with("-w");
            const bool second = id.ends_with("-b");
            const std::string code = wrong            ? "AMOUNT_MISMATCH"
                                     : second         ? "REFUND_REQUIRED"
                                     : ++told[id] > 1 ? "ALREADY_DONE"
                                                      : "CONFIRMED";
            results += (results.empty() ? "" : ",") + std::string{R"({"code":")"} + code +
                       R"(","state":"confirmed"})";
        }
        return http_answer(R"({"results":[)" + results + "]}");
    }};
    Scenario scenario;
    scenario.payments.wanted = true;
    scenario.payments.delay = milliseconds{1};
    scenario.payments.again = 1;
    scenario.payments.second_payment = 1;
    scenario.payments.wrong_amount = 1;
    scenario.payments.refunds = 1;
    Cashier cashier{scenario, endpoint_of(server), "dev", nullptr};
    for (std::uint64_t order = 1001; order <= 1050; ++order) {
        cashier.owe({OrderId{order}, KeyNumber{order}, Money{100}, Quantity{1},
                     milliseconds{10'000}, HoldFate::pays, scenario.payments.refunds});
    }
    const CashierResult result =
        cashier.finish(std::chrono::steady_clock::now() + std::chrono::seconds{20});
    EXPECT_EQ(result.payments.size(), 200u);  // plain, again, second, wrong
    EXPECT_EQ(result.refunds.size(), 50u);
    EXPECT_EQ(refunds.load(), 50);
    EXPECT_EQ(result.undelivered, 0u);
    EXPECT_EQ(told.size(), 50u);
}

TEST_F(Outside, the_cashier_counts_what_the_door_did_not_take) {
    SmallServer server{[](const SmallRequest&) { return http_answer("{}", 403); }};
    Scenario scenario;
    scenario.payments.wanted = true;
    scenario.payments.delay = milliseconds{1};
    Cashier cashier{scenario, endpoint_of(server), "wrong key", nullptr};
    cashier.owe(
        {OrderId{1}, KeyNumber{1}, Money{100}, Quantity{1}, milliseconds{1000}, HoldFate::pays});
    const CashierResult result =
        cashier.finish(std::chrono::steady_clock::now() + std::chrono::seconds{20});
    EXPECT_EQ(result.undelivered, 1u);
    EXPECT_THAT(result.last_fault, HasSubstr("403"));
}

RunReport some_report() {
    RunReport report;
    report.scenario = "a <b> & \"c\"";
    report.mode = "crowd";
    report.numbers.length = std::chrono::seconds{2};
    for (int count = 1; count <= 1000; ++count) {
        report.numbers.accepted.record(std::chrono::microseconds{count * 10});
    }
    report.numbers.answered = 1000;
    report.numbers.sent = 1000;
    report.numbers.codes[static_cast<std::size_t>(AnswerCode::held)] = 1000;
    report.ledger = {{"1001", 1000, 0, 400, 600, 0, 0}};
    Finding finding{"no_oversell", "claim"};
    finding.expect(true, [] { return std::string{}; });
    report.findings.push_back(finding);
    return report;
}

Scenario bounded(const std::string& metric, Threshold::Bound bound, double limit) {
    Scenario scenario;
    scenario.thresholds = {{metric, bound, limit}};
    return scenario;
}

TEST(Report, exits_by_the_gravest_finding) {
    RunReport right = some_report();
    judge(right, bounded("accepted_p99_ms", Threshold::Bound::at_most, 50));
    EXPECT_EQ(right.exit, ExitCode::success);

    RunReport slow = some_report();
    judge(slow, bounded("accepted_p99_ms", Threshold::Bound::at_most, 5));
    EXPECT_EQ(slow.exit, ExitCode::threshold_missed);

    RunReport unmeasured = some_report();
    judge(unmeasured, bounded("time_to_sold_out_ms", Threshold::Bound::at_most, 5));
    EXPECT_EQ(unmeasured.exit, ExitCode::threshold_missed);

    RunReport late = some_report();
    late.numbers.lag.record(std::chrono::seconds{1});
    judge(late, bounded("accepted_p99_ms", Threshold::Bound::at_most, 5));
    EXPECT_EQ(late.exit, ExitCode::generator_too_slow);

    RunReport busy = some_report();
    busy.mode = "saturate";
    busy.numbers.machine.wall = std::chrono::seconds{1};
    busy.numbers.machine.generator_cpu = milliseconds{950};
    Scenario strict;
    strict.finish.busy_max = 0.9;
    judge(busy, strict);
    EXPECT_EQ(busy.exit, ExitCode::generator_too_slow);

    RunReport broken = some_report();
    broken.findings[0].expect(false, [] { return std::string{"oversold"}; });
    broken.numbers.lag.record(std::chrono::seconds{1});
    judge(broken, Scenario{});
    EXPECT_EQ(broken.exit, ExitCode::invariant_broken);
}

TEST(Report, measures_every_metric_that_a_threshold_may_bound) {
    RunReport report = some_report();
    report.numbers.sold_out_after = milliseconds{5};
    for (const std::string& metric : threshold_metrics()) {
        EXPECT_TRUE(measure(report, metric).has_value()) << metric;
    }
    EXPECT_NEAR(*measure(report, "requests_per_s"), 500, 1e-9);
    EXPECT_NEAR(*measure(report, "accepted_p50_ms"), 5.0, 0.01);
}

TEST(Report, is_json_with_the_documented_fields) {
    RunReport report = some_report();
    judge(report, Scenario{});
    const boost::json::value json = boost::json::parse(json_report(report));
    EXPECT_EQ(json.at("schema").as_int64(), 1);
    EXPECT_EQ(json.at("exit_code").as_int64(), 0);
    EXPECT_EQ(json.at("codes").at("HELD").to_number<int>(), 1000);
    EXPECT_EQ(json.at("latency_ms").at("accepted").at("count").to_number<int>(), 1000);
    EXPECT_EQ(json.at("sale").at("items").as_array().size(), 1u);
    EXPECT_EQ(json.at("invariants").as_array()[0].at("invariant").as_string(), "no_oversell");
}

TEST(Report, is_html_of_one_piece_with_everything_escaped) {
    const std::string html = html_report(some_report());
    EXPECT_THAT(html, HasSubstr("a &lt;b&gt; &amp; &quot;c&quot;"));
    for (const char* outside : {"http:", "https:", "src=", "<script", "@import", "url("}) {
        EXPECT_THAT(html, testing::Not(HasSubstr(outside)));
    }
}

TEST(Report, has_colour_only_when_asked) {
    RunReport report = some_report();
    EXPECT_THAT(text_report(report, Colour::off), testing::Not(HasSubstr("\033")));
    EXPECT_THAT(text_report(report, Colour::on), HasSubstr("\033"));
    EXPECT_THAT(text_report(report, Colour::off), HasSubstr("held or sold 1000 of 1000"));
}

}  // namespace
}  // namespace stampede::loadtest
