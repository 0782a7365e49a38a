// SPDX-License-Identifier: Apache-2.0
// For a name that nobody knows, the known one that the writer most likely meant. Pure; any thread.
#pragma once

#include <span>
#include <string_view>

namespace stampede::net {

/// The nearest of `known` by insertions, deletions, changes and swaps of neighbours, letter case
/// aside; else the first that begins with `unknown`. Empty when none is near enough to be meant
/// (more than a third of the letters differ).
[[nodiscard]] std::string_view nearest_name(std::string_view unknown,
                                            std::span<const std::string_view> known);

}  // namespace stampede::net
