// SPDX-License-Identifier: Apache-2.0
// A reader that has caught up rests for a millisecond before it lets itself be woken: under load it
// then finds a handful of commits at a time and costs the journal thread no wake-ups.
#include "storage/commit_reader.hpp"

#include <algorithm>
#include <thread>

namespace stampede::storage {

namespace {
constexpr std::chrono::milliseconds rest_when_caught_up{1};
}

std::shared_ptr<ConsumerCursor> ConsumerRegistry::add(std::string name, Hold hold,
                                                      CommitNumber start) {
    auto cursor = std::make_shared<ConsumerCursor>(std::move(name), hold, start);
    const std::lock_guard lock{mutex_};
    cursors_.push_back(cursor);
    return cursor;
}

CommitNumber ConsumerRegistry::slowest_holder(CommitNumber otherwise) const {
    CommitNumber slowest = otherwise;
    for (const auto& cursor : all()) {
        if (cursor->hold() == Hold::holds_the_journal) {
            slowest = std::min(slowest, cursor->done());
        }
    }
    return slowest;
}

std::vector<std::shared_ptr<const ConsumerCursor>> ConsumerRegistry::all() const {
    const std::lock_guard lock{mutex_};
    std::erase_if(cursors_, [](const auto& cursor) { return cursor.expired(); });
    std::vector<std::shared_ptr<const ConsumerCursor>> alive;
    for (const auto& cursor : cursors_) {
        if (auto one = cursor.lock()) {
            alive.push_back(std::move(one));
        }
    }
    return alive;
}

Result<std::optional<engine::DurableCommit>> CommitReader::next(
    CommitNumber after, std::chrono::milliseconds patience) {
    const auto shared = next_shared(after, patience);
    if (!shared.has_value()) {
        return shared.error();
    }
    if (!*shared) {
        return std::optional<engine::DurableCommit>{};
    }
    const engine::Commit& commit = (*shared)->commit();
    return std::optional{engine::DurableCommit{commit.number, (*shared)->stored().writer.epoch,
                                               commit.journal_time, commit.signature, commit.frames,
                                               *shared}};
}

Result<CommitNumber> CommitReader::oldest() const {
    const auto kept = store_.kept();
    if (!kept.has_value()) {
        return kept.error();
    }
    const auto oldest =
        archive_.oldest_before(*kept ? std::optional{(*kept)->first} : std::nullopt);
    if (!oldest.has_value()) {
        return oldest.error();
    }
    return std::max(*oldest, CommitNumber{1});
}

Result<std::shared_ptr<const SharedCommit>> CommitReader::next_shared(
    CommitNumber after, std::chrono::milliseconds patience) {
    const CommitNumber wanted = after.next();
    if (!batch_.empty() && batch_.front()->number() == wanted) {
        auto commit = std::move(batch_.front());
        batch_.pop_front();
        return commit;
    }
    batch_.clear();
    if (tail_.newest() < wanted) {
        const auto nap = std::min(patience, rest_when_caught_up);
        std::this_thread::sleep_for(nap);
        if (!tail_.wait_beyond(after, patience - nap)) {
            return std::shared_ptr<const SharedCommit>{};
        }
    }
    if (auto commit = tail_.find(wanted)) {
        return commit;
    }
    if (auto filled = fill_batch(wanted, tail_.newest()); !filled.has_value()) {
        return filled.error();
    }
    if (batch_.empty()) {
        return fault("commit " + std::to_string(wanted.raw()) +
                     " is kept neither in the journal nor in the archive");
    }
    auto commit = std::move(batch_.front());
    batch_.pop_front();
    return commit;
}

Result<> CommitReader::fill_batch(CommitNumber first, CommitNumber newest) {
    const CommitRange range{first,
                            std::min(newest, CommitNumber{first.raw() + batch_commits_max - 1})};
    std::size_t bytes = 0;
    const CommitVisitor take = [&](CommitNumber number,
                                   std::span<const std::byte> value) -> Result<Walk> {
        const CommitNumber expected = batch_.empty() ? first : batch_.back()->number().next();
        if (number != expected || bytes > batch_bytes_max) {
            return Walk::stop;
        }
        const auto stored = decode_commit(number, value);
        if (!stored.has_value()) {
            return stored.error();
        }
        bytes += value.size();
        batch_.push_back(SharedCommit::copy_of(*stored, value));
        return Walk::go_on;
    };
    if (auto visited = store_.visit(range, take); !visited.has_value() || !batch_.empty()) {
        return visited;
    }
    // Trimming seals before it drops: what left the store is in the archive.
    return archive_.visit(range, take);
}

}  // namespace stampede::storage
