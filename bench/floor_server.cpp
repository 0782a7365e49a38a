// SPDX-License-Identifier: Apache-2.0
// The floor: what is the least that a server on this machine can spend on a request? It takes the
// same bytes as the real one over the same kind of ring, understands nothing but the empty line
// that ends a header, and answers each with the same constant. Whatever the real server does, its
// rate is reported as a share of this one's, so that a number means the same on any machine.
//
// One thread, which taskset puts on a core. Replies go out of one buffer that never changes, so
// successful sends need no completion. A client that pipelines must also read.
#include <fcntl.h>
#include <liburing.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/listener.hpp"

namespace {

constexpr unsigned files_max = 16384;
constexpr unsigned buffer_count = 1024;
constexpr unsigned buffer_bytes = 8192;
constexpr std::size_t replies_per_send_max = 128;
constexpr std::string_view header_end = "\r\n\r\n";

enum class Operation : std::uint8_t { accept, receive, send, close };

std::uint64_t pack(Operation operation, unsigned file) {
    return (std::uint64_t{static_cast<std::uint8_t>(operation)} << 32) | file;
}

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "floor_server: %s\n", why.c_str());
    std::exit(1);
}

class FloorServer {
  public:
    FloorServer(const stampede::net::Listener& listener, std::size_t reply_bytes);
    [[noreturn]] void run();

  private:
    void set_up_ring();
    void set_up_buffers();
    io_uring_sqe& next_entry();
    void arm_accept();
    void arm_receive(unsigned file);
    void answer(unsigned file, std::size_t count);
    void completed(const io_uring_cqe& completion);
    [[nodiscard]] std::size_t count_requests(unsigned file, const char* bytes, std::size_t count);

    io_uring ring_{};
    int listener_;
    std::string replies_;
    std::size_t reply_bytes_;
    io_uring_buf_ring* free_buffers_ = nullptr;
    std::vector<char> buffers_ = std::vector<char>(std::size_t{buffer_count} * buffer_bytes);
    // How much of "\r\n\r\n" the last bytes of each connection matched.
    std::vector<std::uint8_t> matched_ = std::vector<std::uint8_t>(files_max);
};

FloorServer::FloorServer(const stampede::net::Listener& listener, std::size_t reply_bytes)
    : listener_(listener.descriptor()) {
    std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    const std::size_t head_bytes = reply.size() + 4 + header_end.size();
    const std::size_t body_bytes = reply_bytes > head_bytes ? reply_bytes - head_bytes : 0;
    std::string length = std::to_string(body_bytes);
    length.insert(0, length.size() < 4 ? 4 - length.size() : 0, '0');
    reply += length + std::string{header_end} + std::string(body_bytes, 'x');
    reply_bytes_ = reply.size();
    for (std::size_t copy = 0; copy < replies_per_send_max; ++copy) {
        replies_ += reply;
    }
    set_up_ring();
    set_up_buffers();
}

void FloorServer::set_up_ring() {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    parameters.cq_entries = 32768;
    if (io_uring_queue_init_params(4096, &ring_, &parameters) != 0) {
        give_up("needs io_uring of kernel 6.1");
    }
    io_uring_register_ring_fd(&ring_);
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    const auto count = static_cast<unsigned>(std::min<rlim_t>(files.rlim_cur, files_max));
    if (io_uring_register_files_sparse(&ring_, count) != 0) {
        give_up("cannot register a table of files");
    }
}

void FloorServer::set_up_buffers() {
    void* const entries = mmap(nullptr, buffer_count * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries);  // the kernel's own type
    registration.ring_entries = buffer_count;
    if (entries == MAP_FAILED || io_uring_register_buf_ring(&ring_, &registration, 0) != 0) {
        give_up("cannot register buffers");
    }
    free_buffers_ = static_cast<io_uring_buf_ring*>(entries);
    io_uring_buf_ring_init(free_buffers_);
    for (unsigned number = 0; number < buffer_count; ++number) {
        io_uring_buf_ring_add(free_buffers_, buffers_.data() + std::size_t{number} * buffer_bytes,
                              buffer_bytes, static_cast<unsigned short>(number), buffer_count - 1,
                              static_cast<int>(number));
    }
    io_uring_buf_ring_advance(free_buffers_, buffer_count);
}

io_uring_sqe& FloorServer::next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
        io_uring_submit(&ring_);
        entry = io_uring_get_sqe(&ring_);
    }
    return *entry;
}

void FloorServer::arm_accept() {
    io_uring_sqe& entry = next_entry();
    io_uring_prep_multishot_accept_direct(&entry, listener_, nullptr, nullptr, 0);
    entry.user_data = pack(Operation::accept, 0);
}

