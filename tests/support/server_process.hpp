// SPDX-License-Identifier: Apache-2.0
// The real `stampede` program, as a mall runs it: started on free ports, stopped by signals, killed
// without a warning. Its log is shown when the test fails.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/http_client.hpp"

namespace stampede::tests {

/// `stampede arguments…`, run to its end.
[[nodiscard]] CommandResult run_stampede(const std::vector<std::string>& arguments);
/// False where the kernel, or the container that we are in, refuses io_uring.
[[nodiscard]] bool kernel_gives_io_uring();

class ServerProcess {
  public:
    /// `stampede serve --data-dir DIR` on free loopback ports, and what `flags` add. The caller
    /// waits with is_ready().
    ServerProcess(const std::filesystem::path& data_dir, const std::vector<std::string>& flags);
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess();

    /// True once it has said that its doors are open; false when it ended instead.
    [[nodiscard]] bool is_ready();
    [[nodiscard]] const std::string& ready_line() const { return ready_line_; }
    [[nodiscard]] std::uint16_t buyers_port() const { return port_of("buyers="); }
    [[nodiscard]] std::uint16_t mall_port() const { return port_of("mall-api="); }
    [[nodiscard]] std::uint16_t live_port() const { return port_of("live="); }

    /// A buyer known by header, as --dev and listed peers allow.
    [[nodiscard]] Caller buyer(std::uint64_t id) const;
    [[nodiscard]] Caller mall(const std::string& api_key = "dev") const;

    void signal(int number) const { process_->signal(number); }
    /// SIGKILL, and gone when this returns.
    void kill();
    /// SIGTERM; the exit status, or -1 when it does not end.
    [[nodiscard]] int stop();
    /// The exit status of a server that ends by itself; -1 when it does not.
    [[nodiscard]] int wait();
    [[nodiscard]] std::string log() const { return process_->err(); }
    [[nodiscard]] pid_t pid() const { return process_->pid(); }

  private:
    [[nodiscard]] std::uint16_t port_of(const std::string& name) const;

    ScratchDirectory output_;
    std::unique_ptr<ChildProcess> process_;
    std::string ready_line_;
};

}  // namespace stampede::tests
