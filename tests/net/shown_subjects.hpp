// SPDX-License-Identifier: Apache-2.0
// What the live door reads, as a test sets it: subjects with the fields of their events. For tests
// of the door itself; what a sale's state looks like there is tested with a sale.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "net/live_reads.hpp"

namespace stampede::net {

class ShownSubjects final : public LiveReads {
  public:
    /// One more commit, after which the subject looks so. `fields` end with a comma.
    CommitNumber set(const LiveSubject& subject, std::string fields, BuyerId buyer = {}) {
        const std::lock_guard lock(mutex_);
        const CommitNumber commit{applied_.load() + 1};
        subjects_[key(subject)] = {std::move(fields), buyer, commit};
        applied_.store(commit.raw());
        return commit;
    }
    void remove(const LiveSubject& subject) {
        const std::lock_guard lock(mutex_);
        subjects_.erase(key(subject));
        applied_.fetch_add(1);
    }
    /// Commits that concern nothing here.
    void pass(std::uint64_t commits) { applied_.fetch_add(commits); }

    [[nodiscard]] CommitNumber applied() const override { return CommitNumber{applied_.load()}; }
    CommitNumber look(std::span<LiveLook> looks) override {
        const std::lock_guard lock(mutex_);
        for (LiveLook& look : looks) {
            ++looks_;
            const auto found = subjects_.find(key(look.subject));
            look.unchanged = found != subjects_.end() && look.seen != CommitNumber{} &&
                             found->second.touched <= look.seen;
            if (look.unchanged) {
                continue;
            }
            look.fields.clear();
            if (found == subjects_.end()) {
                look.code = look.subject.kind == SubjectKind::order
                                ? campaigns::Code::order_unknown
                                : campaigns::Code::campaign_unknown;
                continue;
            }
            look.code = campaigns::Code::ok;
            look.buyer = found->second.buyer;
            look.sequence = Sequence{found->second.touched.raw()};
            look.fields.append(found->second.fields);
        }
        return applied();
    }
    [[nodiscard]] std::uint64_t looks() {
        const std::lock_guard lock(mutex_);
        return looks_;
    }

  private:
    struct Shown {
        std::string fields;
        BuyerId buyer;
        CommitNumber touched;
    };
    using Key = std::pair<std::uint64_t, std::pair<std::uint8_t, std::uint64_t>>;
    static Key key(const LiveSubject& subject) {
        return {subject.campaign.raw(), {static_cast<std::uint8_t>(subject.kind), subject.id}};
    }

    std::mutex mutex_;
    std::map<Key, Shown> subjects_;
    std::uint64_t looks_ = 0;
    std::atomic<std::uint64_t> applied_{1};
};

}  // namespace stampede::net
