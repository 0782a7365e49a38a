// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scenario.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/scenario_player.hpp"

namespace stampede::tests {

namespace {

ScenarioLine read_line(const std::string& text) {
    ScenarioLine line;
    std::string command = text;
    if (const auto arrow = text.find("=>"); arrow != std::string::npos) {
        line.expected = split_words(text.substr(arrow + 2));
        command = text.substr(0, arrow);
    }
    line.words = split_words(command);
    if (line.words.size() > 2 && line.words[1] == "=") {
        line.name = line.words[0];
        line.words.erase(line.words.begin(), line.words.begin() + 2);
    }
    return line;
}

std::string without_comment(std::string line) {
    const auto hash = line.find('#');
    return hash == std::string::npos ? line : line.substr(0, hash);
}

/// "each 100-399 A% = open 1% 1001 => HELD": the line for each of the numbers.
std::optional<std::string> play_each(ScenarioPlayer& player, const std::string& text) {
    const Words words = split_words(text);
    const std::string& range = words.at(1);
    const std::int64_t last = read_number(range.substr(range.find('-') + 1));
    const std::string pattern = text.substr(text.find(range) + range.size());
    for (std::int64_t at = read_number(range.substr(0, range.find('-'))); at <= last; ++at) {
        std::string one = pattern;
        for (auto mark = one.find('%'); mark != std::string::npos; mark = one.find('%')) {
            one.replace(mark, 1, std::to_string(at));
        }
        const Checks checks = at == last ? Checks::all : Checks::few;
        if (const auto wrong = player.run(read_line(one), checks)) {
            return std::to_string(at) + ": " + *wrong;
        }
    }
    return std::nullopt;
}

/// Empty, or what is wrong with this line.
std::optional<std::string> play(ScenarioPlayer& player, const std::string& text) {
    try {
        if (text.starts_with("each ")) {
            return play_each(player, text);
        }
        const ScenarioLine line = read_line(text);
        const bool is_indented = text.front() == ' ' || text.front() == '\t';
        if (is_indented) {
            player.add_to_config(line.words);
            return std::nullopt;
        }
        if (line.words.at(0) == "campaign" && !line.expected) {
            player.begin_campaign(line.words);
            return std::nullopt;
        }
        if (line.words[0] == "config") {
            player.begin_config(line.words);
            return std::nullopt;
        }
        return player.run(line);
    } catch (const std::exception& error) {
        return std::string{"cannot be read: "} + error.what();
    }
}

std::optional<std::string> play_all(ScenarioPlayer& player, const std::string& text,
                                    const std::string& name) {
    std::istringstream in(text);
    std::size_t number = 0;
    const auto at = [&](const std::string& wrong, const std::string& line) {
        return name + ":" + std::to_string(number) + ": " + wrong + "\n    " + line;
    };
    for (std::string line; std::getline(in, line);) {
        ++number;
        const std::string command = without_comment(line);
        if (command.find_first_not_of(" \t\r") == std::string::npos) {
            continue;
        }
        if (const auto wrong = play(player, command)) {
            return at(*wrong, line);
        }
    }
    if (const auto wrong = player.finish()) {
        return at(*wrong, "(end of the table)");
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> run_scenario_text(const std::string& text, const std::string& name) {
    ScenarioPlayer player;
    return play_all(player, text, name);
}

std::optional<std::string> run_scenario_text(const std::string& text, const std::string& name,
                                             std::vector<ModelJournal::Kept>& journal) {
    ScenarioPlayer player;
    auto wrong = play_all(player, text, name);
    journal = player.journal();
    return wrong;
}

std::optional<std::string> run_scenario(const std::string& path,
                                        std::vector<ModelJournal::Kept>& journal) {
    std::ifstream file(path);
    if (!file) {
        return path + ": cannot be opened";
    }
    std::ostringstream text;
    text << file.rdbuf();
    return run_scenario_text(text.str(), path.substr(path.rfind('/') + 1), journal);
}

std::optional<std::string> run_scenario(const std::string& path) {
    std::vector<ModelJournal::Kept> journal;
    return run_scenario(path, journal);
}

}  // namespace stampede::tests
