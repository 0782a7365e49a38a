// SPDX-License-Identifier: Apache-2.0
// Content-Length is known only when the body has been written behind it, so its field is a run of
// spaces that the length is patched into: white space before a field value is legal (RFC 9112 5.1).
#include "net/http_response.hpp"

#include <chrono>

#include "net/json_text.hpp"

namespace stampede::net {

namespace {

using campaigns::Code;

constexpr std::size_t length_digits = 9;
constexpr std::string_view length_field = "Content-Length:          ";  // ends with length_digits
constexpr std::string_view close_line = "Connection: close\r\n";

void append_two_digits(std::string& out, unsigned number) {
    out += static_cast<char>('0' + number / 10);
    out += static_cast<char>('0' + number % 10);
}

/// IMF-fixdate of RFC 9110 section 5.6.7.
std::string http_date(std::int64_t unix_seconds) {
    namespace chrono = std::chrono;
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const chrono::sys_seconds now{chrono::seconds{unix_seconds}};
    const auto today = chrono::floor<chrono::days>(now);
    const chrono::year_month_day date{today};
    const auto seconds_of_day = static_cast<unsigned>((now - today).count());
    std::string out{days[chrono::weekday{today}.c_encoding()]};
    out += ", ";
    append_two_digits(out, static_cast<unsigned>(date.day()));
    out += ' ';
    out += months[static_cast<unsigned>(date.month()) - 1];
    out += ' ';
    out += std::to_string(static_cast<int>(date.year()));
    out += ' ';
    append_two_digits(out, seconds_of_day / 3600);
    out += ':';
    append_two_digits(out, seconds_of_day / 60 % 60);
    out += ':';
    append_two_digits(out, seconds_of_day % 60);
    out += " GMT";
    return out;
}

/// Whole seconds, rounded up: an early retry would be refused again.
std::int64_t retry_after_seconds(std::int64_t retry_ms) {
    return retry_ms <= 0 ? 1 : (retry_ms + 999) / 1000;
}

}  // namespace

std::uint16_t http_status(Code code) {
    // Only the exceptions: every business answer, refusals included, is a 200.
    if (code == Code::rate) {
        return 429;
    }
    if (code == Code::busy) {
        return 503;
    }
    if (code == Code::key_reused || code == Code::draft_invalid) {
        return 422;
    }
    return static_cast<std::uint16_t>(code) >= static_cast<std::uint16_t>(Code::key_reused) ? 409
                                                                                            : 200;
}

std::string_view reason_phrase(std::uint16_t status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Error";
    }
}

void append_problem_body(TextBuffer& out, const Problem& problem) {
    JsonText json(out);
    json.open_object();
    json.plain("type", "about:blank");
    json.plain("title", reason_phrase(problem.status));
    json.number("status", problem.status);
    json.text("detail", problem.detail);
    json.plain("code", problem.code);
    if (problem.retry_ms > 0) {
        json.number("retry_ms", problem.retry_ms);
    }
    if (!problem.errors.empty()) {
        json.open_array("errors");
        for (const auto& error : problem.errors) {
            json.open_object();
            json.text("field", error.field);
            json.text("message", error.message);
            json.close_object();
        }
        json.close_array();
    }
    if (problem.server_ms > 0) {
        json.number("server_ms", problem.server_ms);
    }
    json.finish();
}

Problem to_problem(const campaigns::Answer& answer) {
    Problem problem;
    problem.status = http_status(answer.code);
    problem.code = text(answer.code);
    if (answer.detail != nullptr) {
        problem.detail = answer.detail;
    } else if (answer.code == Code::key_reused) {
        problem.detail = "this Idempotency-Key came before with another body";
    } else if (answer.code == Code::busy) {
        problem.detail = "not now; ask again after retry_ms with the same Idempotency-Key";
    }
    if (answer.code == Code::rate || answer.code == Code::busy) {
        problem.retry_ms = answer.retry_in.has_value() ? answer.retry_in->ms() : 1000;
    }
    problem.server_ms = answer.server_time.ms();
    return problem;
}

ResponseWriter::ResponseWriter() {
    set_time(Instant{0});
}

void ResponseWriter::set_time(Instant wall_time) {
    const std::int64_t second = wall_time.ms() / 1000;
    if (second == second_) {
        return;
    }
    second_ = second;
    date_line_ = "Date: " + http_date(second) + "\r\n";
    ok_head_ = "HTTP/1.1 200 OK\r\n" + date_line_ + "Content-Type: application/json\r\n" +
               std::string{length_field};
}

ResponseWriter::Mark ResponseWriter::open_ok(TextBuffer& out, KeepAlive keep_alive,
                                             std::string_view extra_headers) const {
    out.append(ok_head_);
    Mark mark;
    mark.length_at = out.size() - length_digits;
    out.append("\r\n");
    if (keep_alive == KeepAlive::no) {
        out.append(close_line);
    }
    out.append(extra_headers);
    out.append("\r\n");
    mark.body_at = out.size();
    return mark;
}

ResponseWriter::Mark ResponseWriter::open(TextBuffer& out, std::uint16_t status,
                                          std::string_view content_type, KeepAlive keep_alive,
                                          std::string_view extra_headers) const {
    out.append("HTTP/1.1 ");
    out.append_number(status);
    out.append(' ');
    out.append(reason_phrase(status));
    out.append("\r\n");
    out.append(date_line_);
    out.append("Content-Type: ");
    out.append(content_type);
    out.append("\r\n");
    out.append(length_field);
    Mark mark;
    mark.length_at = out.size() - length_digits;
    out.append("\r\n");
    if (keep_alive == KeepAlive::no) {
        out.append(close_line);
    }
    out.append(extra_headers);
    out.append("\r\n");
    mark.body_at = out.size();
    return mark;
}

void ResponseWriter::close(TextBuffer& out, Mark mark) {
    out.patch_number(mark.length_at, length_digits, out.size() - mark.body_at);
}

void ResponseWriter::append_response(TextBuffer& out, std::uint16_t status,
                                     std::string_view content_type, std::string_view body,
                                     KeepAlive keep_alive, std::string_view extra_headers) const {
    const Mark mark = open(out, status, content_type, keep_alive, extra_headers);
    out.append(body);
    close(out, mark);
}

void ResponseWriter::append_answer(TextBuffer& out, const campaigns::Answer& answer,
                                   const AnswerContext& context, KeepAlive keep_alive,
                                   std::string_view extra_headers) const {
    if (http_status(answer.code) != 200) [[unlikely]] {
        append_problem(out, to_problem(answer), keep_alive, extra_headers);
        return;
    }
    const Mark mark = open_ok(out, keep_alive, extra_headers);
    net::append_answer(out, answer, context);
    close(out, mark);
}

void ResponseWriter::append_problem(TextBuffer& out, const Problem& problem, KeepAlive keep_alive,
                                    std::string_view extra_headers) const {
    std::string headers{extra_headers};
    if (!problem.allow.empty()) {
        headers.append("Allow: ").append(problem.allow).append("\r\n");
    }
    if (problem.retry_ms > 0) {
        headers.append("Retry-After: ")
            .append(std::to_string(retry_after_seconds(problem.retry_ms)))
            .append("\r\n");
    }
    if (problem.status == 401) {
        headers.append("WWW-Authenticate: Bearer\r\n");
    }
    const Mark mark = open(out, problem.status, problem_type, keep_alive, headers);
    append_problem_body(out, problem);
    close(out, mark);
}

}  // namespace stampede::net
