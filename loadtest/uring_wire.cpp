// SPDX-License-Identifier: Apache-2.0
// The io_uring back end. Per request it makes one submission (the send) and gets one completion (a
// piece of a multishot receive in a provided buffer); sends of a whole batch go into the kernel
// with the system call that waits for answers. Belongs to the thread that made it.
//
// A send completes inside the submitting call, because all unanswered requests fit into the
// socket's buffer; so its success needs no completion entry, and one that would have to wait is a
// failure.
#include <liburing.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "loadtest/wire.hpp"

namespace stampede::loadtest {
namespace {

enum class Operation : std::uint8_t { connect = 1, receive = 2, send = 3 };

// What a completion is about. The generation tells a connection's earlier lives apart, whose
// completions may still arrive after it was closed.
struct Token {
    Operation operation;
    std::uint16_t generation;
    ConnectionIndex connection;

    [[nodiscard]] std::uint64_t packed() const {
        return (std::uint64_t{static_cast<std::uint8_t>(operation)} << 48) |
               (std::uint64_t{generation} << 32) | connection.raw();
    }
    static Token unpack(std::uint64_t bits) {
        return Token{static_cast<Operation>(bits >> 48), static_cast<std::uint16_t>(bits >> 32),
                     ConnectionIndex{static_cast<std::uint32_t>(bits)}};
    }
};

constexpr std::uint16_t buffer_group = 1;
constexpr unsigned submissions = 4096;

class UringWire final : public Wire {
  public:
    explicit UringWire(const WireOptions& options)
        : target_(options.target), lives_(options.connections) {}
    UringWire(const UringWire&) = delete;
    UringWire& operator=(const UringWire&) = delete;
    ~UringWire() override;

    Result<> start(const WireOptions& options);

    void open(ConnectionIndex connection) override;
    void send(ConnectionIndex connection, std::string_view bytes) override;
    void close(ConnectionIndex connection) override;
    void wait(WireEvents& events, unsigned at_least, std::chrono::nanoseconds at_most) override;
    [[nodiscard]] std::string_view name() const override { return "io_uring"; }

  private:
    struct Life {
        int fd = -1;
        std::uint16_t generation = 0;
    };

    Result<> register_buffers(std::uint32_t pipeline_depth);
    io_uring_sqe* next_entry();
    void arm_receive(ConnectionIndex connection);
    void handle(const io_uring_cqe& completion, WireEvents& events);
    void handle_received(ConnectionIndex connection, const io_uring_cqe& completion,
                         WireEvents& events);
    void end(ConnectionIndex connection, int error, WireEvents& events);

