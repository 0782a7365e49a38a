// SPDX-License-Identifier: Apache-2.0
// The program's commands as a person meets them: how it starts and refuses to start, how it stops,
// and what the commands for a stopped server print.
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(Serve, says_in_one_line_that_its_doors_are_open) {
    Sale sale;
    EXPECT_THAT(sale.server().ready_line(),
                MatchesRegex("ready buyers=127\\.0\\.0\\.1:[0-9]+ mall-api=127\\.0\\.0\\.1:[0-9]+ "
                             "live=127\\.0\\.0\\.1:[0-9]+ recovered_sequence=0 in_ms=[0-9]+"));
    EXPECT_THAT(sale.server().log(), HasSubstr("NOT FOR PRODUCTION"));
}

TEST(Serve, goes_on_after_a_restart_where_it_stopped) {
    Sale sale;
    const std::string id = sale.publish(Draft{});
    const HttpAnswer held = sale.buyer(1).post(orders_path(id), order_of(1), "k");
    EXPECT_EQ(sale.pay(held.text("order_id"), "p", 9900).code(), "CONFIRMED");
    sale.stop_and_verify();
    sale.start_again();
    EXPECT_THAT(sale.server().ready_line(), testing::Not(HasSubstr("recovered_sequence=0 ")));
    EXPECT_EQ(sale.ledger_line(id).number("sold"), 1);
    EXPECT_EQ(sale.buyer(1).get(orders_path(id)).list("orders").size(), 1U);
    const HttpAnswer next = sale.buyer(2).post(orders_path(id), order_of(1));
    EXPECT_EQ(next.code(), "HELD");
    EXPECT_GT(next.text("order_id"), held.text("order_id")) << "ids rise";
    sale.stop_and_verify();
}

TEST(Serve, names_the_nearest_key_to_a_typo) {
    const ScratchDirectory scratch;
    const std::string file = (scratch / "stampede.toml").string();
    const std::vector<std::pair<std::string, std::vector<std::string>>> typos{
        {"dev = true\nrecovery_grce = \"10s\"\n", {"recovery_grce", "line 2", "recovery_grace"}},
        {"dev = true\nrecovery_grace = \"soon\"\n", {"recovery_grace", "line 2"}},
        {"dev = \"perhaps\"\n", {"dev", "true or false"}},
        {"loops = 4\n", {"loops"}},
        {"= 1\n", {"line 1"}},
    };
    for (const auto& [text, words] : typos) {
        SCOPED_TRACE(text);
        write_file(file, text);
        const CommandResult refused =
            run_stampede({"serve", "--data-dir", (scratch / "data").string(), "--config", file});
        EXPECT_NE(refused.status, 0);
        for (const std::string& word : words) {
            EXPECT_THAT(refused.err, HasSubstr(word));
        }
        EXPECT_EQ(refused.out, "");
    }
    const CommandResult flag = run_stampede({"serve", "--dev", "--datadir", "x"});
    EXPECT_NE(flag.status, 0);
    EXPECT_THAT(flag.err, HasSubstr("--data-dir"));
    EXPECT_FALSE(std::filesystem::exists(scratch / "data")) << "nothing was changed";
}

TEST(Serve, takes_its_configuration_from_a_file) {
    const ScratchDirectory scratch;
    const std::string file = (scratch / "stampede.toml").string();
    write_file(file, "dev = true\nevent_loop = \"epoll\"\nrecovery_grace = \"0s\"\n");
    ServerProcess server(scratch / "data", {"--config", file});
    ASSERT_TRUE(server.is_ready()) << server.log();
    EXPECT_THAT(server.log(), HasSubstr("event loop epoll"));
    EXPECT_TRUE(std::filesystem::exists(scratch / "data" / "mall.db"));
    EXPECT_EQ(server.stop(), 0);
}

std::int64_t resident_kib(const ServerProcess& server) {
    std::ifstream table{"/proc/" + std::to_string(server.pid()) + "/status"};
    std::string word;
    while (table >> word && word != "VmRSS:") {}
    std::int64_t kib = 0;
    table >> kib;
    return kib;
}

