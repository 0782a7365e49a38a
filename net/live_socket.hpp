// SPDX-License-Identifier: Apache-2.0
// What both kinds of watcher do with the descriptor that they are given. Internal to them.
#pragma once

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "engine/vocabulary/limits.hpp"

namespace stampede::net {

/// Takes the descriptor. Small buffers in the kernel: what a slow peer has not taken is to be seen
/// here, and ten thousand of them are not to hold the machine's memory.
[[nodiscard]] inline boost::asio::ip::tcp::socket live_socket(boost::asio::io_context& context,
                                                              int descriptor) {
    int domain = AF_INET;
    socklen_t bytes = sizeof domain;
    static_cast<void>(::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &bytes));
    const auto protocol =
        domain == AF_INET6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
    boost::asio::ip::tcp::socket socket(context);
    boost::system::error_code error;
    socket.assign(protocol, descriptor, error);
    // A socket that refuses the options works without them; one that could not be registered fails
    // at its first write.
    boost::system::error_code ignored;
    socket.set_option(boost::asio::socket_base::send_buffer_size(limits::live_socket_buffer_bytes),
                      ignored);
    return socket;
}

}  // namespace stampede::net
