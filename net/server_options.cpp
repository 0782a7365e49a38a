// SPDX-License-Identifier: Apache-2.0
// The table of options. A row's setter judges a text, whichever of the three places it came from.
#include "net/server_options.hpp"

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "net/endpoint.hpp"
#include "net/nearest_name.hpp"

namespace stampede::net {

namespace {

/// Empty when the text was taken, else what is wrong with it.
using Objection = std::string;
using Setter = Objection (*)(ServerOptions&, std::string_view);

struct OptionRow {
    std::string_view name;          // in the file; `-` for `_` in flags, STAMPEDE_ in front outside
    std::string_view value;         // how a value looks; empty for a switch
    std::string_view default_text;  // for a person
    std::string_view help;
    Setter set;
    [[nodiscard]] bool is_switch() const { return value.empty(); }
};

// Setters ----------------------------------------------------------------------------------------

template <auto Member>
Objection set_text(ServerOptions& options, std::string_view text) {
    options.*Member = text;
    return text.empty() ? "must not be empty" : Objection{};
}

template <auto Member>
Objection set_endpoint(ServerOptions& options, std::string_view text) {
    if (const auto endpoint = Endpoint::parse(text); endpoint.has_error()) {
        return endpoint.error().message;
    }
    options.*Member = text;
    return {};
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

template <auto Member, std::uint64_t Least, std::uint64_t Most>
Objection set_count(ServerOptions& options, std::string_view text) {
    const auto number = parse_count(text);
    if (!number.has_value() || *number < Least || *number > Most) {
        return "must be an integer from " + std::to_string(Least) + " to " + std::to_string(Most);
    }
    options.*Member = *number;
    return {};
}

/// A number and one of the units, the first of which may be left out.
std::optional<std::uint64_t> parse_measure(
    std::string_view text, std::span<const std::pair<std::string_view, std::uint64_t>> units) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_count(text.substr(0, digits));
    const auto unit = digits == text.size() ? units.front().first : text.substr(digits);
    for (const auto& [name, factor] : units) {
        std::uint64_t product = 0;
        if (name == unit && number.has_value() &&
            !__builtin_mul_overflow(*number, factor, &product)) {
            return product;
        }
    }
    return std::nullopt;
}

template <auto Member, std::uint64_t LeastMib>
Objection set_size(ServerOptions& options, std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> units{
        {{"B", 1}, {"K", 1024}, {"M", 1024 * 1024}, {"G", 1024 * 1024 * 1024}}};
    const auto bytes = parse_measure(text, units);
    constexpr std::uint64_t most = std::uint64_t{1} << 50;
    if (!bytes.has_value() || *bytes < LeastMib * 1024 * 1024 || *bytes > most) {
        return "must be a size from " + std::to_string(LeastMib) + "M on, as in 256M or 2G";
    }
    options.*Member = *bytes;
    return {};
}

template <auto Member, std::uint64_t LeastSeconds, std::uint64_t MostSeconds>
Objection set_duration(ServerOptions& options, std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> units{
        {{"s", 1000}, {"ms", 1}, {"m", 60'000}, {"h", 3'600'000}}};
    const auto ms = parse_measure(text, units);
    if (!ms.has_value() || *ms < LeastSeconds * 1000 || *ms > MostSeconds * 1000) {
        return "must be a time from " + std::to_string(LeastSeconds) + "s to " +
               std::to_string(MostSeconds) + "s, as in 60s, 500ms or 10m";
    }
    options.*Member = Duration::milliseconds(static_cast<std::int64_t>(*ms));
    return {};
}

template <auto Member>
Objection set_switch(ServerOptions& options, std::string_view text) {
    if (text != "true" && text != "false") {
        return "must be true or false";
    }
    options.*Member = text == "true";
    return {};
}

Objection one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    Objection objection = "must be one of";
    for (const auto word : words) {
        if (text == word) {
            return {};
        }
        objection.append(" ").append(word);
    }
    return objection;
}

Objection set_event_loop(ServerOptions& options, std::string_view text) {
    options.event_loop = text;
    return one_of(text, {"auto", "io_uring", "epoll"});
}
Objection set_anchor(ServerOptions& options, std::string_view text) {
    options.anchor = text;
    return one_of(text, {"trailing", "strict"});
}
Objection set_log_level(ServerOptions& options, std::string_view text) {
    options.log_level = text;
    return one_of(text, {"trace", "debug", "info", "warning", "error", "off"});
}
Objection set_mall_db(ServerOptions& options, std::string_view text) {
    options.mall_db = text;
    for (const std::string_view scheme : {"sqlite:", "postgresql://", "mysql://"}) {
        if (text.substr(0, scheme.size()) == scheme && text.size() > scheme.size()) {
            return {};
        }
    }
    return "must be sqlite:PATH, postgresql://... or mysql://...";
}

/// The parts between commas, without the spaces around them.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        std::string_view part = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const auto first = part.find_first_not_of(' ');
        if (first != std::string_view::npos) {
            parts.emplace_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
        }
    }
    return parts;
}

Objection set_trusted_peers(ServerOptions& options, std::string_view text) {
    options.trusted_peers = split(text);
    for (const auto& peer : options.trusted_peers) {
        if (Endpoint::parse(peer + ":0").has_error()) {
            return "\"" + peer + "\" is no address; write 10.0.0.7 or [fd00::7]";
        }
    }
    return {};
}
Objection set_cors_origins(ServerOptions& options, std::string_view text) {
    options.cors_origins = split(text);
    for (const auto& origin : options.cors_origins) {
        const bool has_scheme =
            origin.substr(0, 8) == "https://" || origin.substr(0, 7) == "http://";
        if (!has_scheme || origin.find('/', 8) != std::string::npos) {
            return "\"" + origin + "\" is no origin; write https://shop.example";
        }
    }
    return {};
}

// The table --------------------------------------------------------------------------------------

using O = ServerOptions;
constexpr std::uint64_t million = 1'000'000;

constexpr std::array<OptionRow, 27> rows{{
    {"config", "FILE", "none", "the TOML file with these keys", set_text<&O::config>},
    {"data_dir", "DIR", "required", "journal, anchor, checkpoints, archive; one server at a time",
     set_text<&O::data_dir>},
    {"create_data_dir", "", "false", "make the data directory when it is absent or empty",
     set_switch<&O::create_data_dir>},
    {"buyers", "ADDR:PORT", "127.0.0.1:8080", "the buyers' door", set_endpoint<&O::buyers>},
    {"mall_api", "ADDR:PORT", "127.0.0.1:8081", "the mall's door", set_endpoint<&O::mall_api>},
    {"live", "ADDR:PORT", "127.0.0.1:8082", "the live door", set_endpoint<&O::live>},
    {"mall_db", "URL", "none",
     "the mall's database, sqlite:PATH; a URL with a password belongs into the file", set_mall_db},
    {"key_file", "FILE", "required, unless --dev",
     "buyer-token keys and API keys, mode 0600; read again on SIGHUP", set_text<&O::key_file>},
    {"dev", "", "false",
     "for trying: loopback only, trusts X-Buyer-Id, API key \"dev\" has every role, no limits per "
     "peer, makes the data directory, mall_db defaults to sqlite:DIR/mall.db",
     set_switch<&O::dev>},
    {"loops", "1", "1", "event loops; this version runs one", set_count<&O::loops, 1, 1>},
    {"event_loop", "auto|io_uring|epoll", "auto",
     "auto takes io_uring, or epoll where the system refuses it", set_event_loop},
    {"connections_max", "1..65536", "20000", "connections at the buyers' door",
     set_count<&O::connections_max, 1, limits::connections_max>},
    {"connections_per_peer_max", "0..65536", "4096",
     "of one address at the buyers' door; 0: no limit, as behind a gateway",
     set_count<&O::connections_per_peer_max, 0, limits::connections_max>},
    {"live_connections_max", "1..65536", "16384", "connections at the live door",
     set_count<&O::live_connections_max, 1, limits::live_connections_max>},
    {"live_connections_per_peer_max", "0..65536", "4096",
     "of one address at the live door; 0: no limit, as behind a gateway",
     set_count<&O::live_connections_per_peer_max, 0, limits::live_connections_max>},
    {"trusted_peers", "ADDR,...", "none",
     "addresses whose X-Buyer-... headers are believed, at the buyers' and the live door",
     set_trusted_peers},
    {"cors_origins", "ORIGIN,...", "none",
     "web origins that may call the buyers' and the live door", set_cors_origins},
    {"four_eyes", "", "false", "an editor cannot publish his own change",
     set_switch<&O::four_eyes>},
    {"recovery_grace", "0s..1h", "60s",
     "deadlines armed before a restart wait so long, while payments land",
     set_duration<&O::recovery_grace, 0, 3600>},
    {"anchor", "trailing|strict", "trailing",
     "strict: also the loss of the very last commit is found, for 13 % of throughput", set_anchor},
    {"disk_reserve_bytes", "16M..", "256M",
     "with less free space new holds are refused; 1.5 times the ballast or more",
     set_size<&O::disk_reserve_bytes, 16>},
    {"ballast_bytes", "0..", "64M", "a file given back when the disk is nearly full",
     set_size<&O::ballast_bytes, 0>},
    {"checkpoint_every", "1s..24h", "600s", "a checkpoint after so much time with new commits",
     set_duration<&O::checkpoint_every, 1, 86'400>},
    {"checkpoint_every_bytes", "1M..", "256M", "... or after so many bytes of journal",
     set_size<&O::checkpoint_every_bytes, 1>},
    {"ready_memory_bytes", "0..", "0",
     "memory touched before the start is announced; 1G for every 1.4 million orders of the night",
     set_size<&O::ready_memory_bytes, 0>},
    {"settlement_backlog_commits_max", "1000..", "50000000",
     "unsettled commits above which new holds hear BUSY",
     set_count<&O::settlement_backlog_commits_max, 1000, 1000 * million>},
    {"log_level", "trace|debug|info|warning|error|off", "info", "what goes to stderr",
     set_log_level},
}};

// Names ------------------------------------------------------------------------------------------

std::string flag_of(const OptionRow& row) {
    std::string flag = "--" + std::string{row.name};
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag;
}
std::string variable_of(const OptionRow& row) {
    std::string variable = "STAMPEDE_" + std::string{row.name};
    for (char& character : variable) {
        if (character >= 'a' && character <= 'z') {
            character = static_cast<char>(character - ('a' - 'A'));
        }
    }
    return variable;
}

const OptionRow* find_row(std::string_view name) {
    for (const OptionRow& row : rows) {
        if (row.name == name) {
            return &row;
        }
    }
    return nullptr;
}

/// "; did you mean X?", in the spelling of the place where the mistake was made.
std::string suggestion(std::string_view unknown, std::string (*spelling)(const OptionRow&)) {
    std::vector<std::string> spellings;
    std::transform(rows.begin(), rows.end(), std::back_inserter(spellings), spelling);
    const std::vector<std::string_view> known(spellings.begin(), spellings.end());
    const auto nearest = nearest_name(unknown, known);
    return nearest.empty() ? std::string{} : "; did you mean " + std::string{nearest} + "?";
}

Result<> take(ServerOptions& options, const OptionRow& row, std::string_view text,
              const std::string& place) {
    if (const auto objection = row.set(options, text); !objection.empty()) {
        return fault(place + ": " + objection);
    }
    return {};
}

// The three places -------------------------------------------------------------------------------

/// Only what can be said in one line: tables of the file are one level deep.
std::optional<std::string> text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) {
        return text->get();
    }
    if (const auto* number = node.as_integer()) {
        return std::to_string(number->get());
    }
    if (const auto* flag = node.as_boolean()) {
        return flag->get() ? "true" : "false";
    }
    if (const auto* array = node.as_array()) {
        std::string joined;
        for (const auto& element : *array) {
            const auto* text = element.as_string();
            if (text == nullptr) {
                return std::nullopt;
            }
            joined += (joined.empty() ? "" : ",") + text->get();
        }
        return joined;
    }
    return std::nullopt;
}

Result<> read_file(ServerOptions& options) {
    toml::table table;
    try {
        table = toml::parse_file(options.config);
    } catch (const toml::parse_error& error) {
        const auto where = error.source().begin;
        return fault(options.config + ", line " + std::to_string(where.line) + ": " +
                     std::string{error.description()});
    }
    for (const auto& [key, node] : table) {
        const std::string name{key.str()};
        const std::string place =
            options.config + ", line " + std::to_string(key.source().begin.line) + ": " + name;
        const OptionRow* row = name == "config" ? nullptr : find_row(name);
        if (row == nullptr) {
            return fault(place + ": no such key" + suggestion(name, [](const OptionRow& known) {
                             return std::string{known.name};
                         }));
        }
        const auto text = text_of(node);
        if (!text.has_value()) {
            return fault(place + ": must be a text, a number, true, false or a list of texts");
        }
        if (auto taken = take(options, *row, *text, place); taken.has_error()) {
            return taken;
        }
    }
    return {};
}

using Texts = std::map<const OptionRow*, std::string>;

Texts read_environment(const char* const* environment, std::vector<std::string>& warnings) {
    Texts texts;
    for (const char* const* entry = environment; *entry != nullptr; ++entry) {
        const std::string_view line{*entry};
        const auto equals = line.find('=');
        const auto name = line.substr(0, equals);
        if (name.substr(0, 9) != "STAMPEDE_" || equals == std::string_view::npos ||
            name.substr(0, 14) == "STAMPEDE_LOAD_") {  // the load generator's own
            continue;
        }
        const auto* row = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& known) {
            return variable_of(known) == name;
        });
        if (row == rows.end()) {
            // A warning only: other tools may use the prefix too.
            warnings.push_back("environment: " + std::string{name} + ": no such key" +
                               suggestion(name, variable_of));
            continue;
        }
        texts[row] = line.substr(equals + 1);
    }
    return texts;
}

