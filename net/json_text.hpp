// SPDX-License-Identifier: Apache-2.0
// JSON written field by field into a TextBuffer: `"name":value,`, each with its comma behind it, so
// that no state has to say whether a field is the first. The closing brace takes the last comma
// away. Names are literals of ours and need no escaping; texts are escaped.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

/// Appends `text` as a JSON string with its quotes. Valid UTF-8 passes through; quotes, backslashes
/// and control characters are escaped.
void append_json_string(TextBuffer& out, std::string_view text);

class JsonText {
  public:
    explicit JsonText(TextBuffer& out) : out_(&out) {}

    void open_object() { out_->append('{'); }
    void open_object(std::string_view name) {
        this->name(name);
        out_->append('{');
    }
    void open_array(std::string_view name) {
        this->name(name);
        out_->append('[');
    }
    /// The closing bracket, and the comma of the field that it ends.
    void close_object() { close('{', "},"); }
    void close_array() { close('[', "],"); }
    /// Ends the whole text: no comma behind it.
    void finish() {
        close_object();
        out_->drop_last();
    }

    template <std::integral Integer>
        requires(!std::same_as<Integer, bool>)
    void number(std::string_view name, Integer value) {
        this->name(name);
        out_->append_number(value);
        out_->append(',');
    }
    void flag(std::string_view name, bool value) {
        this->name(name);
        out_->append(value ? std::string_view{"true,"} : std::string_view{"false,"});
    }
    /// A text that may hold anything.
    void text(std::string_view name, std::string_view value) {
        this->name(name);
        append_json_string(*out_, value);
        out_->append(',');
    }
    /// A text that is known to need no escaping: a code, a state, an item's id.
    void plain(std::string_view name, std::string_view value) {
        this->name(name);
        out_->append('"');
        out_->append(value);
        out_->append("\",");
    }
    /// An id that the engine gave out.
    template <class Tag>
    void base36(std::string_view name, StrongId<Tag> id) {
        plain(name, Base36{id.raw()}.view());
    }
    void hex(std::string_view name, std::span<const std::uint8_t> bytes) {
        static constexpr std::string_view digits = "0123456789abcdef";
        this->name(name);
        out_->append('"');
        for (const std::uint8_t byte : bytes) {
            out_->append(digits[byte >> 4U]);
            out_->append(digits[byte & 0xFU]);
        }
        out_->append("\",");
    }
    /// A decimal id as the string that the contract makes of every id.
    void decimal_text(std::string_view name, std::uint64_t id) {
        this->name(name);
        out_->append('"');
        out_->append_number(id);
        out_->append("\",");
    }
    /// A value that is JSON already.
    void raw(std::string_view name, std::string_view json) {
        this->name(name);
        out_->append(json);
        out_->append(',');
    }
    [[nodiscard]] TextBuffer& out() { return *out_; }

  private:
    void name(std::string_view name) {
        out_->append('"');
        out_->append(name);
        out_->append("\":");
    }
    void close(char opening, std::string_view closing) {
        if (const auto last = out_->view().back(); last == ',') {
            out_->drop_last();
        } else {
            check(last == opening, "a JSON value ends with a comma or opens its container");
        }
        out_->append(closing);
    }

    TextBuffer* out_;
};

}  // namespace stampede::net
