// SPDX-License-Identifier: Apache-2.0
// A whole HTTP request with holes of fixed width, patched in place for each buyer, so that making a
// request costs two small writes and no formatting. Placeholders in the text that it is made from:
//   {buyer}  the buyer's id, buyer_digits wide      {key}  the idempotency key, key_digits wide
//   {token}  a buyer token, as wide as all tokens of the run are
//   {record} a group's or a bargain's id, record_digits wide with leading zeros
// Owned by the generator's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/vocabulary/ids.hpp"
#include "loadtest/play_views.hpp"

namespace stampede::loadtest {

/// The number behind an Idempotency-Key.
using KeyNumber = StrongId<struct KeyTag>;

/// Every buyer id of a run has this many digits: a hole keeps its width without leading zeros.
inline constexpr std::size_t buyer_digits = 10;
inline constexpr BuyerId smallest_buyer{1'000'000'000};
inline constexpr BuyerId largest_buyer{9'999'999'999};
/// Hexadecimal; 64 bits.
inline constexpr std::size_t key_digits = 16;

/// The longest id in base36; shorter ones are written with leading zeros.
inline constexpr std::size_t record_digits = 13;

/// The text of a key as it stands in the header.
[[nodiscard]] std::string key_text(KeyNumber key);

struct RequestText {
    std::string method;
    std::string target;
    std::vector<std::string> headers;  // "Name: value", without those that the template adds
    std::string body;                  // empty: no body, no Content-Length
};

class RequestTemplate {
  public:
    /// `host` goes into the Host header. `token_width` is 0 when no token is used.
    RequestTemplate(const RequestText& text, std::string_view host, std::size_t token_width);

    void patch_buyer(BuyerId buyer);
    void patch_key(KeyNumber key);
    /// `token` must have the width given at construction.
    void patch_token(std::string_view token);
    void patch_record(RecordId record);

    [[nodiscard]] std::string_view bytes() const { return bytes_; }

  private:
    std::string bytes_;
    std::vector<std::size_t> buyer_at_;
    std::vector<std::size_t> key_at_;
    std::vector<std::size_t> token_at_;
    std::vector<std::size_t> record_at_;
    std::size_t token_width_;
};

}  // namespace stampede::loadtest