Result<Texts> read_flags(const std::vector<std::string>& arguments, bool& help) {
    CLI::App app;
    app.set_help_flag();
    app.add_flag("-h,--help", help);
    app.allow_extras();
    std::array<std::string, rows.size()> texts;
    std::array<bool, rows.size()> switches{};
    for (std::size_t at = 0; at < rows.size(); ++at) {
        if (rows[at].is_switch()) {
            app.add_flag(flag_of(rows[at]), switches[at]);
        } else {
            app.add_option(flag_of(rows[at]), texts[at]);
        }
    }
    try {
        std::vector<std::string> backwards(arguments.rbegin(), arguments.rend());  // as CLI11 wants
        app.parse(backwards);
    } catch (const CLI::ParseError& error) {
        return fault(error.what());
    }
    if (const auto extras = app.remaining(); !extras.empty() && !help) {
        const std::string unknown = extras.front().substr(0, extras.front().find('='));
        return fault(unknown + ": no such flag" + suggestion(unknown, flag_of));
    }
    Texts given;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        if (app.count(flag_of(rows[at])) > 0) {
            given[&rows[at]] = rows[at].is_switch() ? (switches[at] ? "true" : "false") : texts[at];
        }
    }
    return given;
}

/// Giving the ballast back, at half of its size left free, must not look like room to sell again.
bool is_reserve_above_ballast(const ServerOptions& options) {
    return options.disk_reserve_bytes >= options.ballast_bytes + options.ballast_bytes / 2;
}