    Endpoint target_;
    std::vector<Life> lives_;
    // Sockets that could not even be made: told at the next wait, not from within open().
    std::vector<ConnectionIndex> stillborn_;
    io_uring ring_{};
    bool ring_made_ = false;
    io_uring_buf_ring* buffer_ring_ = nullptr;
    std::size_t buffer_ring_bytes_ = 0;
    std::vector<char> buffers_;
    std::size_t buffer_bytes_ = 0;
    unsigned buffer_count_ = 0;
    int buffers_returned_ = 0;
};

UringWire::~UringWire() {
    for (const Life& life : lives_) {
        if (life.fd >= 0) {
            ::close(life.fd);
        }
    }
    if (ring_made_) {
        io_uring_queue_exit(&ring_);
    }
    if (buffer_ring_ != nullptr) {
        ::munmap(buffer_ring_, buffer_ring_bytes_);
    }
}

Result<> UringWire::start(const WireOptions& options) {
    io_uring_params params{};
    // SINGLE_ISSUER: only this thread submits. DEFER_TASKRUN: completions are made when we ask, not
    // by interrupting us. SUBMIT_ALL: one bad entry must not hold back the rest of a batch.
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    params.cq_entries = std::bit_ceil(std::clamp(options.connections * 2, 4096u, 65536u));
    if (const int error = io_uring_queue_init_params(submissions, &ring_, &params); error < 0) {
        return fault(std::string{"io_uring is not available: "} + std::strerror(-error));
    }
    ring_made_ = true;
    if (const int error = io_uring_register_files_sparse(&ring_, options.connections); error < 0) {
        return fault(std::string{"io_uring cannot register files: "} + std::strerror(-error));
    }
    return register_buffers(options.pipeline_depth);
}

Result<> UringWire::register_buffers(std::uint32_t pipeline_depth) {
    // About 512 bytes an answer. Few enough buffers to stay in the cache when few connections are
    // used; when a burst needs more, receives pause (ENOBUFS) and are armed again.
    buffer_bytes_ = std::bit_ceil(std::clamp<std::size_t>(pipeline_depth * 512, 2048, 16384));
    buffer_count_ =
        std::bit_ceil(std::clamp<unsigned>(static_cast<unsigned>(lives_.size()), 256u, 4096u));
    buffer_ring_bytes_ = buffer_count_ * sizeof(io_uring_buf);
    void* memory = ::mmap(nullptr, buffer_ring_bytes_, PROT_READ | PROT_WRITE,
                          MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (memory == MAP_FAILED) {
        return fault("no memory for the receive buffers");
    }
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);  // the kernel's own type
    registration.ring_entries = buffer_count_;
    registration.bgid = buffer_group;
    if (const int error = io_uring_register_buf_ring(&ring_, &registration, 0); error < 0) {
        return fault(std::string{"io_uring has no buffer rings: "} + std::strerror(-error));
    }
    buffers_.resize(buffer_bytes_ * buffer_count_);
    io_uring_buf_ring_init(buffer_ring_);
    for (unsigned id = 0; id < buffer_count_; ++id) {
        io_uring_buf_ring_add(buffer_ring_, buffers_.data() + id * buffer_bytes_,
                              static_cast<unsigned>(buffer_bytes_), static_cast<unsigned short>(id),
                              io_uring_buf_ring_mask(buffer_count_), static_cast<int>(id));
    }
    io_uring_buf_ring_advance(buffer_ring_, static_cast<int>(buffer_count_));
    return {};
}

io_uring_sqe* UringWire::next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
        io_uring_submit(&ring_);
        entry = io_uring_get_sqe(&ring_);
        check(entry != nullptr, "a submitted ring has room");
    }
    return entry;
}

void UringWire::open(ConnectionIndex connection) {
    Life& life = lives_[connection.raw()];
    check(life.fd < 0, "a connection is opened once");
    life.fd = make_client_socket(target_, connection);
    if (life.fd < 0 || io_uring_register_files_update(&ring_, connection.raw(), &life.fd, 1) < 0) {
        stillborn_.push_back(connection);
        return;
    }
    io_uring_sqe* entry = next_entry();
    io_uring_prep_connect(entry, static_cast<int>(connection.raw()), target_.raw(),
                          target_.address_bytes);
    entry->flags |= IOSQE_FIXED_FILE;
    entry->user_data = Token{Operation::connect, life.generation, connection}.packed();
}

void UringWire::arm_receive(ConnectionIndex connection) {
    io_uring_sqe* entry = next_entry();
    io_uring_prep_recv_multishot(entry, static_cast<int>(connection.raw()), nullptr, 0, 0);
    entry->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
    entry->user_data =
        Token{Operation::receive, lives_[connection.raw()].generation, connection}.packed();
}

