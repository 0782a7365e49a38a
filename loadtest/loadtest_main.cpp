// SPDX-License-Identifier: Apache-2.0
// stampede-load: the command line. Exceptions of CLI11 end here; nothing else throws.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "loadtest/gather.hpp"
#include "loadtest/session.hpp"
#include "loadtest/verify_answers.hpp"

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
keep its rate (the run proves nothing about the server), 104 bad scenario, 2 wrong usage,
1 could not run.
)";

struct VerifyOptions {
    std::string file;
    std::string buyers_address = "127.0.0.1:8080";
    std::string mall_address = "127.0.0.1:8081";
    std::string api_key = "dev";
    std::string buyer_key;
    std::string buyer_key_file;
    std::string data_directory;
    std::string stampede_binary = "stampede";
    unsigned replay_payments = 1;
};

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
    if (!options.html_file.empty()) {
        written = write_file(options.html_file, html_report(*report)) && written;
    }
    return exit_with(written ? report->exit : ExitCode::failed);
}

// The server's words go to stderr; ours to stdout.
int verify_command(const VerifyOptions& options) {
    const auto failed = [](const Fault& fault) {
        std::fprintf(stderr, "stampede-load: %s\n", fault.message.c_str());
        return exit_with(ExitCode::failed);
    };
    const Result<LoggedAnswers> answers = read_answer_log(options.file);
    if (!answers.has_value()) {
        return failed(answers.error());
    }
    Result<std::vector<Finding>> findings = std::vector<Finding>{};
    if (!options.data_directory.empty()) {
        const Result<JournalContents> journal =
            read_journal(options.stampede_binary, options.data_directory, "");
        if (!journal.has_value()) {
            return failed(journal.error());
        }
        findings = verify_with_journal(*answers, *journal);
    } else {
        const Result<Endpoint> buyers = resolve_endpoint(options.buyers_address);
        const Result<Endpoint> mall = resolve_endpoint(options.mall_address);
        if (!buyers.has_value() || !mall.has_value()) {
            return failed(buyers.has_value() ? mall.error() : buyers.error());
        }
        VerifyAsk ask{*buyers, *mall, options.api_key, std::nullopt, options.replay_payments};
        if (!options.buyer_key.empty() || !options.buyer_key_file.empty()) {
            const Result<BuyerKey> key = options.buyer_key_file.empty()
                                             ? parse_buyer_key(options.buyer_key)
                                             : read_buyer_key_file(options.buyer_key_file);
            if (!key.has_value()) {
                return failed(key.error());
            }
            ask.buyer_key = *key;
        }
        findings = verify_with_server(*answers, ask);
    }
    if (!findings.has_value()) {
        return failed(findings.error());
    }
    bool broken = false;
    for (const Finding& finding : *findings) {
        std::printf("%-26s checked %8llu broken %6llu  %s\n", finding.invariant.c_str(),
                    static_cast<unsigned long long>(finding.checked),
                    static_cast<unsigned long long>(finding.broken), finding.claim.c_str());
        for (const std::string& example : finding.examples) {
            std::printf("    %s\n", example.c_str());
        }
        broken = broken || finding.broken > 0;
    }
    return exit_with(broken ? ExitCode::invariant_broken : ExitCode::success);
}

// From a file, so that the key does not show in the list of processes.
std::string read_key_file(const std::string& path) {
    std::ifstream file{path};
    std::string line;
    std::getline(file, line);
    return line;
}

void add_door_options(CLI::App& command, std::string& buyers, std::string& mall,
                      std::string& api_key, std::string& buyer_key, std::string& buyer_key_file,
                      std::string& api_key_file) {
    command.add_option("--buyers", buyers, "ADDR:PORT of the buyers' door");
    command.add_option("--mall-api", mall, "ADDR:PORT of the mall's door");
    command.add_option("--api-key", api_key, "key for the mall's door [env STAMPEDE_LOAD_API_KEY]")
        ->envname("STAMPEDE_LOAD_API_KEY");
    command.add_option("--api-key-file", api_key_file, "… from a file's first line")
        ->check(CLI::ExistingFile);
    command
        .add_option("--buyer-key", buyer_key,
                    "<key id>:<secret, hex or base64url> that mints buyer tokens "
                    "[env STAMPEDE_LOAD_BUYER_KEY]")
        ->envname("STAMPEDE_LOAD_BUYER_KEY");
    command
        .add_option("--buyer-key-file", buyer_key_file,
                    "… from a file's first line, or from the server's key file")
        ->check(CLI::ExistingFile);
}

