// SPDX-License-Identifier: Apache-2.0
// The name of one journal: a random UUID made together with its data directory. Every commit,
// anchor, checkpoint, archive file and settlement cursor carries it, so that parts of two journals
// never mix.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stampede::storage {

class JournalId {
  public:
    static constexpr std::size_t size = 16;
    constexpr JournalId() = default;
    constexpr explicit JournalId(const std::array<std::byte, size>& bytes) : bytes_(bytes) {}

    /// A fresh one, version 4, from the kernel's random source.
    [[nodiscard]] static JournalId random();
    /// The canonical text, 8-4-4-4-12 lowercase hexadecimal digits; empty for anything else.
    [[nodiscard]] static std::optional<JournalId> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    [[nodiscard]] constexpr const std::array<std::byte, size>& bytes() const { return bytes_; }
    friend constexpr bool operator==(const JournalId&, const JournalId&) = default;

  private:
    std::array<std::byte, size> bytes_{};
};

}  // namespace stampede::storage
