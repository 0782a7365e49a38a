// SPDX-License-Identifier: Apache-2.0
// A small JSON text as a tree that forgets nothing: repeated names stay, and every number that is
// not a 64-bit integer stays one that is not. For bodies whose every mistake is to be named; the
// hot door reads with net/json_reader.hpp instead. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/problem.hpp"

namespace stampede::net {

/// A body of 4 MiB could hold two million values; a whole campaign needs some ten thousand.
inline constexpr std::size_t json_tree_values_max = 1u << 16;
inline constexpr std::size_t json_tree_depth_max = 16;

struct JsonNode {
    enum class Kind : std::uint8_t { null, boolean, integer, other_number, text, array, object };
    Kind kind = Kind::null;
    bool boolean = false;
    std::int64_t integer = 0;
    std::string text;
    std::vector<JsonNode> children;  // of an array or an object, as written
    std::vector<std::string> names;  // of an object: parallel to children
};

/// The whole text as one value; a problem says what is wrong and where.
[[nodiscard]] Judged<JsonNode> parse_json_tree(std::string_view json);

}  // namespace stampede::net
