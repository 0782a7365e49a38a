// SPDX-License-Identifier: Apache-2.0
// Where replies are written: bytes appended to room that its owner keeps and reuses, so that a
// steady state allocates nothing. It grows only when an answer is larger than any before it. One
// thread owns a buffer; a view is valid until the next append or clear.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace stampede::net {

class TextBuffer {
  public:
    explicit TextBuffer(std::size_t capacity_bytes = 16 * 1024) : room_(capacity_bytes) {}

    void clear() { used_ = 0; }
    [[nodiscard]] bool empty() const { return used_ == 0; }
    [[nodiscard]] std::size_t size() const { return used_; }
    [[nodiscard]] std::string_view view() const { return {room_.data(), used_}; }
    [[nodiscard]] std::string_view view_from(std::size_t start) const {
        return view().substr(start);
    }

    void append(std::string_view text) {
        ensure(text.size());
        if (!text.empty()) {  // memcpy may not be given a null pointer
            std::memcpy(room_.data() + used_, text.data(), text.size());
        }
        used_ += text.size();
    }
    void append(char character) {
        ensure(1);
        room_[used_++] = character;
    }
    template <std::integral Integer>
        requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
    void append_number(Integer number) {
        ensure(digits_max);
        const auto end =
            std::to_chars(room_.data() + used_, room_.data() + used_ + digits_max, number).ptr;
        used_ = static_cast<std::size_t>(end - room_.data());
    }
    /// Writes `number` right-aligned over the `width` bytes at `at`, keeping the spaces before it.
    /// For a length that is known only after what it measures; it must fit.
    void patch_number(std::size_t at, std::size_t width, std::size_t number) {
        std::array<char, digits_max> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        const auto count = static_cast<std::size_t>(end - digits.data());
        std::memcpy(room_.data() + at + width - count, digits.data(), count);
    }
    /// Drops the last byte: a comma that turned out to be one too many.
    void drop_last() { --used_; }

  private:
    static constexpr std::size_t digits_max = 20;  // of any 64-bit integer, sign included

    void ensure(std::size_t more) {
        if (room_.size() - used_ < more) [[unlikely]] {
            room_.resize((used_ + more) * 2);
        }
    }

    std::vector<char> room_;
    std::size_t used_ = 0;
};

}  // namespace stampede::net
