// SPDX-License-Identifier: Apache-2.0
// One answer for everything; it rests on nothing.
#include "net/live_door.hpp"

namespace stampede::net {

void LiveDoor::handle(Exchange& exchange) {
    writer_.set_time(services_.wall_time());
    response_.clear();
    writer_.append_problem(response_, not_found("live progress is not available in this version"),
                           exchange.keep_alive());
    exchange.respond(response_.view(), CommitNumber{});
}

}  // namespace stampede::net
