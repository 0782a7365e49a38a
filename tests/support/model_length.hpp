// SPDX-License-Identifier: Apache-2.0
// How long the random walks against a slow model are: what the environment says, or what a build
// has time for. One thread.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace stampede::tests {

[[nodiscard]] inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace stampede::tests
