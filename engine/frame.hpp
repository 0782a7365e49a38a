// SPDX-License-Identifier: Apache-2.0
// A frame is one event as it lies in a commit: an envelope that the engine owns, and a payload that
// a play's codec owns. A purchase of one line stays under 96 bytes, envelope included.
//
//   offset  size  field
//        0     4  length       bytes of the whole frame, this field included
//        4     2  shard
//        6     1  play         0 = common to all plays; see campaigns/event_codec.hpp
//        7     1  kind         number of the event within its play; bit 7: a request follows
//        8     8  sequence     per shard, its predecessor's plus one
//       16     8  at           journal time, ms since 1970, never less than the predecessor's
//       24     8  scope        the campaign; 0 for events outside any
//   [32     20  request      owner (8), key digest (8), body digest (4), if bit 7 of kind is set]
//        .     .  payload
//
// A frame is valid when its length fits, its sequence is its predecessor's plus one, and its play's
// codec decodes all of its payload. Damage is the commit's concern: its digest covers all frames.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::engine {

/// Who asked, under which key, for what: the scope of idempotency. `key_digest` covers method, path
/// and Idempotency-Key; `body_digest` the decoded command.
struct RequestIdentity {
    std::uint64_t owner = 0;  // the buyer, 0 for the mall
    std::uint64_t key_digest = 0;
    std::uint32_t body_digest = 0;
    friend bool operator==(const RequestIdentity&, const RequestIdentity&) = default;
};

struct Frame {
    ShardIndex shard;
    std::uint8_t play = 0;
    std::uint8_t kind = 0;  // 1..127
    Sequence sequence;
    Instant at;
    std::uint64_t scope = 0;
    std::optional<RequestIdentity> request;
    std::span<const std::byte> payload;
};

inline constexpr std::size_t frame_envelope_bytes = 32;
inline constexpr std::size_t frame_request_bytes = 20;
inline constexpr std::uint8_t frame_request_flag = 0x80;

/// Reads the frames of a commit one after the other.
class FrameReader {
  public:
    explicit FrameReader(std::span<const std::byte> frames) : rest_(frames) {}

    /// The next frame; empty at the end, or when a length does not fit (then broken() is true).
    [[nodiscard]] std::optional<Frame> next() {
        if (rest_.empty()) {
            return std::nullopt;
        }
        ByteReader reader(rest_);
        const auto length = reader.get<std::uint32_t>();
        if (reader.failed() || length < frame_envelope_bytes || length > rest_.size()) {
            broken_ = true;
            return std::nullopt;
        }
        Frame frame;
        frame.shard = reader.get<ShardIndex>();
        frame.play = reader.get<std::uint8_t>();
        const auto kind_and_flag = reader.get<std::uint8_t>();
        frame.kind = kind_and_flag & static_cast<std::uint8_t>(~frame_request_flag);
        frame.sequence = reader.get<Sequence>();
        frame.at = reader.instant();
        frame.scope = reader.get<std::uint64_t>();
        std::size_t header_bytes = frame_envelope_bytes;
        if ((kind_and_flag & frame_request_flag) != 0) {
            header_bytes += frame_request_bytes;
            if (length < header_bytes) {
                broken_ = true;
                return std::nullopt;
            }
            RequestIdentity request;
            request.owner = reader.get<std::uint64_t>();
            request.key_digest = reader.get<std::uint64_t>();
            request.body_digest = reader.get<std::uint32_t>();
            frame.request = request;
        }
        frame.payload = rest_.subspan(header_bytes, length - header_bytes);
        rest_ = rest_.subspan(length);
        return frame;
    }
    [[nodiscard]] bool broken() const { return broken_; }

  private:
    std::span<const std::byte> rest_;
    bool broken_ = false;
};

}  // namespace stampede::engine
