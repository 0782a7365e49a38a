// SPDX-License-Identifier: Apache-2.0
// Bytes to requests and back. The request is parsed in place, so its bytes stay at the front of the
// input until the desk has answered.
#include "net/quiet_session.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <chrono>
#include <utility>

namespace stampede::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t input_bytes_first = 16 * 1024;
constexpr std::size_t large_input_bytes = 256 * 1024;
constexpr Duration no_deadline = Duration::milliseconds(0);

}  // namespace

QuietSession::QuietSession(asio::io_context& context, SessionHome& home, std::span<char> body_room,
                           const HttpLimits& limits)
    : home_(home),
      socket_(context),
      deadline_(context),
      body_room_(body_room),
      limits_(limits),
      parser_(body_room, limits),
      input_(input_bytes_first) {}

void QuietSession::begin(asio::ip::tcp::socket socket, HttpDesk& desk) {
    check(phase_ == Phase::closed && operations_ == 0, "a session in use was handed out");
    socket_ = std::move(socket);
    error_code ignored;  // a socket that refuses the option works without it
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    const auto peer = socket_.remote_endpoint(ignored);
    peer_ = Endpoint::from(*peer.data());
    desk_ = &desk;
    parser_ = HttpRequestParser(body_room_, limits_);  // the last peer's half request is forgotten
    used_ = 0;
    keeps_alive_ = true;
    has_asked_ = false;
    told_to_continue_ = false;
    expect_request();
}

void QuietSession::enter(Phase phase, Duration time_allowed) {
    phase_ = phase;
    ++serial_;
    if (time_allowed == no_deadline) {
        deadline_.cancel();
        return;
    }
    deadline_.expires_after(std::chrono::milliseconds(time_allowed.ms()));
    ++operations_;
    deadline_.async_wait(
        [this, serial = serial_](const error_code& error) { on_deadline(error, serial); });
}

void QuietSession::on_deadline(const error_code& error, std::uint64_t serial) {
    --operations_;
    if (error || serial != serial_ || phase_ == Phase::closed) {
        end_if_silent();
        return;
    }
    if (phase_ == Phase::header || phase_ == Phase::body) {
        refuse({408, "TIMEOUT", "the request took too long to arrive"});
        return;
    }
    close();
}

void QuietSession::expect_request() {
    told_to_continue_ = false;
    if (home_.stopping()) {
        close();
        return;
    }
    if (used_ > 0) {
        try_parse();
        return;
    }
    give_up_large_input();
    idle_since_ = read_steady_clock();
    enter(Phase::idle, home_.deadlines().idle);
    read_more();
    if (has_asked_) {
        home_.became_idle(*this);
    }
}

/// False when too many others hold large bodies.
bool QuietSession::make_room() {
    if (used_ + input_padding_bytes < input_.size()) {
        return true;
    }
    if (input_.size() * 2 > large_input_bytes && !holds_large_permit_) {
        if (!home_.take_large_body_permit()) {
            return false;
        }
        holds_large_permit_ = true;
    }
    const std::size_t most =
        HttpRequestParser::request_bytes_max(limits_) + input_padding_bytes + 1;
    input_.resize(std::min(input_.size() * 2, std::max(most, used_ + input_padding_bytes + 1)));
    return true;
}

/// One long body is no reason to keep its memory.
void QuietSession::give_up_large_input() {
    if (input_.size() > input_bytes_first) {
        std::vector<char>(input_bytes_first).swap(input_);
    }
    if (std::exchange(holds_large_permit_, false)) {
        home_.give_large_body_permit_back();
    }
}

void QuietSession::read_more() {
    if (reads_) {
        return;
    }
    if (!make_room()) {
        refuse({503, "BUSY", "too many large bodies are under way; ask again"});
        return;
    }
    reads_ = true;
    ++operations_;
    socket_.async_read_some(
        asio::buffer(input_.data() + used_, input_.size() - input_padding_bytes - used_),
        [this](const error_code& error, std::size_t count) { on_read(error, count); });
}

void QuietSession::on_read(const error_code& error, std::size_t count) {
    --operations_;
    reads_ = false;
    if (phase_ == Phase::closed) {
        end_if_silent();
        return;
    }
    if (error) {
        // The peer has gone, or will send no more: a request that is half here never comes whole.
        if (phase_ != Phase::writing) {
            close();
        }
        return;
    }
    if (phase_ == Phase::draining) {
        read_more();
        return;
    }
    if (phase_ == Phase::writing) {
        return;  // a read that a refusal overtook; what it brought is dropped
    }
    used_ += count;
    try_parse();
}

void QuietSession::try_parse() {
    switch (parser_.parse(std::span{input_.data(), used_})) {
        case ParseOutcome::need_more:
            need_more();
            return;
        case ParseOutcome::refused:
            refuse(parser_.refusal());
            return;
        case ParseOutcome::complete:
            break;
    }
    keeps_alive_ = parser_.request().keep_alive;
    has_asked_ = true;
    with_desk_ = true;
    enter(Phase::answering, no_deadline);
    home_.request_read();
    desk_->handle(*this);
}