TEST(Serve, has_its_memory_ready_before_it_says_so) {
    const ScratchDirectory scratch;
    ServerProcess lean(scratch / "lean", {"--dev"});
    ASSERT_TRUE(lean.is_ready()) << lean.log();
    ServerProcess ready(scratch / "ready", {"--dev", "--ready-memory-bytes", "256M"});
    ASSERT_TRUE(ready.is_ready()) << ready.log();
    EXPECT_GE(resident_kib(ready), resident_kib(lean) + 200 * 1024);
    EXPECT_EQ(lean.stop(), 0);
    EXPECT_EQ(ready.stop(), 0);

    ServerProcess greedy(scratch / "greedy", {"--dev", "--ready-memory-bytes", "100000G"});
    EXPECT_FALSE(greedy.is_ready());
    EXPECT_EQ(greedy.wait(), 1);
    EXPECT_THAT(greedy.log(), HasSubstr("--ready-memory-bytes: 102400000 MiB are asked for, but "
                                        "the machine has "));
}

/// How many times the program was started for one command: the dynamic loader counts.
int starts_with(const std::vector<std::string>& environment) {
    std::vector<std::string> words{"/usr/bin/env", "-u", "GLIBC_TUNABLES", "LD_DEBUG=statistics"};
    words.insert(words.end(), environment.begin(), environment.end());
    words.insert(words.end(), {STAMPEDE_PROGRAM, "--version"});
    const CommandResult result = run_command(words);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("stampede "));
    const std::string once = "total startup time in dynamic loader";
    int starts = 0;
    for (auto at = result.err.find(once); at != std::string::npos;
         at = result.err.find(once, at + 1)) {
        ++starts;
    }
    return starts;
}

TEST(Program, starts_itself_once_more_for_large_pages_unless_the_operator_has_decided) {
    const int once = starts_with({"GLIBC_TUNABLES=glibc.malloc.arena_max=3"});
    ASSERT_GT(once, 0) << "the loader says nothing";
    EXPECT_EQ(starts_with({}), once + once);
    EXPECT_EQ(starts_with({"GLIBC_TUNABLES=glibc.rtld.nns=5"}), once + once);
}

TEST(Serve, keeps_the_operators_own_tunables) {
    const ScratchDirectory scratch;
    ::setenv("GLIBC_TUNABLES", "glibc.rtld.nns=5", 1);
    ServerProcess tuned(scratch / "tuned", {"--dev"});
    ::unsetenv("GLIBC_TUNABLES");
    ASSERT_TRUE(tuned.is_ready()) << tuned.log();
    EXPECT_THAT(read_file("/proc/" + std::to_string(tuned.pid()) + "/environ"),
                testing::AllOf(HasSubstr("GLIBC_TUNABLES=glibc.rtld.nns=5"),
                               HasSubstr("glibc.malloc.hugetlb=1")));
}

