// SPDX-License-Identifier: Apache-2.0
// The report for programs; its schema is described in loadtest/README.md and only grows.
#include <sys/utsname.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "loadtest/report.hpp"
#include "loadtest/report_figures.hpp"

namespace stampede::loadtest {
namespace {

boost::json::object latency_json(const LatencyHistogram& latencies) {
    return {{"count", latencies.count()},
            {"min", in_ms(latencies.min())},
            {"mean", in_ms(latencies.mean())},
            {"p50", in_ms(latencies.percentile(0.50))},
            {"p90", in_ms(latencies.percentile(0.90))},
            {"p99", in_ms(latencies.percentile(0.99))},
            {"p999", in_ms(latencies.percentile(0.999))},
            {"p9999", in_ms(latencies.percentile(0.9999))},
            {"max", in_ms(latencies.max())}};
}

boost::json::object machine_json(const RunReport& report) {
    const MachineUse& machine = report.numbers.machine;
    boost::json::array processes;
    for (const ProcessUse& use : machine.processes) {
        processes.push_back(
            boost::json::object{{"pid", use.process},
                                {"name", use.name},
                                {"cpu_seconds", in_seconds(use.cpu)},
                                {"busy", busy_share(report, use.cpu)},
                                {"cpu_us_per_request", cpu_us_per_answer(report, use.cpu)}});
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
            {"generator_cpu_us_per_request",
             cpu_us_per_answer(report, report.numbers.machine.generator_cpu)},
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

boost::json::object groups_json(const PlaySummary& plays) {
    return {{"opened", plays.groups_opened},
            {"succeeded", plays.groups_succeeded},
            {"failed", plays.groups_failed},
            {"running", plays.groups_running},
            {"refunds_due", plays.seats_refund_due}};
}

boost::json::object bargains_json(const PlaySummary& plays) {
    return {{"launched", plays.bargains_launched}, {"at_floor", plays.bargains_at_floor},
            {"paid", plays.bargains_paid},         {"cuts", plays.cuts},
            {"cut_sum", plays.cut_sum.fen()},      {"price_fallen", plays.price_fallen.fen()}};
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
        {"seconds", in_seconds(numbers.length)},
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
    if (report.play == Play::group_buy) {
        root["groups"] = groups_json(report.plays);
    } else if (report.play == Play::bargain) {
        root["bargains"] = bargains_json(report.plays);
    }
    if (numbers.sold_out_after.count() > 0) {
        root["time_to_sold_out_ms"] = in_ms(numbers.sold_out_after);
    }
    if (const std::uint64_t most = numbers.busiest_second(); most > 0) {
        root["requests_in_busiest_second"] = most;
    }
    return boost::json::serialize(root) + "\n";
}

}  // namespace stampede::loadtest
