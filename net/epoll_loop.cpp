// SPDX-License-Identifier: Apache-2.0
// Level-triggered epoll. One turn: wait; read once from every connection that is ready; tell what
// was sent last turn; end the turn; then send what the handler asked for. Sends are made after the
// turn, so that sent() never comes from inside send().
#include "net/epoll_loop.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "net/connection_slots.hpp"
#include "net/doorbell.hpp"

namespace stampede::net {
namespace {

constexpr int events_per_turn_max = 1024;
constexpr std::size_t accepts_per_turn_max = 256;
// Keys of epoll_event.data that are no connection: slots end far below.
constexpr std::uint32_t doorbell_slot = 0xFFFF'FFFF;
constexpr std::uint32_t listener_slot = 0xFFFF'FFFE;

struct EpollConnection {
    int descriptor = -1;
    std::span<const char> outgoing;  // the handler's bytes, until sent() is told
    std::size_t just_sent = 0;
    std::uint32_t interest = 0;
    bool paused = false;
    bool draining = false;
    bool closing = false;
    bool peer_finished = false;
    CloseReason reason = CloseReason::peer_closed;
};

class EpollLoop final : public EventLoop {
  public:
    explicit EpollLoop(const EventLoopOptions& options)
        : slots_(options.connections_max),
          epoll_(epoll_create1(EPOLL_CLOEXEC)),
          scratch_(receive_bytes_max + input_padding_bytes) {}
    ~EpollLoop() override { close_everything(); }
    [[nodiscard]] Result<> start();

    [[nodiscard]] std::string_view description() const override { return "epoll"; }
    void listen(Listener listener) override { listeners_.push_back(std::move(listener)); }
    void stop_listening() override;
    void run(LoopHandler& handler) override;
    void stop() override;
    void wake() override { doorbell_.ring(); }
    void send(ConnectionId id, std::span<const char> bytes) override;
    void pause_reading(ConnectionId id) override;
    void resume_reading(ConnectionId id) override;
    void close(ConnectionId id) override;
    void close_after_drain(ConnectionId id) override;
    [[nodiscard]] SteadyTime now() const override { return now_; }
    [[nodiscard]] const LoopCounters& counters() const override { return counters_; }

  private:
    struct Drain {
        ConnectionId id;
        SteadyTime deadline;
    };
    void watch(int operation, int descriptor, ConnectionId key, std::uint32_t events);
    void watch_listeners(int operation);
    void set_interest(ConnectionId id, EpollConnection& connection);
    [[nodiscard]] std::size_t wait();
    void dispatch(const epoll_event& event);
    void accept_waiting(std::uint32_t listener);
    void read_once(ConnectionId id, EpollConnection& connection);
    void tell_sent();
    void write_queued();
    void write_once(ConnectionId id, EpollConnection& connection);
    void keep_time();
    void begin_close(ConnectionId id, EpollConnection& connection, CloseReason reason);
    void finish_closed();
    void close_everything();

