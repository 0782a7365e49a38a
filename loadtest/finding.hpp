// SPDX-License-Identifier: Apache-2.0
// What the oracle says about one invariant. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stampede::loadtest {

struct Finding {
    std::string invariant;  // stable name, as in the JSON report
    std::string claim;      // one sentence that must be true
    std::uint64_t checked = 0;
    std::uint64_t broken = 0;
    /// The first few breaches, for a person.
    std::vector<std::string> examples;

    Finding(std::string_view name, std::string_view sentence) : invariant(name), claim(sentence) {}

    void expect(bool holds, const auto& describe) {
        checked += 1;
        if (!holds) {
            broken += 1;
            if (examples.size() < 5) {
                examples.push_back(describe());
            }
        }
    }
};

}  // namespace stampede::loadtest
