// SPDX-License-Identifier: Apache-2.0
// Reads the fields of one table of a scenario file and remembers every mistake, so that a scenario
// with ten mistakes gets ten messages. A key that nobody asked for is a mistake too, and the
// message names the nearest key that exists. Used at start-up only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace stampede::loadtest {

/// The candidate with the fewest edits from `word`; empty when none is near enough to be meant.
[[nodiscard]] std::string nearest_word(std::string_view word,
                                       const std::vector<std::string>& candidates);

class FieldReader {
  public:
    /// `table` may be null: every field is then absent. `path` is "" for the top of the file.
    FieldReader(const toml::table* table, std::string path, std::vector<std::string>& mistakes);

    [[nodiscard]] bool has(std::string_view key) const;
    void text(std::string_view key, std::string& value);
    void flag(std::string_view key, bool& value);
    struct Range {
        double least;
        double most;
    };
    void number(std::string_view key, Range range, double& value);
    /// A share of all: 0..1.
    void share(std::string_view key, double& value) { number(key, {0, 1}, value); }
    template <class Integer>
    void integer(std::string_view key, Range range, Integer& value) {
        double wide = static_cast<double>(value);
        whole(key, range, wide);
        value = static_cast<Integer>(wide);
    }
    void milliseconds(std::string_view key, std::chrono::nanoseconds& value);
    void seconds(std::string_view key, std::chrono::nanoseconds& value);
    void texts(std::string_view key, std::vector<std::string>& value);
    /// The sub-table, or null; a value of another kind is a mistake.
    [[nodiscard]] const toml::table* table(std::string_view key);
    [[nodiscard]] const toml::array* array(std::string_view key);
    [[nodiscard]] std::string path_of(std::string_view key) const;
    void mistake(std::string_view key, std::string_view message);
    /// Names the keys that no call above asked for. Call it last.
    void finish();

  private:
    const toml::node* find(std::string_view key);
    void whole(std::string_view key, Range range, double& value);

    const toml::table* table_;
    std::string path_;
    std::vector<std::string>& mistakes_;
    std::vector<std::string> asked_;
};

}  // namespace stampede::loadtest
