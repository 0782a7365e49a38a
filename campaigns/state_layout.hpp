// SPDX-License-Identifier: Apache-2.0
// The number of the layout that the state's records have under their digests. It travels beside the
// signature in every commit and checkpoint, so that a journal of an older release replays: its
// signatures were sums over other records, and are not compared. Raise it by one, once a release,
// with the first change of any record that a digest covers (here or in the engine's ledger).
//
//   1  earlier builds of 0.1.0: the flash sale
//   2  waitlist, stock per slot, group-buy, bargain
#pragma once

#include "engine/vocabulary/signature.hpp"

namespace stampede::campaigns {

inline constexpr StateLayout state_layout{2};

}  // namespace stampede::campaigns