void FloorServer::arm_receive(unsigned file) {
    io_uring_sqe& entry = next_entry();
    io_uring_prep_recv_multishot(&entry, static_cast<int>(file), nullptr, 0, 0);
    entry.flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    entry.user_data = pack(Operation::receive, file);
}

void FloorServer::answer(unsigned file, std::size_t count) {
    for (; count > 0; count -= std::min(count, replies_per_send_max)) {
        io_uring_sqe& entry = next_entry();
        io_uring_prep_send(&entry, static_cast<int>(file), replies_.data(),
                           std::min(count, replies_per_send_max) * reply_bytes_,
                           MSG_NOSIGNAL | MSG_WAITALL);
        entry.flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
        entry.user_data = pack(Operation::send, file);
    }
}

std::size_t FloorServer::count_requests(unsigned file, const char* bytes, std::size_t count) {
    std::size_t requests = 0;
    std::uint8_t matched = matched_[file];
    for (std::size_t at = 0; at < count; ++at) {
        if (matched == 0) {
            // Nearly all of a request is skipped here, at memory speed.
            const void* const found = std::memchr(bytes + at, '\r', count - at);
            if (found == nullptr) {
                break;
            }
            at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes);
        }
        matched = bytes[at] == header_end[matched]
                      ? static_cast<std::uint8_t>(matched + 1)
                      : static_cast<std::uint8_t>(bytes[at] == header_end[0] ? 1 : 0);
        if (matched == header_end.size()) {
            ++requests;
            matched = 0;
        }
    }
    matched_[file] = matched;
    return requests;
}

void FloorServer::completed(const io_uring_cqe& completion) {
    const auto file = static_cast<unsigned>(completion.user_data & 0xFFFFFFFF);
    const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
    switch (static_cast<Operation>(completion.user_data >> 32)) {
        case Operation::accept:
            if (completion.res >= 0) {
                matched_[static_cast<unsigned>(completion.res)] = 0;
                arm_receive(static_cast<unsigned>(completion.res));
            }
            if (!more) {
                arm_accept();
            }
            return;
        case Operation::receive:
            if (completion.res > 0) {
                const unsigned number = completion.flags >> IORING_CQE_BUFFER_SHIFT;
                char* const bytes = buffers_.data() + std::size_t{number} * buffer_bytes;
                answer(file, count_requests(file, bytes, static_cast<std::size_t>(completion.res)));
                io_uring_buf_ring_add(free_buffers_, bytes, buffer_bytes,
                                      static_cast<unsigned short>(number), buffer_count - 1, 0);
                io_uring_buf_ring_advance(free_buffers_, 1);
            }
            if (!more && (completion.res > 0 || completion.res == -ENOBUFS)) {
                arm_receive(file);
            } else if (!more) {
                io_uring_sqe& entry = next_entry();
                io_uring_prep_close_direct(&entry, file);
                entry.user_data = pack(Operation::close, file);
            }
            return;
        case Operation::send:  // only failures: the receive will end, too
        case Operation::close:
            return;
    }
}

void FloorServer::run() {
    arm_accept();
    std::array<io_uring_cqe*, 256> batch{};
    for (;;) {
        io_uring_submit_and_wait(&ring_, 1);
        for (;;) {
            const unsigned count = io_uring_peek_batch_cqe(&ring_, batch.data(), batch.size());
            if (count == 0) {
                break;
            }
            for (unsigned at = 0; at < count; ++at) {
                completed(*batch[at]);
            }
            io_uring_cq_advance(&ring_, count);
        }
    }
}

}  // namespace

int main(int argument_count, char** arguments) {
    CLI::App app{"Answers every request with a constant, as fast as a ring can"};
    std::string listen = "127.0.0.1:8080";
    std::size_t reply_bytes = 256;
    app.add_option("--listen", listen, "ADDRESS:PORT");
    app.add_option("--reply-bytes", reply_bytes, "bytes of one reply, its header included")
        ->check(CLI::Range(64, 8192));
    CLI11_PARSE(app, argument_count, arguments);

    const auto endpoint = stampede::net::Endpoint::parse(listen);
    if (!endpoint.has_value()) {
        give_up(endpoint.error().message);
    }
    const auto listener = stampede::net::Listener::open(*endpoint);
    if (!listener.has_value()) {
        give_up(listener.error().message);
    }
    FloorServer server{*listener, reply_bytes};
    std::printf("ready listen=%s\n", listener->endpoint().text().c_str());
    std::fflush(stdout);
    server.run();
}
