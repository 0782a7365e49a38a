// SPDX-License-Identifier: Apache-2.0
// The report for a person at a terminal.
#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "loadtest/report.hpp"
#include "loadtest/report_figures.hpp"

namespace stampede::loadtest {
namespace {

[[gnu::format(printf, 2, 3)]] void append(std::string& text, const char* format, ...) {
    std::array<char, 512> line{};
    va_list values;
    va_start(values, format);
    const int size = std::vsnprintf(line.data(), line.size(), format, values);
    va_end(values);
    text.append(line.data(), static_cast<std::size_t>(std::clamp(size, 0, 511)));
}

void append_latencies(std::string& text, const char* name, const LatencyHistogram& latencies) {
    if (latencies.count() == 0) {
        append(text, "  %-10s %12s\n", name, "0");
        return;
    }
    append(text, "  %-10s %12llu %10.3f %10.3f %10.3f %10.3f %10.3f\n", name,
           static_cast<unsigned long long>(latencies.count()), in_ms(latencies.percentile(0.50)),
           in_ms(latencies.percentile(0.90)), in_ms(latencies.percentile(0.99)),
           in_ms(latencies.percentile(0.999)), in_ms(latencies.max()));
}

void append_machine(std::string& text, const RunReport& report) {
    const MachineUse& machine = report.numbers.machine;
    append(text, "\ngenerator   %5.1f %% of a core busy, %.2f us of CPU per answer, on %.*s\n",
           machine.generator_busy() * 100,
           cpu_us_per_answer(report, report.numbers.machine.generator_cpu),
           static_cast<int>(report.numbers.wire.size()), report.numbers.wire.data());
    for (const ProcessUse& use : machine.processes) {
        append(text, "%-11s %5.1f %% of a core, %.2f us of CPU per answer (pid %d)\n",
               use.name.c_str(), busy_share(report, use.cpu) * 100,
               cpu_us_per_answer(report, use.cpu), static_cast<int>(use.process));
    }
    append(text, "cores idle ");
    for (const double idle : machine.core_idle) {
        append(text, " %5.1f %%", idle * 100);
    }
    text += '\n';
}

void append_sale(std::string& text, const RunReport& report) {
    std::int64_t taken = 0;
    std::int64_t total = 0;
    std::int64_t oversold = 0;
    for (const LedgerLine& line : report.ledger) {
        taken += line.held + line.sold;
        total += line.total;
        oversold += std::max<std::int64_t>(0, line.held + line.sold - line.total);
        append(text,
               "  item %-12s total %lld = available %lld + held %lld + sold %lld + reserve %lld + "
               "removed %lld\n",
               line.item_id.c_str(), static_cast<long long>(line.total),
               static_cast<long long>(line.available), static_cast<long long>(line.held),
               static_cast<long long>(line.sold), static_cast<long long>(line.reserve),
               static_cast<long long>(line.removed));
    }
    if (!report.ledger.empty()) {
        append(text, "  held or sold %lld of %lld, oversold %lld\n", static_cast<long long>(taken),
               static_cast<long long>(total), static_cast<long long>(oversold));
    }
    if (report.journal_checked) {
        append(text, "  acknowledged and found in the journal: %llu of %llu (%.2f %%)\n",
               static_cast<unsigned long long>(report.journal_found),
               static_cast<unsigned long long>(report.journal_looked_for),
               100 * share_of(report.journal_found, report.journal_looked_for));
    }
    if (report.mall_checked) {
        append(text, "  settled %llu = confirmed %llu\n",
               static_cast<unsigned long long>(report.settled_orders),
               static_cast<unsigned long long>(report.confirmed_orders));
    }
}

void append_findings(std::string& text, const RunReport& report, Colour colour) {
    const char* good = colour == Colour::on ? "\033[32m" : "";
    const char* bad = colour == Colour::on ? "\033[31m" : "";
    const char* plain = colour == Colour::on ? "\033[0m" : "";
    if (!report.findings.empty()) {
        append(text, "\n%-26s %12s %8s\n", "invariant", "checked", "broken");
    }
    for (const Finding& finding : report.findings) {
        append(text, "%s  %-24s %12llu %8llu%s  %s\n", finding.broken == 0 ? good : bad,
               finding.invariant.c_str(), static_cast<unsigned long long>(finding.checked),
               static_cast<unsigned long long>(finding.broken), plain, finding.claim.c_str());
        for (const std::string& example : finding.examples) {
            append(text, "      %s\n", example.c_str());
        }
    }
    for (const ThresholdResult& result : report.thresholds) {
        const bool at_most = result.threshold.bound == Threshold::Bound::at_most;
        append(text, "%s  threshold %s %s %g: %g%s\n", result.met ? good : bad,
               result.threshold.metric.c_str(), at_most ? "<=" : ">=", result.threshold.limit,
               result.measured, plain);
    }
    for (const std::string& note : report.notes) {
        text += "note: " + note + "\n";
    }
}

}  // namespace

std::string text_report(const RunReport& report, Colour colour) {
    const RunNumbers& numbers = report.numbers;
    std::string text;
    append(text, "%s (%s) against %s, seed %llu, %u connections, pipeline %u\n\n",
           report.scenario.c_str(), report.mode.c_str(), report.target.c_str(),
           static_cast<unsigned long long>(report.seed), report.connections, report.pipeline_depth);
    append(text,
           "  requests   sent %llu, answered %llu, connections lost under %llu, unknown %llu\n",
           static_cast<unsigned long long>(numbers.sent),
           static_cast<unsigned long long>(numbers.answered),
           static_cast<unsigned long long>(numbers.lost),
           static_cast<unsigned long long>(numbers.unknown));
    append(text, "  rate       %.0f answers/s, %.0f accepted/s over %.3f s\n",
           per_second(numbers.answered, numbers.length),
           per_second(numbers.accepted.count(), numbers.length), in_seconds(numbers.length));
    if (numbers.sold_out_after.count() > 0) {
        append(text, "  sold out   after %.1f ms\n", in_ms(numbers.sold_out_after));
    }
    append(text, "\n  %-10s %12s %10s %10s %10s %10s %10s\n", "latency ms", "count", "p50", "p90",
           "p99", "p99.9", "max");
    append_latencies(text, "accepted", numbers.accepted);
    append_latencies(text, "refused", numbers.refused);
    append_latencies(text, "shed", numbers.shed);
    append_latencies(text, "lag", numbers.lag);
    append(text, "\n  codes     ");
    for (std::size_t at = 0; at < numbers.codes.size(); ++at) {
        if (numbers.codes[at] > 0) {
            const std::string_view name = name_of(static_cast<AnswerCode>(at));
            append(text, " %.*s %llu", static_cast<int>(name.size()), name.data(),
                   static_cast<unsigned long long>(numbers.codes[at]));
        }
    }
    text += '\n';
    append_sale(text, report);
    if (const std::string words = plays_in_words(report); !words.empty()) {
        text += "  " + words + "\n";
    }
    append_machine(text, report);
    append_findings(text, report, colour);
    return text;
}

}  // namespace stampede::loadtest
