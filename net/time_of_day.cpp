// SPDX-License-Identifier: Apache-2.0
// Two digits, a colon, two digits, and perhaps once more.
#include "net/time_of_day.hpp"

#include <array>

namespace stampede::net {

std::optional<std::int64_t> parse_time_of_day(std::string_view text) {
    if (text.size() != 5 && text.size() != 8) {
        return std::nullopt;
    }
    std::array<std::int64_t, 3> parts{};  // hours, minutes, seconds
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool is_colon_place = at % 3 == 2;
        const bool is_digit = text[at] >= '0' && text[at] <= '9';
        if (is_colon_place ? text[at] != ':' : !is_digit) {
            return std::nullopt;
        }
        if (!is_colon_place) {
            parts[at / 3] = parts[at / 3] * 10 + (text[at] - '0');
        }
    }
    const auto [hours, minutes, seconds] = parts;
    const bool is_day_end = hours == 24 && minutes == 0 && seconds == 0;
    if (minutes > 59 || seconds > 59 || (hours > 23 && !is_day_end)) {
        return std::nullopt;
    }
    return hours * 3600 + minutes * 60 + seconds;
}

std::string time_of_day_text(std::int64_t seconds) {
    const auto two_digits = [](std::int64_t number) {
        return std::string{static_cast<char>('0' + number / 10),
                           static_cast<char>('0' + number % 10)};
    };
    return two_digits(seconds / 3600) + ':' + two_digits(seconds / 60 % 60) + ':' +
           two_digits(seconds % 60);
}

}  // namespace stampede::net
