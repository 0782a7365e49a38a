// SPDX-License-Identifier: Apache-2.0
// The plays beyond the flash sale, which needs no record beside its orders: one line each, and the
// only place that names them all. Their order here is that of Event's alternatives; their numbers
// in the journal are their own. docs/how-to/add-a-play.md walks through a new one.
#pragma once

#include "campaigns/bargain.hpp"
#include "campaigns/friend_help.hpp"
#include "campaigns/group_buy.hpp"
#include "campaigns/play_list.hpp"

namespace stampede::campaigns {

using Plays = PlayList<GroupBuy, BargainPlay, FriendHelp>;

}  // namespace stampede::campaigns