/// What --dev implies, and what must be there in the end.
Result<> complete(ServerOptions& options) {
    if (options.data_dir.empty()) {
        return fault("--data-dir: missing; the directory of the journal");
    }
    if (!is_reserve_above_ballast(options)) {
        return fault(
            "--disk-reserve-bytes: must be at least 1.5 times --ballast-bytes (" +
            std::to_string(options.ballast_bytes) +
            "): otherwise the bytes given back on a full disk would be taken for room to sell");
    }
    if (!options.dev) {
        return {};
    }
    for (const auto* endpoint : {&options.buyers, &options.mall_api, &options.live}) {
        if (!Endpoint::parse(*endpoint)->is_loopback()) {
            return fault("--dev: " + *endpoint + " is not a loopback address; --dev trusts " +
                         "everybody, so it listens to this machine alone");
        }
    }
    if (options.mall_db.empty()) {
        options.mall_db = "sqlite:" + options.data_dir + "/mall.db";
    }
    return {};
}

}  // namespace

Result<ServerOptions> read_server_options(const std::vector<std::string>& arguments,
                                          const char* const* environment) {
    ServerOptions options;
    const auto flags = read_flags(arguments, options.help);
    if (flags.has_error()) {
        return flags.error();
    }
    if (options.help) {
        return options;
    }
    const Texts variables = read_environment(environment, options.warnings);
    const OptionRow* const config = find_row("config");
    for (const auto* texts : {&variables, &*flags}) {
        if (const auto found = texts->find(config); found != texts->end()) {
            options.config = found->second;
        }
    }
    if (!options.config.empty()) {
        if (auto read = read_file(options); read.has_error()) {
            return read.error();
        }
    }
    for (const auto& [row, text] : variables) {
        if (auto taken = take(options, *row, text, variable_of(*row)); taken.has_error()) {
            return taken.error();
        }
    }
    for (const auto& [row, text] : *flags) {
        if (auto taken = take(options, *row, text, flag_of(*row)); taken.has_error()) {
            return taken.error();
        }
    }
    if (auto completed = complete(options); completed.has_error()) {
        return completed.error();
    }
    return options;
}

std::string server_options_help() {
    std::string help =
        "stampede serve: runs the server.\n\n"
        "Each flag is also a key of the TOML file (--data-dir: data_dir) and a variable of the\n"
        "environment (STAMPEDE_DATA_DIR). The flag wins over the environment, the environment\n"
        "over the file. Secrets are never flags: they lie in the key file.\n\n";
    for (const OptionRow& row : rows) {
        help += "  " + flag_of(row) + (row.is_switch() ? "" : " ") + std::string{row.value} +
                "\n        " + std::string{row.help} + " [" + std::string{row.default_text} + "]\n";
    }
    return help + "  -h, --help\n        this text\n";
}

std::vector<std::string> server_options_markdown() {
    std::vector<std::string> lines;
    for (const OptionRow& row : rows) {
        // A bar would end the cell.
        std::string value{row.value};
        std::replace(value.begin(), value.end(), '|', '/');
        lines.push_back("| `" + flag_of(row) + "` | `" + std::string{row.name} + "` | " +
                        (row.is_switch() ? std::string{"true/false"} : value) + " | " +
                        std::string{row.default_text} + " | " + std::string{row.help} + " |");
    }
    return lines;
}

}  // namespace stampede::net
