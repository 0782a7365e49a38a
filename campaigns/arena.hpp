// SPDX-License-Identifier: Apache-2.0
// Records that are appended, found by their index, and never moved: growing costs one chunk, not a
// copy of all that is there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "campaigns/order.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {

/// Takes one chunk of a part of a checkpoint. Parts are loaded in the order in which they were
/// saved (record_chunks.hpp).
using PutChunk = std::function<void(std::uint8_t part, std::span<const std::byte> bytes)>;

template <class Record, std::size_t ChunkRecords = 1024>
class Arena {
  public:
    RecordIndex append(const Record& record) {
        check(size_ < no_record, "arena full");
        if (size_ % ChunkRecords == 0) {
            chunks_.push_back(std::make_unique<Chunk>());
        }
        (*chunks_.back())[size_ % ChunkRecords] = record;
        return size_++;
    }
    [[nodiscard]] Record& operator[](RecordIndex index) {
        check(index < size_, "no such record");
        return (*chunks_[index / ChunkRecords])[index % ChunkRecords];
    }
    [[nodiscard]] const Record& operator[](RecordIndex index) const {
        check(index < size_, "no such record");
        return (*chunks_[index / ChunkRecords])[index % ChunkRecords];
    }
    [[nodiscard]] RecordIndex size() const { return size_; }

  private:
    using Chunk = std::array<Record, ChunkRecords>;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    RecordIndex size_ = 0;
};

/// Position of the record of this id, by halving: ids of a shard rise, so records lie in their
/// order. no_record when there is none.
template <class Record, std::size_t ChunkRecords, class Id>
[[nodiscard]] RecordIndex find_by_id(const Arena<Record, ChunkRecords>& records, Id id) {
    RecordIndex first = 0;
    RecordIndex count = records.size();
    while (count > 0) {
        const RecordIndex half = count / 2;
        if (records[first + half].id < id) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first < records.size() && records[first].id == id ? first : no_record;
}

}  // namespace stampede::campaigns
