// SPDX-License-Identifier: Apache-2.0
// Boost.JSON's parser checks syntax and UTF-8 and calls back; the builder only keeps.
#include "net/json_tree.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <limits>
#include <utility>

namespace stampede::net {
namespace {

namespace json = boost::json;

class TreeBuilder {
  public:
    // What the parser asks of its handler.
    static constexpr std::size_t max_object_size = json_tree_values_max;
    static constexpr std::size_t max_array_size = json_tree_values_max;
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    bool on_document_begin(json::error_code& /*error*/) { return true; }
    bool on_document_end(json::error_code& /*error*/) { return true; }
    bool on_object_begin(json::error_code& error) { return open(JsonNode::Kind::object, error); }
    bool on_object_end(std::size_t /*count*/, json::error_code& /*error*/) { return close(); }
    bool on_array_begin(json::error_code& error) { return open(JsonNode::Kind::array, error); }
    bool on_array_end(std::size_t /*count*/, json::error_code& /*error*/) { return close(); }
    bool on_key_part(json::string_view part, std::size_t /*count*/, json::error_code& /*error*/) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t /*count*/, json::error_code& /*error*/) {
        text_.append(part.data(), part.size());
        open_.back()->names.push_back(std::exchange(text_, {}));
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t /*count*/,
                        json::error_code& /*error*/) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(json::string_view part, std::size_t /*count*/, json::error_code& error) {
        text_.append(part.data(), part.size());
        JsonNode* node = add(JsonNode::Kind::text, error);
        if (node == nullptr) {
            return false;
        }
        node->text = std::exchange(text_, {});
        return true;
    }
    bool on_number_part(json::string_view /*part*/, json::error_code& /*error*/) { return true; }
    bool on_int64(std::int64_t value, json::string_view /*text*/, json::error_code& error) {
        JsonNode* node = add(JsonNode::Kind::integer, error);
        if (node == nullptr) {
            return false;
        }
        node->integer = value;
        return true;
    }
    bool on_uint64(std::uint64_t /*value*/, json::string_view /*text*/, json::error_code& error) {
        return add(JsonNode::Kind::other_number, error) != nullptr;
    }
    bool on_double(double /*value*/, json::string_view /*text*/, json::error_code& error) {
        return add(JsonNode::Kind::other_number, error) != nullptr;
    }
    bool on_bool(bool value, json::error_code& error) {
        JsonNode* node = add(JsonNode::Kind::boolean, error);
        if (node == nullptr) {
            return false;
        }
        node->boolean = value;
        return true;
    }
    bool on_null(json::error_code& error) { return add(JsonNode::Kind::null, error) != nullptr; }
    bool on_comment_part(json::string_view /*part*/, json::error_code& /*error*/) { return true; }
    bool on_comment(json::string_view /*part*/, json::error_code& /*error*/) { return true; }

    [[nodiscard]] JsonNode take() { return std::move(root_); }

  private:
    // The pointers in open_ stay good: a container's children move only when it gets another one,
    // and then every deeper container is closed.
    JsonNode* add(JsonNode::Kind kind, json::error_code& error) {
        if (++values_ > json_tree_values_max) {
            error = json::error::array_too_large;
            return nullptr;
        }
        JsonNode* node = open_.empty() ? &root_ : &open_.back()->children.emplace_back();
        node->kind = kind;
        return node;
    }
    bool open(JsonNode::Kind kind, json::error_code& error) {
        JsonNode* node = add(kind, error);
        if (node == nullptr) {
            return false;
        }
        open_.push_back(node);
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    JsonNode root_;
    std::vector<JsonNode*> open_;
    std::string text_;
    std::size_t values_ = 0;
};

std::string what(const json::error_code& error) {
    if (error == json::error::array_too_large || error == json::error::object_too_large) {
        return "more than " + std::to_string(json_tree_values_max) + " values";
    }
    if (error == json::error::too_deep) {
        return "nested deeper than " + std::to_string(json_tree_depth_max);
    }
    if (error == json::error::incomplete) {
        return "ends too early";
    }
    if (error == json::error::extra_data) {
        return "something follows the JSON value";
    }
    return error.message();
}

std::string where(std::string_view json, std::size_t offset) {
    const std::string_view before = json.substr(0, std::min(offset, json.size()));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 = 0
    return " (line " + std::to_string(line) + ", byte " +
           std::to_string(before.size() - line_start + 1) + ")";
}

}  // namespace

Judged<JsonNode> parse_json_tree(std::string_view json_text) {
    json::parse_options options;
    options.max_depth = json_tree_depth_max;
    json::basic_parser<TreeBuilder> parser(options);
    json::error_code error;
    const std::size_t read = parser.write_some(false, json_text.data(), json_text.size(), error);
    if (!error && read < json_text.size()) {
        error = json::error::extra_data;
    }
    if (error) {
        return malformed("body: not JSON: " + what(error) + where(json_text, read));
    }
    return parser.handler().take();
}

}  // namespace stampede::net
