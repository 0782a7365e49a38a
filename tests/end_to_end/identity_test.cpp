// SPDX-License-Identifier: Apache-2.0
// Who may do what without --dev: buyer tokens and API keys from a real key file, made by the real
// commands, replaced while the server runs.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <map>
#include <thread>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

/// A server as a mall runs it in production, with keys of every role.
class GuardedSale {
  public:
    explicit GuardedSale(const std::vector<std::string>& flags = {}) {
        EXPECT_EQ(run_stampede({"keys", "new", "--key-file", key_file()}).status, 0);
        for (const char* role : {"mall", "viewer", "editor", "publisher", "treasurer", "admin"}) {
            const CommandResult made = run_stampede(
                {"keys", "new", "--key-file", key_file(), "--api-key", role, "--role", role});
            EXPECT_EQ(made.status, 0) << made.err;
            keys_[role] = first_line(made.out);
        }
        std::vector<std::string> all{"--create-data-dir", "--key-file", key_file(), "--mall-db",
                                     "sqlite:" + (scratch_ / "mall.db").string()};
        all.insert(all.end(), flags.begin(), flags.end());
        server_ = std::make_unique<ServerProcess>(scratch_ / "data", all);
        EXPECT_TRUE(server_->is_ready()) << server_->log();
    }
    [[nodiscard]] std::string key_file() const { return (scratch_ / "keys.toml").string(); }
    [[nodiscard]] ServerProcess& server() { return *server_; }
    [[nodiscard]] Caller as(const std::string& role) { return server_->mall(keys_.at(role)); }
    [[nodiscard]] std::string token(const std::string& buyer,
                                    const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words{"token", "--key-file", key_file(), "--buyer", buyer};
        words.insert(words.end(), more.begin(), more.end());
        const CommandResult made = run_stampede(words);
        EXPECT_EQ(made.status, 0) << made.err;
        return first_line(made.out);
    }
    [[nodiscard]] Caller bearer(const std::string& token) const {
        return Caller{server_->buyers_port(), {"Authorization: Bearer " + token}};
    }
    [[nodiscard]] std::string publish(const Draft& draft) {
        const std::string id = as("editor").post("/v1/campaigns", draft.text()).text("id");
        EXPECT_EQ(as("publisher").post("/v1/campaigns/" + id + "/publish").status, 200);
        return id;
    }

  private:
    ScratchDirectory scratch_;
    std::map<std::string, std::string> keys_;
    std::unique_ptr<ServerProcess> server_;
};

TEST(Identity, of_a_buyer_is_his_token_and_nothing_that_he_says_himself) {
    GuardedSale sale;
    const std::string id = sale.publish(Draft{.more = R"(,"audience":{"level_min":3})"});
    const std::string good = sale.token("42", {"--level", "3", "--segments", "1"});
    EXPECT_THAT(good, testing::MatchesRegex("1:k1:42:[0-9]+:3:1\\.[A-Za-z0-9_-]{22}"));
    const HttpAnswer held = sale.bearer(good).post(orders_path(id), order_of(1));
    EXPECT_EQ(held.code(), "HELD") << held.body;
    EXPECT_EQ(sale.as("viewer").get("/v1/orders/" + held.text("order_id")).text("buyer_id"), "42");
    EXPECT_EQ(sale.bearer(sale.token("43")).post(orders_path(id), order_of(1)).code(),
              "NOT_ELIGIBLE");

    Caller header_only{sale.server().buyers_port(), {"X-Buyer-Id: 42"}};
    EXPECT_EQ(header_only.get(orders_path(id)).status, 401) << "the header is for listed peers";
    Caller both{sale.server().buyers_port(),
                {"Authorization: Bearer " + good, "X-Buyer-Id: 1", "X-Buyer-Level: 9"}};
    ASSERT_EQ(both.get(orders_path(id)).list("orders").size(), 1U) << "the token counts";
    const auto status_of = [&](const std::string& token) {
        const HttpAnswer answer = sale.bearer(token).get(orders_path(id));
        EXPECT_THAT(answer.text("detail"), testing::Not(testing::IsEmpty()));
        return answer.status;
    };
    EXPECT_EQ(status_of(sale.token("42", {"--valid-seconds", "-5"})), 401) << "expired";
    std::string other_buyer = good;
    other_buyer.replace(other_buyer.find(":42:"), 4, ":41:");
    EXPECT_EQ(status_of(other_buyer), 401);
    for (std::size_t at = good.find('.') + 1; at < good.size(); ++at) {
        std::string tampered = good;
        tampered[at] = tampered[at] == 'A' ? 'B' : 'A';
        if (at + 1 == good.size()) {
            continue;  // its low bits say nothing
        }
        ASSERT_EQ(status_of(tampered), 401) << "changed at " << at;
    }
    EXPECT_EQ(status_of(good.substr(0, good.size() - 1)), 401);
    EXPECT_EQ(status_of("nonsense"), 401);
    EXPECT_EQ(sale.server().stop(), 0);
}

