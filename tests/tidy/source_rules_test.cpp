// SPDX-License-Identifier: Apache-2.0
// What may stand in a source file: its first line, its length, its words, and the few tokens that
// would break a promise wherever they stood (a second reader of time, a second writer to sockets).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_tree.hpp"

namespace stampede::tidy {
namespace {

constexpr std::size_t lines_per_file_max = 800;
constexpr std::size_t columns_max = 100;

TEST(SourceFiles, open_with_their_licence_and_a_word_about_themselves) {
    for (const TextFile& file : source_tree()) {
        if (!file.is_source()) {
            continue;
        }
        const std::vector<Line> lines = file.lines();
        ASSERT_GE(lines.size(), 2U) << file.path;
        EXPECT_EQ(lines[0].text, "// SPDX-License-Identifier: Apache-2.0") << file.path;
        // A .cpp may leave it to its header.
        const bool is_explained_elsewhere =
            file.path.ends_with(".cpp") &&
            find(file.path.substr(0, file.path.size() - 3) + "hpp") != nullptr;
        EXPECT_TRUE(lines[1].text.starts_with("// ") || is_explained_elsewhere)
            << file.path << " does not say what it is";
    }
}

TEST(SourceFiles, are_short_and_narrow) {
    std::size_t sources = 0;
    for (const TextFile& file : source_tree()) {
        if (!file.is_source()) {
            continue;
        }
        ++sources;
        const std::vector<Line> lines = file.lines();
        EXPECT_LE(lines.size(), lines_per_file_max) << file.path;
        for (const Line& line : lines) {
            // Continuation bytes of UTF-8 take no column.
            const auto columns = std::count_if(line.text.begin(), line.text.end(), [](char byte) {
                return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
            });
            EXPECT_LE(static_cast<std::size_t>(columns), columns_max) << place(file, line.number);
        }
    }
    EXPECT_GT(sources, 10U) << "the walk over the tree found next to nothing";
}

TEST(SourceFolders, are_the_eight_of_the_design) {
    const std::vector<std::string> expected{"bench",    "campaigns", "docs",    "engine",
                                            "loadtest", "net",       "storage", "tests"};
    EXPECT_EQ(top_level_folders(), expected);
}

struct Ban {
    std::string_view token;
    std::vector<std::string_view> folders;     // where it is banned
    std::vector<std::string_view> allowed_in;  // the files that may
    std::string_view reason;
};

bool is_under_any(const TextFile& file, const std::vector<std::string_view>& folders) {
    return std::any_of(folders.begin(), folders.end(),
                       [&file](std::string_view folder) { return file.is_under(folder); });
}

const std::vector<Ban>& bans() {
    static const std::vector<std::string_view> rules{"campaigns"};
    static const std::vector<std::string_view> single_owner{"campaigns", "engine"};
    static const std::vector<std::string_view> server{"campaigns", "engine", "storage", "net"};
    static const std::vector<std::string_view> clock{"engine/clock.cpp", "net/event_loop.cpp"};
    static const std::vector<std::string_view> nowhere{};
    static const std::string_view exact = "money and stock are whole numbers";
    static const std::string_view pure = "campaigns is pure";
    static const std::string_view rings = "between threads only bounded rings";
    static const std::string_view one_clock =
        "engine/clock.cpp reads time, net/event_loop.cpp the watch that I/O deadlines are kept "
        "with";
    static const std::vector<Ban> table{
        {"double", rules, nowhere, exact},
        {"float", rules, nowhere, exact},
        {"std::atomic", rules, nowhere, pure},
        {"std::thread", rules, nowhere, pure},
        {"rand", rules, nowhere, "randomness comes with the context and ends in events"},
        {"std::mutex", single_owner, nowhere, rings},
        {"std::condition_variable", single_owner, nowhere, rings},
        {"system_clock::now", server, clock, one_clock},
        {"steady_clock::now", server, clock, one_clock},
        {"high_resolution_clock", server, clock, one_clock},
        {"clock_gettime", server, clock, one_clock},
        {"gettimeofday", server, clock, one_clock},
        {"std::rand", server, nowhere, "std::rand has hidden state"},
        {"DB::Resume", server, nowhere, "a write reported as failed can reappear"},
        {"dynamic_cast", server, nowhere, "a variant or an interface says it"},
        {"std::endl", server, nowhere, "it flushes"},
    };
    return table;
}

TEST(SourceText, keeps_out_tokens_that_break_a_promise) {
    for (const TextFile& file : source_tree()) {
        if (!file.is_source()) {
            continue;
        }
        const std::string code = code_only(file.text);
        for (const Line& line : split_lines(code)) {
            EXPECT_FALSE(file.path.ends_with(".hpp") && line.text.starts_with("using namespace"))
                << place(file, line.number) << ": a name says where it comes from";
            for (const Ban& ban : bans()) {
                if (is_under_any(file, ban.folders) && has_word(line.text, ban.token)) {
                    EXPECT_NE(std::find(ban.allowed_in.begin(), ban.allowed_in.end(), file.path),
                              ban.allowed_in.end())
                        << place(file, line.number) << " has " << ban.token << ": " << ban.reason;
                }
            }
        }
    }
}

// One function yields the bytes that leave, and these few files are the ways out. Watchers are sent
// nothing but what was read from durable state.
TEST(SourceText, writes_to_sockets_only_where_released_bytes_arrive) {
    constexpr std::array<std::string_view, 12> writers{"::send",
                                                       "::sendmsg",
                                                       "::sendto",
                                                       "io_uring_prep_send",
                                                       "async_write",
                                                       "async_write_some",
                                                       "http::write",
                                                       "io_uring_prep_sendmsg",
                                                       "async_send",
                                                       "io_uring_prep_write",
                                                       "io_uring_prep_writev",
                                                       "io_uring_prep_send_zc"};
    constexpr std::array<std::string_view, 5> ways_out{
        "net/io_uring_loop.cpp", "net/epoll_loop.cpp", "net/quiet_session.cpp",
        "net/live_line_watcher.cpp", "net/live_websocket_watcher.cpp"};
    for (const TextFile& file : source_tree()) {
        if (!file.is_source() || !file.is_under("net")) {
            continue;
        }
        const std::string code = code_only(file.text);
        for (const Line& line : split_lines(code)) {
            for (const std::string_view writer : writers) {
                EXPECT_FALSE(has_word(line.text, writer) &&
                             std::find(ways_out.begin(), ways_out.end(), file.path) ==
                                 ways_out.end())
                    << place(file, line.number) << " writes to a socket with " << writer;
            }
        }
    }
}

// Names that say nothing, in files and in types.
TEST(SourceNames, say_what_the_thing_is) {
    constexpr std::array<std::string_view, 10> empty_words{
        "manager", "helper", "helpers", "util", "utils", "common", "impl", "data", "info", "misc"};
    const std::regex empty_type(
        R"(\b(class|struct|enum class) \w*(Manager|Helper|Utils?|Common|Impl|Data|Info)\b)");
    for (const TextFile& file : source_tree()) {
        if (!file.is_source()) {
            continue;
        }
        // The last word is the noun: seckill_helper is a helper, data_directory a directory.
        std::string noun = file.path.substr(file.path.rfind('/') + 1);
        noun.resize(noun.find('.'));
        noun = noun.substr(noun.rfind('_') + 1);
        EXPECT_EQ(std::find(empty_words.begin(), empty_words.end(), noun), empty_words.end())
            << file.path << " is named by the word " << noun;
        const std::string code = code_only(file.text);
        for (const Line& line : split_lines(code)) {
            const std::string text{line.text};
            EXPECT_FALSE(std::regex_search(text, empty_type)) << place(file, line.number);
        }
    }
}

// Written in two pieces, so that this file keeps its own rule.
struct ForeignWord {
    std::string_view start;
    std::string_view end;
};
constexpr std::array<ForeignWord, 10> foreign_words{{
    {"to", "do"},
    {"fix", "me"},
    {"x", "xx"},
    {"this ses", "sion"},
    {"previous ses", "sion"},
    {"/wo", "rk/"},
    {"/t", "mp/"},
    {"sub", "agent"},
    {"chat", "gpt"},
    {"cla", "ude"},
}};

TEST(ProjectText, holds_only_what_belongs_to_the_project) {
    const std::regex issue_number(R"(\b[Ii]ssues? #?\d+)");
    for (const TextFile& file : source_tree()) {
        for (const Line& line : file.lines()) {
            const std::string lower = lower_case(line.text);
            for (const ForeignWord& pieces : foreign_words) {
                const std::string word = std::string{pieces.start} + std::string{pieces.end};
                EXPECT_FALSE(has_word(lower, word)) << place(file, line.number) << ": " << word;
            }
            if (lower.find("issue") != std::string::npos) {
                EXPECT_FALSE(std::regex_search(lower, issue_number)) << place(file, line.number);
            }
        }
    }
}

TEST(SourceReader, tells_code_from_comments_and_literals) {
    EXPECT_EQ(code_only("a // b\nc"), "a     \nc");
    EXPECT_EQ(code_only("a /* b\n c */ d"), "a     \n      d");
    EXPECT_EQ(code_only(R"(f("x\"y", 'z'))"), R"(f("    ", ' '))");
    EXPECT_EQ(code_only("10'000 + 1"), "10'000 + 1");
    EXPECT_EQ(code_only("R\"j(double)j\" d"), "              d");
    EXPECT_TRUE(has_word("x.value() + 1", ".value()"));
    EXPECT_FALSE(has_word("doubled", "double"));
    EXPECT_FALSE(has_word("x_rand()", "rand"));
    EXPECT_TRUE(has_word("n = ::send(a)", "::send"));
    EXPECT_FALSE(has_word("void Loop::send(a)", "::send"));
}

}  // namespace
}  // namespace stampede::tidy
