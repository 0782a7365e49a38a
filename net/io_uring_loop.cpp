// SPDX-License-Identifier: Apache-2.0
// One turn: a single system call submits what the last turn prepared and waits; then every
// completion is told to the handler; then the handler ends the turn, which prepares new work.
//
// user_data of a request: operation (8 bits) | slot (24) | generation (32). A connection's
// descriptor is closed, and its slot given up, only when no request of it is in flight any more:
// until then the kernel may still read the door's bytes.
#include "net/io_uring_loop.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "net/connection_slots.hpp"
#include "net/doorbell.hpp"
#include "net/receive_buffers.hpp"

namespace stampede::net {
namespace {

constexpr unsigned submission_entries = 4096;
constexpr unsigned completion_entries = 32768;
constexpr std::uint16_t receive_buffer_count = 1024;
constexpr unsigned completions_per_turn_max = 4096;
// What paused connections had sent before the kernel learnt of the pause; all of them together.
constexpr std::size_t held_bytes_max = 64 * 1024 * 1024;
static_assert(completion_entries >= 2 * completions_per_turn_max);

enum class Operation : std::uint8_t { ignored, accept, receive, send, doorbell };

struct UringConnection {
    int descriptor = -1;
    bool receive_armed = false;
    bool send_in_flight = false;
    bool paused = false;
    bool draining = false;
    bool closing = false;        // nothing more is told but closed()
    bool peer_finished = false;  // the end of input was met
    bool finish_told = false;    // and the handler knows
    bool queued_to_arm = false;
    CloseReason reason = CloseReason::peer_closed;
    std::vector<char> held;  // arrived while paused
};

std::uint64_t pack(Operation operation, ConnectionId id = {}) {
    return (std::uint64_t{static_cast<std::uint8_t>(operation)} << 56) |
           (std::uint64_t{id.slot} << 32) | id.generation;
}
Operation operation_of(std::uint64_t packed) {
    return static_cast<Operation>(packed >> 56);
}
ConnectionId connection_of(std::uint64_t packed) {
    return {static_cast<std::uint32_t>((packed >> 32) & 0xFFFFFF),
            static_cast<std::uint32_t>(packed & 0xFFFFFFFF)};
}

class IoUringLoop final : public EventLoop {
  public:
    explicit IoUringLoop(const EventLoopOptions& options)
        : slots_(options.connections_max), buffers_(receive_buffer_count) {}
    ~IoUringLoop() override;
    [[nodiscard]] Result<> start(const EventLoopOptions& options);

    [[nodiscard]] std::string_view description() const override { return description_; }
    void listen(Listener listener) override;
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
    struct Completion {
        std::uint64_t user_data;
        int result;
        std::uint32_t flags;
    };

    [[nodiscard]] Result<> restrict_ring();
    [[nodiscard]] io_uring_sqe& next_entry();
    void arm_accept(std::uint32_t listener);
    void arm_doorbell();
    void arm_receive(ConnectionId id, UringConnection& connection);
    void queue_to_arm(ConnectionId id, UringConnection& connection);
    void submit_and_wait();
    void dispatch_completions();
    void dispatch(const Completion& completion);
    void accept_completed(const Completion& completion);
    void receive_completed(const Completion& completion);
    void send_completed(const Completion& completion);
    void deliver(ConnectionId id, UringConnection& connection, std::span<char> bytes);
    void hold(ConnectionId id, UringConnection& connection, std::span<const char> bytes);
    void deliver_held(ConnectionId id);
    void input_ended(ConnectionId id, UringConnection& connection);
    void keep_time();
    void begin_close(ConnectionId id, UringConnection& connection, CloseReason reason);
    void finish_closed();
    void arm_queued();
    void close_everything();

