// SPDX-License-Identifier: Apache-2.0
// The arithmetic of each shape. Times are computed as seconds in double: over an hour that is exact
// to far below a microsecond.
#include "loadtest/arrival_plan.hpp"

#include <algorithm>
#include <cmath>

#include "engine/vocabulary/check.hpp"
#include "loadtest/seeded_random.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::nanoseconds;
using Plan = std::vector<nanoseconds>;

constexpr std::uint64_t arrivals_purpose = 1;

nanoseconds at_seconds(double seconds) {
    return nanoseconds{static_cast<std::int64_t>(seconds * 1e9)};
}

double seconds_of(nanoseconds time) {
    return static_cast<double>(time.count()) / 1e9;
}

// A log-normal with its median at a fifth of the window: people start early and trail off. The few
// per cent that would fall outside are drawn again, so the window is a bound.
Plan plan_herd(const Arrivals& arrivals, std::uint32_t buyers, SeededRandom random) {
    Plan plan;
    plan.reserve(buyers);
    const double window = seconds_of(arrivals.window);
    while (plan.size() < buyers) {
        const double at = window * 0.2 * std::exp(0.8 * random.normal());
        if (at < window) {
            plan.push_back(at_seconds(at));
        } else if (window <= 0) {
            plan.push_back(nanoseconds{0});
        }
    }
    std::sort(plan.begin(), plan.end());
    return plan;
}

Plan plan_poisson(const Arrivals& arrivals, SeededRandom random) {
    Plan plan;
    const double length = seconds_of(arrivals.length);
    const double mean_gap = 1.0 / arrivals.per_second;
    for (double at = random.exponential(mean_gap); at < length;
         at += random.exponential(mean_gap)) {
        plan.push_back(at_seconds(at));
    }
    return plan;
}

Plan plan_constant(const Arrivals& arrivals) {
    Plan plan;
    const auto count =
        static_cast<std::uint64_t>(std::llround(arrivals.per_second * seconds_of(arrivals.length)));
    plan.reserve(count);
    for (std::uint64_t number = 0; number < count; ++number) {
        plan.push_back(at_seconds(static_cast<double>(number) / arrivals.per_second));
    }
    return plan;
}

// The n-th arrival of a rate a + (b - a) t / L lies where the integral of the rate reaches n.
Plan plan_ramp(const Arrivals& arrivals) {
    Plan plan;
    const double length = seconds_of(arrivals.length);
    const double slope = (arrivals.to_per_second - arrivals.per_second) / length;
    const double rate = arrivals.per_second;
    const auto count = static_cast<std::uint64_t>(
        std::llround((arrivals.per_second + arrivals.to_per_second) / 2 * length));
    plan.reserve(count);
    for (std::uint64_t number = 0; number < count; ++number) {
        const double reached = static_cast<double>(number);
        const double root = std::sqrt(std::max(0.0, rate * rate + 2 * slope * reached));
        const double at = std::abs(slope) < 1e-9 ? reached / rate : (root - rate) / slope;
        plan.push_back(at_seconds(std::clamp(at, 0.0, length)));
    }
    return plan;
}

Plan plan_burst(const Arrivals& arrivals) {
    Plan plan;
    const double length = seconds_of(arrivals.length);
    const double gap = static_cast<double>(arrivals.burst_size) / arrivals.per_second;
    for (std::uint64_t burst = 0; static_cast<double>(burst) * gap < length; ++burst) {
        plan.insert(plan.end(), arrivals.burst_size, at_seconds(static_cast<double>(burst) * gap));
    }
    return plan;
}

}  // namespace

std::string_view name_of(ArrivalShape shape) {
    switch (shape) {
        case ArrivalShape::herd:
            return "herd";
        case ArrivalShape::poisson:
            return "poisson";
        case ArrivalShape::constant:
            return "constant";
        case ArrivalShape::ramp:
            return "ramp";
        case ArrivalShape::burst:
            return "burst";
    }
    return {};
}

std::vector<nanoseconds> plan_arrivals(const Arrivals& arrivals, std::uint32_t buyers,
                                       std::uint64_t seed) {
    const auto random = SeededRandom::for_purpose(seed, arrivals_purpose);
    Plan plan;
    switch (arrivals.shape) {
        case ArrivalShape::herd:
            return plan_herd(arrivals, buyers, random);
        case ArrivalShape::poisson:
            check(arrivals.per_second > 0, "the scenario reader asks for a positive rate");
            plan = plan_poisson(arrivals, random);
            break;
        case ArrivalShape::constant:
            check(arrivals.per_second > 0, "the scenario reader asks for a positive rate");
            plan = plan_constant(arrivals);
            break;
        case ArrivalShape::ramp:
            plan = plan_ramp(arrivals);
            break;
        case ArrivalShape::burst:
            check(arrivals.burst_size > 0, "the scenario reader asks for a positive burst");
            plan = plan_burst(arrivals);
            break;
    }
    if (buyers != 0 && plan.size() > buyers) {
        plan.resize(buyers);
    }
    return plan;
}

}  // namespace stampede::loadtest