void add_journal_options(CLI::App& command, std::string& directory, std::string& binary) {
    command.add_option("--data-dir", directory,
                       "look every acknowledged receipt up in this journal (server stopped)");
    command.add_option("--stampede-binary", binary, "the program that prints the journal")
        ->capture_default_str();
}

void add_run_options(CLI::App& command, RunOptions& options, std::string& api_key_file) {
    command.add_option("scenario", options.scenario, "a TOML file, or a built-in name")->required();
    add_door_options(command, options.buyers_address, options.mall_address, options.api_key,
                     options.buyer_key, options.buyer_key_file, api_key_file);
    command.add_option("--json", options.json_file, "write the report as JSON");
    command.add_option("--html", options.html_file, "write the report as one HTML file");
    command.add_option("--mall-db", options.mall_database,
                       "sqlite:PATH: hold the mall's database against the answers");
    add_journal_options(command, options.data_directory, options.stampede_binary);
    command
        .add_option("--server-pid", options.watched,
                    "report the CPU use of these processes (a,b,…); the first is the server")
        ->delimiter(',');
    command.add_flag("--stop-server", options.stop_server,
                     "SIGTERM to the first --server-pid before the journal is read");
    command.add_option("--seed", options.seed, "instead of the scenario's");
    command.add_option("--seconds", options.seconds, "instead of the scenario's length");
    command.add_option("--connections", options.connections, "instead of the scenario's");
    command.add_option("--pipeline-depth", options.pipeline_depth, "instead of the scenario's");
    command.add_option("--journal-of-answers", options.answer_log,
                       "append every acknowledged answer to this file, for verify-answers");
}

void add_verify_options(CLI::App& command, VerifyOptions& options, std::string& api_key_file) {
    command.add_option("file", options.file, "written by run --journal-of-answers")->required();
    add_door_options(command, options.buyers_address, options.mall_address, options.api_key,
                     options.buyer_key, options.buyer_key_file, api_key_file);
    add_journal_options(command, options.data_directory, options.stampede_binary);
    command
        .add_option("--replay-payments", options.replay_payments,
                    "how often every payment is told again")
        ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    std::string builtins;
    for (const std::string& line : describe_builtin_scenarios()) {
        builtins += "  " + line + "\n";
    }
    CLI::App program{std::string{lesson + 1} + builtins, "stampede-load"};
    program.footer(exits);
    program.require_subcommand(1);
    program.set_version_flag("--version", "stampede-load " STAMPEDE_VERSION);
    RunOptions options;
    VerifyOptions verify_options;
    std::string name;
    std::string api_key_file;
    CLI::App* run = program.add_subcommand("run", "send the crowd and judge what came back");
    add_run_options(*run, options, api_key_file);
    CLI::App* check = program.add_subcommand("check", "read a scenario and name its mistakes");
    check->add_option("scenario", name, "a TOML file, or a built-in name")->required();
    CLI::App* show = program.add_subcommand("show", "print a built-in scenario");
    show->add_option("scenario", name, "its name")->required();
    CLI::App* verify = program.add_subcommand(
        "verify-answers", "hold a server, or its journal, against what it acknowledged");
    add_verify_options(*verify, verify_options, api_key_file);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : exit_with(ExitCode::wrong_usage);  // 0: help
    }
    if (*check) {
        return check_command(name);
    }
    if (*show) {
        return show_command(name);
    }
    if (!api_key_file.empty()) {
        options.api_key = verify_options.api_key = read_key_file(api_key_file);
    }
    return *verify ? verify_command(verify_options) : run_command(options);
}
