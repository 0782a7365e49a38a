// SPDX-License-Identifier: Apache-2.0
// The events of family `seckill` as bytes; the layouts stand in seckill_event_codec.cpp.
#pragma once

#include "campaigns/event_family.hpp"

namespace stampede::campaigns {

[[nodiscard]] EventFamily seckill_events();

}  // namespace stampede::campaigns
