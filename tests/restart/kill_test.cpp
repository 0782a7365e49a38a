// SPDX-License-Identifier: Apache-2.0
// kill -9 of the real server under load of all plays, again and again on one data directory that is
// checkpointed and trimmed meanwhile and has holds, groups and bargains that are long overdue.
// Nothing that was answered may be lost, and nothing may happen twice. RESTART_CYCLES in the
// environment makes it longer.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "tests/end_to_end/sale.hpp"
#include "tests/restart/shopper.hpp"

namespace stampede::tests {
namespace {

using std::chrono::milliseconds;

constexpr int cycles_by_default = 15;
constexpr std::size_t shoppers_count = 4;
constexpr int payment_replays = 5;
constexpr std::int64_t scarce_units = 50;
constexpr std::uint64_t first_late_buyer = 9'000'000'000;  // none of the shoppers'

int cycles() {
    const char* text = std::getenv("RESTART_CYCLES");
    return text == nullptr ? cycles_by_default : std::max(std::atoi(text), 1);
}

std::size_t files_in(const std::filesystem::path& directory) {
    const std::filesystem::directory_iterator files(directory);
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

class KillLoop {
  public:
    KillLoop() {
        ServerProcess& server = start({});
        Caller mall = server.mall();
        // Plenty with holds that lapse soon, plenty with holds that stay, and a few units only.
        on_sale_.seckills.push_back(publish(mall, plenty({}, 10)));
        on_sale_.seckills.push_back(publish(mall, plenty({}, 7200)));
        on_sale_.seckills.push_back(publish(
            mall,
            Draft{.stock = scarce_units, .ends_in_s = 100'000, .more = R"(,"hold_seconds":7200)"}));
        // Records whose time is soon over, and others that stay open through all lives.
        const std::string group = R"("size":3,"valid_seconds":)";
        const std::string bargain =
            R"("start_price":9900,"floor_price":1000,"helpers":2,"valid_seconds":)";
        on_sale_.groups.push_back(publish(mall, plenty(group_draft(group + "10"), 10)));
        on_sale_.groups.push_back(publish(mall, plenty(group_draft(group + "86400"), 3600)));
        on_sale_.bargains.push_back(
            publish(mall, plenty(bargain_draft(bargain + R"(10,"pay_seconds":20)"), 10)));
        on_sale_.bargains.push_back(
            publish(mall, plenty(bargain_draft(bargain + R"(86400,"pay_seconds":7200)"), 3600)));
        for (std::size_t number = 1; number <= shoppers_count; ++number) {
            shoppers_.push_back(std::make_unique<Shopper>(number, on_sale_));
        }
    }

    /// One life of the server: it comes up on what the last one left, sells, and is killed.
    void live_and_be_killed(int cycle) {
        // In most lives overdue holds wait for the payments at the door; in some they end at once.
        start({"--recovery-grace", cycle % 3 == 2 ? "0s" : "60s"});
        std::vector<std::thread> threads;
        for (auto& shopper : shoppers_) {
            threads.emplace_back([&] { shopper->shop(doors()); });
        }
        // Long enough for a checkpoint in most lives, and never the same moment.
        std::this_thread::sleep_for(milliseconds{200 + chance_() % 1800});
        server_->kill();
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
    /// Killed while it starts: recovery must be able to fail half way and begin anew.
    void be_killed_while_starting() {
        server_ = std::make_unique<ServerProcess>(data_dir(), flags({}));
        std::this_thread::sleep_for(milliseconds{chance_() % 150});
        server_->kill();
    }
    void get_lost_answers() {
        start({"--recovery-grace", "1h"});
        for (auto& shopper : shoppers_) {
            ASSERT_TRUE(shopper->ask_for_lost_answers(doors()));
        }
    }
    /// However few the shoppers came to buy, and whatever was cancelled last: it ends sold out.
    void buy_what_is_scarce() {
        std::string code = "HELD";
        for (std::uint64_t buyer = first_late_buyer; code == "HELD"; ++buyer) {
            code = server_->buyer(buyer).post(orders_path(scarce_campaign()), order_of(1)).code();
        }
        ASSERT_EQ(code, "SOLD_OUT");
    }
    void tell_payments_again() {
        start({"--recovery-grace", "1h"});
        each_on_its_own_thread([this](Shopper& shopper) { shopper.tell_payments_again(doors()); });
    }
    void ask_everything_again() {
        start({"--recovery-grace", "1h"});
        each_on_its_own_thread([this](Shopper& shopper) {
            shopper.ask_everything_again(doors());
            shopper.add_up_the_cuts(doors());
        });
    }
    /// Stops in peace once all is settled. What `verify --json` says then.
    [[nodiscard]] boost::json::object stop_and_verify() {
        Caller mall = server_->mall();
        HttpAnswer settlement = mall.get("/v1/settlement");
        while (settlement.status == 200 &&
               settlement.number("cursor") < settlement.number("durable")) {
            std::this_thread::sleep_for(milliseconds{10});
            settlement = mall.get("/v1/settlement");
        }
        EXPECT_EQ(server_->stop(), 0);
        const CommandResult verified =
            run_stampede({"verify", "--json", "--data-dir", data_dir().string()});
        EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
        boost::system::error_code error;
        auto report = boost::json::parse(verified.out, error);
        return report.is_object() ? report.as_object() : boost::json::object{};
    }

    [[nodiscard]] std::filesystem::path data_dir() const { return scratch_ / "data"; }
    [[nodiscard]] std::filesystem::path database() const { return scratch_ / "mall.db"; }
    [[nodiscard]] const std::vector<std::unique_ptr<Shopper>>& shoppers() const {
        return shoppers_;
    }
    [[nodiscard]] const std::string& scarce_campaign() const { return on_sale_.seckills.back(); }

  private:
    void each_on_its_own_thread(const std::function<void(Shopper&)>& work) {
        std::vector<std::thread> threads;
        for (auto& shopper : shoppers_) {
            threads.emplace_back([&work, &shopper] { work(*shopper); });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
    [[nodiscard]] std::vector<std::string> flags(const std::vector<std::string>& more) const {
        std::vector<std::string> all{"--dev",
                                     "--mall-db",
                                     "sqlite:" + database().string(),
                                     "--checkpoint-every",
                                     "1s",
                                     "--checkpoint-every-bytes",
                                     "1M",
                                     "--ballast-bytes",
                                     "0"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    ServerProcess& start(const std::vector<std::string>& more) {
        server_.reset();
        server_ = std::make_unique<ServerProcess>(data_dir(), flags(more));
        if (!server_->is_ready()) {
            throw std::runtime_error("the server does not come up again:\n" + server_->log());
        }
        return *server_;
    }
    [[nodiscard]] Doors doors() const { return {server_->buyers_port(), server_->mall_port()}; }
    static Draft plenty(Draft draft, int hold_seconds) {
        draft.stock = 1'000'000;
        draft.ends_in_s = 100'000;
        draft.more += R"(,"hold_seconds":)" + std::to_string(hold_seconds);
        return draft;
    }
    static std::string publish(Caller& mall, const Draft& draft) {
        const HttpAnswer drafted = mall.post("/v1/campaigns", draft.text());
        EXPECT_EQ(drafted.status, 201) << drafted.body;
        EXPECT_EQ(mall.post("/v1/campaigns/" + drafted.text("id") + "/publish").status, 200);
        return drafted.text("id");
    }

    ScratchDirectory scratch_;
    std::unique_ptr<ServerProcess> server_;
    OnSale on_sale_;
    std::vector<std::unique_ptr<Shopper>> shoppers_;
    std::mt19937_64 chance_{20261121};
};

std::set<std::string> receipts_in_journal(const std::filesystem::path& data_dir) {
    const CommandResult printed =
        run_stampede({"journal", "print", "--data-dir", data_dir.string()});
    EXPECT_EQ(printed.status, 0) << printed.err;
    std::set<std::string> receipts;
    std::istringstream lines(printed.out);
    for (std::string line; std::getline(lines, line);) {
        const auto event = boost::json::parse(line).as_object();
        receipts.emplace(event.at("receipt").as_string());
    }
    return receipts;
}

void expect_every_receipt(const KillLoop& loop) {
    const std::set<std::string> receipts = receipts_in_journal(loop.data_dir());
    std::size_t checked = 0;
    for (const auto& shopper : loop.shoppers()) {
        for (const auto* kind : {&shopper->orders(), &shopper->cancels(), &shopper->launches(),
                                 &shopper->cuts(), &shopper->payments(), &shopper->refunds()}) {
            for (const Remembered& one : *kind) {
                if (const auto* receipt = one.answer.if_contains("receipt")) {
                    EXPECT_TRUE(receipts.contains(std::string{receipt->as_string()}))
                        << "no event behind " << boost::json::serialize(one.answer);
                    ++checked;
                }
            }
        }
    }
    std::cout << checked << " receipts found in the journal\n";
    EXPECT_GT(checked, 0U);
}

/// Acknowledged confirmations against the mall's rows, and the rows against the ledger.
void expect_each_order_settled_once(const KillLoop& loop, const boost::json::object& report) {
    std::map<std::string, std::string> payment_of_order;
    for (const auto& row :
         query(loop.database(), "SELECT order_id, payment_id FROM stampede_order")) {
        payment_of_order[row[0]] = row[1];
    }
    std::size_t confirmed = 0;
    for (const auto& shopper : loop.shoppers()) {
        for (const Remembered& payment : shopper->payments()) {
            const auto& code = payment.answer.at("code").as_string();
            if (code == "CONFIRMED" || code == "LATE_CONFIRMED") {
                const std::string order{payment.answer.at("order_id").as_string()};
                const auto found = payment_of_order.find(order);
                ASSERT_NE(found, payment_of_order.end()) << order << " was never settled";
                EXPECT_THAT(payment.body, testing::HasSubstr('"' + found->second + '"'));
                ++confirmed;
            }
        }
    }
    std::cout << confirmed << " acknowledged confirmations found settled, of "
              << payment_of_order.size() << " rows\n";
    EXPECT_GT(confirmed, 0U);
    for (const auto& item : report.at("items").as_array()) {
        const std::string id{item.as_object().at("campaign_id").as_string()};
        const Rows units =
            query(loop.database(),
                  "SELECT coalesce(sum(quantity - refunded_quantity), 0) FROM stampede_order JOIN "
                  "stampede_order_item USING (order_id) WHERE campaign_id = '" +
                      id + "'");
        EXPECT_EQ(std::stoll(units.at(0).at(0)), item.as_object().at("sold").as_int64())
            << "settled = confirmed, campaign " << id;
    }
}

/// Every group has one end or none yet; all members of a success were settled, and of no other.
void expect_each_group_to_end_once(const KillLoop& loop) {
    const auto count = [&](const std::string& sql) {
        return std::stoll(query(loop.database(), sql).at(0).at(0));
    };
    const std::string ends =
        "(SELECT json_extract(payload, '$.group_id') AS id, kind FROM stampede_event "
        "WHERE kind IN ('GROUP_SUCCEEDED', 'GROUP_FAILED'))";
    const std::int64_t succeeded =
        count("SELECT count(*) FROM " + ends + " WHERE kind = 'GROUP_SUCCEEDED'");
    const std::int64_t all = count("SELECT count(*) FROM " + ends);
    EXPECT_EQ(count("SELECT count(DISTINCT id) FROM " + ends), all) << "one end for each";
    EXPECT_EQ(count("SELECT count(*) FROM (SELECT group_id FROM stampede_order WHERE group_id IS "
                    "NOT NULL GROUP BY group_id HAVING count(*) = 3)"),
              succeeded)
        << "all members of a success";
    EXPECT_EQ(count("SELECT count(*) FROM stampede_order WHERE group_id IS NOT NULL"),
              3 * succeeded)
        << "and nobody else";
    const std::int64_t bargains =
        count("SELECT count(*) FROM stampede_order WHERE bargain_id IS NOT NULL");
    std::cout << succeeded << " groups succeeded, " << all - succeeded << " failed, " << bargains
              << " bargains were bought\n";
    EXPECT_GT(succeeded, 0);
    EXPECT_GT(all - succeeded, 0);
    EXPECT_GT(bargains, 0);
}

void expect_nothing_oversold(const KillLoop& loop, const boost::json::object& report) {
    for (const auto& item : report.at("items").as_array()) {
        const auto& cell = item.as_object();
        std::int64_t sum = 0;
        for (const char* part : {"available", "held", "sold", "reserve", "removed"}) {
            EXPECT_GE(cell.at(part).as_int64(), 0);
            sum += cell.at(part).as_int64();
        }
        EXPECT_EQ(sum, cell.at("total").as_int64());
        if (cell.at("campaign_id").as_string() == loop.scarce_campaign().c_str()) {
            EXPECT_EQ(cell.at("total").as_int64(), scarce_units);
            EXPECT_EQ(cell.at("available").as_int64(), 0) << "it was wanted by more than it had";
        }
    }
}

TEST(KilledServer, loses_nothing_that_it_answered) {
    KillLoop loop;
    const int count = cycles();
    for (int cycle = 0; cycle < count && !testing::Test::HasFailure(); ++cycle) {
        if (cycle % 4 == 3) {
            loop.be_killed_while_starting();
        }
        loop.live_and_be_killed(cycle);
    }
    ASSERT_FALSE(testing::Test::HasFailure());
    EXPECT_GE(files_in(loop.data_dir() / "checkpoints"), 2U) << "two checkpoints at least";
    EXPECT_GT(files_in(loop.data_dir() / "archive"), 0U) << "the journal was trimmed";
    loop.get_lost_answers();
    ASSERT_FALSE(testing::Test::HasFailure());
    loop.buy_what_is_scarce();
    ASSERT_FALSE(testing::Test::HasFailure());
    const auto first = loop.stop_and_verify();
    ASSERT_FALSE(first.empty());

    for (int replay = 0; replay < payment_replays; ++replay) {
        loop.tell_payments_again();
        const auto again = loop.stop_and_verify();
        ASSERT_EQ(again.at("signature"), first.at("signature"))
            << "payments told again changed something, in replay " << replay + 1;
        ASSERT_EQ(again.at("items"), first.at("items"));
    }
    loop.ask_everything_again();
    const auto last = loop.stop_and_verify();
    EXPECT_EQ(last.at("signature"), first.at("signature"));

    expect_every_receipt(loop);
    expect_nothing_oversold(loop, last);
    expect_each_order_settled_once(loop, last);
    expect_each_group_to_end_once(loop);
    const CommandResult reconciled =
        run_stampede({"reconcile", "--data-dir", loop.data_dir().string(), "--mall-db",
                      "sqlite:" + loop.database().string()});
    EXPECT_EQ(reconciled.status, 0) << reconciled.out << reconciled.err;

    std::uint64_t orders = 0;
    std::uint64_t payments = 0;
    std::uint64_t lost = 0;
    for (const auto& shopper : loop.shoppers()) {
        orders += shopper->orders().size() + shopper->cancels().size() +
                  shopper->launches().size() + shopper->cuts().size();
        payments += shopper->payments().size() + shopper->refunds().size();
        lost += shopper->lost_answers();
    }
    std::cout << count << " kills; acknowledged: " << orders << " acts of buyers, " << payments
              << " payments and refunds; " << lost
              << " answers were lost with the server and asked "
              << "for again; commits " << last.at("last_commit") << ", replayed from "
              << last.at("replayed_from") << "\n";
    EXPECT_GT(lost, 0U) << "no kill met a request under way: the test was too tame";

    // An operator removes the archive: what is left must stand by itself.
    std::filesystem::remove_all(loop.data_dir() / "archive");
    std::filesystem::create_directory(loop.data_dir() / "archive");
    const CommandResult without =
        run_stampede({"verify", "--json", "--data-dir", loop.data_dir().string()});
    ASSERT_EQ(without.status, 0) << without.err;
    const auto report = boost::json::parse(without.out).as_object();
    EXPECT_GT(report.at("replayed_from").as_int64(), 1);
    EXPECT_EQ(report.at("signature"), first.at("signature"))
        << "from a checkpoint the same state as from the beginning";
    loop.ask_everything_again();
    EXPECT_EQ(loop.stop_and_verify().at("signature"), first.at("signature"));
}

TEST(KilledServer, comes_up_however_early_it_was_killed) {
    std::mt19937_64 chance{7};
    const ScratchDirectory scratch;
    for (int life = 0; life < 12; ++life) {
        ServerProcess server(scratch / "data", {"--dev", "--ballast-bytes", "0"});
        std::this_thread::sleep_for(milliseconds{chance() % 120});
        server.kill();
    }
    ServerProcess server(scratch / "data", {"--dev", "--ballast-bytes", "0"});
    ASSERT_TRUE(server.is_ready()) << server.log();
    EXPECT_EQ(server.stop(), 0);
    EXPECT_EQ(run_stampede({"verify", "--data-dir", (scratch / "data").string()}).status, 0);
}

TEST(StoppedServer, is_the_same_however_often_it_is_started_for_nothing) {
    Sale sale;
    const std::string id = sale.publish(Draft{});
    sale.buyer(1).post(orders_path(id), order_of(1), "k");
    sale.stop_and_verify();
    const std::string before =
        run_stampede({"journal", "print", "--data-dir", sale.data_dir().string()}).out;
    for (int time = 0; time < 3; ++time) {
        sale.start_again();
        sale.stop_and_verify();
    }
    EXPECT_EQ(run_stampede({"journal", "print", "--data-dir", sale.data_dir().string()}).out,
              before)
        << "a start alone writes nothing";
}

}  // namespace
}  // namespace stampede::tests
