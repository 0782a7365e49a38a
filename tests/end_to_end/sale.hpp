// SPDX-License-Identifier: Apache-2.0
// A running server with its data directory and its mall database, for one test: the words that
// every test from outside needs. Everything goes over real sockets, through the real program.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/server_process.hpp"

namespace stampede::tests {

/// RFC 3339 in UTC, so many seconds from now.
[[nodiscard]] std::string time_from_now(std::int64_t seconds);

/// The body of a draft with the item 1001; `more` is further JSON, beginning with a comma.
struct Draft {
    std::int64_t stock = 10;
    std::int64_t price = 9900;
    std::int64_t starts_in_s = -1;
    std::int64_t ends_in_s = 3600;
    std::string more{};
    std::string play = "seckill";
    [[nodiscard]] std::string text() const;
};
/// Of play group_buy and bargain: `group` and `bargain` are their parameters without braces.
[[nodiscard]] Draft group_draft(const std::string& group, const std::string& more = {});
[[nodiscard]] Draft bargain_draft(const std::string& bargain, const std::string& more = {});

/// {"item_id":"1001","quantity":…}
[[nodiscard]] std::string order_of(std::int64_t quantity, const std::string& more = {});
[[nodiscard]] std::string payment_of(const std::string& order_id, const std::string& payment_id,
                                     std::int64_t amount);

/// The mall's own connection to its SQLite file: rows as texts, NULL as "".
using Rows = std::vector<std::vector<std::string>>;
[[nodiscard]] Rows query(const std::filesystem::path& database, const std::string& sql);

/// A change that somebody makes behind the server's back.
void execute(const std::filesystem::path& database, const std::string& sql);

class Sale {
  public:
    /// `serve --dev` with `flags`, started and ready, or a failure of the test.
    explicit Sale(const std::vector<std::string>& flags = {});

    [[nodiscard]] ServerProcess& server() { return *server_; }
    [[nodiscard]] Caller buyer(std::uint64_t id) const { return server_->buyer(id); }
    /// The connection of the mall's back end, with every role.
    [[nodiscard]] Caller& mall() { return *mall_; }
    [[nodiscard]] std::filesystem::path data_dir() const { return scratch_ / "data"; }
    [[nodiscard]] std::filesystem::path database() const { return scratch_ / "mall.db"; }
    [[nodiscard]] std::filesystem::path scratch() const { return scratch_.path(); }

    /// The id of a new draft, published.
    std::string publish(const Draft& draft);
    [[nodiscard]] HttpAnswer ledger_line(const std::string& campaign);
    HttpAnswer pay(const std::string& order_id, const std::string& payment_id, std::int64_t amount);
    /// Waits until the mall's database has everything that was answered before.
    void wait_until_settled();
    /// SIGTERM, exit 0, then `verify` and `reconcile` must be content.
    void stop_and_verify();
    /// Starts the server again on the same directory.
    void start_again(const std::vector<std::string>& flags = {});

  private:
    ScratchDirectory scratch_;
    std::vector<std::string> flags_;
    std::unique_ptr<ServerProcess> server_;
    std::unique_ptr<Caller> mall_;
};

inline std::string orders_path(const std::string& campaign) {
    return "/v1/campaigns/" + campaign + "/orders";
}
inline std::string groups_path(const std::string& campaign) {
    return "/v1/campaigns/" + campaign + "/groups";
}
inline std::string members_path(const std::string& campaign, const std::string& group) {
    return groups_path(campaign) + "/" + group + "/members";
}
inline std::string bargains_path(const std::string& campaign) {
    return "/v1/campaigns/" + campaign + "/bargains";
}

/// An object inside an answer; where there is none the test fails, naming the whole answer.
[[nodiscard]] HttpAnswer part(const HttpAnswer& answer, const std::string& name);

/// Each test runs on both event loops; the name of the loop is the parameter.
class OnBothLoops : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        if (GetParam() == "io_uring" && !kernel_gives_io_uring()) {
            GTEST_SKIP() << "this kernel or container refuses io_uring";
        }
        // As the server reads it: where everything is to run on one loop, the other is left out.
        const char* wanted = std::getenv("STAMPEDE_EVENT_LOOP");
        if (wanted != nullptr && std::string{wanted} != "auto" && wanted != GetParam()) {
            GTEST_SKIP() << "STAMPEDE_EVENT_LOOP asks for " << wanted << " alone";
        }
    }
    [[nodiscard]] static std::vector<std::string> flags(std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"--event-loop", GetParam()});
        return more;
    }
};

inline auto both_loops() {
    return testing::Values(std::string{"io_uring"}, std::string{"epoll"});
}
inline std::string loop_name(const testing::TestParamInfo<std::string>& info) {
    return info.param;
}

}  // namespace stampede::tests
