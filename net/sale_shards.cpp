// SPDX-License-Identifier: Apache-2.0
#include "net/sale_shards.hpp"

template class stampede::engine::ShardSet<stampede::campaigns::CampaignMachine>;
