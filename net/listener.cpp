// SPDX-License-Identifier: Apache-2.0
// Opens the doors' listening sockets; called at start-up only.
#include "net/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "net/steady_time.hpp"

namespace stampede::net {
namespace {

// The kernel clips it to net.core.somaxconn; a crowd's first second needs every place.
constexpr int accept_backlog = 65535;

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    [[nodiscard]] sockaddr* raw() {
        return reinterpret_cast<sockaddr*>(&storage);  // the socket API's own convention
    }
};

SocketAddress socket_address(const Endpoint& endpoint) {
    SocketAddress address;
    if (endpoint.is_ipv4()) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(endpoint.port());
        std::memcpy(&ipv4.sin_addr, endpoint.address().data() + 12, 4);
        std::memcpy(&address.storage, &ipv4, sizeof ipv4);
        address.length = sizeof ipv4;
    } else {
        sockaddr_in6 ipv6{};
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(endpoint.port());
        std::memcpy(&ipv6.sin6_addr, endpoint.address().data(), 16);
        std::memcpy(&address.storage, &ipv6, sizeof ipv6);
        address.length = sizeof ipv6;
    }
    return address;
}

// Returns 0 or errno.
int bind_and_listen(int socket, const Endpoint& endpoint) {
    const int on = 1;
    SocketAddress address = socket_address(endpoint);
    if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        // Accepted sockets inherit it: a reply must not wait for the peer's delayed ACK.
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(socket, address.raw(), address.length) != 0 || listen(socket, accept_backlog) != 0) {
        return errno;
    }
    return 0;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = std::exchange(other.number_, -1);
    }
    return *this;
}

Descriptor::~Descriptor() {
    close();
}

void Descriptor::close() {
    if (number_ >= 0) {
        ::close(std::exchange(number_, -1));
    }
}

Result<Listener> Listener::open(const Endpoint& endpoint, Duration patience) {
    const SteadyTime give_up_at = read_steady_clock() + patience;
    for (;;) {
        // A fresh socket each time: a failed listen() leaves the old one bound.
        Descriptor socket{
            ::socket(endpoint.is_ipv4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (!socket.is_open()) {
            return fault("cannot make a socket for " + endpoint.text() + ": " +
                         std::strerror(errno));
        }
        const int error = bind_and_listen(socket.number(), endpoint);
        if (error == 0) {
            SocketAddress bound;
            bound.length = sizeof bound.storage;
            if (getsockname(socket.number(), bound.raw(), &bound.length) != 0) {
                return fault("cannot read the address bound for " + endpoint.text() + ": " +
                             std::strerror(errno));
            }
            return Listener{std::move(socket), Endpoint::from(*bound.raw())};
        }
        if (error != EADDRINUSE) {
            return fault("cannot listen on " + endpoint.text() + ": " + std::strerror(error));
        }
        if (read_steady_clock() >= give_up_at) {
            return fault("cannot listen on " + endpoint.text() +
                         ": the port is in use by another server; stop it or choose another port");
        }
        usleep(10'000);
    }
}

void Listener::close() {
    if (socket_.is_open()) {
        ::shutdown(socket_.number(), SHUT_RDWR);
        socket_.close();
    }
}

}  // namespace stampede::net
