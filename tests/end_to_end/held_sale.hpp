// SPDX-License-Identifier: Apache-2.0
// A whole server inside the test: the real shards, loop, doors, follower and RocksDB journal, put
// together as net/server.cpp does, but with a hand on the disk and on the clocks. No sync happens
// unless the test has allowed that commit, so that a test can look at every socket while the disk
// is held; and a deadline of hours is a step away.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/clock.hpp"
#include "net/follower_live_reads.hpp"
#include "net/follower_reads.hpp"
#include "net/live_door.hpp"
#include "net/mall_door.hpp"
#include "net/quiet_doors.hpp"
#include "net/sale_loop.hpp"
#include "storage/follower.hpp"
#include "storage/rocksdb_journal.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/http_client.hpp"

namespace stampede::tests {

/// Called by the journal thread before each sync; blocks until the test lets that commit through.
class HandOnTheDisk {
  public:
    void before_sync(CommitNumber commit);
    /// Commits after the newest one that was let through wait from now on.
    void hold();
    /// One more commit may be synced.
    void let_one_through();
    /// Nothing waits any more; each sync takes `delay` longer.
    void let_go(std::chrono::milliseconds delay = {});
    /// The commit that waits for its sync, once there is one.
    [[nodiscard]] CommitNumber wait_for_a_commit();

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool holds_ = false;
    std::uint64_t allowed_ = 0;
    std::uint64_t newest_ = 0;
    std::optional<CommitNumber> waiting_;
    std::chrono::milliseconds delay_{};
};

/// The machine's clocks, and whatever time the test has let pass beside them. Any thread.
class PassingTime final : public engine::TimeSource {
  public:
    [[nodiscard]] std::int64_t realtime_ms() const override {
        return machine_.realtime_ms() + passed_ms_.load();
    }
    [[nodiscard]] std::int64_t boottime_ms() const override {
        return machine_.boottime_ms() + passed_ms_.load();
    }
    /// As if the machine had slept: both clocks went on.
    void pass(Duration duration) { passed_ms_.fetch_add(duration.ms()); }

  private:
    engine::SystemTimeSource machine_;
    std::atomic<std::int64_t> passed_ms_{0};
};

class HeldSale {
  public:
    explicit HeldSale(net::EventLoopKind kind);
    HeldSale(const HeldSale&) = delete;
    HeldSale& operator=(const HeldSale&) = delete;
    ~HeldSale();

    [[nodiscard]] HandOnTheDisk& disk() { return disk_; }
    /// The server's time; deadlines that are due by then fire in its next turns.
    void pass(Duration duration) { time_.pass(duration); }
    [[nodiscard]] CommitNumber durable() const { return journal_->durable(); }
    [[nodiscard]] Caller buyer(std::uint64_t id) const;
    [[nodiscard]] Caller mall() const;
    [[nodiscard]] std::uint16_t live_port() const { return live_port_; }
    [[nodiscard]] const net::LiveCounters& live() const { return counters_.live; }
    /// Whole requests that the buyers' door, and calls that the loop from the mall's, have taken.
    [[nodiscard]] std::uint64_t buyers_requests() const { return counters_.loop.requests.value(); }
    [[nodiscard]] std::uint64_t mall_calls() const { return counters_.loop.mall_calls.value(); }
    [[nodiscard]] std::uint64_t mall_requests() const { return doors_->requests(); }
    [[nodiscard]] storage::RocksdbJournal& journal() { return *journal_; }

  private:
    void open_storage();
    void open_doors(net::EventLoopKind kind);

    ScratchDirectory scratch_;
    HandOnTheDisk disk_;
    net::ServerCounters counters_;
    PassingTime time_;
    engine::FlightRecorder recorder_;
    std::unique_ptr<storage::DataDirectory> directory_;
    net::Shards shards_;
    std::unique_ptr<storage::RocksdbJournal> journal_;
    std::unique_ptr<engine::JournalClock> clock_;
    std::unique_ptr<storage::Follower> follower_;
    std::unique_ptr<net::FollowerReads> reads_;
    std::unique_ptr<net::FollowerLiveReads> live_reads_;
    net::DevApiKeys api_keys_;
    std::unique_ptr<net::QuietDoors> doors_;
    std::unique_ptr<net::EventLoop> loop_;
    std::unique_ptr<net::LoopGateway> gateway_;
    std::unique_ptr<net::MallDoor> mall_door_;
    std::unique_ptr<net::LiveDoor> live_door_;
    std::unique_ptr<net::SaleLoop> sale_;
    std::unique_ptr<net::HttpServer> buyers_door_;
    std::uint16_t buyers_port_ = 0;
    std::uint16_t mall_port_ = 0;
    std::uint16_t live_port_ = 0;
    std::thread loop_thread_;
};

}  // namespace stampede::tests
