// SPDX-License-Identifier: Apache-2.0
// Latencies in nanoseconds, log-linear: 1,024 buckets per doubling, so a percentile is off by less
// than 0.1 % (three significant digits). One thread records; merging happens after the run.
// 31,745 counters, about 250 KiB; nothing is allocated after construction. Values over 2^40 ns (18
// minutes) share the last bucket, but max() stays exact.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {

class LatencyHistogram {
  public:
    using Latency = std::chrono::nanoseconds;

    LatencyHistogram() : counts_(bucket_count) {}

    /// A negative latency (an answer before its planned time) counts as zero.
    void record(Latency latency) {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
        counts_[bucket_of(std::min(value, largest_value))] += 1;
        total_ += 1;
        sum_ns_ += value;
        max_ns_ = std::max(max_ns_, value);
        min_ns_ = total_ == 1 ? value : std::min(min_ns_, value);
    }

    void merge(const LatencyHistogram& other) {
        if (other.total_ == 0) {
            return;
        }
        for (std::size_t at = 0; at < bucket_count; ++at) {
            counts_[at] += other.counts_[at];
        }
        min_ns_ = total_ == 0 ? other.min_ns_ : std::min(min_ns_, other.min_ns_);
        max_ns_ = std::max(max_ns_, other.max_ns_);
        sum_ns_ += other.sum_ns_;
        total_ += other.total_;
    }

    [[nodiscard]] std::uint64_t count() const { return total_; }
    [[nodiscard]] Latency max() const { return as_time(max_ns_); }
    [[nodiscard]] Latency min() const { return as_time(min_ns_); }
    [[nodiscard]] Latency mean() const { return as_time(total_ == 0 ? 0 : sum_ns_ / total_); }

    /// The smallest recorded value that `share` (0..1) of all values do not exceed, rounded up to
    /// its bucket's end; zero when nothing was recorded.
    [[nodiscard]] Latency percentile(double share) const {
        if (total_ == 0) {
            return Latency{0};
        }
        const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(total_);
        const auto rank = std::max<std::uint64_t>(1, ceiling(wanted));
        std::uint64_t seen = 0;
        for (std::size_t at = 0; at < bucket_count; ++at) {
            seen += counts_[at];
            if (seen >= rank) {
                return as_time(std::min(last_of(at), max_ns_));
            }
        }
        unreachable("the counts add up to the total");
    }

    /// Calls visit(upper bound, count) for every bucket that is not empty, in rising order.
    template <class Visit>
    void each_bucket(Visit&& visit) const {
        for (std::size_t at = 0; at < bucket_count; ++at) {
            if (counts_[at] != 0) {
                visit(as_time(std::min(last_of(at), max_ns_)), counts_[at]);
            }
        }
    }

  private:
    static constexpr unsigned sub_bits = 10;
    static constexpr std::uint64_t sub_buckets = std::uint64_t{1} << sub_bits;
    static constexpr unsigned value_bits = 40;
    static constexpr std::uint64_t largest_value = (std::uint64_t{1} << value_bits) - 1;
    // Doublings above the exact range 0..2047, each with sub_buckets counters.
    static constexpr std::size_t bucket_count = (value_bits - sub_bits + 1) * sub_buckets;

    static constexpr std::size_t bucket_of(std::uint64_t value) {
        const auto width = static_cast<unsigned>(std::bit_width(value));
        const unsigned shift = width > sub_bits + 1 ? width - sub_bits - 1 : 0;
        return static_cast<std::size_t>((std::uint64_t{shift} << sub_bits) + (value >> shift));
    }
    /// The largest value that falls into the bucket.
    static constexpr std::uint64_t last_of(std::size_t bucket) {
        if (bucket < 2 * sub_buckets) {
            return bucket;
        }
        const std::uint64_t shift = (bucket >> sub_bits) - 1;
        const std::uint64_t top = bucket - (shift << sub_bits);
        return ((top + 1) << shift) - 1;
    }
    static std::uint64_t ceiling(double value) {
        const auto whole = static_cast<std::uint64_t>(value);
        return static_cast<double>(whole) < value ? whole + 1 : whole;
    }
    static constexpr Latency as_time(std::uint64_t ns) {
        return Latency{static_cast<std::int64_t>(ns)};
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t sum_ns_ = 0;
    std::uint64_t max_ns_ = 0;
    std::uint64_t min_ns_ = 0;
};

}  // namespace stampede::loadtest
