// SPDX-License-Identifier: Apache-2.0
// The epoll back end, for kernels and containers that refuse io_uring. One system call per send and
// per receive: it costs about twice as much, and the report says which back end was used.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "loadtest/wire.hpp"

namespace stampede::loadtest {
namespace {

class EpollWire final : public Wire {
  public:
    EpollWire(const WireOptions& options, int poll)
        : target_(options.target), poll_(poll), lives_(options.connections) {}
    EpollWire(const EpollWire&) = delete;
    EpollWire& operator=(const EpollWire&) = delete;
    ~EpollWire() override {
        for (const Life& life : lives_) {
            if (life.fd >= 0) {
                ::close(life.fd);
            }
        }
        ::close(poll_);
    }

    void open(ConnectionIndex connection) override;
    void send(ConnectionIndex connection, std::string_view bytes) override;
    void close(ConnectionIndex connection) override;
    void wait(WireEvents& events, unsigned at_least, std::chrono::nanoseconds at_most) override;
    [[nodiscard]] std::string_view name() const override { return "epoll"; }

  private:
    struct Life {
        int fd = -1;
        bool connecting = false;
        std::uint32_t generation = 0;
    };
    struct Failure {
        ConnectionIndex connection;
        int error;
    };

    void watch(ConnectionIndex connection, std::uint32_t what, int operation);
    void handle(const epoll_event& event, WireEvents& events);
    void end(ConnectionIndex connection, int error, WireEvents& events);

    Endpoint target_;
    int poll_;
    std::vector<Life> lives_;
    std::vector<Failure> failures_;  // told at the next wait, not from within open() or send()
    std::array<char, 64 * 1024> buffer_{};
};

void EpollWire::watch(ConnectionIndex connection, std::uint32_t what, int operation) {
    const Life& life = lives_[connection.raw()];
    epoll_event event{};
    event.events = what;
    event.data.u64 = (std::uint64_t{life.generation} << 32) | connection.raw();
    ::epoll_ctl(poll_, operation, life.fd, &event);
}

void EpollWire::open(ConnectionIndex connection) {
    Life& life = lives_[connection.raw()];
    check(life.fd < 0, "a connection is opened once");
    life.fd = make_client_socket(target_, connection);
    if (life.fd < 0) {
        failures_.push_back({connection, errno});
        return;
    }
    life.connecting = true;
    if (::connect(life.fd, target_.raw(), target_.address_bytes) != 0 && errno != EINPROGRESS) {
        failures_.push_back({connection, errno});
        return;
    }
    watch(connection, EPOLLOUT, EPOLL_CTL_ADD);
}

void EpollWire::send(ConnectionIndex connection, std::string_view bytes) {
    const ssize_t sent = ::send(lives_[connection.raw()].fd, bytes.data(), bytes.size(),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(bytes.size())) {
        failures_.push_back({connection, sent < 0 ? errno : ENOBUFS});
    }
}

void EpollWire::close(ConnectionIndex connection) {
    Life& life = lives_[connection.raw()];
    if (life.fd >= 0) {
        ::shutdown(life.fd, SHUT_RDWR);
        ::close(life.fd);
        life.fd = -1;
        life.generation += 1;
    }
}

void EpollWire::end(ConnectionIndex connection, int error, WireEvents& events) {
    close(connection);
    events.closed(connection, error);
}

void EpollWire::handle(const epoll_event& event, WireEvents& events) {
    const ConnectionIndex connection{static_cast<std::uint32_t>(event.data.u64)};
    Life& life = lives_[connection.raw()];
    if (life.fd < 0 || life.generation != static_cast<std::uint32_t>(event.data.u64 >> 32)) {
        return;
    }
    if (life.connecting) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(life.fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            end(connection, error, events);
            return;
        }
        life.connecting = false;
        watch(connection, EPOLLIN, EPOLL_CTL_MOD);
        events.opened(connection);
        return;
    }
    const ssize_t got = ::recv(life.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got > 0) {
        events.received(connection, {buffer_.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        end(connection, got == 0 ? 0 : errno, events);
    }
}

void EpollWire::wait(WireEvents& events, unsigned /*at_least*/, std::chrono::nanoseconds at_most) {
    std::array<epoll_event, 256> ready;
    timespec limit{};
    if (failures_.empty() && at_most.count() > 0) {
        limit.tv_sec = at_most.count() / 1'000'000'000;
        limit.tv_nsec = at_most.count() % 1'000'000'000;
    }
    const int count =
        ::epoll_pwait2(poll_, ready.data(), static_cast<int>(ready.size()), &limit, nullptr);
    for (const Failure failure : std::exchange(failures_, {})) {
        end(failure.connection, failure.error, events);
    }
    for (int at = 0; at < count; ++at) {
        handle(ready[static_cast<std::size_t>(at)], events);
    }
}

}  // namespace

Result<std::unique_ptr<Wire>> make_epoll_wire(const WireOptions& options) {
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    if (poll < 0) {
        return fault(std::string{"epoll is not available: "} + std::strerror(errno));
    }
    return std::unique_ptr<Wire>{std::make_unique<EpollWire>(options, poll)};
}

}  // namespace stampede::loadtest
