// SPDX-License-Identifier: Apache-2.0
// The engine with this product's plays in it: the one instantiation that the server, its follower
// and the commands that read a journal share.
#pragma once

#include "campaigns/campaign_machine.hpp"
#include "engine/shard_set.hpp"

namespace stampede::net {

using Shards = engine::ShardSet<campaigns::CampaignMachine>;

}  // namespace stampede::net

extern template class stampede::engine::ShardSet<stampede::campaigns::CampaignMachine>;
