// SPDX-License-Identifier: Apache-2.0
// The documents stay in step with the tree: every module explains itself under the same six
// headings, every decision is in the index, links lead somewhere, commands exist, limits are
// listed with their values.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/tidy/source_tree.hpp"

namespace stampede::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> modules{"engine", "campaigns", "storage", "net",
                                                  "loadtest"};

// The headings of a Markdown text, without their marks; fenced blocks have none.
std::vector<std::string> headings(const TextFile& document) {
    std::vector<std::string> found;
    bool fenced = false;
    for (const Line& line : document.lines()) {
        fenced = fenced != line.text.starts_with("```");
        const std::size_t marks = line.text.find_first_not_of('#');
        if (!fenced && marks != 0 && marks != std::string_view::npos && line.text[marks] == ' ') {
            found.emplace_back(line.text.substr(marks + 1));
        }
    }
    return found;
}

// As the usual renderers make anchors: lower case, spaces to dashes, punctuation gone.
std::string anchor_of(std::string_view heading) {
    std::string anchor;
    for (const char character : lower_case(heading)) {
        const auto byte = static_cast<unsigned char>(character);
        if (std::isalnum(byte) != 0 || character == '_' || character == '-' || byte >= 0x80) {
            anchor += character;
        } else if (character == ' ') {
            anchor += '-';
        }
    }
    return anchor;
}

// A question is a heading, or the bold words that open a paragraph.
std::vector<std::string> questions_asked(const TextFile& readme) {
    const std::regex asked(R"(^(?:## |\*\*)([A-Za-z, ]+))");
    std::vector<std::string> questions;
    for (const Line& line : readme.lines()) {
        std::smatch match;
        const std::string text{line.text};
        if (std::regex_search(text, match, asked)) {
            std::string question = match[1];
            std::erase(question, ',');
            questions.push_back(question);
        }
    }
    return questions;
}

TEST(ModuleReadme, answers_the_six_questions_in_order) {
    const std::vector<std::string> questions{"Promise",     "Threads", "Files in reading order",
                                             "May include", "Never",   "Failure"};
    for (const std::string_view module : modules) {
        const TextFile* readme = find(std::string{module} + "/README.md");
        if (readme == nullptr) {
            ADD_FAILURE() << module << " has no README.md";
            continue;
        }
        std::vector<std::string> asked = questions_asked(*readme);
        std::erase_if(asked, [&questions](const std::string& question) {
            return std::find(questions.begin(), questions.end(), question) == questions.end();
        });
        EXPECT_EQ(asked, questions) << readme->path;
    }
}

TEST(ModuleReadme, names_only_files_that_exist) {
    const std::regex file_name(R"(`([a-z0-9_/]+\.(hpp|cpp|sh|toml|scenario))`)");
    for (const std::string_view module : modules) {
        const TextFile* readme = find(std::string{module} + "/README.md");
        if (readme == nullptr) {
            continue;  // said by the test above
        }
        const std::string& text = readme->text;
        for (std::sregex_iterator match(text.begin(), text.end(), file_name), end; match != end;
             ++match) {
            const std::string name = (*match)[1];
            EXPECT_TRUE(fs::exists(project_root() / name) ||
                        fs::exists(project_root() / module / name))
                << readme->path << " names " << name;
        }
    }
}

TEST(Decisions, are_numbered_without_gaps_and_all_in_the_index) {
    const TextFile* index = find("docs/adr/README.md");
    ASSERT_NE(index, nullptr);
    const std::regex name(R"(docs/adr/(\d{4}-[a-z0-9-]+\.md))");
    std::size_t count = 0;
    for (const TextFile& file : source_tree()) {
        if (!file.is_under("docs/adr") || file.path == index->path) {
            continue;
        }
        std::smatch match;
        ASSERT_TRUE(std::regex_match(file.path, match, name)) << file.path;
        ++count;
        EXPECT_EQ(std::stoul(match[1].str().substr(0, 4)), count) << file.path;
        EXPECT_NE(index->text.find("(" + match[1].str() + ")"), std::string::npos)
            << "docs/adr/README.md does not link " << match[1];
        for (const char* part : {"Context", "Decision", "Rejected", "Wrong if"}) {
            const auto parts = headings(file);
            EXPECT_NE(std::find(parts.begin(), parts.end(), part), parts.end())
                << file.path << " has no heading " << part;
        }
    }
    EXPECT_GE(count, 10U);
}

void expect_link_resolves(const TextFile& document, const Line& line, const std::string& link) {
    const std::size_t mark = std::min(link.find('#'), link.size());
    const fs::path folder = fs::path(document.path).parent_path();
    const std::string target =
        mark == 0 ? document.path
                  : (folder / link.substr(0, mark)).lexically_normal().generic_string();
    EXPECT_TRUE(fs::exists(project_root() / target))
        << place(document, line.number) << " links to " << link;
    const TextFile* other = find(target);
    if (mark == link.size() || other == nullptr || !other->is_document()) {
        return;
    }
    const std::string anchor = link.substr(mark + 1);
    const auto parts = headings(*other);
    EXPECT_TRUE(
        std::any_of(parts.begin(), parts.end(),
                    [&anchor](const std::string& heading) { return anchor_of(heading) == anchor; }))
        << place(document, line.number) << " links to " << link << ", a heading that is not there";
}

