// SPDX-License-Identifier: Apache-2.0
// Three significant digits at any size, exact ends, and sums that survive merging.
#include "loadtest/latency_histogram.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "loadtest/seeded_random.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, is_exact_below_two_microseconds) {
    LatencyHistogram histogram;
    for (int ns = 0; ns < 2048; ++ns) {
        histogram.record(nanoseconds{ns});
    }
    EXPECT_EQ(histogram.percentile(0.5), nanoseconds{1023});
    EXPECT_EQ(histogram.percentile(1.0), nanoseconds{2047});
    EXPECT_EQ(histogram.percentile(0.0), nanoseconds{0});
}

TEST(LatencyHistogram, is_within_a_thousandth_at_every_size) {
    for (std::int64_t value = 1; value < (std::int64_t{1} << 40); value = value * 17 / 10 + 1) {
        LatencyHistogram histogram;
        histogram.record(nanoseconds{value});
        histogram.record(nanoseconds{value * 2 < (std::int64_t{1} << 40) ? value * 2 : value});
        const std::int64_t median = histogram.percentile(0.5).count();
        EXPECT_GE(median, value);
        EXPECT_LE(static_cast<double>(median - value), static_cast<double>(value) * 0.001) << value;
    }
}

TEST(LatencyHistogram, gives_the_percentiles_of_the_sorted_values) {
    LatencyHistogram histogram;
    std::vector<std::int64_t> values;
    SeededRandom random{42};
    for (int count = 0; count < 100'000; ++count) {
        const auto ns = static_cast<std::int64_t>(random.exponential(5e6));
        values.push_back(ns);
        histogram.record(nanoseconds{ns});
    }
    std::sort(values.begin(), values.end());
    for (const double share : {0.5, 0.9, 0.99, 0.999}) {
        const auto rank = static_cast<std::size_t>(share * 100'000) - 1;
        const auto exact = static_cast<double>(values[rank]);
        EXPECT_NEAR(static_cast<double>(histogram.percentile(share).count()), exact, exact * 0.001);
    }
    EXPECT_EQ(histogram.max().count(), values.back());
    EXPECT_EQ(histogram.min().count(), values.front());
}

TEST(LatencyHistogram, keeps_an_exact_maximum_beyond_its_last_bucket) {
    LatencyHistogram histogram;
    histogram.record(std::chrono::hours{2});
    EXPECT_EQ(histogram.max(), std::chrono::hours{2});
    EXPECT_EQ(histogram.count(), 1u);
}

TEST(LatencyHistogram, counts_an_answer_before_its_planned_time_as_zero) {
    LatencyHistogram histogram;
    histogram.record(nanoseconds{-5});
    EXPECT_EQ(histogram.percentile(1.0), nanoseconds{0});
}

TEST(LatencyHistogram, merges_as_if_recorded_in_one) {
    LatencyHistogram left;
    LatencyHistogram right;
    LatencyHistogram both;
    for (int ns = 1; ns < 5000; ns += 7) {
        (ns % 2 == 0 ? left : right).record(nanoseconds{ns * 1000});
        both.record(nanoseconds{ns * 1000});
    }
    left.merge(right);
    left.merge(LatencyHistogram{});
    EXPECT_EQ(left.count(), both.count());
    EXPECT_EQ(left.mean(), both.mean());
    EXPECT_EQ(left.min(), both.min());
    EXPECT_EQ(left.percentile(0.99), both.percentile(0.99));
}

TEST(LatencyHistogram, gives_zeros_when_nothing_was_recorded) {
    const LatencyHistogram histogram;
    EXPECT_EQ(histogram.percentile(0.99), nanoseconds{0});
    EXPECT_EQ(histogram.mean(), nanoseconds{0});
}

TEST(LatencyHistogram, visits_its_buckets_in_rising_order) {
    LatencyHistogram histogram;
    for (const int ns : {5, 5'000'000, 70'000}) {
        histogram.record(nanoseconds{ns});
    }
    std::vector<std::int64_t> bounds;
    std::uint64_t total = 0;
    histogram.each_bucket([&](nanoseconds bound, std::uint64_t count) {
        bounds.push_back(bound.count());
        total += count;
    });
    EXPECT_EQ(total, 3u);
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
    EXPECT_EQ(bounds.front(), 5);
}

}  // namespace
}  // namespace stampede::loadtest
