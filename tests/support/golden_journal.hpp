// SPDX-License-Identifier: Apache-2.0
// A golden journal: the commits of one deterministic sale and the stock that it must lead to, as a
// text that every later release replays. Lines:
//
//   layout LAYOUT              of the signatures that follow; 1 where no line says it
//   commit NUMBER TIME_MS SIGNATURE_HEX FRAMES_HEX
//   ledger CAMPAIGN ITEM AVAILABLE HELD SOLD RESERVE REMOVED
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/support/model_journal.hpp"
#include "tests/support/sale_rig.hpp"

namespace stampede::tests {

struct GoldenJournal {
    std::vector<ModelJournal::Kept> commits;
    std::vector<std::string> ledger;  // the lines, without their first word
};

/// Throws std::invalid_argument at a line that is none.
[[nodiscard]] GoldenJournal read_golden_journal(std::istream& in);
void write_golden_journal(const GoldenJournal& journal, std::ostream& out);

/// The ledger lines of every item of every campaign, in order.
[[nodiscard]] std::vector<std::string> ledger_lines(const SaleRig::Set& set);

}  // namespace stampede::tests
