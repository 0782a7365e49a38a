// SPDX-License-Identifier: Apache-2.0
#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace stampede::tests {

namespace {

constexpr std::chrono::milliseconds look_again{2};
constexpr std::chrono::minutes command_patience{4};
constexpr int exec_failed = 127;

[[noreturn]] void become(std::vector<char*>& arguments, int out, int err, pid_t parent) {
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(exec_failed);  // the test ended before the promise held
    }
    ::execv(arguments.front(), arguments.data());
    ::_exit(exec_failed);
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
    const std::filesystem::path base{STAMPEDE_TEST_SCRATCH};
    std::filesystem::create_directories(base);
    std::string name = (base / "XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr) << "cannot make a directory in " << base;
    path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, std::filesystem::path out,
                           std::filesystem::path err)
    : out_(std::move(out)), err_(std::move(err)) {
    std::vector<std::string> texts = arguments;
    std::vector<char*> raw;
    for (std::string& text : texts) {
        raw.push_back(text.data());
    }
    raw.push_back(nullptr);
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    const int out_file = ::open(out_.c_str(), flags, 0600);
    const int err_file = ::open(err_.c_str(), flags, 0600);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        become(raw, out_file, err_file, parent);
    }
    EXPECT_GT(pid_, 0) << "cannot start " << arguments.front();
    ::close(out_file);
    ::close(err_file);
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0 && !status_) {
        signal(SIGKILL);
        static_cast<void>(wait(command_patience));
    }
}

void ChildProcess::signal(int number) const {
    if (pid_ > 0 && !status_) {
        ::kill(pid_, number);
    }
}

std::optional<int> ChildProcess::wait(std::chrono::milliseconds patience) {
    const auto give_up_at = std::chrono::steady_clock::now() + patience;
    while (!status_) {
        int status = 0;
        const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
        if (ended == pid_) {
            status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        } else if (std::chrono::steady_clock::now() >= give_up_at) {
            return std::nullopt;
        } else {
            std::this_thread::sleep_for(look_again);
        }
    }
    return status_;
}

std::string ChildProcess::out() const {
    return read_file(out_);
}
std::string ChildProcess::err() const {
    return read_file(err_);
}

CommandResult run_command(const std::vector<std::string>& arguments) {
    const ScratchDirectory scratch;
    ChildProcess process(arguments, scratch / "out", scratch / "err");
    const auto status = process.wait(command_patience);
    EXPECT_TRUE(status) << arguments.front() << " does not end";
    return {status.value_or(-1), process.out(), process.err()};
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    EXPECT_TRUE(file) << "cannot write " << path;
}

}  // namespace stampede::tests
