// SPDX-License-Identifier: Apache-2.0
// Optimal string alignment, three rows at a time. Names are short, and only mistakes come here.
#include "net/nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace stampede::net {
namespace {

constexpr std::size_t name_bytes_max = 64;  // longer ones are compared with nothing
constexpr std::size_t beginning_bytes_min = 3;

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> two_ago(right.size() + 1);
    std::vector<std::size_t> above(right.size() + 1);
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t at = 0; at <= right.size(); ++at) {
        above[at] = at;
    }
    for (std::size_t i = 1; i <= left.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const bool same = lower(left[i - 1]) == lower(right[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) &&
                lower(left[i - 2]) == lower(right[j - 1])) {
                row[j] = std::min(row[j], two_ago[j - 2] + 1);
            }
        }
        two_ago.swap(above);
        above.swap(row);
    }
    return above[right.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view unknown, std::span<const std::string_view> known) {
    std::string_view nearest;
    if (unknown.size() > name_bytes_max) {
        return nearest;
    }
    std::size_t least = std::max<std::size_t>(1, unknown.size() / 3) + 1;
    for (const std::string_view name : known) {
        if (const std::size_t apart = distance(unknown, name); apart < least) {
            least = apart;
            nearest = name;
        }
    }
    if (nearest.empty() && unknown.size() >= beginning_bytes_min) {
        const auto begun = std::find_if(known.begin(), known.end(),
                                        [unknown](auto name) { return name.starts_with(unknown); });
        nearest = begun == known.end() ? nearest : *begun;
    }
    return nearest;
}

}  // namespace stampede::net
