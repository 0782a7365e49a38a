// SPDX-License-Identifier: Apache-2.0
// Text and JSON, and the verdict.
#include "loadtest/report.hpp"

#include <sys/utsname.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdarg>
#include <cstdio>
#include <thread>

namespace stampede::loadtest {
namespace {

using std::chrono::nanoseconds;

double ms(nanoseconds time) {
    return static_cast<double>(time.count()) / 1e6;
}
double seconds(nanoseconds time) {
    return static_cast<double>(time.count()) / 1e9;
}

double per_second(std::uint64_t count, nanoseconds time) {
    return time.count() <= 0 ? 0 : static_cast<double>(count) / seconds(time);
}

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

[[gnu::format(printf, 2, 3)]] void append(std::string& text, const char* format, ...) {
    std::array<char, 512> line{};
    va_list values;
    va_start(values, format);
    const int size = std::vsnprintf(line.data(), line.size(), format, values);
    va_end(values);
    text.append(line.data(), static_cast<std::size_t>(std::clamp(size, 0, 511)));
}

double server_cpu_us(const RunReport& report) {
    const auto& processes = report.numbers.machine.processes;
    if (processes.empty() || report.numbers.answered == 0) {
        return 0;
    }
    return static_cast<double>(processes.front().cpu.count()) / 1e3 /
           static_cast<double>(report.numbers.answered);
}

double generator_cpu_us(const RunReport& report) {
    return report.numbers.answered == 0
               ? 0
               : static_cast<double>(report.numbers.machine.generator_cpu.count()) / 1e3 /
                     static_cast<double>(report.numbers.answered);
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
        return std::optional{ms(histogram.percentile(at))};
    };
    if (metric == "accepted_p50_ms") {
        return percentile(numbers.accepted, 0.50);
    } else if (metric == "accepted_p99_ms") {
        return percentile(numbers.accepted, 0.99);
    } else if (metric == "accepted_p999_ms") {
        return percentile(numbers.accepted, 0.999);
    } else if (metric == "accepted_max_ms") {
        return ms(numbers.accepted.max());
    } else if (metric == "refused_p50_ms") {
        return percentile(numbers.refused, 0.50);
    } else if (metric == "refused_p99_ms") {
        return percentile(numbers.refused, 0.99);
    } else if (metric == "refused_p999_ms") {
        return percentile(numbers.refused, 0.999);
    } else if (metric == "shed_share") {
        return share(numbers.shed.count(), numbers.answered + numbers.lost);
    } else if (metric == "unknown_share") {
        return share(numbers.unknown, numbers.sent);
    } else if (metric == "requests_per_s") {
        return per_second(numbers.answered, numbers.length);
    } else if (metric == "accepted_per_s") {
        return per_second(numbers.accepted.count(), numbers.length);
    } else if (metric == "server_cpu_us") {
        return server_cpu_us(report);
    } else if (metric == "lag_p99_ms") {
        return percentile(numbers.lag, 0.99);
    } else if (metric == "time_to_sold_out_ms" && numbers.sold_out_after.count() > 0) {
        return ms(numbers.sold_out_after);
    }
    return std::nullopt;
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

namespace {

void append_latencies(std::string& text, const char* name, const LatencyHistogram& latencies) {
    if (latencies.count() == 0) {
        append(text, "  %-10s %12s\n", name, "0");
        return;
    }
    append(text, "  %-10s %12llu %10.3f %10.3f %10.3f %10.3f %10.3f\n", name,
           static_cast<unsigned long long>(latencies.count()), ms(latencies.percentile(0.50)),
           ms(latencies.percentile(0.90)), ms(latencies.percentile(0.99)),
           ms(latencies.percentile(0.999)), ms(latencies.max()));
}

void append_machine(std::string& text, const RunReport& report) {
    const MachineUse& machine = report.numbers.machine;
    append(text, "\ngenerator   %5.1f %% of a core busy, %.2f us of CPU per answer, on %.*s\n",
           machine.generator_busy() * 100, generator_cpu_us(report),
           static_cast<int>(report.numbers.wire.size()), report.numbers.wire.data());
    for (const ProcessUse& use : machine.processes) {
        append(text, "%-11s %5.1f %% of a core, %.2f us of CPU per answer (pid %d)\n",
               use.name.c_str(),
               machine.wall.count() == 0 ? 0 : seconds(use.cpu) / seconds(machine.wall) * 100,
               report.numbers.answered == 0 ? 0
                                            : static_cast<double>(use.cpu.count()) / 1e3 /
                                                  static_cast<double>(report.numbers.answered),
               static_cast<int>(use.process));
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
               100 * share(report.journal_found, report.journal_looked_for));
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
           per_second(numbers.accepted.count(), numbers.length), seconds(numbers.length));
    if (numbers.sold_out_after.count() > 0) {
        append(text, "  sold out   after %.1f ms\n", ms(numbers.sold_out_after));
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
    append_machine(text, report);
    append_findings(text, report, colour);
    return text;
}

namespace {

boost::json::object latency_json(const LatencyHistogram& latencies) {
    return {{"count", latencies.count()},
            {"min", ms(latencies.min())},
            {"mean", ms(latencies.mean())},
            {"p50", ms(latencies.percentile(0.50))},
            {"p90", ms(latencies.percentile(0.90))},
            {"p99", ms(latencies.percentile(0.99))},
            {"p999", ms(latencies.percentile(0.999))},
            {"p9999", ms(latencies.percentile(0.9999))},
            {"max", ms(latencies.max())}};
}

boost::json::object machine_json(const RunReport& report) {
    const MachineUse& machine = report.numbers.machine;
    boost::json::array processes;
    for (const ProcessUse& use : machine.processes) {
        processes.push_back(boost::json::object{
            {"pid", use.process},
            {"name", use.name},
            {"cpu_seconds", seconds(use.cpu)},
            {"busy", machine.wall.count() == 0 ? 0 : seconds(use.cpu) / seconds(machine.wall)},
            {"cpu_us_per_request", report.numbers.answered == 0
                                       ? 0
                                       : static_cast<double>(use.cpu.count()) / 1e3 /
                                             static_cast<double>(report.numbers.answered)}});
    }
    boost::json::array idle;
    for (const double core : machine.core_idle) {
        idle.push_back(core);
    }
    utsname system{};
    ::uname(&system);
    return {{"kernel", system.release},
            {"cores", std::thread::hardware_concurrency()},
            {"core_idle", std::move(idle)},
            {"event_loop", report.numbers.wire},
            {"generator_busy", machine.generator_busy()},
            {"generator_cpu_us_per_request", generator_cpu_us(report)},
            {"processes", std::move(processes)}};
}

boost::json::object sale_json(const RunReport& report) {
    boost::json::array items;
    for (const LedgerLine& line : report.ledger) {
        items.push_back(boost::json::object{{"item_id", line.item_id},
                                            {"total", line.total},
                                            {"available", line.available},
                                            {"held", line.held},
                                            {"sold", line.sold},
                                            {"reserve", line.reserve},
                                            {"removed", line.removed}});
    }
    boost::json::object sale{{"items", std::move(items)},
                             {"orders_taken", report.orders_taken},
                             {"payments_told", report.payments_told}};
    if (report.mall_checked) {
        sale["settled_orders"] = report.settled_orders;
        sale["confirmed_orders"] = report.confirmed_orders;
    }
    if (report.journal_checked) {
        sale["acknowledged"] = report.journal_looked_for;
        sale["acknowledged_in_journal"] = report.journal_found;
    }
    return sale;
}

boost::json::array findings_json(const RunReport& report) {
    boost::json::array findings;
    for (const Finding& finding : report.findings) {
        boost::json::array examples;
        for (const std::string& example : finding.examples) {
            examples.push_back(boost::json::string{example});
        }
        findings.push_back(boost::json::object{{"invariant", finding.invariant},
                                               {"claim", finding.claim},
                                               {"checked", finding.checked},
                                               {"broken", finding.broken},
                                               {"examples", std::move(examples)}});
    }
    return findings;
}

boost::json::array thresholds_json(const RunReport& report) {
    boost::json::array thresholds;
    for (const ThresholdResult& result : report.thresholds) {
        const bool at_most = result.threshold.bound == Threshold::Bound::at_most;
        thresholds.push_back(boost::json::object{{"metric", result.threshold.metric},
                                                 {"bound", at_most ? "at_most" : "at_least"},
                                                 {"limit", result.threshold.limit},
                                                 {"measured", result.measured},
                                                 {"met", result.met}});
    }
    return thresholds;
}

}  // namespace

std::string json_report(const RunReport& report) {
    const RunNumbers& numbers = report.numbers;
    boost::json::object codes;
    for (std::size_t at = 0; at < numbers.codes.size(); ++at) {
        if (numbers.codes[at] > 0) {
            codes[name_of(static_cast<AnswerCode>(at))] = numbers.codes[at];
        }
    }
    boost::json::array notes;
    for (const std::string& note : report.notes) {
        notes.push_back(boost::json::string{note});
    }
    boost::json::object root{
        {"schema", 1},
        {"program", "stampede-load " STAMPEDE_VERSION},
        {"scenario", report.scenario},
        {"mode", report.mode},
        {"seed", report.seed},
        {"target", report.target},
        {"connections", report.connections},
        {"pipeline_depth", report.pipeline_depth},
        {"buyers", report.buyers},
        {"exit_code", static_cast<int>(report.exit)},
        {"requests", boost::json::object{{"planned", numbers.planned},
                                         {"sent", numbers.sent},
                                         {"answered", numbers.answered},
                                         {"accepted", numbers.accepted.count()},
                                         {"refused", numbers.refused.count()},
                                         {"shed", numbers.shed.count()},
                                         {"connections_lost", numbers.lost},
                                         {"unknown", numbers.unknown},
                                         {"unexpected_status", numbers.unexpected}}},
        {"seconds", seconds(numbers.length)},
        {"requests_per_s", per_second(numbers.answered, numbers.length)},
        {"accepted_per_s", per_second(numbers.accepted.count(), numbers.length)},
        {"latency_ms", boost::json::object{{"accepted", latency_json(numbers.accepted)},
                                           {"refused", latency_json(numbers.refused)},
                                           {"shed", latency_json(numbers.shed)},
                                           {"generator_lag", latency_json(numbers.lag)}}},
        {"codes", std::move(codes)},
        {"machine", machine_json(report)},
        {"sale", sale_json(report)},
        {"invariants", findings_json(report)},
        {"thresholds", thresholds_json(report)},
        {"notes", std::move(notes)},
    };
    if (numbers.sold_out_after.count() > 0) {
        root["time_to_sold_out_ms"] = ms(numbers.sold_out_after);
    }
    return boost::json::serialize(root) + "\n";
}

}  // namespace stampede::loadtest
