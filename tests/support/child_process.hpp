// SPDX-License-Identifier: Apache-2.0
// A program that a test runs: its output goes to files, and it never outlives the test, neither
// when the test fails nor when the test itself is killed. Start it from the test's main thread: the
// kernel's promise to end it with its parent holds for the thread that started it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stampede::tests {

/// A directory of its own beside the build, on a real disk; removed at the end.
class ScratchDirectory {
  public:
    ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

class ChildProcess {
  public:
    ChildProcess(const std::vector<std::string>& arguments, std::filesystem::path out,
                 std::filesystem::path err);
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    /// Kills it if it still runs.
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const;
    /// The exit status, or 128 + the signal that ended it; none when it still runs after
    /// `patience`.
    [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds patience);
    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;

  private:
    pid_t pid_ = -1;
    std::optional<int> status_;
    std::filesystem::path out_;
    std::filesystem::path err_;
};

struct CommandResult {
    int status = -1;  // -1: it did not end
    std::string out;
    std::string err;
};

/// Runs `program arguments…` to its end.
[[nodiscard]] CommandResult run_command(const std::vector<std::string>& arguments);

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace stampede::tests
