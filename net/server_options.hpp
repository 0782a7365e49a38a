// SPDX-License-Identifier: Apache-2.0
// How a server is configured: defaults <- TOML file <- environment <- flags, all from one table
// (server_options.cpp), which also makes --help and docs/reference/configuration.md. A key that
// does not exist is refused together with the nearest one that does. Read once, at start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::net {

struct ServerOptions {
    std::string config;  // the TOML file; empty: none
    std::string data_dir;
    bool create_data_dir = false;
    std::string buyers = "127.0.0.1:8080";
    std::string mall_api = "127.0.0.1:8081";
    std::string live = "127.0.0.1:8082";
    std::string mall_db;  // empty: nothing is settled
    std::string key_file;
    bool dev = false;

    std::size_t loops = 1;
    std::string event_loop = "auto";
    std::size_t connections_max = 20'000;
    std::size_t connections_per_peer_max = 4'096;  // 0: no limit
    std::size_t live_connections_max = 16'384;
    std::size_t live_connections_per_peer_max = 4'096;  // 0: no limit
    std::vector<std::string> trusted_peers;             // addresses whose X-Buyer-... headers count
    std::vector<std::string> cors_origins;

    bool four_eyes = false;
    Duration recovery_grace = Duration::seconds(60);

    std::string anchor = "trailing";
    std::uint64_t disk_reserve_bytes = std::uint64_t{256} << 20;
    std::uint64_t ballast_bytes = std::uint64_t{64} << 20;
    Duration checkpoint_every = Duration::seconds(600);
    std::uint64_t checkpoint_every_bytes = std::uint64_t{256} << 20;
    std::uint64_t ready_memory_bytes = 0;
    std::uint64_t settlement_backlog_commits_max = limits::settlement_backlog_commits_max;
    std::string log_level = "info";

    bool help = false;                  // --help was asked for; nothing else was judged
    std::vector<std::string> warnings;  // what looked like a mistake and was passed over
};

/// `arguments`: what follows `stampede serve`. `environment`: as environ, ends with a null pointer.
/// A fault names the key, where it stood and what is wrong with it.
[[nodiscard]] Result<ServerOptions> read_server_options(const std::vector<std::string>& arguments,
                                                        const char* const* environment);

/// The text of `stampede serve --help`.
[[nodiscard]] std::string server_options_help();
/// The rows of the table in docs/reference/configuration.md, one a line.
[[nodiscard]] std::vector<std::string> server_options_markdown();

}  // namespace stampede::net