TEST(Documents, link_to_what_exists) {
    const std::regex link(R"(\]\(([^)\s]+)\))");
    std::size_t links = 0;
    for (const TextFile& document : source_tree()) {
        if (!document.is_document()) {
            continue;
        }
        for (const Line& line : document.lines()) {
            const std::string text{line.text};
            for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end;
                 ++match) {
                const std::string target = (*match)[1];
                if (target.find("://") == std::string::npos) {
                    ++links;
                    expect_link_resolves(document, line, target);
                }
            }
        }
    }
    EXPECT_GT(links, 20U);
}

TEST(Documents, give_only_commands_that_dev_help_knows) {
    const TextFile* dev = find("dev");
    ASSERT_NE(dev, nullptr);
    const std::regex taught(R"(^  \./dev (\w+))");
    std::set<std::string> commands{"help"};
    for (const Line& line : dev->lines()) {
        std::smatch match;
        const std::string text{line.text};
        if (std::regex_search(text, match, taught)) {
            commands.insert(match[1]);
        }
    }
    ASSERT_GE(commands.size(), 8U);
    const std::regex used(R"(\./dev (\w+))");
    for (const TextFile& document : source_tree()) {
        if (!document.is_document()) {
            continue;
        }
        for (const Line& line : document.lines()) {
            const std::string text{line.text};
            for (std::sregex_iterator match(text.begin(), text.end(), used), end; match != end;
                 ++match) {
                EXPECT_TRUE(commands.contains((*match)[1]))
                    << place(document, line.number) << ": ./dev " << (*match)[1];
            }
        }
    }
}

// The value of a limit as limits.hpp writes it: a product, or a power of two and perhaps less 1.
std::optional<std::uint64_t> stated_value(const std::string& expression) {
    static const std::regex noise(R"('|std::u?int64_t|[{}()u])");
    static const std::regex product(R"((\d+)(?: \* (\d+))?(?: \* (\d+))?)");
    static const std::regex shifted(R"((\d+) << (\d+)( - 1)?)");
    const std::string plain = std::regex_replace(expression, noise, "");
    std::smatch match;
    if (std::regex_match(plain, match, shifted)) {
        return (std::stoull(match[1]) << std::stoull(match[2])) - (match[3].matched ? 1 : 0);
    }
    if (!std::regex_match(plain, match, product)) {
        return std::nullopt;
    }
    std::uint64_t value = 1;
    for (std::size_t factor = 1; factor < match.size() && match[factor].matched; ++factor) {
        value *= std::stoull(match[factor]);
    }
    return value;
}

// And as the page writes it: 1,024, 4 KiB, 2^28, 2^31 − 1.
std::optional<std::uint64_t> listed_value(const std::string& cell) {
    static const std::regex number(R"((\d+)( KiB| MiB| GiB)?)");
    static const std::regex power(R"(2\^(\d+)( − 1)?)");
    const std::string plain = std::regex_replace(cell, std::regex(","), "");
    std::smatch match;
    if (std::regex_match(plain, match, power)) {
        return (std::uint64_t{1} << std::stoull(match[1])) - (match[2].matched ? 1 : 0);
    }
    if (!std::regex_match(plain, match, number)) {
        return std::nullopt;
    }
    const std::array<std::string_view, 4> units{"", " KiB", " MiB", " GiB"};
    const auto unit = std::find(units.begin(), units.end(), match[2].str());
    return std::stoull(match[1]) << (10 * std::distance(units.begin(), unit));
}

TEST(Documents, list_every_limit_with_its_value) {
    using Limits = std::map<std::string, std::optional<std::uint64_t>>;
    const TextFile* header = find("engine/vocabulary/limits.hpp");
    const TextFile* page = find("docs/reference/limits.md");
    ASSERT_NE(header, nullptr);
    ASSERT_NE(page, nullptr);
    const std::regex constant(R"(^inline constexpr [\w:]+ (\w+) = ([^;]+);)");
    const std::regex row(R"(^\| `(\w+)` \| ([^|]+) \|)");
    Limits stated;
    Limits listed;
    for (const auto& [file, pattern, value_of, limits] :
         {std::tuple{header, &constant, &stated_value, &stated},
          std::tuple{page, &row, &listed_value, &listed}}) {
        for (const Line& line : file->lines()) {
            std::smatch match;
            const std::string text{line.text};
            if (std::regex_search(text, match, *pattern)) {
                const auto value = value_of(match[2]);
                EXPECT_TRUE(value.has_value()) << place(*file, line.number) << ": " << match[2];
                limits->emplace(match[1], value);
            }
        }
    }
    EXPECT_GT(stated.size(), 20U);
    EXPECT_EQ(listed, stated);
}

}  // namespace
}  // namespace stampede::tidy
