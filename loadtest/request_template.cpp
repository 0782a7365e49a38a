// SPDX-License-Identifier: Apache-2.0
// Building happens once per item; only the patches run per request.
#include "loadtest/request_template.hpp"

#include <array>
#include <cstring>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {
namespace {

// Replaces every `placeholder` by `width` zeros and notes where they stand. Later replacements
// would move earlier holes, so callers find all holes again after the last one.
void widen(std::string& text, std::string_view placeholder, std::string_view filler) {
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + filler.size())) {
        text.replace(at, placeholder.size(), filler);
    }
}

std::vector<std::size_t> places_of(const std::string& text, std::string_view filler) {
    std::vector<std::size_t> places;
    for (std::size_t at = filler.empty() ? std::string::npos : text.find(filler);
         at != std::string::npos; at = text.find(filler, at + filler.size())) {
        places.push_back(at);
    }
    return places;
}

void write_key(char* into, std::uint64_t key) {
    for (std::size_t at = key_digits; at-- > 0; key >>= 4) {
        into[at] = "0123456789abcdef"[key & 15];
    }
}

}  // namespace

std::string key_text(KeyNumber key) {
    std::string text(key_digits, '0');
    write_key(text.data(), key.raw());
    return text;
}

RequestTemplate::RequestTemplate(const RequestText& text, std::string_view host,
                                 std::size_t token_width)
    : token_width_(token_width) {
    // Control characters cannot occur in a request, so they mark the holes until the text is whole.
    const std::string buyer_filler(buyer_digits, '\x01');
    const std::string key_filler(key_digits, '\x02');
    const std::string token_filler(token_width, '\x03');
    const std::string record_filler(record_digits, '\x04');
    const auto fill = [&](std::string part) {
        widen(part, "{buyer}", buyer_filler);
        widen(part, "{key}", key_filler);
        widen(part, "{token}", token_filler);
        widen(part, "{record}", record_filler);
        return part;
    };
    const std::string body = fill(text.body);
    bytes_ = text.method + ' ' + fill(text.target) + " HTTP/1.1\r\nHost: ";
    bytes_ += host;
    bytes_ += "\r\n";
    for (const std::string& header : text.headers) {
        bytes_ += fill(header) + "\r\n";
    }
    if (!body.empty()) {
        bytes_ +=
            "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n";
    } else if (text.method == "POST") {
        bytes_ += "Content-Length: 0\r\n";
    }
    bytes_ += "\r\n" + body;
    buyer_at_ = places_of(bytes_, buyer_filler);
    key_at_ = places_of(bytes_, key_filler);
    token_at_ = places_of(bytes_, token_filler);
    record_at_ = places_of(bytes_, record_filler);
}

void RequestTemplate::patch_buyer(BuyerId buyer) {
    check(buyer >= smallest_buyer && buyer <= largest_buyer, "buyer id of another width");
    std::array<char, buyer_digits> digits;
    std::uint64_t rest = buyer.raw();
    for (std::size_t at = buyer_digits; at-- > 0; rest /= 10) {
        digits[at] = static_cast<char>('0' + rest % 10);
    }
    for (const std::size_t at : buyer_at_) {
        std::memcpy(bytes_.data() + at, digits.data(), buyer_digits);
    }
}

void RequestTemplate::patch_key(KeyNumber key) {
    for (const std::size_t at : key_at_) {
        write_key(bytes_.data() + at, key.raw());
    }
}

void RequestTemplate::patch_token(std::string_view token) {
    check(token.size() == token_width_, "token of another width");
    for (const std::size_t at : token_at_) {
        std::memcpy(bytes_.data() + at, token.data(), token_width_);
    }
}

void RequestTemplate::patch_record(RecordId record) {
    const Base36 id{record.raw()};
    std::array<char, record_digits> digits;
    digits.fill('0');
    std::memcpy(digits.data() + record_digits - id.view().size(), id.view().data(),
                id.view().size());
    for (const std::size_t at : record_at_) {
        std::memcpy(bytes_.data() + at, digits.data(), record_digits);
    }
}

}  // namespace stampede::loadtest
