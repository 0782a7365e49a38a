// SPDX-License-Identifier: Apache-2.0
// What both makers share: sockets and the choice between them.
#include "loadtest/wire.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace stampede::loadtest {
namespace {

// Ports 32768..60999 are free by default; stay below that per source address.
constexpr std::uint32_t connections_per_source = 20'000;

Result<> allow_open_files(std::uint32_t connections) {
    constexpr rlim_t spare = 256;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return {};
    }
    const rlim_t needed = connections + spare;
    if (limit.rlim_cur >= needed) {
        return {};
    }
    limit.rlim_cur = needed;
    if (limit.rlim_max < needed) {
        limit.rlim_max = needed;  // root may raise it
    }
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return fault(std::to_string(connections) +
                     " connections need more open files than the limit allows; raise `ulimit -n`");
    }
    return {};
}

}  // namespace

int make_client_socket(const Endpoint& target, ConnectionIndex connection) {
    const int fd =
        ::socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
        return -1;
    }
    const int on = 1;
    const int send_bytes = 128 * 1024;  // the kernel doubles it for its own overhead
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    if (target.is_ipv4_loopback() && connection.raw() >= connections_per_source) {
        sockaddr_in source{};
        source.sin_family = AF_INET;
        source.sin_addr.s_addr =
            htonl((127u << 24) | (1 + connection.raw() / connections_per_source));
        // The port is chosen when connecting, so that one port serves many destinations.
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&source),  // the socket API's own cast
                   sizeof source) != 0) {
            ::close(fd);
            return -1;
        }
    }
    return fd;
}

Result<std::unique_ptr<Wire>> make_wire(const WireOptions& options, WireKind kind) {
    const Result<> allowed = allow_open_files(options.connections);
    if (!allowed.has_value()) {
        return allowed.error();
    }
    if (kind == WireKind::epoll) {
        return make_epoll_wire(options);
    }
    Result<std::unique_ptr<Wire>> uring = make_uring_wire(options);
    if (uring.has_value() || kind == WireKind::io_uring) {
        return uring;
    }
    return make_epoll_wire(options);
}

}  // namespace stampede::loadtest
