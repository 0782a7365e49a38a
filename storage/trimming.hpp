// SPDX-License-Identifier: Apache-2.0
// Takes old commits out of the journal: sealed into the archive first, then dropped by whole files.
// Follower thread.
#pragma once

#include "storage/archive.hpp"
#include "storage/commit_store.hpp"

namespace stampede::storage {

struct Trimmed {
    CommitNumber sealed;   // the archive reaches to here
    CommitNumber dropped;  // files with nothing but commits up to here have left the journal
};

/// Nothing after `up_to` leaves. Sealing goes on where the archive ends.
[[nodiscard]] Result<Trimmed> trim(CommitStore& store, const Archive& archive, CommitNumber up_to);

}  // namespace stampede::storage
