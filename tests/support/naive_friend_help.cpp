// SPDX-License-Identifier: Apache-2.0
#include "tests/support/naive_friend_help.hpp"

#include <algorithm>

namespace stampede::tests {

using campaigns::CampaignState;
using campaigns::Verb;

std::int64_t NaiveFriendHelp::sold(std::size_t item) const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        const auto& tier = rules_.tiers[order.tier];
        units += tier.item == item && !order.was_refunded ? tier.units : 0;
    }
    return units;
}

std::int64_t NaiveFriendHelp::available(std::size_t item) const {
    return rules_.stock[item] - sold(item) - removed_[item];
}

std::int64_t NaiveFriendHelp::helps_of(std::uint64_t helper,
                                       std::optional<std::int64_t> day) const {
    std::int64_t count = 0;
    for (const Rally& rally : rallies_) {
        count += std::ranges::count_if(rally.helps, [&](const Help& help) {
            return help.helper == helper && (!day || help.day == *day);
        });
    }
    return count;
}

// Time -------------------------------------------------------------------------------------------

void NaiveFriendHelp::advance() {
    if (state_ == CampaignState::scheduled && now_ms_ >= rules_.starts_ms) {
        state_ = CampaignState::live;
    }
    const bool runs = state_ == CampaignState::live || state_ == CampaignState::paused;
    if (runs && now_ms_ >= rules_.ends_ms) {
        state_ = CampaignState::ending;
    }
    for (Rally& rally : rallies_) {
        if (rally.state != State::open) {
            continue;
        }
        if (state_ == CampaignState::killed) {
            rally.state = State::cancelled;
        } else if (state_ == CampaignState::ending || now_ms_ >= rally.deadline_ms) {
            rally.state = State::lapsed;
        }
    }
    if (state_ == CampaignState::ending || state_ == CampaignState::killed) {
        for (std::size_t item = 0; item < removed_.size(); ++item) {
            removed_[item] += available(item);
        }
        state_ = state_ == CampaignState::ending ? CampaignState::ended : state_;
    }
}

void NaiveFriendHelp::move_to(std::int64_t now_ms) {
    std::set<std::int64_t> due{rules_.starts_ms, rules_.ends_ms, now_ms};
    for (const Rally& rally : rallies_) {
        due.insert(rally.deadline_ms);
    }
    for (const std::int64_t at : due) {
        if (at > now_ms_ && at <= now_ms) {
            now_ms_ = at;
            advance();
        }
    }
    now_ms_ = now_ms;
    advance();
}

// Acts -------------------------------------------------------------------------------------------

NaiveFriendHelp::Code NaiveFriendHelp::launch(std::uint64_t buyer) {
    if (state_ != CampaignState::live) {
        return state_ == CampaignState::killed      ? Code::killed
               : state_ == CampaignState::scheduled ? Code::not_started
               : state_ == CampaignState::paused    ? Code::paused
                                                    : Code::ended;
    }
    if (blocked_.contains(buyer)) {
        return Code::blocked;
    }
    std::int64_t launches = 0;
    for (const Rally& rally : rallies_) {
        if (rally.starter == buyer && rally.state == State::open) {
            return Code::launch_exists;
        }
        launches += rally.starter == buyer ? 1 : 0;
    }
    if (launches >= rules_.launches) {
        return Code::launch_limit;
    }
    const bool nothing_left = std::ranges::all_of(
        rules_.tiers, [&](const auto& tier) { return available(tier.item) < tier.units; });
    if (nothing_left) {
        return Code::sold_out;
    }
    if (!may_sell_) {
        return Code::busy;
    }
    Rally rally;
    rally.starter = buyer;
    rally.deadline_ms = std::min(now_ms_ + rules_.valid_ms, rules_.ends_ms);
    rallies_.push_back(rally);
    return Code::ok;
}

NaiveFriendHelp::Code NaiveFriendHelp::help(std::uint64_t helper, bool is_new, std::size_t index) {
    Rally& rally = rallies_[index];
    if (state_ == CampaignState::killed || state_ == CampaignState::paused) {
        return state_ == CampaignState::killed ? Code::killed : Code::paused;
    }
    if (blocked_.contains(helper)) {
        return Code::blocked;
    }
    if (helper == rally.starter) {
        return Code::help_self;
    }
    const bool stands_still = rally.state == State::open && blocked_.contains(rally.starter);
    if (rally.state == State::lapsed || rally.state == State::cancelled || stands_still) {
        return Code::bargain_ended;
    }
    if (std::ranges::count(rally.helps, helper, &Help::helper) > 0) {
        return Code::help_repeat;
    }
    if (rally.state == State::complete) {
        return Code::already_done;
    }
    if (rules_.new_only && !is_new) {
        return Code::new_buyers_only;
    }
    const bool is_at_limit =
        (rules_.helps > 0 && helps_of(helper, std::nullopt) >= rules_.helps) ||
        (rules_.helps_per_day > 0 && helps_of(helper, day()) >= rules_.helps_per_day);
    if (is_at_limit) {
        return Code::help_limit;
    }
    if (!may_sell_) {
        return Code::busy;
    }
    rally.helps.push_back({.helper = helper, .day = day()});
    for (std::size_t tier = 0; tier < rules_.tiers.size(); ++tier) {
        if (rules_.tiers[tier].helpers == rally.helps.size()) {
            const bool is_there = available(rules_.tiers[tier].item) >= rules_.tiers[tier].units;
            rally.rewards[tier] = is_there ? Reward::granted : Reward::ran_out;
            if (is_there) {
                orders_.push_back({.rally = index, .tier = tier});
            }
        }
    }
    if (rally.helps.size() == rules_.tiers.back().helpers) {
        rally.state = State::complete;
    }
    return Code::ok;
}

NaiveFriendHelp::Code NaiveFriendHelp::refund(std::size_t index) {
    Order& order = orders_[index];
    if (order.was_refunded) {
        return Code::refund_exceeds_paid;
    }
    order.was_refunded = true;
    if (state_ == CampaignState::ended || state_ == CampaignState::killed) {
        removed_[rules_.tiers[order.tier].item] += rules_.tiers[order.tier].units;
    }
    return Code::ok;
}

NaiveFriendHelp::Code NaiveFriendHelp::change(Verb verb) {
    const bool runs = state_ == CampaignState::scheduled || state_ == CampaignState::live ||
                      state_ == CampaignState::paused;
    if (verb == Verb::pause && runs && state_ != CampaignState::paused) {
        state_ = CampaignState::paused;
    } else if (verb == Verb::resume && state_ == CampaignState::paused) {
        state_ = now_ms_ < rules_.starts_ms ? CampaignState::scheduled : CampaignState::live;
    } else if (verb == Verb::end && runs) {
        state_ = CampaignState::ending;
    } else if (verb == Verb::kill && runs) {
        state_ = CampaignState::killed;
    } else {
        return Code::wrong_state;
    }
    return Code::ok;
}

NaiveFriendHelp::Code NaiveFriendHelp::add_stock(std::size_t item, std::int64_t delta) {
    if (state_ == CampaignState::ended || state_ == CampaignState::killed) {
        return Code::wrong_state;
    }
    if (available(item) + delta < 0) {
        return Code::stock_cut_too_large;
    }
    rules_.stock[item] += delta;
    return Code::ok;
}

}  // namespace stampede::tests
