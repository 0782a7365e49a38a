// SPDX-License-Identifier: Apache-2.0
// Modules point one way. A project header is included by its path from the root, and only from a
// module that may; a library is included only where it is at home, so that a rule cannot reach a
// clock and a change of library stays in one folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_tree.hpp"

namespace stampede::tidy {
namespace {

struct Module {
    std::string_view folder;
    std::vector<std::string_view> may_include;
};

const std::vector<Module>& modules() {
    static const std::vector<Module> table{
        {"engine/vocabulary", {}},
        {"engine", {"engine/vocabulary"}},
        {"campaigns", {"engine/vocabulary"}},
        {"storage", {"engine/vocabulary", "engine"}},
        {"net", {"engine/vocabulary", "engine", "campaigns", "storage"}},
        {"loadtest", {"engine/vocabulary"}},
        {"bench",
         {"engine/vocabulary", "engine", "campaigns", "storage", "net", "loadtest", "tests"}},
        {"tests",
         {"engine/vocabulary", "engine", "campaigns", "storage", "net", "loadtest", "bench"}},
    };
    return table;
}

const Module* module_of(std::string_view path) {
    for (const Module& module : modules()) {
        if (path.starts_with(module.folder) && path.size() > module.folder.size() &&
            path[module.folder.size()] == '/') {
            return &module;
        }
    }
    return nullptr;
}

struct Include {
    bool is_ours = false;  // "…", not <…>
    std::string_view header;
};

std::optional<Include> include_in(std::string_view line) {
    constexpr std::string_view directive = "#include ";
    if (!line.starts_with(directive)) {
        return std::nullopt;
    }
    line.remove_prefix(directive.size());
    const char close = line.starts_with('"') ? '"' : '>';
    return Include{close == '"', line.substr(1, line.find(close, 1) - 1)};
}

TEST(IncludeDirection, is_kept_by_every_source_file) {
    std::size_t includes = 0;
    for (const TextFile& file : source_tree()) {
        const Module* module = file.is_source() ? module_of(file.path) : nullptr;
        if (module == nullptr) {
            EXPECT_FALSE(file.is_source()) << file.path << " belongs to no module";
            continue;
        }
        for (const Line& line : file.lines()) {
            const auto include = include_in(line.text);
            if (!include || !include->is_ours) {
                continue;
            }
            ++includes;
            EXPECT_NE(find(include->header), nullptr)
                << place(file, line.number) << " includes \"" << include->header
                << "\", which is no path from the project's root";
            const Module* other = module_of(include->header);
            const auto& allowed = module->may_include;
            EXPECT_TRUE(other == module ||
                        (other != nullptr &&
                         std::find(allowed.begin(), allowed.end(), other->folder) != allowed.end()))
                << place(file, line.number) << ": " << module->folder << " may not include "
                << include->header;
        }
    }
    EXPECT_GT(includes, 20U) << "the reader of includes found next to nothing";
}

struct Library {
    std::string_view header_prefix;
    std::vector<std::string_view> homes;  // bench and tests may include any
};

TEST(IncludeDirection, keeps_each_library_in_its_modules) {
    const std::vector<Library> libraries{
        {"boost/asio", {"net", "loadtest"}},
        {"boost/beast", {"net", "loadtest"}},
        {"boost/json", {"net", "loadtest", "storage"}},
        {"boost/url", {"net", "loadtest"}},
        {"CLI/", {"net", "loadtest"}},
        {"liburing", {"net", "loadtest"}},
        {"openssl/", {"campaigns", "storage", "net", "loadtest"}},
        {"prometheus/", {"net"}},
        {"rocksdb/", {"storage"}},
        {"simdjson", {"net", "loadtest"}},
        {"spdlog/", {"net", "storage"}},
        {"sqlite3", {"storage", "loadtest"}},
        {"sys/epoll", {"net", "loadtest"}},
        {"sys/socket", {"net", "loadtest"}},
        {"toml++/", {"net", "loadtest"}},
    };
    for (const TextFile& file : source_tree()) {
        const Module* module = file.is_source() ? module_of(file.path) : nullptr;
        if (module == nullptr || module->folder == "bench" || module->folder == "tests") {
            continue;
        }
        for (const Line& line : file.lines()) {
            const auto include = include_in(line.text);
            for (const Library& library : libraries) {
                if (include && include->header.starts_with(library.header_prefix)) {
                    EXPECT_NE(std::find(library.homes.begin(), library.homes.end(), module->folder),
                              library.homes.end())
                        << place(file, line.number) << ": " << include->header << " has no home in "
                        << module->folder;
                }
            }
        }
    }
}

TEST(IncludeDirection, leaves_the_rules_without_clock_thread_lock_socket_or_log) {
    constexpr std::array<std::string_view, 17> impure{
        "atomic",   "chrono",       "condition_variable",
        "cstdio",   "ctime",        "fstream",
        "iostream", "mutex",        "netinet/",
        "random",   "sys/",         "thread",
        "unistd.h", "shared_mutex", "time.h",
        "spdlog/",  "future"};
    for (const TextFile& file : source_tree()) {
        if (!file.is_source() || !file.is_under("campaigns")) {
            continue;
        }
        for (const Line& line : file.lines()) {
            const auto include = include_in(line.text);
            for (const std::string_view header : impure) {
                if (include && !include->is_ours) {
                    EXPECT_FALSE(header.ends_with('/') ? include->header.starts_with(header)
                                                       : include->header == header)
                        << place(file, line.number) << ": campaigns is pure, but includes <"
                        << include->header << ">";
                }
            }
        }
    }
}

// Slow headers stay out of headers, so that an edit rebuilds little.
TEST(IncludeDirection, keeps_heavy_libraries_out_of_headers) {
    constexpr std::array<std::string_view, 4> heavy{"boost/asio.hpp", "boost/beast.hpp",
                                                    "rocksdb/db.h", "boost/beast/http.hpp"};
    for (const TextFile& file : source_tree()) {
        if (!file.path.ends_with(".hpp")) {
            continue;
        }
        for (const Line& line : file.lines()) {
            const auto include = include_in(line.text);
            EXPECT_TRUE(!include ||
                        std::find(heavy.begin(), heavy.end(), include->header) == heavy.end())
                << place(file, line.number) << " puts " << include->header << " into a header";
        }
    }
}

}  // namespace
}  // namespace stampede::tidy
