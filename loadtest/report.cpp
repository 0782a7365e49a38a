// SPDX-License-Identifier: Apache-2.0
// The metrics that thresholds bound, and the verdict.
#include "loadtest/report.hpp"

#include "loadtest/report_figures.hpp"

namespace stampede::loadtest {
namespace {

double server_cpu_us(const RunReport& report) {
    const auto& processes = report.numbers.machine.processes;
    return processes.empty() ? 0 : cpu_us_per_answer(report, processes.front().cpu);
}

bool broken(const RunReport& report) {
    for (const Finding& finding : report.findings) {
        if (finding.broken > 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<double> measure(const RunReport& report, const std::string& metric) {
    const RunNumbers& numbers = report.numbers;
    const auto percentile = [](const LatencyHistogram& histogram, double at) {
        return std::optional{in_ms(histogram.percentile(at))};
    };
    if (metric == "accepted_p50_ms") {
        return percentile(numbers.accepted, 0.50);
    } else if (metric == "accepted_p99_ms") {
        return percentile(numbers.accepted, 0.99);
    } else if (metric == "accepted_p999_ms") {
        return percentile(numbers.accepted, 0.999);
    } else if (metric == "accepted_max_ms") {
        return in_ms(numbers.accepted.max());
    } else if (metric == "refused_p50_ms") {
        return percentile(numbers.refused, 0.50);
    } else if (metric == "refused_p99_ms") {
        return percentile(numbers.refused, 0.99);
    } else if (metric == "refused_p999_ms") {
        return percentile(numbers.refused, 0.999);
    } else if (metric == "shed_share") {
        return share_of(numbers.shed.count(), numbers.answered + numbers.lost);
    } else if (metric == "unknown_share") {
        return share_of(numbers.unknown, numbers.sent);
    } else if (metric == "requests_per_s") {
        return per_second(numbers.answered, numbers.length);
    } else if (metric == "accepted_per_s") {
        return per_second(numbers.accepted.count(), numbers.length);
    } else if (metric == "server_cpu_us") {
        return server_cpu_us(report);
    } else if (metric == "lag_p99_ms") {
        return percentile(numbers.lag, 0.99);
    } else if (metric == "time_to_sold_out_ms" && numbers.sold_out_after.count() > 0) {
        return in_ms(numbers.sold_out_after);
    }
    return std::nullopt;
}

std::string plays_in_words(const RunReport& report) {
    const PlaySummary& plays = report.plays;
    const auto text = [](auto number) { return std::to_string(number); };
    if (report.play == Play::group_buy) {
        return "groups opened " + text(plays.groups_opened) + " = succeeded " +
               text(plays.groups_succeeded) + " + failed " + text(plays.groups_failed) +
               " + running " + text(plays.groups_running) + ", refunds due " +
               text(plays.seats_refund_due);
    }
    if (report.play == Play::bargain) {
        return "bargains launched " + text(plays.bargains_launched) + ", at their floor " +
               text(plays.bargains_at_floor) + ", paid " + text(plays.bargains_paid) + "; " +
               text(plays.cuts) + " cuts of " + text(plays.cut_sum.fen()) +
               " fen, prices fallen by " + text(plays.price_fallen.fen()) + " fen";
    }
    return {};
}

void judge(RunReport& report, const Scenario& scenario) {
    bool missed = false;
    for (const Threshold& threshold : scenario.thresholds) {
        const std::optional<double> measured = measure(report, threshold.metric);
        ThresholdResult result{threshold, measured.value_or(0), measured.has_value()};
        if (measured) {
            result.met = threshold.bound == Threshold::Bound::at_most
                             ? *measured <= threshold.limit
                             : *measured >= threshold.limit;
        }
        missed = missed || !result.met;
        report.thresholds.push_back(result);
    }
    const bool late = report.numbers.lag.percentile(0.99) > scenario.finish.lag_max;
    const bool busy = report.mode == "saturate" &&
                      report.numbers.machine.generator_busy() > scenario.finish.busy_max;
    if (late) {
        report.notes.emplace_back(
            "the generator could not keep its rate: it was later than finish.lag_max_ms");
    }
    if (busy) {
        report.notes.emplace_back(
            "the generator was busier than finish.busy_max: this run measured the generator");
    }
    if (broken(report)) {
        report.exit = ExitCode::invariant_broken;
    } else if (report.exit == ExitCode::success) {
        report.exit = late || busy ? ExitCode::generator_too_slow
                      : missed     ? ExitCode::threshold_missed
                                   : ExitCode::success;
    }
}

}  // namespace stampede::loadtest
