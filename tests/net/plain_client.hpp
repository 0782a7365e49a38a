// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP/1.1 client over a real socket, as plain as can be: it sends bytes as they are, so
// that tests can send wrong ones, and reads one response at a time.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stampede::net {

struct PlainResponse {
    int status = 0;
    std::string head;
    std::string body;
};

class PlainClient {
  public:
    explicit PlainClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // The sockets interface takes every address family through one pointer type.
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ADD_FAILURE() << "cannot connect to port " << port;
        }
    }
    PlainClient(const PlainClient&) = delete;
    PlainClient& operator=(const PlainClient&) = delete;
    ~PlainClient() { ::close(socket_); }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) {
                return;  // the server has closed; reading will show why
            }
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    /// True when bytes, or the end, can be read within `patience_ms`.
    [[nodiscard]] bool has_input(int patience_ms) {
        if (!rest_.empty()) {
            return true;
        }
        pollfd watched{socket_, POLLIN, 0};
        return ::poll(&watched, 1, patience_ms) > 0;
    }
    /// The next response; empty when the connection ends instead.
    [[nodiscard]] std::optional<PlainResponse> read(bool has_body = true) {
        while (rest_.find("\r\n\r\n") == std::string::npos) {
            if (!receive()) {
                return std::nullopt;
            }
        }
        PlainResponse response;
        const auto head_end = rest_.find("\r\n\r\n") + 4;
        response.head = rest_.substr(0, head_end);
        rest_.erase(0, head_end);
        response.status = std::stoi(response.head.substr(9, 3));
        const auto length_at = response.head.find("Content-Length:");
        const std::size_t length = length_at == std::string::npos || !has_body
                                       ? 0
                                       : std::stoul(response.head.substr(length_at + 15));
        while (rest_.size() < length) {
            if (!receive()) {
                return std::nullopt;
            }
        }
        response.body = rest_.substr(0, length);
        rest_.erase(0, length);
        return response;
    }
    /// True when the server ends the connection without another byte.
    [[nodiscard]] bool is_closed_by_server() { return rest_.empty() && !receive(); }

  private:
    static constexpr int hang_ms = 60'000;  // only a server that hangs needs it

    bool receive() {
        pollfd watched{socket_, POLLIN, 0};
        if (::poll(&watched, 1, hang_ms) <= 0) {
            ADD_FAILURE() << "the server does not answer";
            return false;
        }
        char bytes[16 * 1024];
        const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
        if (count <= 0) {
            return false;
        }
        rest_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }

    int socket_;
    std::string rest_;
};

}  // namespace stampede::net