void QuietSession::need_more() {
    if (parser_.awaits_body()) {
        if (phase_ != Phase::body) {
            enter(Phase::body, home_.deadlines().body);
        }
        if (parser_.expects_continue() && !told_to_continue_) {
            told_to_continue_ = true;
            write_out("HTTP/1.1 100 Continue\r\n\r\n", CommitNumber{});
        }
    } else if (phase_ != Phase::header) {
        enter(Phase::header, home_.deadlines().header);
    }
    if (phase_ != Phase::closed) {
        read_more();
    }
}

void QuietSession::refuse(const HttpRefusal& refusal) {
    Problem problem{refusal.status, refusal.code, refusal.detail};
    problem.retry_ms = refusal.status == 503 ? 1000 : 0;
    TextBuffer response;
    home_.writer().append_problem(response, problem, KeepAlive::no);
    keeps_alive_ = false;
    used_ = 0;
    enter(Phase::writing, home_.deadlines().stalled_write);
    write_out(response.view(), CommitNumber{});
}

KeepAlive QuietSession::keep_alive() const {
    return keeps_alive_ && !home_.stopping() ? KeepAlive::yes : KeepAlive::no;
}

void QuietSession::respond(std::string_view response, CommitNumber rests_on) {
    check(with_desk_, "a request is answered once");
    with_desk_ = false;
    if (phase_ == Phase::closed) {
        end_if_silent();
        return;
    }
    keeps_alive_ = keep_alive() == KeepAlive::yes;
    if (request().method == HttpMethod::head) {
        response = response.substr(0, response.find("\r\n\r\n") + 4);
    }
    const std::size_t consumed = parser_.consumed();
    // From here on the request's views are gone.
    const auto rest = input_.begin() + static_cast<std::ptrdiff_t>(consumed);
    std::copy(rest, input_.begin() + static_cast<std::ptrdiff_t>(used_), input_.begin());
    used_ -= consumed;
    // No deadline yet: the answer may have to wait for its commit, which is not the peer's fault.
    enter(Phase::writing, no_deadline);
    write_out(response, rests_on);
}

std::optional<int> QuietSession::take_connection() {
    check(with_desk_ && can_be_taken(), "a connection is taken instead of an answer");
    with_desk_ = false;
    std::optional<int> descriptor;
    if (phase_ != Phase::closed) {
        error_code error;
        const int released = socket_.release(error);
        if (!error) {
            descriptor = released;
        }
    }
    close();
    return descriptor;
}

void QuietSession::write_out(std::string_view bytes, CommitNumber rests_on) {
    replies_.park(bytes, rests_on);
    flush();
}

void QuietSession::flush() {
    if (writes_ || phase_ == Phase::closed || replies_.empty()) {
        return;
    }
    auto bytes = replies_.releasable(home_.durable());
    if (bytes.empty()) {
        home_.has_parked(*this);
        bytes = replies_.releasable(home_.durable());
        if (bytes.empty()) {
            return;
        }
    }
    if (phase_ == Phase::writing) {
        enter(Phase::writing, home_.deadlines().stalled_write);
    }
    writes_ = true;
    ++operations_;
    socket_.async_write_some(
        asio::buffer(bytes.data(), bytes.size()),
        [this](const error_code& error, std::size_t count) { on_written(error, count); });
}

void QuietSession::on_written(const error_code& error, std::size_t count) {
    --operations_;
    writes_ = false;
    if (phase_ == Phase::closed) {
        end_if_silent();
        return;
    }
    if (error) {
        close();
        return;
    }
    replies_.sent(count);
    if (!replies_.empty()) {
        flush();
    } else if (phase_ == Phase::writing) {
        response_left();
    }
}

void QuietSession::response_left() {
    if (keeps_alive_) {
        expect_request();
    } else {
        drain();
    }
}

void QuietSession::drain() {
    // A close while input is unread would reset the connection and could lose the answer.
    error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) {
        close();
        return;
    }
    used_ = 0;
    enter(Phase::draining, home_.deadlines().drain);
    read_more();
}

void QuietSession::close() {
    if (phase_ != Phase::closed) {
        enter(Phase::closed, no_deadline);
        error_code ignored;  // it is closed either way
        socket_.close(ignored);
        // Bytes that a write still borrows stay until it has called back.
    }
    end_if_silent();
}

void QuietSession::end_if_silent() {
    if (phase_ == Phase::closed && operations_ == 0 && !with_desk_ && desk_ != nullptr) {
        replies_.clear();
        give_up_large_input();
        desk_ = nullptr;
        home_.ended(*this);
    }
}

}  // namespace stampede::net
