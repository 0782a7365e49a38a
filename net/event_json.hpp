// SPDX-License-Identifier: Apache-2.0
// An event of the journal as one JSON object, for people and for the programs that audit: the line
// that `stampede journal print` writes. Field names are those of the doors. Pure.
#pragma once

#include "campaigns/event.hpp"
#include "engine/commit_feed.hpp"
#include "engine/frame.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

/// Appends {"commit":…,"receipt":…,"event":…,…} without a line end.
void append_event(TextBuffer& out, const engine::DurableCommit& commit, const engine::Frame& frame,
                  const campaigns::Event& event);

}  // namespace stampede::net