TEST(Serve, names_its_threads_for_those_who_look_with_top) {
    Sale sale;
    const std::set<std::string> expected{"stampede", "loop",       "journal", "quiet doors",
                                         "follower", "settlement", "zeroing"};
    const auto tasks = "/proc/" + std::to_string(sale.server().pid()) + "/task";
    std::set<std::string> names;
    // A thread names itself, so that the last may have begun only just now.
    for (int look = 0; look < 2000; ++look) {
        names.clear();
        for (const auto& task : std::filesystem::directory_iterator(tasks)) {
            const std::string name = read_file(task.path() / "comm");
            names.insert(name.substr(0, name.find('\n')));
        }
        if (std::includes(names.begin(), names.end(), expected.begin(), expected.end())) {
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    EXPECT_THAT(names, testing::IsSupersetOf(expected));
    EXPECT_THAT(names, testing::Not(testing::Contains("exe")));
}

TEST(Program, ends_with_2_when_it_is_used_wrongly) {
    const ScratchDirectory scratch;
    const std::string keys = (scratch / "keys.toml").string();
    const std::vector<std::vector<std::string>> wrong{
        {},
        {"sell"},
        {"verify"},
        {"verify", "--data-dir", "x", "--loud"},
        {"serve", "--loud"},
        {"journal"},
        {"journal", "print", "--data-dir", "x", "--from", "yesterday"},
        {"repair", "--data-dir", "x"},
        {"bargain-plan", "verify"},
        {"lottery", "print", "--data-dir", "x"},
        {"keys", "new", "--key-file", keys, "--api-key", "a"},
        {"keys", "new", "--key-file", keys, "--api-key", "a", "--role", "king"},
        {"token", "--key-file", keys, "--buyer", "0"}};
    for (const auto& words : wrong) {
        const CommandResult refused = run_stampede(words);
        EXPECT_EQ(refused.status, 2) << testing::PrintToString(words);
        EXPECT_NE(refused.err, "") << testing::PrintToString(words);
        EXPECT_EQ(refused.out, "") << testing::PrintToString(words);
    }
    EXPECT_FALSE(std::filesystem::exists(keys));
    for (const char* question : {"--help", "--version"}) {
        EXPECT_EQ(run_stampede({question}).status, 0) << question;
    }
}

TEST(Crowd, ends_with_2_when_it_is_used_wrongly) {
    const std::vector<std::vector<std::string>> wrong{
        {}, {"stroll"}, {"run"}, {"run", "t0-herd", "--seconds", "few"}};
    for (const auto& words : wrong) {
        std::vector<std::string> command{STAMPEDE_LOAD_PROGRAM};
        command.insert(command.end(), words.begin(), words.end());
        const CommandResult refused = run_command(command);
        EXPECT_EQ(refused.status, 2) << testing::PrintToString(words);
        EXPECT_NE(refused.err, "") << testing::PrintToString(words);
    }
    EXPECT_EQ(run_command({STAMPEDE_LOAD_PROGRAM, "run", "--help"}).status, 0);
}

TEST(Serve, refuses_a_data_directory_in_use) {
    Sale sale;
    ServerProcess second(sale.data_dir(), {"--dev"});
    EXPECT_FALSE(second.is_ready());
    EXPECT_EQ(second.wait(), 1);
    EXPECT_THAT(second.log(), HasSubstr("in use by another server"));
    const CommandResult verified = run_stampede({"verify", "--data-dir", sale.data_dir().string()});
    EXPECT_EQ(verified.status, 1);
    EXPECT_THAT(verified.err, HasSubstr("in use"));
    sale.publish(Draft{});  // the first one does not mind
}

TEST(Serve, refuses_a_port_in_use_and_takes_the_port_of_a_killed_server) {
    for (const char* loop : {"io_uring", "epoll"}) {
        if (std::string{loop} == "io_uring" && !kernel_gives_io_uring()) {
            continue;
        }
        Sale sale({"--event-loop", loop});
        const std::string buyers = "127.0.0.1:" + std::to_string(sale.server().buyers_port());
        const std::string mall = "127.0.0.1:" + std::to_string(sale.server().mall_port());
        const ScratchDirectory scratch;
        // Both at once: each tries for seconds, in case the port's owner is being killed.
        ServerProcess wants_buyers(scratch / "one", {"--dev", "--buyers", buyers});
        ServerProcess wants_mall(scratch / "two", {"--dev", "--mall-api", mall});
        for (const auto& [second, endpoint] :
             {std::pair{&wants_buyers, buyers}, std::pair{&wants_mall, mall}}) {
            EXPECT_FALSE(second->is_ready()) << loop << " shares " << endpoint;
            EXPECT_EQ(second->wait(), 1);
            EXPECT_THAT(second->log(), HasSubstr(endpoint));
            EXPECT_THAT(second->log(), HasSubstr("in use by another server"));
        }
        const std::string id = sale.publish(Draft{});
        std::vector<Caller> connected;  // connections of the killed one linger
        for (std::uint64_t buyer = 1; buyer <= 20; ++buyer) {
            connected.push_back(sale.buyer(buyer));
            EXPECT_EQ(connected.back().get(orders_path(id)).status, 200);
        }
        sale.server().kill();
        // On a busy machine the kernel may take longer than a server waits: started again, as a
        // service manager would.
        const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        const auto starts = [&] {
            ServerProcess next(scratch / "other",
                               {"--dev", "--buyers", buyers, "--mall-api", mall});
            return next.is_ready();
        };
        while (!starts()) {
            ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << loop;
        }
    }
}

class Stop : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, Stop, both_loops(), loop_name);

TEST_P(Stop, closes_idle_connections_and_exits_0_in_time) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 1000});
    std::vector<Caller> idle;
    for (std::uint64_t buyer = 1; buyer <= 50; ++buyer) {
        idle.push_back(sale.buyer(buyer));
        EXPECT_EQ(idle.back().post(orders_path(id), order_of(1)).code(), "HELD");
    }
    HttpClient half(sale.server().buyers_port());  // in the middle of a request
    half.send("POST /v1/campaigns/1/orders HTTP/1.1\r\nHost: a\r\nContent-Le");
    HttpClient silent(sale.server().buyers_port());
    HttpClient quiet(sale.server().mall_port());
    const auto asked_at = std::chrono::steady_clock::now();
    EXPECT_EQ(sale.server().stop(), 0);
    // Ten seconds are promised. Less generously it would be the machine that is tested.
    EXPECT_LT(std::chrono::steady_clock::now() - asked_at, std::chrono::seconds{30});
    for (Caller& buyer : idle) {
        EXPECT_TRUE(buyer.client().is_closed_by_server());
    }
    EXPECT_EQ(run_stampede({"verify", "--data-dir", sale.data_dir().string()}).status, 0);
}

