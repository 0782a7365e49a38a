// SPDX-License-Identifier: Apache-2.0
// What do the event loop and the HTTP session cost by themselves? The real ones, with a handler
// that answers every request with the same constant: compare with floor_server (nothing parsed)
// below and with the whole server above it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "net/http_server.hpp"

namespace {

using namespace stampede;
using namespace stampede::net;

class ConstantAnswer final : public RequestHandler {
  public:
    explicit ConstantAnswer(std::size_t reply_bytes) {
        const std::string head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
        const std::size_t head_bytes = head.size() + 8;
        const std::size_t body_bytes = reply_bytes > head_bytes ? reply_bytes - head_bytes : 0;
        std::string length = std::to_string(body_bytes);
        length.insert(0, length.size() < 4 ? 4 - length.size() : 0, '0');
        reply_ = head + length + "\r\n\r\n" + std::string(body_bytes, 'x');
    }
    void handle(const HttpRequest& /*request*/, Responder& responder) override {
        responder.reply(reply_, CommitNumber{0});
    }
    void refuse(const HttpRefusal& refusal, Responder& responder) override {
        responder.reply("HTTP/1.1 " + std::to_string(refusal.status) +
                            " Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                        CommitNumber{0});
    }
    void woken() override {}
    void ticked(SteadyTime /*now*/) override {}
    CommitNumber turn_ended() override { return CommitNumber{0}; }

  private:
    std::string reply_;
};

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "constant_server: %s\n", why.c_str());
    std::exit(1);
}

}  // namespace

int main(int argument_count, char** arguments) {
    CLI::App app{"The event loop and HTTP session with a constant for an answer"};
    std::string listen = "127.0.0.1:8080";
    std::string kind = "auto";
    std::size_t reply_bytes = 256;
    app.add_option("--listen", listen, "ADDRESS:PORT");
    app.add_option("--event-loop", kind, "auto, io_uring or epoll");
    app.add_option("--reply-bytes", reply_bytes, "bytes of one reply, its header included")
        ->check(CLI::Range(64, 8192));
    CLI11_PARSE(app, argument_count, arguments);

    const auto endpoint = Endpoint::parse(listen);
    const auto loop_kind = parse_event_loop_kind(kind);
    if (!endpoint.has_value() || !loop_kind.has_value()) {
        give_up(!endpoint.has_value() ? endpoint.error().message : loop_kind.error().message);
    }
    auto listener = Listener::open(*endpoint);
    if (!listener.has_value()) {
        give_up(listener.error().message);
    }
    EventLoopOptions loop_options;
    loop_options.kind = *loop_kind;
    loop_options.on_fallback = [](std::string_view why) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
    };
    auto loop = make_event_loop(loop_options);
    if (!loop.has_value()) {
        give_up(loop.error().message);
    }
    ConstantAnswer handler{reply_bytes};
    HttpServerOptions options;
    options.connections_max = loop_options.connections_max;
    HttpServer server{**loop, handler, options};
    std::printf("ready listen=%s loop=%s\n", listener->endpoint().text().c_str(),
                std::string{(*loop)->description()}.c_str());
    std::fflush(stdout);
    (*loop)->listen(std::move(*listener));
    (*loop)->run(server);
}
