// SPDX-License-Identifier: Apache-2.0
// The scanning itself. memchr is vectorised by the C library, so the cost is a few nanoseconds per
// header line and per field; no field is copied.
#include "loadtest/response_scanner.hpp"

#include <charconv>
#include <cstring>
#include <limits>

#include "loadtest/json_fields.hpp"

namespace stampede::loadtest {
namespace {

constexpr std::size_t head_bytes_max = 16 * 1024;
constexpr std::uint64_t body_bytes_max = 64 * 1024 * 1024;

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

// ASCII letters only; header names have no others.
bool same_word(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char folded =
            text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] + 32) : text[at];
        if (folded != lower[at]) {
            return false;
        }
    }
    return true;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    return text;
}

template <class Integer>
bool read_number(std::string_view text, Integer& value) {
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stopped == end;
}

struct Head {
    std::uint64_t body_bytes = 0;
    bool has_length = false;
    bool chunked = false;
};

bool read_header_line(std::string_view line, Head& head, ScannedResponse& response) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    const std::string_view name = line.substr(0, colon);
    // Only three names matter; their lengths tell nearly all others apart.
    if (name.size() == 14 && same_word(name, "content-length")) {
        if (head.has_length || !read_number(trimmed(line.substr(colon + 1)), head.body_bytes)) {
            return false;
        }
        head.has_length = true;
    } else if (name.size() == 10 && same_word(name, "connection")) {
        response.closes = same_word(trimmed(line.substr(colon + 1)), "close");
    } else if (name.size() == 17 && same_word(name, "transfer-encoding")) {
        head.chunked = true;
    }
    return true;
}

}  // namespace

ScanResult scan_response(std::string_view bytes, ScannedResponse& response) {
    constexpr std::string_view version = "HTTP/1.1 ";
    constexpr std::size_t status_line_min = 12;  // "HTTP/1.1 200"
    if (bytes.size() < status_line_min) {
        const std::size_t given = std::min(bytes.size(), version.size());
        return bytes.substr(0, given) == version.substr(0, given) ? ScanResult::incomplete
                                                                  : ScanResult::broken;
    }
    if (std::memcmp(bytes.data(), version.data(), version.size()) != 0 || !is_digit(bytes[9]) ||
        !is_digit(bytes[10]) || !is_digit(bytes[11])) {
        return ScanResult::broken;
    }
    response.status = (bytes[9] - '0') * 100 + (bytes[10] - '0') * 10 + (bytes[11] - '0');
    response.closes = false;
    Head head;
    std::size_t at = 0;
    for (bool first = true;; first = false) {
        const void* found = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
        if (found == nullptr) {
            return bytes.size() > head_bytes_max ? ScanResult::broken : ScanResult::incomplete;
        }
        const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        const std::string_view line = bytes.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line == "\r") {
            break;
        }
        if (!first && !read_header_line(line, head, response)) {
            return ScanResult::broken;
        }
    }
    const bool bodiless = response.status == 204 || response.status == 304;
    if (head.chunked || (!head.has_length && !bodiless) || head.body_bytes > body_bytes_max) {
        return ScanResult::broken;
    }
    if (bytes.size() - at < head.body_bytes) {
        return ScanResult::incomplete;
    }
    response.body = bytes.substr(at, head.body_bytes);
    response.size_bytes = at + head.body_bytes;
    return ScanResult::whole;
}

Receipt receipt_from(std::string_view text) {
    Receipt receipt;
    const std::size_t first = text.find('.');
    const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
    if (second == std::string_view::npos || !read_number(text.substr(0, first), receipt.shard) ||
        !read_number(text.substr(first + 1, second - first - 1), receipt.epoch) ||
        !read_number(text.substr(second + 1), receipt.sequence)) {
        return Receipt{};
    }
    return receipt;
}

std::string text_of(const Receipt& receipt) {
    return std::to_string(receipt.shard) + '.' + std::to_string(receipt.epoch) + '.' +
           std::to_string(receipt.sequence);
}

std::size_t value_end(std::string_view text, std::size_t at) {
    if (text[at] == '"') {
        for (++at; at < text.size(); ++at) {
            if (text[at] == '\\') {
                ++at;
            } else if (text[at] == '"') {
                return at + 1;
            }
        }
        return std::string_view::npos;
    }
    if (text[at] == '{' || text[at] == '[') {
        std::size_t depth = 0;
        for (; at < text.size(); ++at) {
            if (text[at] == '"') {
                at = value_end(text, at);
                if (at == std::string_view::npos) {
                    return at;
                }
                --at;
            } else if (text[at] == '{' || text[at] == '[') {
                ++depth;
            } else if ((text[at] == '}' || text[at] == ']') && --depth == 0) {
                return at + 1;
            }
        }
        return std::string_view::npos;
    }
    while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ' ' &&
           text[at] != '\r' && text[at] != '\n') {
        ++at;
    }
    return at;
}

namespace {

void read_field(std::string_view name, std::string_view value, AnswerFields& fields) {
    // Told apart by length first, since this runs for every field of every answer.
    switch (name.size()) {
        case 4:
            if (name == "code") {
                fields.code = answer_code_from(unquoted(value));
            }
            return;
        case 3:
            if (name == "cut") {
                fields.cut = value;
            }
            return;
        case 5:
            if (name == "group") {
                fields.group = value;
            }
            return;
        case 6:
            if (name == "amount") {
                fields.amount = Money{integer_of(value)};
            }
            return;
        case 7:
            if (name == "receipt") {
                fields.receipt = receipt_from(unquoted(value));
            } else if (name == "bargain") {
                fields.bargain = value;
            }
            return;
        case 8:
            if (name == "order_id") {
                fields.order = OrderId{Base36::parse(unquoted(value)).value_or(0)};
            } else if (name == "quantity") {
                fields.quantity = Quantity{integer_of(value)};
            } else if (name == "replayed") {
                fields.replayed = value == "true";
            } else if (name == "retry_ms") {
                fields.retry = Duration::milliseconds(integer_of(value));
            }
            return;
        case 9:
            if (name == "pay_by_ms") {
                fields.pay_by = Instant{integer_of(value)};
            }
            return;
        case 10:
            if (name == "may_return") {
                fields.may_return = value == "true";
            }
            return;
        default:
            return;
    }
}

}  // namespace

AnswerFields read_answer(std::string_view body) {
    AnswerFields fields;
    each_field(body, [&](std::string_view name, std::string_view value) {
        read_field(name, value, fields);
    });
    return fields;
}

}  // namespace stampede::loadtest
