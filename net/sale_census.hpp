// SPDX-License-Identifier: Apache-2.0
// What the campaigns in memory have, for the metrics: open holds, groups and bargains by state,
// added up from counts that each campaign keeps. The loop's thread, which owns the campaigns; it
// walks campaigns, never their records.
#pragma once

#include <array>
#include <cstdint>

#include "campaigns/campaign.hpp"
#include "net/server_counters.hpp"

namespace stampede::net {

class SaleCensus {
  public:
    void count(const campaigns::Campaign& campaign);
    void show(ShardCounters& counters) const;

  private:
    using Sums = std::array<std::int64_t, record_states_max>;

    std::int64_t holds_ = 0;
    Sums groups_{};
    Sums bargains_{};
};

}  // namespace stampede::net
