// SPDX-License-Identifier: Apache-2.0
// simulate --seeds N [--first S] [--commands C] | --seed S | --minutes M: runs simulated sales and
// stops at the first that breaks, with the line that repeats it. Exit 0, or 1 for a broken run.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "tests/simulation/simulation.hpp"

int main(int count, char** words) {
    using stampede::tests::simulate;
    using stampede::tests::SimulationReport;

    std::uint64_t seeds = 1000;
    std::uint64_t first = 1;
    std::uint64_t commands = 2000;
    std::uint64_t seed = 0;
    std::uint64_t twice = 10;
    double minutes = 0;
    CLI::App app{"Simulated sales on virtual time, with crashes between any two steps."};
    app.add_option("--seeds", seeds, "how many seeds to run")->capture_default_str();
    app.add_option("--first", first, "the first of them")->capture_default_str();
    app.add_option("--commands", commands, "commands per seed, at least")->capture_default_str();
    app.add_option("--seed", seed, "run this one only");
    app.add_option("--minutes", minutes, "run new seeds for so long instead of --seeds");
    app.add_option("--twice", twice, "run every Nth seed twice and compare; 0: never")
        ->capture_default_str();
    CLI11_PARSE(app, count, words);
    if (seed != 0) {
        first = seed;
        seeds = 1;
        twice = 1;
    }

    const auto started = std::chrono::steady_clock::now();
    const auto seconds = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    };
    SimulationReport sum;
    std::uint64_t run = 0;
    for (; minutes > 0 ? seconds() < minutes * 60 : run < seeds; ++run) {
        const SimulationReport report = simulate(first + run, commands);
        std::optional<std::string> broken = report.broken;
        if (!broken && twice != 0 && run % twice == 0 &&
            simulate(first + run, commands).trace != report.trace) {
            broken = "two runs of this seed differ";
        }
        if (broken) {
            std::printf("broken: %s\nrepeat: simulate --seed %llu --commands %llu\n",
                        broken->c_str(), static_cast<unsigned long long>(first + run),
                        static_cast<unsigned long long>(commands));
            return 1;
        }
        sum.answers += report.answers;
        sum.crashes += report.crashes;
        sum.events += report.events;
        sum.confirmed += report.confirmed;
        for (const auto& [name, events] : report.events_by_name) {
            sum.events_by_name[name] += events;
        }
        for (const auto& [code, answers] : report.codes) {
            sum.codes[code] += answers;
        }
    }
    std::printf(
        "good: %llu seeds, %llu answers, %llu events, %llu orders confirmed, %llu crashes "
        "in %.1f s\n",
        static_cast<unsigned long long>(run), static_cast<unsigned long long>(sum.answers),
        static_cast<unsigned long long>(sum.events), static_cast<unsigned long long>(sum.confirmed),
        static_cast<unsigned long long>(sum.crashes), seconds());
    for (const auto* counts : {&sum.events_by_name, &sum.codes}) {
        for (const auto& [name, times] : *counts) {
            std::printf("  %-24s %llu\n", name.c_str(), static_cast<unsigned long long>(times));
        }
    }
    return 0;
}