TEST_P(Stop, tells_what_was_decided_before_it_ends) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 1000});
    std::vector<Caller> buyers;
    for (std::uint64_t buyer = 1; buyer <= 100; ++buyer) {
        buyers.push_back(sale.buyer(buyer));
        EXPECT_EQ(buyers.back().get("/v1/time").status, 200);
    }
    for (Caller& buyer : buyers) {
        buyer.client().send(buyer.question("POST", orders_path(id), order_of(1), "k").text());
    }
    EXPECT_EQ(sale.server().stop(), 0);
    std::int64_t told = 0;
    for (Caller& buyer : buyers) {
        told += buyer.client().read().status == 200 ? 1 : 0;
    }
    const CommandResult verified =
        run_stampede({"verify", "--data-dir", sale.data_dir().string(), "--json"});
    const auto report = boost::json::parse(verified.out).as_object();
    const std::int64_t held = report.at("items").as_array().at(0).as_object().at("held").as_int64();
    EXPECT_GE(held, told) << "somebody was told of what is not";
    // A disk that stands still for seconds keeps answers back for longer than a stop may take.
    if (!testing::Matches(HasSubstr("not everybody was told"))(sale.server().log())) {
        EXPECT_EQ(held, told) << "who was not told anything was not sold anything";
    }
    // Whoever was not told asks again with his key; nobody gets two.
    sale.start_again();
    std::int64_t replayed = 0;
    for (std::uint64_t buyer = 1; buyer <= buyers.size(); ++buyer) {
        const HttpAnswer again = sale.buyer(buyer).post(orders_path(id), order_of(1), "k");
        EXPECT_EQ(again.code(), "HELD") << again.body;
        replayed += again.has("replayed") ? 1 : 0;
    }
    EXPECT_EQ(replayed, held);
    EXPECT_EQ(sale.ledger_line(id).number("held"), static_cast<std::int64_t>(buyers.size()));
}

TEST(Verify, prints_a_line_for_each_item_and_its_verdict) {
    Sale sale;
    const std::string id = sale.publish(Draft{.stock = 5});
    const std::string order = sale.buyer(1).post(orders_path(id), order_of(1)).text("order_id");
    sale.buyer(2).post(orders_path(id), order_of(1));
    EXPECT_EQ(sale.pay(order, "p", 9900).code(), "CONFIRMED");
    EXPECT_EQ(sale.server().stop(), 0);
    const std::string dir = sale.data_dir().string();
    const CommandResult text = run_stampede({"verify", "--data-dir", dir});
    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.out, HasSubstr("campaign " + id +
                                    " item 1001 total 5 available 3 held 1 sold 1 reserve 0 "
                                    "removed 0\n"));
    EXPECT_THAT(text.out, HasSubstr("good: "));
    const CommandResult json = run_stampede({"verify", "--data-dir", dir, "--json"});
    const auto report = boost::json::parse(json.out).as_object();
    EXPECT_EQ(report.at("good"), true);
    const auto& item = report.at("items").as_array().at(0).as_object();
    EXPECT_EQ(item.at("campaign_id"), id.c_str());
    EXPECT_EQ(item.at("sold"), 1);
    EXPECT_EQ(run_stampede({"verify", "--data-dir", dir + "-absent"}).status, 1);
    EXPECT_FALSE(std::filesystem::exists(dir + "-absent"));
}

