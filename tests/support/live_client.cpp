// SPDX-License-Identifier: Apache-2.0
#include "tests/support/live_client.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <optional>

namespace stampede::tests {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

LiveNews broken() {
    LiveNews news;
    news.is_broken = true;
    return news;
}

LiveNews news_of(const std::string& text) {
    LiveNews news;
    news.event.status = 200;
    news.event.body = text;
    news.event.json = parse_object(text);
    if (news.event.json.contains("end")) {
        news.end = news.event.text("end");
    }
    return news;
}

class LineClient final : public LiveClient {
  public:
    LineClient(std::uint16_t port, const std::string& path, const std::vector<std::string>& headers)
        : client_(port, live_receive_buffer_bytes) {
        client_.send(Question{.path = path, .headers = headers}.text());
    }
    [[nodiscard]] const HttpAnswer& greeting() override {
        if (!greeting_) {
            greeting_ = client_.read();
        }
        return *greeting_;
    }
    [[nodiscard]] LiveNews read() override {
        static_cast<void>(greeting());
        for (;;) {
            const auto chunk = client_.read_chunk();
            if (!chunk || chunk->empty()) {
                return broken();
            }
            if (*chunk == "\n") {
                continue;  // a heartbeat
            }
            EXPECT_EQ(chunk->find('\n'), chunk->size() - 1) << "a line is a chunk";
            LiveNews news = news_of(*chunk);
            if (!news.end.empty()) {
                EXPECT_EQ(client_.read_chunk(), "") << "the response ends after its last line";
                EXPECT_TRUE(client_.is_closed_by_server());
            }
            return news;
        }
    }
    [[nodiscard]] bool has_input(int patience_ms) override {
        return client_.has_input(patience_ms);
    }
    void chatter(const std::string& bytes) override { client_.send(bytes); }

  private:
    HttpClient client_;
    std::optional<HttpAnswer> greeting_;
};

class WebsocketClient final : public LiveClient {
  public:
    WebsocketClient(std::uint16_t port, const std::string& path,
                    const std::vector<std::string>& headers)
        : stream_(context_) {
        error_code error;
        tcp::socket& socket = stream_.next_layer();
        socket.open(tcp::v4(), error);
        socket.set_option(asio::socket_base::receive_buffer_size(live_receive_buffer_bytes), error);
        socket.connect({asio::ip::address_v4::loopback(), port}, error);
        stream_.read_message_max(0);  // no limit
        stream_.set_option(
            websocket::stream_base::decorator([headers](websocket::request_type& request) {
                for (const std::string& line : headers) {
                    const auto colon = line.find(':');
                    request.set(line.substr(0, colon), line.substr(colon + 2));
                }
            }));
        if (error) {
            greeted_ = true;
            return;
        }
        stream_.async_handshake(response_, "live.example", path, [this](error_code failed) {
            greeted_ = true;
            greeting_.status = failed && failed != websocket::error::upgrade_declined
                                   ? 0
                                   : static_cast<int>(response_.result_int());
            greeting_.body = response_.body();
            greeting_.json = parse_object(greeting_.body);
        });
    }
    [[nodiscard]] const HttpAnswer& greeting() override {
        run_until([this] { return greeted_; });
        return greeting_;
    }
    [[nodiscard]] LiveNews read() override {
        if (greeting().status != 101) {
            return broken();
        }
        beast::flat_buffer buffer;
        std::optional<error_code> done;
        stream_.async_read(buffer, [&done](error_code error, std::size_t) { done = error; });
        run_until([&done] { return done.has_value(); });
        if (!done) {
            return broken();
        }
        if (!*done) {
            return news_of(beast::buffers_to_string(buffer.data()));
        }
        LiveNews news;
        if (*done == websocket::error::closed) {
            news.end = std::string{stream_.reason().reason.data(), stream_.reason().reason.size()};
            news.close_code = stream_.reason().code;
        }
        news.is_broken = news.end.empty();
        return news;
    }
    [[nodiscard]] bool has_input(int patience_ms) override {
        pollfd watched{stream_.next_layer().native_handle(), POLLIN, 0};
        return ::poll(&watched, 1, patience_ms) > 0;
    }
    void chatter(const std::string& bytes) override {
        static_cast<void>(greeting());
        bool sent = false;
        stream_.async_write(asio::buffer(bytes), [&sent](error_code, std::size_t) { sent = true; });
        run_until([&sent] { return sent; });
    }

  private:
    template <class Condition>
    void run_until(Condition holds) {
        const auto give_up_at =
            std::chrono::steady_clock::now() + std::chrono::milliseconds{HttpClient::hang_ms};
        while (!holds()) {
            context_.restart();
            if (context_.run_one_until(give_up_at) == 0) {
                ADD_FAILURE() << "the server does not answer";
                context_.stop();
                return;
            }
        }
    }

    asio::io_context context_{1};
    websocket::stream<tcp::socket> stream_;
    websocket::response_type response_;
    HttpAnswer greeting_;
    bool greeted_ = false;
};

}  // namespace

std::string text(Framing framing) {
    return framing == Framing::websocket ? "websocket" : "lines";
}

std::unique_ptr<LiveClient> follow(std::uint16_t port, Framing framing, const std::string& path,
                                   const std::vector<std::string>& headers) {
    if (framing == Framing::websocket) {
        return std::make_unique<WebsocketClient>(port, path, headers);
    }
    return std::make_unique<LineClient>(port, path, headers);
}

}  // namespace stampede::tests
