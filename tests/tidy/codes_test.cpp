// SPDX-License-Identifier: Apache-2.0
// Every answer code of campaigns/code.hpp is explained on the page that front ends are written
// from, with its number, and is provoked by at least one test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_tree.hpp"

namespace stampede::tidy {
namespace {

std::string upper_case(std::string_view text) {
    std::string upper{text};
    for (char& character : upper) {
        character = static_cast<char>(std::toupper(static_cast<unsigned char>(character)));
    }
    return upper;
}

// Enumerator -> its number, as in "sold_out" -> "200".
std::map<std::string, std::string> codes() {
    std::map<std::string, std::string> found;
    const TextFile* header = find("campaigns/code.hpp");
    if (header == nullptr) {
        return found;
    }
    const std::regex enumerator(R"(^\s+(\w+) = (\d+),)");
    for (const Line& line : header->lines()) {
        std::smatch match;
        const std::string text{line.text};
        if (std::regex_search(text, match, enumerator)) {
            found[match[1]] = match[2];
        }
    }
    return found;
}

TEST(AnswerCodes, are_each_explained_under_a_heading_with_their_number) {
    const TextFile* page = find("docs/reference/codes.md");
    ASSERT_NE(page, nullptr);
    const std::regex heading(R"(^### ([A-Z_]+)$)");
    const std::regex number(R"(^Number (\d+)[.,])");
    std::map<std::string, std::string> explained;
    std::string current;
    for (const Line& line : page->lines()) {
        std::smatch match;
        const std::string text{line.text};
        if (std::regex_search(text, match, heading)) {
            current = match[1];
            EXPECT_FALSE(explained.contains(current)) << current << " is explained twice";
            explained[current] = "none";
        } else if (std::regex_search(text, match, number)) {
            explained[current] = match[1];
        }
    }
    std::map<std::string, std::string> expected;
    for (const auto& [name, value] : codes()) {
        expected[upper_case(name)] = value;
    }
    EXPECT_GE(expected.size(), 40U);
    EXPECT_EQ(explained, expected);
}

TEST(AnswerCodes, have_numbers_of_their_own) {
    std::set<std::string> numbers;
    for (const auto& [name, value] : codes()) {
        EXPECT_TRUE(numbers.insert(value).second) << name << " shares the number " << value;
    }
}

TEST(AnswerCodes, each_occur_in_a_test) {
    std::vector<std::string> unprovoked;
    for (const auto& [name, value] : codes()) {
        const std::string wire = upper_case(name);
        const std::string enumerator = "Code::" + name;
        const bool occurs =
            std::any_of(source_tree().begin(), source_tree().end(), [&](const TextFile& file) {
                return file.is_under("tests") && !file.is_under("tests/tidy") &&
                       (has_word(file.text, wire) || has_word(file.text, enumerator));
            });
        if (!occurs) {
            unprovoked.push_back(wire);
        }
    }
    EXPECT_THAT(unprovoked, testing::IsEmpty()) << "codes that no test provokes";
}

}  // namespace
}  // namespace stampede::tidy
