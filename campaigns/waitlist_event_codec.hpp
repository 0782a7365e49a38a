// SPDX-License-Identifier: Apache-2.0
// Registers the events of the waitlist; their byte table is in waitlist_event_codec.cpp.
#pragma once

#include "campaigns/event_family.hpp"

namespace stampede::campaigns {

[[nodiscard]] EventFamily waitlist_events();

}  // namespace stampede::campaigns
