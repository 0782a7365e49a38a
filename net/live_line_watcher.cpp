// SPDX-License-Identifier: Apache-2.0
// A chunked response: one JSON object a line, an empty line as heartbeat. What the client sends
// meanwhile is read to notice its end, and thrown away.
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "net/live_socket.hpp"
#include "net/live_watcher.hpp"

namespace stampede::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class LineWatcher final : public LiveWatcher {
  public:
    LineWatcher(asio::io_context& context, int descriptor, WatcherHome& home, const Endpoint& peer,
                std::string head)
        : LiveWatcher(home, peer),
          socket_(live_socket(context, descriptor)),
          words_(std::move(head)) {}

  private:
    void start_opening() override {
        write(words_, [this](bool ok) { on_opened(ok); });
        read();
    }
    void start_write(const LiveFrame& frame) override {
        write(frame.chunk, [this](bool ok) { on_written(ok); });
    }
    void start_heartbeat() override {
        static const auto empty_line = LiveFrame::of("");
        send(empty_line);
    }
    void start_farewell(EndReason reason) override {
        words_ = LiveFrame::of(R"({"end":")" + std::string{text(reason)} + R"("})")->chunk;
        words_ += "0\r\n\r\n";
        write(words_, [this](bool ok) {
            // The client is waited for: a close while its bytes are unread would reset the
            // connection, and the reason could be lost.
            error_code error;
            socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
            on_farewell_said(ok && !error);
        });
    }
    void close_socket() override {
        error_code ignored;  // closed either way
        socket_.close(ignored);
    }
    [[nodiscard]] bool answers_heartbeats() const override { return false; }

    template <class Done>
    void write(std::string_view bytes, Done done) {
        operation_begins();
        asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                          [this, done](const error_code& error, std::size_t) {
                              if (operation_ended()) {
                                  done(!error);
                              }
                          });
    }
    void read() {
        operation_begins();
        socket_.async_read_some(asio::buffer(input_),
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

    asio::ip::tcp::socket socket_;
    std::string words_;  // the head, later the farewell
    std::array<char, 64> input_{};
};

}  // namespace

std::unique_ptr<LiveWatcher> make_line_watcher(asio::io_context& context, int descriptor,
                                               WatcherHome& home, const Endpoint& peer,
                                               std::string head) {
    return std::make_unique<LineWatcher>(context, descriptor, home, peer, std::move(head));
}

}  // namespace stampede::net
