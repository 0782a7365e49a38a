// SPDX-License-Identifier: Apache-2.0
// The live door: progress of a group, a bargain, a sale. Its plays are not in this version, so its
// port is open and every path is answered 404. Quiet doors' thread.
#pragma once

#include "net/http_desk.hpp"

namespace stampede::net {

class LiveDoor final : public HttpDesk {
  public:
    explicit LiveDoor(DeskServices& services) : services_(services) {}
    void handle(Exchange& exchange) override;

  private:
    DeskServices& services_;
    ResponseWriter writer_;
    TextBuffer response_;
};

}  // namespace stampede::net