TEST(JournalPrint, shows_every_receipt_that_was_given_out) {
    Sale sale;
    const std::string id = sale.publish(Draft{});
    const std::string other = sale.publish(Draft{});
    const HttpAnswer held = sale.buyer(1).post(orders_path(id), order_of(1));
    const HttpAnswer paid = sale.pay(held.text("order_id"), "p", 9900);
    sale.buyer(1).post(orders_path(other), order_of(1));
    EXPECT_EQ(sale.server().stop(), 0);
    const std::string dir = sale.data_dir().string();
    const CommandResult all = run_stampede({"journal", "print", "--data-dir", dir});
    EXPECT_EQ(all.status, 0) << all.err;
    std::istringstream lines(all.out);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        boost::system::error_code error;
        EXPECT_TRUE(boost::json::parse(line, error).is_object()) << line;
    }
    EXPECT_GE(count, 7U) << "two drafts, two publications, two holds, one confirmation";
    EXPECT_THAT(all.out, HasSubstr(held.text("receipt")));
    EXPECT_THAT(all.out, HasSubstr(paid.text("receipt")));
    EXPECT_THAT(all.out, HasSubstr(held.text("order_id")));
    const CommandResult one =
        run_stampede({"journal", "print", "--data-dir", dir, "--campaign", other});
    EXPECT_THAT(one.out, testing::Not(HasSubstr(held.text("order_id"))));
    EXPECT_THAT(one.out, testing::Not(testing::IsEmpty()));
    const CommandResult late =
        run_stampede({"journal", "print", "--data-dir", dir, "--from", "1000000"});
    EXPECT_EQ(late.out, "");
}

TEST(Reconcile, finds_rows_that_are_missing_extra_or_different) {
    Sale sale;
    const std::string id = sale.publish(Draft{});
    std::vector<std::string> orders;
    for (std::uint64_t buyer = 1; buyer <= 3; ++buyer) {
        orders.push_back(sale.buyer(buyer).post(orders_path(id), order_of(1)).text("order_id"));
        EXPECT_EQ(sale.pay(orders.back(), "p" + std::to_string(buyer), 9900).code(), "CONFIRMED");
    }
    sale.stop_and_verify();
    const auto reconcile = [&] {
        return run_stampede({"reconcile", "--data-dir", sale.data_dir().string(), "--mall-db",
                             "sqlite:" + sale.database().string()});
    };
    execute(sale.database(), "DELETE FROM stampede_order WHERE order_id = '" + orders[0] + "'");
    execute(sale.database(),
            "UPDATE stampede_order SET amount = 1 WHERE order_id = '" + orders[1] + "'");
    const CommandResult different = reconcile();
    EXPECT_EQ(different.status, 4) << different.out << different.err;
    EXPECT_THAT(different.out, HasSubstr(orders[0]));
    EXPECT_THAT(different.out, HasSubstr(orders[1]));
    EXPECT_THAT(different.out, testing::Not(HasSubstr(orders[2])));
    const CommandResult absent =
        run_stampede({"reconcile", "--data-dir", sale.data_dir().string(), "--mall-db",
                      "sqlite:" + sale.database().string() + "-absent"});
    EXPECT_EQ(absent.status, 1);
}

TEST(Serve, refuses_a_mall_database_of_another_journal) {
    Sale sale;
    const std::string id = sale.publish(Draft{});
    sale.wait_until_settled();
    EXPECT_EQ(sale.server().stop(), 0);
    const ScratchDirectory scratch;
    ServerProcess other(scratch / "data",
                        {"--dev", "--mall-db", "sqlite:" + sale.database().string()});
    EXPECT_FALSE(other.is_ready());
    EXPECT_EQ(other.wait(), 1);
    EXPECT_THAT(other.log(), HasSubstr("belongs to journal"));
}

}  // namespace
}  // namespace stampede::tests
