// SPDX-License-Identifier: Apache-2.0
// Escaping by RFC 8259: runs that need none are copied whole.
#include "net/json_text.hpp"

#include <array>

namespace stampede::net {

namespace {

void append_escaped(TextBuffer& out, unsigned char character) {
    constexpr std::string_view hex = "0123456789abcdef";
    switch (character) {
        case '"':
            out.append("\\\"");
            return;
        case '\\':
            out.append("\\\\");
            return;
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        default:
            out.append("\\u00");
            out.append(hex[character >> 4]);
            out.append(hex[character & 0x0F]);
    }
}

}  // namespace

void append_json_string(TextBuffer& out, std::string_view text) {
    out.append('"');
    std::size_t copied = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto character = static_cast<unsigned char>(text[at]);
        if (character >= 0x20 && character != '"' && character != '\\') {
            continue;
        }
        out.append(text.substr(copied, at - copied));
        append_escaped(out, character);
        copied = at + 1;
    }
    out.append(text.substr(copied));
    out.append('"');
}

}  // namespace stampede::net
