// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP/1.1 client over a real socket, written from the documents and not from the
// server: one keep-alive connection, bytes sent as they are, one answer read at a time. Used by one
// thread. A server that does not answer within `hang_ms` fails the test.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stampede::tests {

struct HttpAnswer {
    int status = 0;  // 0: the connection ended instead
    std::string head;
    std::string body;
    boost::json::object json;  // empty when the body is no JSON object

    /// The value of a header, letter case aside; empty when it is absent.
    [[nodiscard]] std::string header(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view field) const { return json.contains(field); }
    // A field of that type; where there is none the test fails, naming the whole answer.
    [[nodiscard]] std::string text(std::string_view field) const;
    [[nodiscard]] std::int64_t number(std::string_view field) const;
    [[nodiscard]] bool flag(std::string_view field) const;
    [[nodiscard]] std::vector<boost::json::object> list(std::string_view field) const;
    [[nodiscard]] std::string code() const { return text("code"); }
};

/// Empty when it is no JSON object.
[[nodiscard]] boost::json::object parse_object(const std::string& text);

/// A request as text, with Host and, for a body, Content-Type and Content-Length.
struct Question {
    std::string method = "GET";
    std::string path;
    std::string body{};
    std::vector<std::string> headers{};  // whole lines without the line end

    [[nodiscard]] std::string text() const;
};

class HttpClient {
  public:
    static constexpr int hang_ms = 30'000;

    /// `receive_buffer_bytes`: what its kernel takes for it while it does not read; 0: the kernel's
    /// own, which grows to tens of megabytes.
    explicit HttpClient(std::uint16_t port, int receive_buffer_bytes = 0);
    HttpClient(HttpClient&& other) noexcept;
    HttpClient& operator=(HttpClient&& other) = delete;
    ~HttpClient();

    [[nodiscard]] bool is_connected() const { return is_connected_; }
    /// False when the server has closed.
    bool send(std::string_view bytes);
    /// The next answer, or one with status 0 when the connection ends first.
    [[nodiscard]] HttpAnswer read();
    [[nodiscard]] HttpAnswer ask(const Question& question);
    /// The next chunk of a chunked answer whose head was read; empty at its end, nothing when the
    /// connection ends first.
    [[nodiscard]] std::optional<std::string> read_chunk();
    /// True when bytes, or the end, can be read within `patience_ms`.
    [[nodiscard]] bool has_input(int patience_ms) const;
    /// Waits for the end of the connection; false when bytes come instead.
    [[nodiscard]] bool is_closed_by_server();

  private:
    [[nodiscard]] bool receive();

    int socket_;
    bool is_connected_ = false;
    std::string rest_;
};

/// One connection and one identity, on either door.
class Caller {
  public:
    Caller(std::uint16_t port, std::vector<std::string> identity_headers)
        : client_(port), identity_(std::move(identity_headers)) {}

    [[nodiscard]] HttpAnswer get(const std::string& path);
    /// `key` is the Idempotency-Key; empty for none.
    HttpAnswer post(const std::string& path, const std::string& body = {},
                    const std::string& key = {});
    HttpAnswer put(const std::string& path, const std::string& body);
    [[nodiscard]] HttpClient& client() { return client_; }
    [[nodiscard]] Question question(std::string method, const std::string& path,
                                    const std::string& body, const std::string& key) const;

  private:
    /// Asks again while the mall's door says that its reads are behind: it waited for the follower
    /// as long as it may, and did nothing. So does its caller in a mall.
    [[nodiscard]] HttpAnswer ask(const Question& question);

    HttpClient client_;
    std::vector<std::string> identity_;
};

}  // namespace stampede::tests
