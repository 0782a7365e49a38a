// SPDX-License-Identifier: Apache-2.0
// The commit that is being filled while its predecessor is being synced. No timer closes it: a
// commit is whatever arrived meanwhile. Two buffers alternate, since the journal borrows one until
// its commit is durable. Loop thread only; allocates nothing after construction.
#pragma once

#include <array>
#include <cstring>
#include <memory>

#include "engine/frame.hpp"
#include "engine/journal.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::engine {

class OpenCommit {
  public:
    explicit OpenCommit(CommitNumber last_durable) : number_(last_durable.next()) {
        for (auto& buffer : buffers_) {
            buffer = std::make_unique<Buffer>();
        }
    }

    /// The number that this commit will have: what an answer made now rests on at most.
    [[nodiscard]] CommitNumber number() const { return number_; }
    [[nodiscard]] bool empty() const { return used_ == 0; }
    [[nodiscard]] std::size_t room() const { return limits::commit_bytes_max - used_; }
    [[nodiscard]] std::size_t used() const { return used_; }

    /// Appends one frame; `write_payload(ByteWriter&)` fills in the payload. The caller has made
    /// sure of the room.
    template <class WritePayload>
    void append(const Frame& envelope, WritePayload&& write_payload) {
        ByteWriter writer(std::span{buffer()}.subspan(used_));
        writer.put(std::uint32_t{0});  // the length, known when the payload is written
        writer.put(envelope.shard);
        writer.put(envelope.play);
        writer.put(static_cast<std::uint8_t>(
            envelope.kind | (envelope.request ? frame_request_flag : std::uint8_t{0})));
        writer.put(envelope.sequence);
        writer.put(envelope.at);
        writer.put(envelope.scope);
        if (envelope.request) {
            writer.put(envelope.request->owner);
            writer.put(envelope.request->key_digest);
            writer.put(envelope.request->body_digest);
        }
        write_payload(writer);
        const auto length = static_cast<std::uint32_t>(writer.used());
        std::memcpy(buffer().data() + used_, &length, sizeof length);
        used_ += length;
        last_at_ = envelope.at;
    }

    /// Closes it and starts the next one in the other buffer. The returned commit's bytes stay
    /// valid until seal() has been called twice more.
    [[nodiscard]] Commit seal(Signature signature, StateLayout layout) {
        const Commit sealed{.number = number_,
                            .journal_time = last_at_,
                            .signature = signature,
                            .layout = layout,
                            .frames = std::span{buffer()}.first(used_)};
        number_ = number_.next();
        current_ ^= 1U;
        used_ = 0;
        return sealed;
    }

  private:
    using Buffer = std::array<std::byte, limits::commit_bytes_max>;
    Buffer& buffer() { return *buffers_[current_]; }

    std::array<std::unique_ptr<Buffer>, 2> buffers_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
    CommitNumber number_;
    Instant last_at_;
};

}  // namespace stampede::engine
