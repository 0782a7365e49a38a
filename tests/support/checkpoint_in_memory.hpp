// SPDX-License-Identifier: Apache-2.0
// A checkpoint that never leaves memory: what was put comes back in order.
#pragma once

#include <vector>

#include "engine/replayable.hpp"

namespace stampede::tests {

class CheckpointInMemory final : public engine::CheckpointSink, public engine::CheckpointSource {
  public:
    void put(std::span<const std::byte> record) override {
        records_.emplace_back(record.begin(), record.end());
    }
    std::optional<std::span<const std::byte>> next() override {
        if (next_ == records_.size()) {
            return std::nullopt;
        }
        return records_[next_++];
    }

    /// It is read from its beginning once more.
    void rewind() { next_ = 0; }

  private:
    std::vector<std::vector<std::byte>> records_;
    std::size_t next_ = 0;
};

}  // namespace stampede::tests
