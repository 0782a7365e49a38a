// SPDX-License-Identifier: Apache-2.0
// Reads flat JSON without a tree: the fields of an object and the elements of an array, as views
// into the text. Trusts the text only so far as to stop at anything cut off. Pure.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stampede::loadtest {

/// Where the value that begins at `at` ends: a string behind its closing quote, a nested one behind
/// its bracket, a plain one at the comma, brace or space. npos when it is cut off.
[[nodiscard]] std::size_t value_end(std::string_view text, std::size_t at);

/// A string without its quotes; any other value as it is.
[[nodiscard]] inline std::string_view unquoted(std::string_view value) {
    return value.size() >= 2 && value.front() == '"' ? value.substr(1, value.size() - 2) : value;
}

/// 0 for a value that is no integer.
[[nodiscard]] inline std::int64_t integer_of(std::string_view value) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    return error == std::errc{} && end == value.data() + value.size() ? number : 0;
}

/// Calls visit(name, value) for each field of the object's top level, values with their quotes and
/// brackets. An odd text yields what was read until then.
template <class Visit>
void each_field(std::string_view object, Visit&& visit) {
    std::size_t at = 0;
    while ((at = object.find('"', at)) != std::string_view::npos) {
        const std::size_t name_end = object.find('"', at + 1);
        if (name_end == std::string_view::npos) {
            return;
        }
        const std::string_view name = object.substr(at + 1, name_end - at - 1);
        at = name_end + 1;
        while (at < object.size() && (object[at] == ':' || object[at] == ' ')) {
            ++at;
        }
        const std::size_t end = at < object.size() ? value_end(object, at) : std::string_view::npos;
        if (end == std::string_view::npos) {
            return;
        }
        visit(name, object.substr(at, end - at));
        at = end;
    }
}

/// Calls visit(object) for each object in the array.
template <class Visit>
void each_object(std::string_view array, Visit&& visit) {
    std::size_t at = 0;
    while ((at = array.find('{', at)) != std::string_view::npos) {
        const std::size_t end = value_end(array, at);
        if (end == std::string_view::npos) {
            return;
        }
        visit(array.substr(at, end - at));
        at = end;
    }
}

}  // namespace stampede::loadtest
