// SPDX-License-Identifier: Apache-2.0
// Links that starters share: who follows one before its group or bargain exists waits for it here.
// Owned by the crowd's thread.
#pragma once

#include <utility>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "loadtest/crowd_plan.hpp"
#include "loadtest/waiting_acts.hpp"

namespace stampede::loadtest {

class Links {
  public:
    struct Link {
        RecordId record;  // 0 until its starter was told
        BuyerId starter;
        ItemIndex item;
        std::vector<ActIndex> waiting;
        bool ordered = false;  // the starter of a bargain was told that he may buy
    };

    explicit Links(std::size_t count) : links_(count) {}

    [[nodiscard]] bool is_known(LinkIndex link) const { return at(link).record != RecordId{}; }
    [[nodiscard]] const Link& at(LinkIndex link) const { return links_[link.raw()]; }
    void wait(LinkIndex link, ActIndex act) { links_[link.raw()].waiting.push_back(act); }
    /// The first answer counts; those who waited, in the order of their coming.
    [[nodiscard]] std::vector<ActIndex> make_known(LinkIndex link, const Answer& answer) {
        Link& made = links_[link.raw()];
        if (made.record == RecordId{}) {
            made.record = answer.record;
            made.starter = answer.buyer;
            made.item = answer.item;
        }
        return std::exchange(made.waiting, {});
    }
    /// True once per link.
    [[nodiscard]] bool take_order(LinkIndex link) {
        return !std::exchange(links_[link.raw()].ordered, true);
    }

  private:
    std::vector<Link> links_;
};

}  // namespace stampede::loadtest