void UringWire::send(ConnectionIndex connection, std::string_view bytes) {
    io_uring_sqe* entry = next_entry();
    // DONTWAIT: never wait for room, see the top. WAITALL: a short send is a failure that we hear
    // of.
    io_uring_prep_send(entry, static_cast<int>(connection.raw()), bytes.data(), bytes.size(),
                       MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
    entry->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data =
        Token{Operation::send, lives_[connection.raw()].generation, connection}.packed();
}

void UringWire::close(ConnectionIndex connection) {
    Life& life = lives_[connection.raw()];
    if (life.fd < 0) {
        return;
    }
    // What was submitted for this socket must leave before the slot is cleared. The armed receive
    // holds its own reference; shutdown ends it.
    io_uring_submit(&ring_);
    ::shutdown(life.fd, SHUT_RDWR);
    const int none = -1;
    io_uring_register_files_update(&ring_, connection.raw(), &none, 1);
    ::close(life.fd);
    life.fd = -1;
    life.generation += 1;
}

void UringWire::end(ConnectionIndex connection, int error, WireEvents& events) {
    close(connection);
    events.closed(connection, error);
}

void UringWire::handle_received(ConnectionIndex connection, const io_uring_cqe& completion,
                                WireEvents& events) {
    const int result = completion.res;
    const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (result > 0) {
        const std::uint16_t generation = lives_[connection.raw()].generation;
        const unsigned id = completion.flags >> IORING_CQE_BUFFER_SHIFT;
        events.received(connection, std::string_view{buffers_.data() + id * buffer_bytes_,
                                                     static_cast<std::size_t>(result)});
        if (!more && lives_[connection.raw()].fd >= 0 &&
            lives_[connection.raw()].generation == generation) {
            arm_receive(connection);
        }
    } else if (result == -ENOBUFS) {
        arm_receive(connection);
    } else {
        end(connection, -result, events);
    }
}

void UringWire::handle(const io_uring_cqe& completion, WireEvents& events) {
    const Token token = Token::unpack(completion.user_data);
    const Life& life = lives_[token.connection.raw()];
    if (life.fd >= 0 && life.generation == token.generation) {
        switch (token.operation) {
            case Operation::connect:
                if (completion.res < 0) {
                    end(token.connection, -completion.res, events);
                } else {
                    arm_receive(token.connection);
                    events.opened(token.connection);
                }
                break;
            case Operation::receive:
                handle_received(token.connection, completion, events);
                break;
            case Operation::send:  // only failures are told
                end(token.connection, completion.res < 0 ? -completion.res : ENOBUFS, events);
                break;
        }
    }
    if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
        const unsigned id = completion.flags >> IORING_CQE_BUFFER_SHIFT;
        io_uring_buf_ring_add(buffer_ring_, buffers_.data() + id * buffer_bytes_,
                              static_cast<unsigned>(buffer_bytes_), static_cast<unsigned short>(id),
                              io_uring_buf_ring_mask(buffer_count_), buffers_returned_++);
    }
}

void UringWire::wait(WireEvents& events, unsigned at_least, std::chrono::nanoseconds at_most) {
    if (at_most.count() <= 0 || !stillborn_.empty()) {
        io_uring_submit_and_get_events(&ring_);
    } else {
        __kernel_timespec limit{};
        limit.tv_sec = at_most.count() / 1'000'000'000;
        limit.tv_nsec = at_most.count() % 1'000'000'000;
        io_uring_cqe* first = nullptr;
        io_uring_submit_and_wait_timeout(&ring_, &first, at_least, &limit, nullptr);
    }
    while (io_uring_sq_ready(&ring_) > 0) {
        // A signal can end the call before it submitted; handlers may reuse their buffers only
        // after.
        io_uring_submit(&ring_);
    }
    for (const ConnectionIndex connection : std::exchange(stillborn_, {})) {
        end(connection, EMFILE, events);
    }
    unsigned seen = 0;
    unsigned head = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring_, head, completion) {
        handle(*completion, events);
        ++seen;
    }
    io_uring_cq_advance(&ring_, seen);
    if (buffers_returned_ > 0) {
        io_uring_buf_ring_advance(buffer_ring_, std::exchange(buffers_returned_, 0));
    }
}

}  // namespace

Result<std::unique_ptr<Wire>> make_uring_wire(const WireOptions& options) {
    auto wire = std::make_unique<UringWire>(options);
    const Result<> started = wire->start(options);
    if (!started.has_value()) {
        return started.error();
    }
    return std::unique_ptr<Wire>{std::move(wire)};
}

}  // namespace stampede::loadtest
