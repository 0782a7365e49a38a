// SPDX-License-Identifier: Apache-2.0
// Runs one scenario table on the real engine: a command a line, its expected answer after `=>`.
// After every line all invariants must hold, and a twin that replays the journal must be equal.
// tests/scenarios/README.md explains the language to whoever writes one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/model_journal.hpp"

namespace stampede::tests {

/// "file:line: expected …, got …", or empty when the whole table holds.
[[nodiscard]] std::optional<std::string> run_scenario(const std::string& path);
/// And what lies in its journal afterwards.
[[nodiscard]] std::optional<std::string> run_scenario(const std::string& path,
                                                      std::vector<ModelJournal::Kept>& journal);

/// The same for a text that is no file; `name` stands in the message.
[[nodiscard]] std::optional<std::string> run_scenario_text(const std::string& text,
                                                           const std::string& name);
[[nodiscard]] std::optional<std::string> run_scenario_text(
    const std::string& text, const std::string& name, std::vector<ModelJournal::Kept>& journal);

}  // namespace stampede::tests