    // Before the ring: the ring refers to them and goes first.
    ConnectionSlots<UringConnection> slots_;
    ReceiveBuffers buffers_;
    Doorbell doorbell_;
    std::uint64_t doorbell_count_ = 0;
    io_uring ring_{};
    bool ring_exists_ = false;
    std::string description_;
    LoopHandler* handler_ = nullptr;
    std::vector<Listener> listeners_;
    bool accepting_ = false;
    std::vector<std::uint32_t> accepts_to_arm_;
    std::vector<ConnectionId> to_arm_;
    std::vector<ConnectionId> with_held_;
    std::vector<ConnectionId> quiet_;  // closing, and nothing in flight
    std::vector<ConnectionId> finishing_;
    std::deque<Drain> drains_;  // in order of their deadlines: the period is the same
    std::vector<char> scratch_;
    std::size_t held_bytes_ = 0;
    std::atomic<bool> stopping_{false};
    SteadyTime now_;
    SteadyTime next_tick_;
    LoopCounters counters_;
};

// Set-up -----------------------------------------------------------------------------------------

Result<> IoUringLoop::start(const EventLoopOptions& options) {
    struct Flavour {
        unsigned flags;
        const char* name;
    };
    // R_DISABLED: the thread that runs the loop, not the one that makes it, becomes the issuer.
    constexpr Flavour best{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                               IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED,
                           "io_uring"};
    // COOP_TASKRUN: no interrupt for a completion; it waits for the next system call.
    constexpr Flavour plain{
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED,
        "io_uring, without the single-issuer ring of kernel 6.1"};
    int error = -EINVAL;
    for (const Flavour& flavour : {best, plain}) {
        if (options.plain_ring && flavour.flags == best.flags) {
            continue;
        }
        io_uring_params parameters{};
        parameters.flags = flavour.flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        parameters.cq_entries = completion_entries;
        error = io_uring_queue_init_params(submission_entries, &ring_, &parameters);
        if (error == 0) {
            description_ = flavour.name;
            ring_exists_ = true;
            break;
        }
        if (error != -EINVAL) {
            break;
        }
    }
    if (error != 0) {
        return fault(std::string{"io_uring is refused by this kernel or its policy: "} +
                     std::strerror(-error));
    }
    if ((ring_.features & IORING_FEAT_NODROP) == 0 || (ring_.features & IORING_FEAT_EXT_ARG) == 0) {
        return fault("this kernel's io_uring is too old: it needs 6.0 or newer");
    }
    scratch_.resize(receive_bytes_max + input_padding_bytes);
    if (auto attached = buffers_.attach_to(ring_); !attached.has_value()) {
        return attached;
    }
    return restrict_ring();
}

// This door faces the world: from run() on the ring takes only what the loop itself uses, whatever
// else a mistake or an attacker might ask of it.
Result<> IoUringLoop::restrict_ring() {
    std::vector<io_uring_restriction> allowed;
    for (const std::uint8_t operation : {IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND,
                                         IORING_OP_READ, IORING_OP_ASYNC_CANCEL}) {
        io_uring_restriction& entry = allowed.emplace_back();
        entry.opcode = IORING_RESTRICTION_SQE_OP;
        entry.sqe_op = operation;
    }
    for (const std::uint8_t operation :
         {IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS}) {
        io_uring_restriction& entry = allowed.emplace_back();
        entry.opcode = IORING_RESTRICTION_REGISTER_OP;
        entry.register_op = operation;
    }
    io_uring_restriction& flags = allowed.emplace_back();
    flags.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    flags.sqe_flags = IOSQE_BUFFER_SELECT;
    // By number, like ENABLE_RINGS below: liburing 2.3 forgot to export it.
    const int error =
        io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_RESTRICTIONS,
                          allowed.data(), static_cast<unsigned>(allowed.size()));
    if (error != 0) {
        return fault(std::string{"the kernel cannot restrict its ring: "} + std::strerror(-error));
    }
    return {};
}

IoUringLoop::~IoUringLoop() {
    close_everything();
    if (ring_exists_) {
        io_uring_queue_exit(&ring_);
    }
}

void IoUringLoop::listen(Listener listener) {
    listeners_.push_back(std::move(listener));
    accepting_ = true;
}

void IoUringLoop::stop_listening() {
    accepting_ = false;
    for (Listener& listener : listeners_) {
        listener.close();  // its accept completes with an error and is not armed again
    }
}

io_uring_sqe& IoUringLoop::next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
        io_uring_submit(&ring_);
        entry = io_uring_get_sqe(&ring_);
    }
    check(entry != nullptr, "the submission queue stays full after a submit");
    return *entry;
}

