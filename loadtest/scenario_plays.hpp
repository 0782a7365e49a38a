// SPDX-License-Identifier: Apache-2.0
// The parts of a scenario that only group-buys and bargains have. Start-up.
#pragma once

#include "loadtest/field_reader.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

/// `play`, `group` and `bargain` of [campaign] or [sale]; call it after the items were read.
void read_play(FieldReader& reader, std::vector<std::string>& mistakes, Sale& sale);
/// [sharing].
void read_sharing(const toml::table* table, std::vector<std::string>& mistakes, Sharing& sharing);
/// What does not fit together.
void judge_play(const Scenario& scenario, std::vector<std::string>& mistakes);

}  // namespace stampede::loadtest
