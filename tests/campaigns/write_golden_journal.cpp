// SPDX-License-Identifier: Apache-2.0
// Writes the golden journal of a release from a scenario table:
//   write_golden_journal --regenerate tests/scenarios/every-event.scenario
//       tests/golden/journal-0.1.0.txt
// A released golden journal is never written again; a new release adds a file.
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include "tests/support/golden_journal.hpp"
#include "tests/support/scenario.hpp"

namespace {

int write(const std::string& scenario, const std::string& path) {
    namespace tests = stampede::tests;
    tests::GoldenJournal journal;
    if (const auto wrong = tests::run_scenario(scenario, journal.commits)) {
        std::fprintf(stderr, "%s\n", wrong->c_str());
        return 1;
    }
    tests::SaleRig::Set set;
    for (const tests::ModelJournal::Kept& kept : journal.commits) {
        if (set.apply(kept.commit()).has_error()) {
            std::fprintf(stderr, "commit %llu cannot be replayed\n",
                         static_cast<unsigned long long>(kept.number.raw()));
            return 1;
        }
    }
    journal.ledger = tests::ledger_lines(set);
    std::ofstream file(path);
    file << "# The journal of one sale that makes every event, as this release wrote it. Made by\n"
            "# write_golden_journal from a scenario table; never changed once released.\n";
    tests::write_golden_journal(journal, file);
    return file.good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4 || std::string{argv[1]} != "--regenerate") {
        std::fprintf(stderr, "usage: write_golden_journal --regenerate SCENARIO FILE\n");
        return 2;
    }
    try {
        return write(argv[2], argv[3]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
