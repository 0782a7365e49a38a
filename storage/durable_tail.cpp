// SPDX-License-Identifier: Apache-2.0
// The lock is held for pointer work only, so that a slow reader never delays the journal thread.
#include "storage/durable_tail.hpp"

#include "engine/vocabulary/check.hpp"

namespace stampede::storage {

std::shared_ptr<const SharedCommit> SharedCommit::copy_of(const StoredCommit& stored,
                                                          std::span<const std::byte> value) {
    auto commit = std::make_shared<SharedCommit>();
    commit->value_.assign(value.begin(), value.end());
    commit->stored_ = stored;
    commit->stored_.commit.frames = std::span<const std::byte>{commit->value_}.subspan(
        commit_header_bytes, value.size() - commit_header_bytes - sizeof(Digest));
    return commit;
}

void DurableTail::push(std::shared_ptr<const SharedCommit> commit) {
    std::vector<std::shared_ptr<const SharedCommit>> leaving;  // freed outside the lock
    bool someone_waits = false;
    {
        const std::lock_guard lock{mutex_};
        const CommitNumber number = commit->number();
        check(number == newest().next(), "a gap in the tail of durable commits");
        bytes_ += commit->bytes().size();
        commits_.push_back(std::move(commit));
        newest_.store(number.raw(), std::memory_order_release);
        while (bytes_ > bytes_max_ && !commits_.empty()) {
            bytes_ -= commits_.front()->bytes().size();
            leaving.push_back(std::move(commits_.front()));
            commits_.pop_front();
        }
        someone_waits = waiting_ > 0;
    }
    if (someone_waits) {
        grew_.notify_all();
    }
}

std::shared_ptr<const SharedCommit> DurableTail::find(CommitNumber number) const {
    const std::lock_guard lock{mutex_};
    if (commits_.empty() || number < commits_.front()->number() || number > newest()) {
        return nullptr;
    }
    return commits_[number.raw() - commits_.front()->number().raw()];
}

bool DurableTail::wait_beyond(CommitNumber number, std::chrono::milliseconds patience) const {
    std::unique_lock lock{mutex_};
    ++waiting_;
    const bool grew = grew_.wait_for(lock, patience, [&] { return newest() > number; });
    --waiting_;
    return grew;
}

}  // namespace stampede::storage
