// SPDX-License-Identifier: Apache-2.0
// stampede-load: the command line. Exceptions of CLI11 end here; nothing else throws.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "loadtest/session.hpp"

namespace {

using namespace stampede;
using namespace stampede::loadtest;

constexpr const char* lesson = R"(
The crowd for Stampede: many buyers, one second, and an oracle that checks every answer.

  stampede-load run t0-herd                  the whole sale against a server on this machine
  stampede-load run saturate --seconds 30    as fast as it goes, with the CPU use beside it
  stampede-load run my.toml --json out.json  your own scenario; see below
  stampede-load check my.toml                is the scenario right? nothing is sent

Start a server to try it on:  stampede serve --dev --data-dir /var/tmp/stampede

Built-in scenarios (print one with `stampede-load show NAME`, copy it, change it):
)";

constexpr const char* exits = R"(
Exit codes: 0 all well, 99 a threshold missed, 90 an invariant broken, 91 the generator could not
keep its rate (the run proves nothing about the server), 104 bad scenario, 1 could not run.
)";

int exit_with(ExitCode code) {
    return static_cast<int>(code);
}

bool write_file(const std::string& path, const std::string& text) {
    std::ofstream file{path, std::ios::binary};
    file << text;
    file.close();
    if (!file) {
        std::fprintf(stderr, "stampede-load: cannot write %s\n", path.c_str());
    }
    return static_cast<bool>(file);
}

int bad_scenario(const std::string& name, const Fault& fault) {
    std::fprintf(stderr, "stampede-load: scenario %s:\n%s\n", name.c_str(), fault.message.c_str());
    return exit_with(ExitCode::bad_scenario);
}

int check_command(const std::string& name) {
    const Result<Scenario> scenario = load_scenario(name);
    if (!scenario.has_value()) {
        return bad_scenario(name, scenario.error());
    }
    std::printf("%s: ok\n", name.c_str());
    return 0;
}

int show_command(const std::string& name) {
    const std::string_view text = builtin_scenario(name);
    if (text.empty()) {
        const Result<Scenario> unknown = load_scenario(name);
        return bad_scenario(name,
                            unknown.has_value() ? fault("is a file of yours") : unknown.error());
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}

int run_command(const RunOptions& options) {
    const Result<Scenario> scenario = load_scenario(options.scenario);
    if (!scenario.has_value()) {
        return bad_scenario(options.scenario, scenario.error());
    }
    const Result<RunReport> report = run_session(*scenario, options);
    if (!report.has_value()) {
        std::fprintf(stderr, "stampede-load: %s\n", report.error().message.c_str());
        return exit_with(ExitCode::failed);
    }
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    const std::string text = text_report(*report, terminal ? Colour::on : Colour::off);
    std::fwrite(text.data(), 1, text.size(), stdout);
    bool written = true;
    if (!options.json_file.empty()) {
        written = write_file(options.json_file, json_report(*report));
    }
    return exit_with(written ? report->exit : ExitCode::failed);
}

void add_run_options(CLI::App& command, RunOptions& options) {
    command.add_option("scenario", options.scenario, "a TOML file, or a built-in name")->required();
    command.add_option("--buyers", options.buyers_address, "ADDR:PORT of the buyers' door");
    command.add_option("--mall-api", options.mall_address, "ADDR:PORT of the mall's door");
    command.add_option("--json", options.json_file, "write the report as JSON");
    command.add_option("--api-key", options.api_key, "key for the mall's door")
        ->envname("STAMPEDE_LOAD_API_KEY")
        ->capture_default_str();
    command
        .add_option("--server-pid", options.watched,
                    "report the CPU use of these processes (a,b,…); the first is the server")
        ->delimiter(',');
    command.add_option("--seed", options.seed, "instead of the scenario's");
    command.add_option("--seconds", options.seconds, "instead of the scenario's length");
    command.add_option("--connections", options.connections, "instead of the scenario's");
    command.add_option("--pipeline-depth", options.pipeline_depth, "instead of the scenario's");
    command.add_option("--journal-of-answers", options.answer_log,
                       "append every acknowledged answer to this file");
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::string footer;
    for (const std::string& line : describe_builtin_scenarios()) {
        footer += "  " + line + "\n";
    }
    CLI::App program{std::string{lesson + 1} + footer, "stampede-load"};
    program.footer(exits);
    program.require_subcommand(1);
    program.set_version_flag("--version", "stampede-load " STAMPEDE_VERSION);
    RunOptions options;
    std::string name;
    CLI::App* run = program.add_subcommand("run", "send the crowd and judge what came back");
    add_run_options(*run, options);
    CLI::App* check = program.add_subcommand("check", "read a scenario and name its mistakes");
    check->add_option("scenario", name, "a TOML file, or a built-in name")->required();
    CLI::App* show = program.add_subcommand("show", "print a built-in scenario");
    show->add_option("scenario", name, "its name")->required();
    CLI11_PARSE(program, argc, argv);
    if (*check) {
        return check_command(name);
    }
    if (*show) {
        return show_command(name);
    }
    return run_command(options);
}