TEST(Identity, of_listed_peers_is_the_header_that_they_send) {
    GuardedSale sale({"--trusted-peers", "127.0.0.1"});
    const std::string id = sale.publish(Draft{});
    Caller gateway = sale.server().buyer(42);
    EXPECT_EQ(gateway.post(orders_path(id), order_of(1)).code(), "HELD");
}

TEST(Identity, of_the_malls_people_is_their_key_and_its_roles) {
    GuardedSale sale;
    const std::string id = sale.publish(Draft{});
    const std::string campaign = "/v1/campaigns/" + id;
    const std::string order =
        sale.bearer(sale.token("1")).post(orders_path(id), order_of(1)).text("order_id");
    struct Act {
        std::string method;
        std::string path;
        std::string body;
        std::string allowed;  // roles, with a space around each
    };
    const std::vector<Act> acts{
        {"POST", "/v1/campaigns", Draft{}.text(), " editor "},
        {"POST", campaign + "/pause", "", " publisher "},
        {"POST", campaign + "/resume", "", " publisher "},
        {"POST", campaign + "/stock", R"({"item_id":"1001","delta":1,"reason":"x"})",
         " publisher "},
        {"POST", campaign + "/blocklist", R"({"buyers":["9"]})", " publisher treasurer "},
        {"POST", "/v1/payments", payment_of(order, "p", 9900), " mall "},
        {"POST", "/v1/refunds",
         R"({"order_id":")" + order + R"(","refund_id":"r","quantity":0,"amount":1})", " mall "},
        {"GET", campaign + "/ledger", "", " viewer editor publisher treasurer "},
        {"GET", campaign + "/orders", "", " mall viewer editor publisher treasurer "},
        {"GET", "/v1/events", "", " mall "},
        {"GET", "/v1/settlement", "", " viewer editor publisher treasurer "},
    };
    int serial = 0;
    for (const Act& act : acts) {
        for (const char* role : {"mall", "viewer", "editor", "publisher", "treasurer", "admin"}) {
            SCOPED_TRACE(std::string{role} + ": " + act.method + ' ' + act.path);
            Caller caller = sale.as(role);
            const HttpAnswer answer = caller.client().ask(
                caller.question(act.method, act.path, act.body,
                                act.method == "GET" ? "" : std::to_string(serial++)));
            const bool is_allowed =
                std::string{role} == "admin" ||
                act.allowed.find(' ' + std::string{role} + ' ') != std::string::npos;
            if (is_allowed) {
                EXPECT_THAT(answer.status, testing::AnyOf(200, 201, 409)) << answer.body;  // judged
            } else {
                EXPECT_EQ(answer.status, 403) << answer.body;
                EXPECT_EQ(answer.code(), "FORBIDDEN");
            }
        }
    }
    Caller dev = sale.server().mall("dev");
    EXPECT_EQ(dev.get("/v1/settlement").status, 401) << "the key of --dev is worth nothing here";
}

