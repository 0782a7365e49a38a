// SPDX-License-Identifier: Apache-2.0
// Memory that is there before it is needed. The first touch of a page costs the core what ten
// orders cost, and a virtual machine's first touch of a page of 2 MiB some milliseconds, in the
// busiest second of all. Touched once and given back to malloc, the same pages serve the sale.
#pragma once

#include <cstdint>

#include "engine/vocabulary/result.hpp"

namespace stampede::net {

/// Any thread, before the work begins; takes about a second per GiB. From here on the process keeps
/// what it frees. Refuses more than the machine has free, with both figures.
[[nodiscard]] Result<> make_memory_ready(std::uint64_t bytes);

}  // namespace stampede::net
