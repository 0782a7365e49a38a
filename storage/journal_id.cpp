// SPDX-License-Identifier: Apache-2.0
// The one place that makes journal ids and spells them.
#include "storage/journal_id.hpp"

#include <sys/random.h>

#include "engine/vocabulary/check.hpp"
#include "storage/digest.hpp"

namespace stampede::storage {

namespace {

constexpr std::size_t text_size = 36;

constexpr bool is_dash(std::size_t at) {
    return at == 8 || at == 13 || at == 18 || at == 23;
}

constexpr int digit_of(char character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return -1;
}

}  // namespace

JournalId JournalId::random() {
    std::array<std::byte, size> bytes{};
    check(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
          "the kernel gave no random bytes");
    bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};  // RFC 4122: version 4
    bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};  // RFC 4122: variant 1
    return JournalId{bytes};
}

std::optional<JournalId> JournalId::parse(std::string_view text) {
    if (text.size() != text_size) {
        return std::nullopt;
    }
    std::array<std::byte, size> bytes{};
    std::size_t nibble = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_dash(at)) {
            if (text[at] != '-') {
                return std::nullopt;
            }
            continue;
        }
        const int digit = digit_of(text[at]);
        if (digit < 0) {
            return std::nullopt;
        }
        bytes[nibble / 2] = (bytes[nibble / 2] << 4) | static_cast<std::byte>(digit);
        ++nibble;
    }
    return JournalId{bytes};
}

std::string JournalId::text() const {
    const std::string digits = hex(bytes_);
    return digits.substr(0, 8) + '-' + digits.substr(8, 4) + '-' + digits.substr(12, 4) + '-' +
           digits.substr(16, 4) + '-' + digits.substr(20);
}

}  // namespace stampede::storage
