// SPDX-License-Identifier: Apache-2.0
// A crash between sealing and dropping leaves commits in both places; the next trimming then finds
// them sealed and only drops them.
#include "storage/trimming.hpp"

#include <algorithm>

namespace stampede::storage {

Result<Trimmed> trim(CommitStore& store, const Archive& archive, CommitNumber up_to) {
    const auto kept = store.kept();
    if (!kept.has_value()) {
        return kept.error();
    }
    if (!*kept || up_to < (*kept)->first) {
        return Trimmed{};
    }
    const auto files = archive.files();
    if (!files.has_value()) {
        return files.error();
    }
    CommitNumber sealed{(*kept)->first.raw() - 1};
    if (!files->empty()) {
        sealed = std::max(sealed, files->back().range.last);
    }
    if (sealed < up_to) {
        const auto done = archive.seal(store, {sealed.next(), up_to});
        if (!done.has_value()) {
            return done.error();
        }
        sealed = *done;
    }
    const CommitNumber last = std::min(sealed, up_to);
    if (auto dropped = store.drop_up_to(last); !dropped.has_value()) {
        return dropped.error();
    }
    return Trimmed{sealed, last};
}

}  // namespace stampede::storage
