// SPDX-License-Identifier: Apache-2.0
// What the command line adds to a scenario. Filled once at start-up.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace stampede::loadtest {

struct RunOptions {
    std::string scenario;
    std::string buyers_address;  // empty: the scenario's
    std::string mall_address;
    std::string json_file;
    std::string html_file;
    std::string api_key = "dev";
    std::string buyer_key;  // <key id>:<secret>; this or a file for token identity
    std::string buyer_key_file;
    std::string mall_database;   // sqlite:PATH; empty: not checked
    std::string data_directory;  // for the journal check; empty: not checked
    std::string stampede_binary = "stampede";
    std::string answer_log;
    std::vector<pid_t> watched;  // processes whose CPU use is reported; the first is the server
    bool stop_server = false;    // SIGTERM to the first watched process before the journal check
    long long seed = -1;         // -1: the scenario's
    double seconds = 0;          // 0: the scenario's
    unsigned connections = 0;
    unsigned pipeline_depth = 0;
};

/// The program's exit codes, as the contract has them.
enum class ExitCode : int {
    success = 0,
    failed = 1,  // could not run at all: no server, no file
    wrong_usage = 2,
    invariant_broken = 90,
    generator_too_slow = 91,
    threshold_missed = 99,
    bad_scenario = 104,
};

}  // namespace stampede::loadtest
