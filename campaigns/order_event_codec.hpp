// SPDX-License-Identifier: Apache-2.0
// The events of family `order` as bytes; the layouts stand in order_event_codec.cpp.
#pragma once

#include "campaigns/event_family.hpp"

namespace stampede::campaigns {

[[nodiscard]] EventFamily order_events();

}  // namespace stampede::campaigns
