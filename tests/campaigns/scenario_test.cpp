// SPDX-License-Identifier: Apache-2.0
// Every table of tests/scenarios is a test of its own; CMake writes the list of them.
#include "tests/support/scenario.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <vector>

namespace stampede::tests {
namespace {

std::vector<std::string> scenario_files() {
    std::ifstream list{STAMPEDE_SCENARIO_LIST};
    std::vector<std::string> files;
    for (std::string path; std::getline(list, path);) {
        if (!path.empty()) {
            files.push_back(path);
        }
    }
    return files;
}

std::string name_of(const testing::TestParamInfo<std::string>& file) {
    std::string name = file.param.substr(file.param.rfind('/') + 1);
    name.resize(name.rfind('.'));
    std::ranges::replace_if(
        name, [](unsigned char character) { return std::isalnum(character) == 0; }, '_');
    return name;
}

class Scenarios : public testing::TestWithParam<std::string> {};

TEST_P(Scenarios, hold) {
    const auto wrong = run_scenario(GetParam());
    EXPECT_FALSE(wrong.has_value()) << *wrong;
}

INSTANTIATE_TEST_SUITE_P(Rules, Scenarios, testing::ValuesIn(scenario_files()), name_of);

constexpr const char* small_sale = R"(campaign 1
    item 1001 stock 1
at 20:00:00
)";

TEST(ScenarioRunner, names_line_expectation_and_answer_of_a_wrong_line) {
    const auto wrong =
        run_scenario_text(std::string{small_sale} + "buy 42 1001 => SOLD_OUT\n", "sale");
    ASSERT_TRUE(wrong.has_value());
    EXPECT_NE(wrong->find("sale:4: another code: expected SOLD_OUT, got HELD amount 9900"),
              std::string::npos)
        << *wrong;
}

TEST(ScenarioRunner, does_not_overlook_a_replay_nobody_expected) {
    const std::string twice = "A = buy 42 1001 key k => HELD\nbuy 42 1001 key k => HELD\n";
    const auto wrong = run_scenario_text(std::string{small_sale} + twice, "sale");
    ASSERT_TRUE(wrong.has_value());
    EXPECT_NE(wrong->find("replayed was not expected"), std::string::npos) << *wrong;
}

TEST(ScenarioRunner, wants_every_event_of_settlement_to_be_expected) {
    const std::string twice =
        "A = buy 42 1001 => HELD\npay A p1 9900 => CONFIRMED\npay A p2 9900 => REFUND_REQUIRED\n";
    const auto wrong = run_scenario_text(std::string{small_sale} + twice, "sale");
    ASSERT_TRUE(wrong.has_value());
    EXPECT_NE(wrong->find("REFUND_REQUIRED A payment p2"), std::string::npos) << *wrong;
}

TEST(ScenarioRunner, refuses_what_it_does_not_know) {
    for (const char* line : {"bye 42 1001 => HELD", "buy 42 1001 kay k => HELD", "at 19:00:00",
                             "buy 42 1001", "    stok 3", "cancel 42 A => CANCELLED"}) {
        EXPECT_TRUE(run_scenario_text(std::string{small_sale} + line + "\n", "sale").has_value())
            << line;
    }
}

}  // namespace
}  // namespace stampede::tests