void IoUringLoop::arm_accept(std::uint32_t listener) {
    io_uring_sqe& entry = next_entry();
    io_uring_prep_multishot_accept(&entry, listeners_[listener].descriptor(), nullptr, nullptr,
                                   SOCK_CLOEXEC);
    entry.user_data = pack(Operation::accept, {listener, 0});
}

void IoUringLoop::arm_doorbell() {
    io_uring_sqe& entry = next_entry();
    io_uring_prep_read(&entry, doorbell_.descriptor(), &doorbell_count_, sizeof doorbell_count_, 0);
    entry.user_data = pack(Operation::doorbell);
}

void IoUringLoop::arm_receive(ConnectionId id, UringConnection& connection) {
    io_uring_sqe& entry = next_entry();
    io_uring_prep_recv_multishot(&entry, connection.descriptor, nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = ReceiveBuffers::group;
    entry.user_data = pack(Operation::receive, id);
    connection.receive_armed = true;
}

// One turn ---------------------------------------------------------------------------------------

void IoUringLoop::run(LoopHandler& handler) {
    handler_ = &handler;
    // By number: liburing 2.3 forgot to export io_uring_enable_rings from its shared library.
    const int enabled = io_uring_register(static_cast<unsigned>(ring_.ring_fd),
                                          IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    check(enabled == 0, "the ring cannot be enabled: was run() called twice?");
    io_uring_register_ring_fd(&ring_);  // saves a descriptor look-up a turn; optional
    now_ = read_steady_clock();
    next_tick_ = now_ + tick_period;
    arm_doorbell();
    for (std::uint32_t listener = 0; accepting_ && listener < listeners_.size(); ++listener) {
        arm_accept(listener);
    }
    while (!stopping_.load(std::memory_order_acquire)) {
        arm_queued();
        submit_and_wait();
        now_ = read_steady_clock();
        ++counters_.turns;
        dispatch_completions();
        keep_time();
        if (doorbell_.answered()) {
            handler_->woken();
        }
        finish_closed();
        handler_->turn_ended();
    }
    close_everything();
    io_uring_unregister_ring_fd(&ring_);
}

void IoUringLoop::stop() {
    stopping_.store(true, std::memory_order_release);
    doorbell_.ring();
}

void IoUringLoop::submit_and_wait() {
    const bool idle = quiet_.empty() && with_held_.empty() && io_uring_cq_ready(&ring_) == 0;
    if (!idle || !doorbell_.fall_asleep()) {
        io_uring_submit_and_get_events(&ring_);
        return;
    }
    ++counters_.sleeps;
    const std::int64_t left_ms = next_tick_ > now_ ? (next_tick_ - now_).ms() : 0;
    __kernel_timespec timeout{};
    timeout.tv_nsec = left_ms * 1'000'000;
    io_uring_cqe* first = nullptr;
    const int result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
    doorbell_.get_up();
    check(result >= 0 || result == -ETIME || result == -EINTR || result == -EBUSY ||
              result == -EAGAIN,
          "io_uring_enter failed");
}

void IoUringLoop::dispatch_completions() {
    std::array<io_uring_cqe*, 256> batch;
    unsigned total = 0;
    while (total < completions_per_turn_max) {
        const unsigned count = io_uring_peek_batch_cqe(&ring_, batch.data(), batch.size());
        if (count == 0) {
            break;
        }
        for (unsigned at = 0; at < count; ++at) {
            dispatch({batch[at]->user_data, batch[at]->res, batch[at]->flags});
        }
        io_uring_cq_advance(&ring_, count);
        total += count;
    }
    // Resumed connections first hand over what they had sent before the pause took hold.
    for (std::size_t left = with_held_.size(); left > 0; --left) {
        const ConnectionId id = with_held_.front();
        with_held_.erase(with_held_.begin());
        deliver_held(id);
    }
}

void IoUringLoop::dispatch(const Completion& completion) {
    switch (operation_of(completion.user_data)) {
        case Operation::accept:
            return accept_completed(completion);
        case Operation::receive:
            return receive_completed(completion);
        case Operation::send:
            return send_completed(completion);
        case Operation::doorbell:
            return arm_doorbell();
        case Operation::ignored:
            return;
    }
}

void IoUringLoop::keep_time() {
    while (!drains_.empty() && drains_.front().deadline <= now_) {
        const ConnectionId id = drains_.front().id;
        drains_.pop_front();
        UringConnection* const connection = slots_.find(id);
        if (connection != nullptr && !connection->closing) {
            begin_close(id, *connection, CloseReason::closed_by_us);
        }
    }
    if (now_ >= next_tick_) {
        next_tick_ = now_ + tick_period;
        // Accepting failed for want of descriptors: try again now.
        for (const std::uint32_t listener : accepts_to_arm_) {
            if (accepting_) {
                arm_accept(listener);
            }
        }
        accepts_to_arm_.clear();
        handler_->ticked(now_);
    }
}

void IoUringLoop::arm_queued() {
    for (const ConnectionId id : to_arm_) {
        UringConnection* const connection = slots_.find(id);
        if (connection != nullptr) {
            connection->queued_to_arm = false;
            if (!connection->closing && !connection->paused && !connection->receive_armed &&
                !connection->peer_finished) {
                arm_receive(id, *connection);
            }
        }
    }
    to_arm_.clear();
}

void IoUringLoop::queue_to_arm(ConnectionId id, UringConnection& connection) {
    if (!connection.queued_to_arm) {
        connection.queued_to_arm = true;
        to_arm_.push_back(id);
    }
}

// Completions ------------------------------------------------------------------------------------

void IoUringLoop::accept_completed(const Completion& completion) {
    const std::uint32_t listener = connection_of(completion.user_data).slot;
    if ((completion.flags & IORING_CQE_F_MORE) == 0 && accepting_) {
        // A full descriptor table would fail again at once; the next tick is soon enough then.
        if (completion.result >= 0 || completion.result == -ECONNABORTED) {
            arm_accept(listener);
        } else {
            accepts_to_arm_.push_back(listener);
        }
    }
    if (completion.result < 0) {
        counters_.accept_failures += accepting_ ? 1 : 0;
        return;
    }
    Descriptor socket{completion.result};
    if (!accepting_ || slots_.full()) {
        counters_.refused_full += accepting_ ? 1 : 0;
        return;
    }
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* const peer = reinterpret_cast<sockaddr*>(&storage);  // the socket API's convention
    if (getpeername(socket.number(), peer, &length) != 0) {
        return;  // gone already
    }
    const ConnectionId id = slots_.take();
    UringConnection& connection = *slots_.find(id);
    connection.descriptor = socket.release();
    ++counters_.accepted;
    queue_to_arm(id, connection);
    handler_->opened(id, Endpoint::from(*peer));
}

void IoUringLoop::receive_completed(const Completion& completion) {
    const ConnectionId id = connection_of(completion.user_data);
    UringConnection* const connection = slots_.find(id);
    check(connection != nullptr, "a receive outlived its connection");
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
        connection->receive_armed = false;
    }
    if (completion.result > 0) {
        const auto number = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
        deliver(id, *connection,
                buffers_.buffer(number, static_cast<std::size_t>(completion.result)));
        buffers_.give_back(number);
    } else if (completion.result == 0) {
        input_ended(id, *connection);
    } else if (completion.result == -ENOBUFS) {
        ++counters_.out_of_buffers;
    } else if (completion.result != -ECANCELED && completion.result != -EINTR &&
               completion.result != -EAGAIN && !connection->closing) {
        begin_close(id, *connection,
                    completion.result == -ECONNRESET ? CloseReason::peer_closed
                                                     : CloseReason::connection_lost);
    }
    if (connection->receive_armed) {
        return;
    }
    if (!connection->closing) {
        queue_to_arm(id, *connection);
    } else if (!connection->send_in_flight) {
        quiet_.push_back(id);
    }
}

void IoUringLoop::deliver(ConnectionId id, UringConnection& connection, std::span<char> bytes) {
    if (connection.closing || connection.draining) {
        return;
    }
    if (connection.paused || !connection.held.empty()) {
        hold(id, connection, bytes);
        return;
    }
    handler_->received(id, bytes);
}

void IoUringLoop::hold(ConnectionId id, UringConnection& connection, std::span<const char> bytes) {
    if (held_bytes_ + bytes.size() > held_bytes_max) {
        ++counters_.input_flooded;
        begin_close(id, connection, CloseReason::input_flooded);
        return;
    }
    held_bytes_ += bytes.size();
    connection.held.insert(connection.held.end(), bytes.begin(), bytes.end());
}

void IoUringLoop::deliver_held(ConnectionId id) {
    UringConnection* const connection = slots_.find(id);
    if (connection == nullptr) {
        return;
    }
    std::size_t given = 0;
    while (given < connection->held.size() && !connection->paused && !connection->closing &&
           !connection->draining) {
        const std::size_t count = std::min(connection->held.size() - given, receive_bytes_max);
        std::memcpy(scratch_.data(), connection->held.data() + given, count);
        given += count;
        handler_->received(id, {scratch_.data(), count});
    }
    const bool useless = connection->closing || connection->draining;
    if (useless) {
        given = connection->held.size();
    }
    held_bytes_ -= given;
    connection->held.erase(connection->held.begin(),
                           connection->held.begin() + static_cast<std::ptrdiff_t>(given));
    if (!connection->held.empty() || useless) {
        return;  // paused again
    }
    connection->held.shrink_to_fit();
    if (connection->peer_finished) {
        input_ended(id, *connection);
    } else {
        queue_to_arm(id, *connection);
    }
}

void IoUringLoop::input_ended(ConnectionId id, UringConnection& connection) {
    connection.peer_finished = true;
    if (connection.closing) {
        return;
    }
    if (connection.draining) {
        begin_close(id, connection, CloseReason::closed_by_us);
    } else if (connection.held.empty() && !connection.paused && !connection.finish_told) {
        connection.finish_told = true;
        handler_->peer_finished(id);
    }
}

void IoUringLoop::send_completed(const Completion& completion) {
    const ConnectionId id = connection_of(completion.user_data);
    UringConnection* const connection = slots_.find(id);
    check(connection != nullptr && connection->send_in_flight, "a send outlived its connection");
    connection->send_in_flight = false;
    if (connection->closing) {
        if (!connection->receive_armed) {
            quiet_.push_back(id);
        }
    } else if (completion.result > 0) {
        handler_->sent(id, static_cast<std::size_t>(completion.result));
    } else {
        begin_close(id, *connection,
                    completion.result == -EPIPE || completion.result == -ECONNRESET
                        ? CloseReason::peer_closed
                        : CloseReason::connection_lost);
    }
}

// What the handler asks for ----------------------------------------------------------------------

void IoUringLoop::send(ConnectionId id, std::span<const char> bytes) {
    UringConnection* const connection = slots_.find(id);
    if (connection == nullptr || connection->closing) {
        return;  // closed() is on its way
    }
    check(!bytes.empty() && !connection->send_in_flight && !connection->draining,
          "one span at a time");
    io_uring_sqe& entry = next_entry();
    io_uring_prep_send(&entry, connection->descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    entry.user_data = pack(Operation::send, id);
    connection->send_in_flight = true;
}

void IoUringLoop::pause_reading(ConnectionId id) {
    UringConnection* const connection = slots_.find(id);
    if (connection == nullptr || connection->closing || connection->paused) {
        return;
    }
    connection->paused = true;
    if (connection->receive_armed) {
        io_uring_sqe& entry = next_entry();
        io_uring_prep_cancel64(&entry, pack(Operation::receive, id), 0);
        entry.user_data = pack(Operation::ignored);
    }
}

void IoUringLoop::resume_reading(ConnectionId id) {
    UringConnection* const connection = slots_.find(id);
    if (connection == nullptr || connection->closing || !connection->paused) {
        return;
    }
    connection->paused = false;
    if (!connection->held.empty() || (connection->peer_finished && !connection->finish_told)) {
        with_held_.push_back(id);
    } else {
        // Still armed when the pause's cancel has not completed; then its completion arms again.
        queue_to_arm(id, *connection);
    }
}

void IoUringLoop::close(ConnectionId id) {
    UringConnection* const connection = slots_.find(id);
    if (connection != nullptr && !connection->closing) {
        const linger reset{1, 0};
        setsockopt(connection->descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        begin_close(id, *connection, CloseReason::closed_by_us);
    }
}

void IoUringLoop::close_after_drain(ConnectionId id) {
    UringConnection* const connection = slots_.find(id);
    if (connection == nullptr || connection->closing || connection->draining) {
        return;
    }
    check(!connection->send_in_flight, "the last reply must have left before the drain");
    connection->draining = true;
    held_bytes_ -= connection->held.size();
    connection->held.clear();
    if (connection->peer_finished) {
        begin_close(id, *connection, CloseReason::closed_by_us);
        return;
    }
    shutdown(connection->descriptor, SHUT_WR);
    connection->paused = false;
    queue_to_arm(id, *connection);
    drains_.push_back({id, now_ + drain_period});
}

void IoUringLoop::begin_close(ConnectionId id, UringConnection& connection, CloseReason reason) {
    connection.closing = true;
    connection.reason = reason;
    held_bytes_ -= connection.held.size();
    connection.held.clear();
    if (connection.receive_armed || connection.send_in_flight) {
        shutdown(connection.descriptor, SHUT_RDWR);  // whatever is in flight completes now
    } else {
        quiet_.push_back(id);
    }
}

void IoUringLoop::finish_closed() {
    // closed() may close others, which then wait for the next round.
    finishing_.clear();
    finishing_.swap(quiet_);
    for (const ConnectionId id : finishing_) {
        UringConnection* const connection = slots_.find(id);
        if (connection == nullptr || connection->receive_armed || connection->send_in_flight) {
            continue;
        }
        const CloseReason reason = connection->reason;
        Descriptor{connection->descriptor}.close();
        slots_.give_back(id);
        handler_->closed(id, reason);
    }
}

void IoUringLoop::close_everything() {
    stop_listening();
    slots_.for_each([](ConnectionId, UringConnection& connection) {
        if (connection.descriptor >= 0) {
            shutdown(connection.descriptor, SHUT_RDWR);
            Descriptor{std::exchange(connection.descriptor, -1)}.close();
        }
    });
}

}  // namespace

Result<std::unique_ptr<EventLoop>> make_io_uring_loop(const EventLoopOptions& options) {
    check(options.connections_max > 0 && options.connections_max < (1u << 24),
          "the slot must fit its 24 bits of user_data");
    auto loop = std::make_unique<IoUringLoop>(options);
    if (auto started = loop->start(options); !started.has_value()) {
        return started.error();
    }
    return std::unique_ptr<EventLoop>{std::move(loop)};
}

}  // namespace stampede::net
