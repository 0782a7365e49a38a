// SPDX-License-Identifier: Apache-2.0
// Blocking sockets with a receive time-out of ten seconds; the answer is cut out by the same
// scanner that the crowd uses.
#include "loadtest/mall_door.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <thread>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {

boost::json::value DoorReply::json() const {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(body, error);
    return error ? boost::json::value{} : value;
}

MallDoor::MallDoor(Endpoint endpoint, std::string api_key, std::chrono::milliseconds patience)
    : endpoint_(std::move(endpoint)), api_key_(std::move(api_key)), patience_(patience) {}

MallDoor::~MallDoor() {
    disconnect();
}

void MallDoor::disconnect() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

bool MallDoor::connect() {
    if (fd_ >= 0) {
        return true;
    }
    fd_ = ::socket(endpoint_.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd_ < 0) {
        return false;
    }
    const timeval limit{10, 0};
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, endpoint_.raw(), endpoint_.address_bytes) != 0) {
        disconnect();
        return false;
    }
    return true;
}

std::optional<DoorReply> MallDoor::try_once(std::string_view request) {
    if (!connect()) {
        return std::nullopt;
    }
    while (!request.empty()) {
        const ssize_t sent = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            disconnect();
            return std::nullopt;
        }
        request.remove_prefix(static_cast<std::size_t>(sent));
    }
    ResponseStream stream;
    std::optional<DoorReply> reply;
    bool closes = false;
    std::array<char, 64 * 1024> buffer;
    while (!reply) {
        const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            disconnect();
            return std::nullopt;
        }
        const bool understood = stream.feed(
            {buffer.data(), static_cast<std::size_t>(got)}, [&](const ScannedResponse& response) {
                reply = DoorReply{response.status, std::string{response.body}};
                closes = response.closes;
                return false;  // one request, one answer
            });
        if (!understood) {
            disconnect();
            return std::nullopt;
        }
    }
    if (closes) {
        disconnect();
    }
    return reply;
}

Result<DoorReply> MallDoor::send(std::string_view request) {
    const auto end = std::chrono::steady_clock::now() + patience_;
    while (true) {
        if (std::optional<DoorReply> reply = try_once(request)) {
            return *std::move(reply);
        }
        if (std::chrono::steady_clock::now() >= end) {
            return fault("no answer from " + endpoint_.text);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

Result<DoorReply> MallDoor::get(std::string_view target) {
    return send("GET " + std::string{target} + " HTTP/1.1\r\nHost: " + endpoint_.text + "\r\n" +
                (api_key_.empty() ? "" : "Authorization: Bearer " + api_key_ + "\r\n") + "\r\n");
}

Result<DoorReply> MallDoor::post(std::string_view target, std::string_view body,
                                 std::string_view key) {
    std::string request = "POST " + std::string{target} + " HTTP/1.1\r\nHost: " + endpoint_.text +
                          "\r\nAuthorization: Bearer " + api_key_ + "\r\n";
    if (!key.empty()) {
        request += "Idempotency-Key: " + std::string{key} + "\r\n";
    }
    request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n";
    request += body;
    return send(request);
}

}  // namespace stampede::loadtest
