// SPDX-License-Identifier: Apache-2.0
// The result of a run, for a person (text, HTML) and for programs (JSON). The JSON's schema is
// described in loadtest/README.md and only ever grows. Pure, but for the files written by main.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadtest/answer.hpp"
#include "loadtest/evidence.hpp"
#include "loadtest/finding.hpp"
#include "loadtest/oracle.hpp"
#include "loadtest/run_options.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

struct ThresholdResult {
    Threshold threshold;
    double measured = 0;
    bool met = true;
};

struct RunReport {
    std::string scenario;
    std::uint64_t seed = 0;
    std::string target;
    std::string mode;  // "crowd" or "saturate"
    std::uint32_t connections = 0;
    std::uint32_t pipeline_depth = 0;
    std::uint64_t buyers = 0;
    RunNumbers numbers;
    std::uint64_t orders_taken = 0;
    std::vector<LedgerLine> ledger;
    Play play = Play::seckill;  // another one only when its groups or bargains were read
    PlaySummary plays;
    std::uint64_t settled_orders = 0;
    std::uint64_t confirmed_orders = 0;
    bool mall_checked = false;
    std::uint64_t payments_told = 0;
    std::uint64_t journal_looked_for = 0;
    std::uint64_t journal_found = 0;
    bool journal_checked = false;
    std::vector<Finding> findings;
    std::vector<ThresholdResult> thresholds;
    std::vector<std::string> notes;
    ExitCode exit = ExitCode::success;
};

/// The measured value of a metric of threshold_metrics(); empty when the run has none (no
/// sell-out).
[[nodiscard]] std::optional<double> measure(const RunReport& report, const std::string& metric);
/// Fills thresholds and exit from the numbers and findings. A broken invariant outweighs all.
void judge(RunReport& report, const Scenario& scenario);

/// How the groups or bargains of the run ended, in one line; empty for a seckill.
[[nodiscard]] std::string plays_in_words(const RunReport& report);

enum class Colour : std::uint8_t { off, on };
[[nodiscard]] std::string text_report(const RunReport& report, Colour colour);
[[nodiscard]] std::string json_report(const RunReport& report);
[[nodiscard]] std::string html_report(const RunReport& report);

}  // namespace stampede::loadtest
