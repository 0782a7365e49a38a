// SPDX-License-Identifier: Apache-2.0
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <thread>

namespace stampede::tests {

namespace {

constexpr std::chrono::minutes start_patience{2};
constexpr std::chrono::milliseconds look_again{5};
constexpr std::chrono::seconds end_patience{60};

}  // namespace

CommandResult run_stampede(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{STAMPEDE_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_command(all);
}

bool kernel_gives_io_uring() {
    io_uring_params parameters{};
    const long ring = ::syscall(SYS_io_uring_setup, 4U, &parameters);
    if (ring >= 0) {
        ::close(static_cast<int>(ring));
    }
    return ring >= 0;
}

ServerProcess::ServerProcess(const std::filesystem::path& data_dir,
                             const std::vector<std::string>& flags) {
    std::vector<std::string> arguments{STAMPEDE_PROGRAM, "serve", "--data-dir", data_dir.string()};
    const auto add_unless_given = [&](const std::string& name) {
        if (std::find(flags.begin(), flags.end(), name) == flags.end()) {
            arguments.push_back(name);
            arguments.emplace_back("127.0.0.1:0");
        }
    };
    add_unless_given("--buyers");
    add_unless_given("--mall-api");
    add_unless_given("--live");
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    process_ = std::make_unique<ChildProcess>(arguments, output_ / "out", output_ / "err");
}

ServerProcess::~ServerProcess() {
    if (testing::Test::HasFailure()) {
        std::cerr << "the server's log:\n" << log() << '\n';
    }
}

bool ServerProcess::is_ready() {
    const auto give_up_at = std::chrono::steady_clock::now() + start_patience;
    while (std::chrono::steady_clock::now() < give_up_at) {
        const std::string out = process_->out();
        if (const auto end = out.find('\n'); end != std::string::npos) {
            ready_line_ = out.substr(0, end);
            return ready_line_.starts_with("ready ");
        }
        if (process_->wait(look_again)) {
            return false;
        }
    }
    ADD_FAILURE() << "the server does not get ready";
    return false;
}

std::uint16_t ServerProcess::port_of(const std::string& name) const {
    const auto at = ready_line_.find(' ' + name);
    const auto end = ready_line_.find(' ', at + 1);
    const std::string endpoint = ready_line_.substr(at, end - at);
    const auto colon = endpoint.rfind(':');
    if (at == std::string::npos || colon == std::string::npos) {
        ADD_FAILURE() << "no " << name << " in the ready line '" << ready_line_ << "'";
        return 0;
    }
    return static_cast<std::uint16_t>(std::stoul(endpoint.substr(colon + 1)));
}

Caller ServerProcess::buyer(std::uint64_t id) const {
    return Caller{buyers_port(), {"X-Buyer-Id: " + std::to_string(id)}};
}

Caller ServerProcess::mall(const std::string& api_key) const {
    return Caller{mall_port(), {"Authorization: Bearer " + api_key}};
}

void ServerProcess::kill() {
    signal(SIGKILL);
    EXPECT_TRUE(process_->wait(end_patience)) << "a killed server does not end";
}

int ServerProcess::stop() {
    signal(SIGTERM);
    return wait();
}

int ServerProcess::wait() {
    return process_->wait(end_patience).value_or(-1);
}

}  // namespace stampede::tests