    ConnectionSlots<EpollConnection> slots_;
    Descriptor epoll_;
    Doorbell doorbell_;
    LoopHandler* handler_ = nullptr;
    std::vector<Listener> listeners_;
    bool accept_resting_ = false;  // out of descriptors: until the next tick
    std::array<epoll_event, events_per_turn_max> events_{};
    std::vector<char> scratch_;
    std::vector<ConnectionId> to_send_;
    std::vector<ConnectionId> just_sent_;
    std::vector<ConnectionId> telling_;
    std::vector<ConnectionId> closing_;
    std::vector<ConnectionId> finishing_;
    std::deque<Drain> drains_;  // in order of their deadlines: the period is the same
    std::atomic<bool> stopping_{false};
    SteadyTime now_;
    SteadyTime next_tick_;
    LoopCounters counters_;
};

Result<> EpollLoop::start() {
    if (!epoll_.is_open()) {
        return fault(std::string{"cannot make an epoll instance: "} + std::strerror(errno));
    }
    watch(EPOLL_CTL_ADD, doorbell_.descriptor(), {doorbell_slot, 0}, EPOLLIN);
    return {};
}

void EpollLoop::watch(int operation, int descriptor, ConnectionId key, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = (std::uint64_t{key.slot} << 32) | key.generation;
    const int result = epoll_ctl(epoll_.number(), operation, descriptor, &event);
    check(result == 0 || errno == ENOMEM || errno == ENOSPC, "epoll_ctl failed");
}

void EpollLoop::watch_listeners(int operation) {
    for (std::uint32_t index = 0; index < listeners_.size(); ++index) {
        if (listeners_[index].descriptor() >= 0) {
            watch(operation, listeners_[index].descriptor(), {listener_slot, index},
                  accept_resting_ ? 0 : std::uint32_t{EPOLLIN});
        }
    }
}

void EpollLoop::stop_listening() {
    for (Listener& listener : listeners_) {
        listener.close();  // leaves the epoll set by itself
    }
}

// One turn ---------------------------------------------------------------------------------------

void EpollLoop::run(LoopHandler& handler) {
    handler_ = &handler;
    for (const Listener& listener : listeners_) {
        const int flags = fcntl(listener.descriptor(), F_GETFL);
        fcntl(listener.descriptor(), F_SETFL, flags | O_NONBLOCK);
    }
    watch_listeners(EPOLL_CTL_ADD);
    now_ = read_steady_clock();
    next_tick_ = now_ + tick_period;
    while (!stopping_.load(std::memory_order_acquire)) {
        const std::size_t ready = wait();
        now_ = read_steady_clock();
        ++counters_.turns;
        tell_sent();
        for (std::size_t at = 0; at < ready; ++at) {
            dispatch(events_[at]);
        }
        keep_time();
        if (doorbell_.answered()) {
            handler_->woken();
        }
        finish_closed();
        handler_->turn_ended();
        write_queued();
    }
    close_everything();
}

void EpollLoop::stop() {
    stopping_.store(true, std::memory_order_release);
    doorbell_.ring();
}

std::size_t EpollLoop::wait() {
    int timeout_ms = 0;
    const bool idle = just_sent_.empty() && closing_.empty();
    const bool sleeping = idle && doorbell_.fall_asleep();
    if (sleeping) {
        ++counters_.sleeps;
        timeout_ms = next_tick_ > now_ ? static_cast<int>((next_tick_ - now_).ms()) : 0;
    }
    const int ready = epoll_wait(epoll_.number(), events_.data(), events_per_turn_max, timeout_ms);
    if (sleeping) {
        doorbell_.get_up();
    }
    check(ready >= 0 || errno == EINTR, "epoll_wait failed");
    return ready < 0 ? 0 : static_cast<std::size_t>(ready);
}

void EpollLoop::dispatch(const epoll_event& event) {
    const ConnectionId key{static_cast<std::uint32_t>(event.data.u64 >> 32),
                           static_cast<std::uint32_t>(event.data.u64 & 0xFFFF'FFFF)};
    if (key.slot == doorbell_slot) {
        std::uint64_t rings = 0;
        const ssize_t taken = read(doorbell_.descriptor(), &rings, sizeof rings);
        check(taken == sizeof rings || errno == EINTR, "cannot read the doorbell");
        return;
    }
    if (key.slot == listener_slot) {
        accept_waiting(key.generation);
        return;
    }
    EpollConnection* const connection = slots_.find(key);
    if (connection == nullptr || connection->closing) {
        return;
    }
    if ((event.events & EPOLLOUT) != 0) {
        write_once(key, *connection);
    }
    if (connection->closing) {
        return;
    }
    if ((connection->interest & EPOLLIN) != 0 &&
        (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        read_once(key, *connection);
    } else if ((event.events & (EPOLLHUP | EPOLLERR)) != 0 && connection->outgoing.empty()) {
        // Reported even while we do not read: the connection is dead in both directions.
        begin_close(key, *connection, CloseReason::peer_closed);
    }
}

void EpollLoop::accept_waiting(std::uint32_t listener) {
    for (std::size_t accepted = 0; accepted < accepts_per_turn_max; ++accepted) {
        if (listeners_[listener].descriptor() < 0) {
            return;
        }
        sockaddr_storage storage{};
        socklen_t length = sizeof storage;
        auto* const peer = reinterpret_cast<sockaddr*>(&storage);  // the socket API's convention
        Descriptor socket{accept4(listeners_[listener].descriptor(), peer, &length,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (!socket.is_open()) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
                ++counters_.accept_failures;
                accept_resting_ = true;
                watch_listeners(EPOLL_CTL_MOD);
            }
            return;
        }
        if (slots_.full()) {
            ++counters_.refused_full;
            continue;
        }
        const ConnectionId id = slots_.take();
        EpollConnection& connection = *slots_.find(id);
        connection.descriptor = socket.release();
        connection.interest = EPOLLIN;
        watch(EPOLL_CTL_ADD, connection.descriptor, id, connection.interest);
        ++counters_.accepted;
        handler_->opened(id, Endpoint::from(*peer));
    }
}

void EpollLoop::read_once(ConnectionId id, EpollConnection& connection) {
    const ssize_t count = recv(connection.descriptor, scratch_.data(), receive_bytes_max, 0);
    if (count > 0) {
        if (!connection.draining) {
            handler_->received(id, {scratch_.data(), static_cast<std::size_t>(count)});
        }
        return;
    }
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            begin_close(
                id, connection,
                errno == ECONNRESET ? CloseReason::peer_closed : CloseReason::connection_lost);
        }
        return;
    }
    connection.peer_finished = true;
    set_interest(id, connection);
    if (connection.draining) {
        begin_close(id, connection, CloseReason::closed_by_us);
    } else {
        handler_->peer_finished(id);
    }
}

void EpollLoop::tell_sent() {
    telling_.clear();
    telling_.swap(just_sent_);
    for (const ConnectionId id : telling_) {
        EpollConnection* const connection = slots_.find(id);
        if (connection != nullptr && !connection->closing) {
            handler_->sent(id, std::exchange(connection->just_sent, 0));
        }
    }
}

void EpollLoop::write_queued() {
    for (const ConnectionId id : to_send_) {
        EpollConnection* const connection = slots_.find(id);
        if (connection != nullptr && !connection->closing && !connection->outgoing.empty()) {
            write_once(id, *connection);
        }
    }
    to_send_.clear();
}

void EpollLoop::write_once(ConnectionId id, EpollConnection& connection) {
    const ssize_t count = ::send(connection.descriptor, connection.outgoing.data(),
                                 connection.outgoing.size(), MSG_NOSIGNAL);
    if (count > 0) {
        connection.outgoing = {};
        connection.just_sent = static_cast<std::size_t>(count);
        just_sent_.push_back(id);
    } else if (errno != EAGAIN && errno != EINTR) {
        begin_close(id, connection,
                    errno == EPIPE || errno == ECONNRESET ? CloseReason::peer_closed
                                                          : CloseReason::connection_lost);
        return;
    }
    set_interest(id, connection);
}

void EpollLoop::set_interest(ConnectionId id, EpollConnection& connection) {
    const bool reads = !connection.paused && !connection.peer_finished;
    const std::uint32_t wanted = (reads ? std::uint32_t{EPOLLIN} : 0) |
                                 (connection.outgoing.empty() ? 0 : std::uint32_t{EPOLLOUT});
    if (wanted != connection.interest) {
        connection.interest = wanted;
        watch(EPOLL_CTL_MOD, connection.descriptor, id, wanted);
    }
}

void EpollLoop::keep_time() {
    while (!drains_.empty() && drains_.front().deadline <= now_) {
        const ConnectionId id = drains_.front().id;
        drains_.pop_front();
        EpollConnection* const connection = slots_.find(id);
        if (connection != nullptr && !connection->closing) {
            begin_close(id, *connection, CloseReason::closed_by_us);
        }
    }
    if (now_ >= next_tick_) {
        next_tick_ = now_ + tick_period;
        if (accept_resting_) {
            accept_resting_ = false;
            watch_listeners(EPOLL_CTL_MOD);
        }
        handler_->ticked(now_);
    }
}

// What the handler asks for ----------------------------------------------------------------------

void EpollLoop::send(ConnectionId id, std::span<const char> bytes) {
    EpollConnection* const connection = slots_.find(id);
    if (connection == nullptr || connection->closing) {
        return;  // closed() is on its way
    }
    check(!bytes.empty() && connection->outgoing.empty() && connection->just_sent == 0 &&
              !connection->draining,
          "one span at a time");
    connection->outgoing = bytes;
    to_send_.push_back(id);
}

void EpollLoop::pause_reading(ConnectionId id) {
    EpollConnection* const connection = slots_.find(id);
    if (connection != nullptr && !connection->closing && !connection->paused) {
        connection->paused = true;
        set_interest(id, *connection);
    }
}

void EpollLoop::resume_reading(ConnectionId id) {
    EpollConnection* const connection = slots_.find(id);
    if (connection != nullptr && !connection->closing && connection->paused) {
        connection->paused = false;
        set_interest(id, *connection);
    }
}

void EpollLoop::close(ConnectionId id) {
    EpollConnection* const connection = slots_.find(id);
    if (connection != nullptr && !connection->closing) {
        const linger reset{1, 0};
        setsockopt(connection->descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        begin_close(id, *connection, CloseReason::closed_by_us);
    }
}

void EpollLoop::close_after_drain(ConnectionId id) {
    EpollConnection* const connection = slots_.find(id);
    if (connection == nullptr || connection->closing || connection->draining) {
        return;
    }
    check(connection->outgoing.empty() && connection->just_sent == 0,
          "the last reply must have left before the drain");
    connection->draining = true;
    if (connection->peer_finished) {
        begin_close(id, *connection, CloseReason::closed_by_us);
        return;
    }
    shutdown(connection->descriptor, SHUT_WR);
    connection->paused = false;
    set_interest(id, *connection);
    drains_.push_back({id, now_ + drain_period});
}

void EpollLoop::begin_close(ConnectionId id, EpollConnection& connection, CloseReason reason) {
    connection.closing = true;
    connection.reason = reason;
    connection.outgoing = {};
    closing_.push_back(id);
}

void EpollLoop::finish_closed() {
    finishing_.clear();
    finishing_.swap(closing_);
    for (const ConnectionId id : finishing_) {
        EpollConnection& connection = *slots_.find(id);
        const CloseReason reason = connection.reason;
        Descriptor{connection.descriptor}.close();
        slots_.give_back(id);
        handler_->closed(id, reason);
    }
}

void EpollLoop::close_everything() {
    stop_listening();
    slots_.for_each([](ConnectionId, EpollConnection& connection) {
        Descriptor{std::exchange(connection.descriptor, -1)}.close();
    });
}

}  // namespace

Result<std::unique_ptr<EventLoop>> make_epoll_loop(const EventLoopOptions& options) {
    auto loop = std::make_unique<EpollLoop>(options);
    if (auto started = loop->start(); !started.has_value()) {
        return started.error();
    }
    return std::unique_ptr<EventLoop>{std::move(loop)};
}

}  // namespace stampede::net
