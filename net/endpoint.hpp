// SPDX-License-Identifier: Apache-2.0
// Addresses as the doors know them: where to listen, and who called. Values without a thread;
// IPv4 addresses are kept as IPv4-mapped IPv6, so that one comparison serves both families.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/vocabulary/result.hpp"

struct sockaddr;

namespace stampede::net {

class Endpoint {
  public:
    constexpr Endpoint() = default;
    /// `127.0.0.1:8080` or `[::1]:8080`; numeric only, no name is ever looked up. Port 0 asks the
    /// system for a free one.
    [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
    /// From what accept() or getsockname() filled in.
    [[nodiscard]] static Endpoint from(const sockaddr& address);

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] const std::array<std::uint8_t, 16>& address() const { return address_; }
    [[nodiscard]] bool is_ipv4() const;
    [[nodiscard]] bool is_loopback() const;
    /// The spelling that parse() takes.
    [[nodiscard]] std::string text() const;
    /// The address without the port.
    [[nodiscard]] std::string address_text() const;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

  private:
    std::array<std::uint8_t, 16> address_{};
    std::uint16_t port_ = 0;
};

}  // namespace stampede::net
