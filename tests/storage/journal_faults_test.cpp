// SPDX-License-Identifier: Apache-2.0
// Every single I/O call of a scenario fails once: the journal ends or refuses, and no commit is
// reported durable that a healthy start does not find again.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "tests/support/faulty_file_system.hpp"
#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;

struct Outcome {
    bool opened = false;
    bool ended = false;  // fatal was called
    std::string why;
    CommitNumber acknowledged;
    CommitNumber submitted;
};

/// Twenty commits over several logs and a written table, until the journal ends.
Outcome run_scenario(const fs::path& path, const std::shared_ptr<FaultPlan>& plan) {
    Outcome outcome;
    std::atomic<bool> has_ended{false};
    std::mutex mutex;
    auto options = small_journal();
    options.store.write_buffer_bytes = 128 * 1024;
    options.fatal = [&](std::string_view why) {
        const std::lock_guard lock{mutex};
        outcome.why = why;
        has_ended = true;
    };
    options.store.wrap_file_system = [&](std::shared_ptr<rocksdb::FileSystem> below) {
        return std::make_shared<FaultyFileSystem>(std::move(below), plan);
    };
    {
        auto rig = JournalRig::open(path, options);
        outcome.opened = rig.has_value();
        if (!rig.has_value()) {
            outcome.why = rig.error().message;
            return outcome;
        }
        for (int at = 0; at < 20 && !has_ended; ++at) {
            (*rig)->submit(30'000);
            outcome.submitted = (*rig)->last();
            if (!eventually(
                    [&] { return has_ended || (*rig)->journal().durable() == (*rig)->last(); })) {
                ADD_FAILURE() << "neither durable nor ended";
            }
        }
        outcome.acknowledged = (*rig)->journal().durable();
        (*rig)->journal().stop();
        EXPECT_EQ((*rig)->journal().durable(), outcome.acknowledged)
            << "a commit became durable after the end";
    }
    outcome.ended = has_ended;
    return outcome;
}

void expect_nothing_lost(const fs::path& path, const Outcome& outcome) {
    auto healthy = JournalRig::open(path);
    ASSERT_TRUE(healthy.has_value()) << healthy.error().message;
    const CommitNumber found = (*healthy)->last();
    EXPECT_GE(found, outcome.acknowledged) << "an acknowledged commit is lost";
    EXPECT_LE(found, outcome.submitted);
    EXPECT_EQ((*healthy)->state().sum(), expected_sum(found));
}

class FailingCall : public testing::TestWithParam<Failure> {};

TEST_P(FailingCall, ends_the_journal_and_loses_nothing_wherever_it_is) {
    std::uint64_t calls = 0;
    {
        const TemporaryDirectory place;
        const auto plan = std::make_shared<FaultPlan>();
        const Outcome healthy = run_scenario(place.path() / "shop", plan);
        ASSERT_TRUE(healthy.opened) << healthy.why;
        ASSERT_FALSE(healthy.ended) << healthy.why;
        ASSERT_EQ(healthy.acknowledged, CommitNumber{20});
        calls = plan->calls;
    }
    ASSERT_GT(calls, 60U);
    std::uint64_t refused = 0;
    std::uint64_t ended = 0;
    // All of them when asked for, otherwise a sample that differs between the two kinds.
    const std::uint64_t step = std::getenv("STAMPEDE_EVERY_CALL") != nullptr ? 1 : 4;
    const std::uint64_t first = GetParam() == Failure::io_error ? 1 : 1 + step / 2;
    for (std::uint64_t call = first; call <= calls; call += step) {
        SCOPED_TRACE("call " + std::to_string(call));
        const TemporaryDirectory place;
        const auto plan = std::make_shared<FaultPlan>();
        plan->fails_from = call;
        plan->fails_up_to = call;
        plan->failure = GetParam();
        const Outcome outcome = run_scenario(place.path() / "shop", plan);
        refused += outcome.opened ? 0U : 1U;
        ended += outcome.ended ? 1U : 0U;
        expect_nothing_lost(place.path() / "shop", outcome);
    }
    EXPECT_GT(refused, 0U);
    EXPECT_GT(ended, 20U / step);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FailingCall, testing::Values(Failure::io_error, Failure::no_space),
                         [](const auto& parameter) {
                             return parameter.param == Failure::io_error ? "io_error" : "no_space";
                         });

TEST(FailingSync, is_fatal_at_once_and_acknowledges_nothing_more) {
    const TemporaryDirectory place;
    const auto plan = std::make_shared<FaultPlan>();
    std::atomic<int> endings{0};
    auto options = small_journal();
    options.fatal = [&](std::string_view) { ++endings; };
    options.store.wrap_file_system = [&](std::shared_ptr<rocksdb::FileSystem> below) {
        return std::make_shared<FaultyFileSystem>(std::move(below), plan);
    };
    options.before_sync = [&](CommitNumber number) {
        if (number == CommitNumber{5}) {
            plan->fails_from = plan->calls + 2;  // the append of the buffer goes through
        }
    };
    {
        auto rig = JournalRig::open(place.path() / "shop", options);
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        (*rig)->commit(4);
        (*rig)->submit();
        ASSERT_TRUE(eventually([&] { return endings > 0; }));
        EXPECT_EQ((*rig)->journal().durable(), CommitNumber{4});
        EXPECT_EQ((*rig)->journal().tail().newest(), CommitNumber{4});
    }
    // "Failed" meant "unknown": the bytes had reached the file and are found again.
    auto again = JournalRig::open(place.path() / "shop");
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_GE((*again)->last(), CommitNumber{4});
    EXPECT_LE((*again)->last(), CommitNumber{5});
}

/// Makes every later write through the open descriptor of `path` fail.
void break_descriptor_of(const fs::path& path) {
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code error;
        if (fs::read_symlink(entry.path(), error) == path) {
            const int null = ::open("/dev/null", O_RDONLY);
            ::dup2(null, std::stoi(entry.path().filename().string()));
            ::close(null);
        }
    }
}

TEST(FailingAnchor, is_fatal_too) {
    const TemporaryDirectory place;
    std::atomic<bool> has_ended{false};
    std::string why;
    auto options = small_journal();
    options.fatal = [&](std::string_view text) {
        why = text;
        has_ended = true;
    };
    options.before_sync = [&](CommitNumber number) {
        if (number == CommitNumber{3}) {
            break_descriptor_of(fs::canonical(place.path()) / "shop" / "anchor");
        }
    };
    auto rig = JournalRig::open(place.path() / "shop", options);
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    (*rig)->commit(3);  // its own anchor is written after it is durable
    ASSERT_TRUE(eventually([&] { return has_ended.load(); }));
    EXPECT_THAT(why, HasSubstr("anchor"));
    EXPECT_EQ((*rig)->journal().durable(), CommitNumber{3});
}

TEST(JournalDeathTest, leaves_one_line_and_exit_status_70) {
    EXPECT_EXIT(storage::end_process("the disk is gone"), testing::ExitedWithCode(70),
                "the journal has failed, the server ends: the disk is gone");
}

}  // namespace
}  // namespace stampede::tests
