// SPDX-License-Identifier: Apache-2.0
// One HTML file with everything in it: no script, no font, no image from elsewhere, so that it can
// be mailed and kept. The bars are percentiles on a logarithmic scale, drawn by CSS widths.
#include <array>
#include <cmath>
#include <cstdio>

#include "loadtest/report.hpp"
#include "loadtest/report_figures.hpp"

namespace stampede::loadtest {
namespace {

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char character : text) {
        switch (character) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += character;
        }
    }
    return safe;
}

std::string number(double value, int digits) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string row(std::string_view name, const std::string& value) {
    return "<tr><th>" + escaped(name) + "</th><td>" + value + "</td></tr>\n";
}

// 10 us to 10 s across the whole width.
std::string bar(double milliseconds) {
    const double decades = std::log10(std::max(milliseconds, 0.01) / 0.01) / 6.0;
    return "<td class=bar><i style=\"width:" + number(std::min(1.0, decades) * 100, 1) +
           "%\"></i></td>";
}

std::string latency_table(std::string_view name, const LatencyHistogram& latencies) {
    if (latencies.count() == 0) {
        return {};
    }
    std::string text =
        "<h3>" + escaped(name) + ": " + std::to_string(latencies.count()) + "</h3>\n<table>\n";
    struct Mark {
        const char* label;
        double share;
    };
    constexpr std::array<Mark, 5> marks{
        {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}}};
    for (const Mark& mark : marks) {
        const double value = in_ms(latencies.percentile(mark.share));
        text += std::string{"<tr><th>"} + mark.label + "</th><td class=n>" + number(value, 3) +
                " ms</td>" + bar(value) + "</tr>\n";
    }
    return text + "</table>\n";
}

std::string findings_table(const RunReport& report) {
    if (report.findings.empty() && report.thresholds.empty()) {
        return {};
    }
    std::string text =
        "<h2>Invariants</h2>\n<table>\n<tr><th>invariant</th><th>checked</th><th>broken</th>"
        "<th>claim</th></tr>\n";
    for (const Finding& finding : report.findings) {
        text += std::string{"<tr class="} + (finding.broken == 0 ? "good" : "bad") + "><td>" +
                escaped(finding.invariant) + "</td><td class=n>" + std::to_string(finding.checked) +
                "</td><td class=n>" + std::to_string(finding.broken) + "</td><td>" +
                escaped(finding.claim);
        for (const std::string& example : finding.examples) {
            text += "<br><code>" + escaped(example) + "</code>";
        }
        text += "</td></tr>\n";
    }
    for (const ThresholdResult& result : report.thresholds) {
        const bool at_most = result.threshold.bound == Threshold::Bound::at_most;
        text += std::string{"<tr class="} + (result.met ? "good" : "bad") + "><td>" +
                escaped(result.threshold.metric) + "</td><td class=n>" +
                number(result.measured, 3) + "</td><td class=n>" + (at_most ? "&le; " : "&ge; ") +
                number(result.threshold.limit, 3) + "</td><td>threshold</td></tr>\n";
    }
    return text + "</table>\n";
}

std::string ledger_table(const RunReport& report) {
    if (report.ledger.empty()) {
        return {};
    }
    std::string text =
        "<h2>Stock</h2>\n<table>\n<tr><th>item</th><th>total</th><th>available</th><th>held</th>"
        "<th>sold</th><th>reserve</th><th>removed</th></tr>\n";
    for (const LedgerLine& line : report.ledger) {
        text += "<tr><td>" + escaped(line.item_id) + "</td>";
        for (const std::int64_t part :
             {line.total, line.available, line.held, line.sold, line.reserve, line.removed}) {
            text += "<td class=n>" + std::to_string(part) + "</td>";
        }
        text += "</tr>\n";
    }
    text += "</table>\n";
    if (const std::string words = plays_in_words(report); !words.empty()) {
        text += "<p>" + escaped(words) + "</p>\n";
    }
    return text;
}

constexpr const char* style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;"
    "color:#222;background:#fff}table{border-collapse:collapse;margin:.5em 0}"
    "th,td{text-align:left;padding:.2em .8em;border-bottom:1px solid #ddd;vertical-align:top}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}.bar{width:20em}"
    ".bar i{display:block;height:.8em;background:#47a}.good td:first-child{color:#176}"
    ".bad td{background:#fdd}code{font-size:85%}";

}  // namespace

std::string html_report(const RunReport& report) {
    const RunNumbers& numbers = report.numbers;
    const double length = static_cast<double>(numbers.length.count()) / 1e9;
    const double rate = length > 0 ? static_cast<double>(numbers.answered) / length : 0;
    std::string text = "<!doctype html>\n<html lang=en><meta charset=utf-8><title>" +
                       escaped(report.scenario) + "</title>\n<style>" + style + "</style>\n<h1>" +
                       escaped(report.scenario) + "</h1>\n<table>\n";
    text += row("target", escaped(report.target));
    text += row("mode", escaped(report.mode));
    text += row("seed", std::to_string(report.seed));
    text += row("connections", std::to_string(report.connections) + ", pipeline " +
                                   std::to_string(report.pipeline_depth));
    text += row("requests", std::to_string(numbers.sent) + " sent, " +
                                std::to_string(numbers.answered) + " answered, " +
                                std::to_string(numbers.unknown) + " unknown");
    text += row("rate", number(rate, 0) + " answers/s over " + number(length, 3) + " s");
    if (numbers.sold_out_after.count() > 0) {
        text += row("sold out after", number(in_ms(numbers.sold_out_after), 1) + " ms");
    }
    text += row("generator", number(numbers.machine.generator_busy() * 100, 1) +
                                 " % of a core busy (" + std::string{numbers.wire} + ")");
    for (const ProcessUse& use : numbers.machine.processes) {
        text += row(use.name, number(static_cast<double>(use.cpu.count()) / 1e9, 2) +
                                  " s of CPU (pid " + std::to_string(use.process) + ")");
    }
    std::string idle;
    for (const double core : numbers.machine.core_idle) {
        idle += number(core * 100, 1) + " % ";
    }
    text += row("cores idle", idle);
    for (std::size_t at = 0; at < numbers.codes.size(); ++at) {
        if (numbers.codes[at] > 0) {
            text += row(name_of(static_cast<AnswerCode>(at)), std::to_string(numbers.codes[at]));
        }
    }
    text += "</table>\n<h2>Latency, from the planned time</h2>\n";
    text += latency_table("accepted", numbers.accepted) +
            latency_table("refused", numbers.refused) + latency_table("shed", numbers.shed) +
            latency_table("the generator's own lateness", numbers.lag);
    text += ledger_table(report) + findings_table(report);
    for (const std::string& note : report.notes) {
        text += "<p>Note: " + escaped(note) + "</p>\n";
    }
    return text + "</html>\n";
}

}  // namespace stampede::loadtest
