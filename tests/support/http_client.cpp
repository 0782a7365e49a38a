// SPDX-License-Identifier: Apache-2.0
#include "tests/support/http_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <chrono>
#include <utility>

namespace stampede::tests {

namespace {

constexpr std::string_view reads_are_behind = "reads are behind the sale at the moment";

bool is_same_letter(char one, char other) {
    return std::tolower(static_cast<unsigned char>(one)) ==
           std::tolower(static_cast<unsigned char>(other));
}

}  // namespace

boost::json::object parse_object(const std::string& text) {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(text, error);
    return !error && value.is_object() ? std::move(value.as_object()) : boost::json::object{};
}

// HttpAnswer -------------------------------------------------------------------------------------

std::string HttpAnswer::header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at)) {
        at += 2;
        const std::string_view line = std::string_view{head}.substr(at, head.find("\r\n", at) - at);
        if (line.size() > name.size() && line[name.size()] == ':' &&
            std::equal(name.begin(), name.end(), line.begin(), is_same_letter)) {
            const auto value = line.find_first_not_of(" \t", name.size() + 1);
            return value == std::string_view::npos ? std::string{}
                                                   : std::string{line.substr(value)};
        }
    }
    return {};
}

std::string HttpAnswer::text(std::string_view field) const {
    const auto* value = json.if_contains(field);
    if (value == nullptr || !value->is_string()) {
        ADD_FAILURE() << "no text '" << field << "' in the answer " << status << ' ' << body;
        return {};
    }
    return std::string{value->as_string()};
}

std::int64_t HttpAnswer::number(std::string_view field) const {
    const auto* value = json.if_contains(field);
    if (value == nullptr || !value->is_int64()) {
        ADD_FAILURE() << "no whole number '" << field << "' in the answer " << status << ' '
                      << body;
        return -1;
    }
    return value->as_int64();
}

bool HttpAnswer::flag(std::string_view field) const {
    const auto* value = json.if_contains(field);
    if (value == nullptr || !value->is_bool()) {
        ADD_FAILURE() << "no flag '" << field << "' in the answer " << status << ' ' << body;
        return false;
    }
    return value->as_bool();
}

std::vector<boost::json::object> HttpAnswer::list(std::string_view field) const {
    std::vector<boost::json::object> list;
    const auto* value = json.if_contains(field);
    if (value == nullptr || !value->is_array()) {
        ADD_FAILURE() << "no list '" << field << "' in the answer " << status << ' ' << body;
        return list;
    }
    for (const auto& element : value->as_array()) {
        if (!element.is_object()) {
            ADD_FAILURE() << "'" << field << "' holds what is no object: " << body;
            return list;
        }
        list.push_back(element.as_object());
    }
    return list;
}

// Question ---------------------------------------------------------------------------------------

std::string Question::text() const {
    std::string text = method + ' ' + path + " HTTP/1.1\r\nHost: sale.example\r\n";
    for (const std::string& line : headers) {
        text += line + "\r\n";
    }
    if (!body.empty()) {
        text += "Content-Type: application/json\r\n";
    }
    if (!body.empty() || method == "POST" || method == "PUT") {
        text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return text + "\r\n" + body;
}

// HttpClient -------------------------------------------------------------------------------------

HttpClient::HttpClient(std::uint16_t port, int receive_buffer_bytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer_bytes > 0) {
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                     sizeof receive_buffer_bytes);
    }
    // The sockets interface takes every address family through one pointer type.
    is_connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      is_connected_(other.is_connected_),
      rest_(std::move(other.rest_)) {}

HttpClient::~HttpClient() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

bool HttpClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool HttpClient::has_input(int patience_ms) const {
    pollfd watched{socket_, POLLIN, 0};
    return !rest_.empty() || ::poll(&watched, 1, patience_ms) > 0;
}

bool HttpClient::receive() {
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

HttpAnswer HttpClient::read() {
    while (rest_.find("\r\n\r\n") == std::string::npos) {
        if (!receive()) {
            return {};
        }
    }
    HttpAnswer answer;
    const auto head_end = rest_.find("\r\n\r\n") + 4;
    answer.head = rest_.substr(0, head_end);
    const std::string length_text = answer.header("Content-Length");
    const std::size_t length = length_text.empty() ? 0 : std::stoul(length_text);
    while (rest_.size() < head_end + length) {
        if (!receive()) {
            return {};
        }
    }
    answer.status = std::stoi(answer.head.substr(9, 3));
    answer.body = rest_.substr(head_end, length);
    answer.json = parse_object(answer.body);
    rest_.erase(0, head_end + length);
    return answer;
}

HttpAnswer HttpClient::ask(const Question& question) {
    // Read even when sending failed: the server may have answered before it closed.
    send(question.text());
    return read();
}

std::optional<std::string> HttpClient::read_chunk() {
    std::size_t line_end = std::string::npos;
    while ((line_end = rest_.find("\r\n")) == std::string::npos) {
        if (!receive()) {
            return std::nullopt;
        }
    }
    const std::size_t length = std::stoul(rest_.substr(0, line_end), nullptr, 16);
    const std::size_t whole = line_end + 2 + length + 2;
    while (rest_.size() < whole) {
        if (!receive()) {
            return std::nullopt;
        }
    }
    std::string chunk = rest_.substr(line_end + 2, length);
    rest_.erase(0, whole);
    return chunk;
}

bool HttpClient::is_closed_by_server() {
    return rest_.empty() && !receive();
}

// Caller -----------------------------------------------------------------------------------------

Question Caller::question(std::string method, const std::string& path, const std::string& body,
                          const std::string& key) const {
    Question question{.method = std::move(method), .path = path, .body = body};
    question.headers = identity_;
    if (!key.empty()) {
        question.headers.push_back("Idempotency-Key: " + key);
    }
    return question;
}

HttpAnswer Caller::ask(const Question& question) {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    HttpAnswer answer = client_.ask(question);
    while (answer.status == 503 && answer.body.find(reads_are_behind) != std::string::npos &&
           std::chrono::steady_clock::now() < give_up_at) {
        answer = client_.ask(question);
    }
    return answer;
}

HttpAnswer Caller::get(const std::string& path) {
    return ask(question("GET", path, {}, {}));
}

HttpAnswer Caller::post(const std::string& path, const std::string& body, const std::string& key) {
    return ask(question("POST", path, body, key));
}

HttpAnswer Caller::put(const std::string& path, const std::string& body) {
    return ask(question("PUT", path, body, {}));
}

}  // namespace stampede::tests
