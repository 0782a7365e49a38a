// SPDX-License-Identifier: Apache-2.0
#include "net/sale_census.hpp"

#include "campaigns/bargains.hpp"
#include "campaigns/group_buy_state.hpp"

namespace stampede::net {

namespace {

/// States are numbered from 1.
template <class State, class Sums, class Records>
void add(Sums& sums, std::size_t states, const Records& records) {
    static_assert(campaigns::group_state_count < record_states_max &&
                  campaigns::bargain_state_count < record_states_max);
    for (std::size_t state = 1; state <= states; ++state) {
        sums[state] += records.count_of(static_cast<State>(state));
    }
}

}  // namespace

void SaleCensus::count(const campaigns::Campaign& campaign) {
    holds_ += campaign.book().open_holds();
    if (const auto* play = campaigns::group_buy_of(campaign)) {
        add<campaigns::GroupState>(groups_, campaigns::group_state_count, play->groups());
    } else if (campaign.config().play == campaigns::Play::bargain) {
        add<campaigns::BargainState>(bargains_, campaigns::bargain_state_count,
                                     campaigns::bargains_of(campaign).book());
    }
}

void SaleCensus::show(ShardCounters& counters) const {
    counters.holds_open.set(holds_);
    for (std::size_t state = 0; state < record_states_max; ++state) {
        counters.groups[state].set(groups_[state]);
        counters.bargains[state].set(bargains_[state]);
    }
}

}  // namespace stampede::net
