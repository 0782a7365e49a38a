// SPDX-License-Identifier: Apache-2.0
// A request of the mall's door that waits, for answers from the loop or for the follower. Internal
// to the mall's door.
#pragma once

#include <string>
#include <vector>

#include "net/mall_door.hpp"

namespace stampede::net {

struct MallDoor::Task {
    Exchange* exchange = nullptr;
    MallRoute route;
    ApiCaller caller;
    std::string query;
    std::string body;  // padded; of acts that must read the campaign first
    std::size_t body_bytes = 0;
    std::optional<std::uint64_t> key_digest;  // with an Idempotency-Key

    // Acts
    bool is_act = false;
    std::vector<campaigns::Command> commands;
    std::vector<campaigns::FieldNote> warnings;
    bool id_is_ours = false;  // the campaign's id was chosen here, and may be chosen again
    std::size_t tries = 0;
    std::vector<campaigns::Answer> answers;  // by position
    std::size_t answers_missing = 0;
    CommitNumber rests_on;

    // Reads
    CommitNumber at_least;
    std::int64_t patience_ms = 0;
};

}  // namespace stampede::net
