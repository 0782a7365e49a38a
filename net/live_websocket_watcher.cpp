// SPDX-License-Identifier: Apache-2.0
// A WebSocket (RFC 6455), spoken by Beast: a text message for each event, a ping as heartbeat. The
// request was read by our own gate; Beast is handed the part of it that makes a handshake.
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "net/live_socket.hpp"
#include "net/live_watcher.hpp"

namespace stampede::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

websocket::close_code close_code_of(EndReason reason) {
    switch (reason) {
        case EndReason::gone:
            return websocket::close_code::normal;
        case EndReason::slow:
            return websocket::close_code::try_again_later;
        case EndReason::silent:
        case EndReason::talkative:
            return websocket::close_code::policy_error;
        case EndReason::stopping:
            return websocket::close_code::going_away;
    }
    unreachable("an end without a reason");
}

class WebsocketWatcher final : public LiveWatcher {
  public:
    WebsocketWatcher(asio::io_context& context, int descriptor, WatcherHome& home,
                     const Endpoint& peer, std::string_view key)
        : LiveWatcher(home, peer), stream_(live_socket(context, descriptor)) {
        handshake_.version(11);
        handshake_.method(http::verb::get);
        handshake_.target("/");
        handshake_.set(http::field::host, "live");
        handshake_.set(http::field::connection, "upgrade");
        handshake_.set(http::field::upgrade, "websocket");
        handshake_.set(http::field::sec_websocket_version, "13");
        handshake_.set(http::field::sec_websocket_key, beast::string_view{key.data(), key.size()});
    }

  private:
    void start_opening() override {
        stream_.auto_fragment(false);  // an event is one frame, sent from where it lies
        stream_.text(true);
        stream_.read_message_max(limits::live_input_bytes_max);
        stream_.control_callback([this](websocket::frame_type, beast::string_view) { heard(); });
        operation_begins();
        stream_.async_accept(handshake_, [this](const error_code& error) {
            if (!operation_ended()) {
                return;
            }
            handshake_.clear();
            if (!error) {
                read();
            }
            on_opened(!error);
        });
    }
    void start_write(const LiveFrame& frame) override {
        const auto line = frame.line();
        operation_begins();
        stream_.async_write(asio::buffer(line.data(), line.size()),
                            [this](const error_code& error, std::size_t) {
                                if (operation_ended()) {
                                    on_written(!error);
                                }
                            });
    }
    void start_heartbeat() override {
        if (pings_) {
            end(EndReason::slow);  // the last one has not even left
            return;
        }
        pings_ = true;
        operation_begins();
        stream_.async_ping({}, [this](const error_code& error) {
            pings_ = false;
            if (operation_ended()) {
                on_heartbeat_sent(!error);
            }
        });
    }
    void start_farewell(EndReason reason) override {
        const auto why = text(reason);
        operation_begins();
        stream_.async_close({close_code_of(reason), beast::string_view{why.data(), why.size()}},
                            [this](const error_code&) {
                                // The peer has said goodbye too, or is gone.
                                if (operation_ended()) {
                                    close();
                                }
                            });
    }
    void close_socket() override {
        error_code ignored;  // closed either way
        stream_.next_layer().close(ignored);
    }
    [[nodiscard]] bool answers_heartbeats() const override { return true; }

    void read() {
        operation_begins();
        stream_.async_read_some(asio::buffer(input_),
                                [this](const error_code& error, std::size_t count) {
                                    if (!operation_ended()) {
                                        return;
                                    }
                                    on_read(!error, count);
                                    if (phase() != Phase::closed) {
                                        read();
                                    }
                                });
    }

    websocket::stream<asio::ip::tcp::socket> stream_;
    http::request<http::empty_body> handshake_;
    std::array<char, 64> input_{};
    bool pings_ = false;
};

}  // namespace

std::unique_ptr<LiveWatcher> make_websocket_watcher(asio::io_context& context, int descriptor,
                                                    WatcherHome& home, const Endpoint& peer,
                                                    std::string_view key) {
    return std::make_unique<WebsocketWatcher>(context, descriptor, home, peer, key);
}

}  // namespace stampede::net
