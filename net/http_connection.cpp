// SPDX-License-Identifier: Apache-2.0
// Input that is not whole, and the deadlines that follow from what is awaited.
#include "net/http_connection.hpp"

#include "engine/vocabulary/check.hpp"

namespace stampede::net {

void HttpConnection::open(ConnectionId connection, const Endpoint& from) {
    check(stage == Stage::unused, "a connection's place is taken");
    id = connection;
    peer = from;
    stage = Stage::serving;
    awaited_ = Overdue::nothing;
}

void HttpConnection::close() {
    stage = Stage::unused;
    sending = false;
    paused = false;
    in_a_list = false;
    continue_said = false;
    parser.reset();
    replies.clear();
    verified_token.forget();
    kept_ = 0;
    unfinished_since_ = SteadyTime::never();
    read_deadline_ = SteadyTime::never();
    write_deadline_ = SteadyTime::never();
}

std::span<char> HttpConnection::join(std::span<char> bytes) {
    if (kept_ == 0) {
        return bytes;
    }
    check(bytes.size() + input_padding_bytes <= carry_.size() - kept_, "input while paused");
    std::memcpy(carry_.data() + kept_, bytes.data(), bytes.size());
    kept_ += bytes.size();
    return kept();
}

void HttpConnection::keep_behind(std::span<char> joined, std::size_t used) {
    const std::span<char> rest = joined.subspan(used);
    check(rest.size() + input_padding_bytes <= carry_.size(), "an unfinished request too long");
    if (!rest.empty() && rest.data() != carry_.data()) {
        std::memmove(carry_.data(), rest.data(), rest.size());
    }
    kept_ = rest.size();
}

void HttpConnection::watch_input(SteadyTime now, const HttpDeadlines& deadlines) {
    if (stage != Stage::serving || paused) {
        // Nobody is waited for: parked replies leave, or the write deadline ends it.
        read_deadline_ = SteadyTime::never();
        awaited_ = Overdue::nothing;
        return;
    }
    if (kept_ > 0) {
        const Overdue awaited = parser.awaits_body() ? Overdue::body : Overdue::header;
        if (awaited != awaited_ || unfinished_since_ == SteadyTime::never()) {
            unfinished_since_ = now;
        }
        awaited_ = awaited;
        read_deadline_ =
            unfinished_since_ + (awaited == Overdue::body ? deadlines.body : deadlines.header);
        return;
    }
    unfinished_since_ = SteadyTime::never();
    awaited_ = Overdue::idle;
    read_deadline_ = replies.empty() ? now + deadlines.idle : SteadyTime::never();
}

Overdue HttpConnection::overdue(SteadyTime now) const {
    if (now >= write_deadline_) {
        return Overdue::write;
    }
    return now >= read_deadline_ ? awaited_ : Overdue::nothing;
}

}  // namespace stampede::net
