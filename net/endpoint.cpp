// SPDX-License-Identifier: Apache-2.0
// Reads and spells addresses through inet_pton and inet_ntop; no name is ever resolved here.
#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace stampede::net {
namespace {

constexpr std::array<std::uint8_t, 12> ipv4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Fault not_an_endpoint(std::string_view text) {
    return fault("'" + std::string{text} +
                 "' is not an address: write ADDRESS:PORT with a numeric address, for example "
                 "127.0.0.1:8080 or [::1]:8080");
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return not_an_endpoint(text);
    }
    std::string host{text.substr(0, colon)};
    const std::string_view port_text = text.substr(colon + 1);
    Endpoint endpoint;
    const auto [end, error] =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), endpoint.port_);
    if (error != std::errc{} || end != port_text.data() + port_text.size()) {
        return not_an_endpoint(text);
    }
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (inet_pton(AF_INET6, host.c_str(), endpoint.address_.data()) != 1) {
            return not_an_endpoint(text);
        }
        return endpoint;
    }
    std::copy(ipv4_prefix.begin(), ipv4_prefix.end(), endpoint.address_.begin());
    if (inet_pton(AF_INET, host.c_str(), endpoint.address_.data() + ipv4_prefix.size()) != 1) {
        return not_an_endpoint(text);
    }
    return endpoint;
}

Endpoint Endpoint::from(const sockaddr& address) {
    Endpoint endpoint;
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, &address, sizeof ipv6);
        std::memcpy(endpoint.address_.data(), &ipv6.sin6_addr, endpoint.address_.size());
        endpoint.port_ = ntohs(ipv6.sin6_port);
    } else if (address.sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof ipv4);
        std::copy(ipv4_prefix.begin(), ipv4_prefix.end(), endpoint.address_.begin());
        std::memcpy(endpoint.address_.data() + ipv4_prefix.size(), &ipv4.sin_addr, 4);
        endpoint.port_ = ntohs(ipv4.sin_port);
    }
    return endpoint;
}

bool Endpoint::is_ipv4() const {
    return std::equal(ipv4_prefix.begin(), ipv4_prefix.end(), address_.begin());
}

bool Endpoint::is_loopback() const {
    if (is_ipv4()) {
        return address_[12] == 127;
    }
    return address_[15] == 1 &&
           std::all_of(address_.begin(), address_.end() - 1, [](auto byte) { return byte == 0; });
}

std::string Endpoint::address_text() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_ipv4()) {
        inet_ntop(AF_INET, address_.data() + ipv4_prefix.size(), text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, address_.data(), text.data(), text.size());
    }
    return text.data();
}

std::string Endpoint::text() const {
    const std::string host = is_ipv4() ? address_text() : "[" + address_text() + "]";
    return host + ":" + std::to_string(port_);
}

}  // namespace stampede::net
