// SPDX-License-Identifier: Apache-2.0
// An ADDR:PORT of a server, resolved once. Immutable, any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "engine/vocabulary/result.hpp"

namespace stampede::loadtest {

struct Endpoint {
    /// As written by the user; also what the Host header says.
    std::string text;
    sockaddr_storage address{};
    socklen_t address_bytes = 0;

    [[nodiscard]] const sockaddr* raw() const {
        return reinterpret_cast<const sockaddr*>(&address);  // the socket API's own cast
    }
    /// The loopback network has 2^24 source addresses, so ports do not run out there.
    [[nodiscard]] bool is_ipv4_loopback() const;
};

/// `host:port`, `[v6]:port`; names are resolved.
[[nodiscard]] Result<Endpoint> resolve_endpoint(std::string_view text);

}  // namespace stampede::loadtest