TEST(Identity, follows_the_key_file_while_the_server_runs) {
    GuardedSale sale;
    const std::string id = sale.publish(Draft{.stock = 100});
    Caller old_connection = sale.bearer(sale.token("1"));
    EXPECT_EQ(old_connection.get(orders_path(id)).status, 200);

    EXPECT_EQ(run_stampede({"keys", "new", "--key-file", sale.key_file(), "--id", "k2"}).status, 0);
    const std::string by_second = sale.token("2", {"--id", "k2"});
    EXPECT_EQ(sale.bearer(by_second).get(orders_path(id)).status, 401) << "not read yet";
    sale.server().signal(SIGHUP);
    const auto becomes = [&](const std::string& token, int status) {
        for (int tries = 0; tries < 1000; ++tries) {
            if (sale.bearer(token).get(orders_path(id)).status == status) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    };
    EXPECT_TRUE(becomes(by_second, 200));
    EXPECT_EQ(old_connection.get(orders_path(id)).status, 200) << "both keys are live";

    // A broken file changes nothing.
    const std::string good = read_file(sale.key_file());
    write_file(sale.key_file(), "nonsense = [");
    sale.server().signal(SIGHUP);
    const auto log_says = [&](const std::string& words) {
        for (int tries = 0; tries < 1000; ++tries) {
            if (sale.server().log().find(words) != std::string::npos) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    };
    EXPECT_TRUE(log_says("stay in force"));
    EXPECT_EQ(sale.bearer(by_second).get(orders_path(id)).status, 200);

    // The first key retires: also the token that a connection was known by ends.
    const auto second = good.find("[[buyer_token_key]]", good.find("[[buyer_token_key]]") + 1);
    ASSERT_NE(second, std::string::npos) << "two keys are in the file";
    std::string without_first = good;
    const auto first = good.find("[[buyer_token_key]]");
    without_first.erase(first, second - first);
    write_file(sale.key_file(), without_first);
    const std::string by_first = "1:k1:1:9999999999:0:0.AAAAAAAAAAAAAAAAAAAAAA";
    sale.server().signal(SIGHUP);
    bool has_ended = false;
    for (int tries = 0; tries < 1000 && !has_ended; ++tries) {
        has_ended = old_connection.get(orders_path(id)).status == 401;
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    EXPECT_TRUE(has_ended);
    EXPECT_EQ(sale.bearer(by_second).get(orders_path(id)).status, 200);
}

TEST(Identity, needs_a_key_file_that_its_owner_alone_can_read) {
    const ScratchDirectory scratch;
    const std::string file = (scratch / "keys.toml").string();
    ASSERT_EQ(run_stampede({"keys", "new", "--key-file", file}).status, 0);
    struct stat status{};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    ServerProcess server(scratch / "data", {"--create-data-dir", "--key-file", file});
    EXPECT_FALSE(server.is_ready());
    EXPECT_EQ(server.wait(), 1);
    EXPECT_THAT(server.log(), HasSubstr("chmod 600"));
    EXPECT_FALSE(std::filesystem::exists(scratch / "data")) << "nothing was changed";
    ServerProcess keyless(scratch / "data", {"--create-data-dir"});
    EXPECT_FALSE(keyless.is_ready());
    EXPECT_EQ(keyless.wait(), 1);
    EXPECT_THAT(keyless.log(), HasSubstr("key_file"));
}

TEST(Identity, of_an_editor_does_not_let_him_publish_his_own_change_under_four_eyes) {
    GuardedSale sale({"--four-eyes"});
    const CommandResult made =
        run_stampede({"keys", "new", "--key-file", sale.key_file(), "--api-key", "both", "--role",
                      "editor", "--role", "publisher"});
    ASSERT_EQ(made.status, 0) << made.err;
    sale.server().signal(SIGHUP);
    Caller both = sale.server().mall(first_line(made.out));
    HttpAnswer drafted = both.post("/v1/campaigns", Draft{}.text());
    for (int tries = 0; drafted.status == 401 && tries < 1000; ++tries) {  // until it was read
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
        drafted = both.post("/v1/campaigns", Draft{}.text());
    }
    ASSERT_EQ(drafted.status, 201) << drafted.body;
    const std::string path = "/v1/campaigns/" + drafted.text("id") + "/publish";
    EXPECT_EQ(both.post(path).status, 409);
    EXPECT_EQ(sale.as("publisher").post(path).status, 200);
}

}  // namespace
}  // namespace stampede::tests
