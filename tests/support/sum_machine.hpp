// SPDX-License-Identifier: Apache-2.0
// The smallest state that can be replayed: a sum. A frame's payload is a number to add; the sum's
// signature is a digest of it. Shows storage without any play or shard.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/frame.hpp"
#include "engine/replayable.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::tests {

class SumMachine final : public engine::Replayable {
  public:
    SumMachine() = default;
    /// One whose records lie otherwise: its signatures are other sums.
    explicit SumMachine(StateLayout layout) : layout_(layout) {}

    void add(std::uint64_t number) {
        sum_ = sum_ * 31 + number;  // order matters, so that a swapped commit shows
        ++additions_;
    }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }
    [[nodiscard]] std::uint64_t additions() const { return additions_; }

    Result<> apply(const engine::Commit& commit) override {
        engine::FrameReader frames(commit.frames);
        while (const auto frame = frames.next()) {
            ByteReader payload(frame->payload);
            add(payload.get<std::uint64_t>());
            if (payload.failed()) {
                return fault("a frame without a number");
            }
        }
        return frames.broken() ? Result<>{fault("a frame with a wrong length")} : Result<>{};
    }
    void save(engine::CheckpointSink& sink) const override {
        std::array<std::byte, 16> record{};
        ByteWriter out(record);
        out.put(sum_);
        out.put(additions_);
        sink.put(record);
    }
    Result<> load(engine::CheckpointSource& source) override {
        const auto record = source.next();
        if (!record || record->size() != 16) {
            return fault("not a checkpoint of a sum");
        }
        ByteReader reader(*record);
        sum_ = reader.get<std::uint64_t>();
        additions_ = reader.get<std::uint64_t>();
        return {};
    }
    [[nodiscard]] Signature signature() const override {
        return Signature{record_digest(layout_.raw(), std::array{sum_, additions_})};
    }
    [[nodiscard]] StateLayout layout() const override { return layout_; }

  private:
    StateLayout layout_{1};
    std::uint64_t sum_ = 0;
    std::uint64_t additions_ = 0;
};

/// One frame that adds `number`, filled up to `bytes` (at least 40).
inline std::vector<std::byte> sum_frame(std::uint64_t number, std::size_t bytes = 40) {
    std::vector<std::byte> frame(bytes);
    ByteWriter out(frame);
    out.put(static_cast<std::uint32_t>(bytes));
    out.put(ShardIndex{0});
    out.put(std::uint8_t{0});
    out.put(std::uint8_t{1});
    out.put(Sequence{number});
    out.put(Instant{1});
    out.put(std::uint64_t{0});
    out.put(number);
    // Filler that a damaged copy cannot match by chance, and that is nowhere zero.
    for (std::size_t at = out.used(); at < bytes; ++at) {
        frame[at] = static_cast<std::byte>(1 + (number * 7 + at * 13) % 255);
    }
    return frame;
}

}  // namespace stampede::tests
