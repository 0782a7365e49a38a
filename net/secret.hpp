// SPDX-License-Identifier: Apache-2.0
// Bytes that must not be seen: they are wiped when they go, and there is no operator<<, no JSON and
// no implicit conversion through which they could reach a log. Any thread, like a string.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace stampede::net {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Secret& operator=(Secret&& other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }
    ~Secret();

    /// `count` bytes from the system's generator.
    [[nodiscard]] static Secret random(std::size_t count);
    [[nodiscard]] std::string_view reveal() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  private:
    std::string bytes_;
};

}  // namespace stampede::net
