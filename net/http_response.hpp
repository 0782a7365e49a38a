// SPDX-License-Identifier: Apache-2.0
// Complete HTTP/1.1 responses, head and body, appended to the caller's buffer: the one place that
// knows which status and headers an answer, a problem or a document has. Each thread that answers
// owns one writer and tells it the time; the head of the common 200 is built once a second.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "campaigns/answer.hpp"
#include "engine/vocabulary/time.hpp"
#include "net/answer_json.hpp"
#include "net/problem.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

enum class KeepAlive : bool { no = false, yes = true };

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view problem_type = "application/problem+json";

/// HTTP status of an answer's code.
[[nodiscard]] std::uint16_t http_status(campaigns::Code code);
/// Reason phrase of a status that we send.
[[nodiscard]] std::string_view reason_phrase(std::uint16_t status);
/// The body of a problem: type, title, status, detail, code, and errors[] of a draft.
void append_problem_body(TextBuffer& out, const Problem& problem);
/// An answer whose code is not 200 as the problem that it is.
[[nodiscard]] Problem to_problem(const campaigns::Answer& answer);

class ResponseWriter {
  public:
    ResponseWriter();

    /// Wall time for the Date header; cheap when the second has not changed.
    void set_time(Instant wall_time);

    /// `extra_headers`: whole lines, each with its CRLF.
    void append_response(TextBuffer& out, std::uint16_t status, std::string_view content_type,
                         std::string_view body, KeepAlive keep_alive,
                         std::string_view extra_headers = {}) const;
    /// 200 with the answer, or the problem that its code stands for.
    void append_answer(TextBuffer& out, const campaigns::Answer& answer,
                       const AnswerContext& context, KeepAlive keep_alive,
                       std::string_view extra_headers = {}) const;
    void append_problem(TextBuffer& out, const Problem& problem, KeepAlive keep_alive,
                        std::string_view extra_headers = {}) const;

    /// For bodies that are written in place: opens a 200 of JSON; the caller appends the body and
    /// ends it with the returned mark.
    struct Mark {
        std::size_t length_at = 0;
        std::size_t body_at = 0;
    };
    [[nodiscard]] Mark open_ok(TextBuffer& out, KeepAlive keep_alive,
                               std::string_view extra_headers = {}) const;
    [[nodiscard]] Mark open(TextBuffer& out, std::uint16_t status, std::string_view content_type,
                            KeepAlive keep_alive, std::string_view extra_headers = {}) const;
    static void close(TextBuffer& out, Mark mark);

  private:
    std::int64_t second_ = -1;
    std::string date_line_;  // "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    std::string ok_head_;    // status line to just before the length's digits
};

}  // namespace stampede::net
