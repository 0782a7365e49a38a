// SPDX-License-Identifier: Apache-2.0
// The mall's back end as seen by the server: a blocking HTTP/1.1 client for the mall's door, one
// request at a time on one keep-alive connection. It reconnects by itself, and repeats a request
// whose answer was lost: every POST here carries an Idempotency-Key or is idempotent by its ids.
// One thread per object.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/vocabulary/result.hpp"
#include "loadtest/endpoint.hpp"
#include "loadtest/response_scanner.hpp"

namespace stampede::loadtest {

struct DoorReply {
    int status = 0;
    std::string body;
    /// The body as JSON; null when it is none.
    [[nodiscard]] boost::json::value json() const;
};

class MallDoor {
  public:
    /// No identity is sent when `api_key` is empty: the public reads of the buyers' door.
    /// `patience`: how long a request is repeated while the server cannot be reached.
    MallDoor(Endpoint endpoint, std::string api_key, std::chrono::milliseconds patience);
    ~MallDoor();
    MallDoor(const MallDoor&) = delete;
    MallDoor& operator=(const MallDoor&) = delete;

    [[nodiscard]] Result<DoorReply> get(std::string_view target);
    /// `key` is the Idempotency-Key; none when empty.
    [[nodiscard]] Result<DoorReply> post(std::string_view target, std::string_view body,
                                         std::string_view key);
    /// A request with headers of one's own instead of the API key: for the buyers' door.
    [[nodiscard]] Result<DoorReply> send(std::string_view request_head_and_body);

  private:
    [[nodiscard]] std::optional<DoorReply> try_once(std::string_view request);
    bool connect();
    void disconnect();

    Endpoint endpoint_;
    std::string api_key_;
    std::chrono::milliseconds patience_;
    int fd_ = -1;
};

}  // namespace stampede::loadtest
