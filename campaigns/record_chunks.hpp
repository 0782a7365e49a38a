// SPDX-License-Identifier: Apache-2.0
// Records of one kind on their way into a checkpoint: chunks of at most chunk_records, each a count
// (4) and then the records' fields (record_fields.hpp). Whoever saves names the part that a chunk
// belongs to; parts are loaded in the order in which they were saved.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "campaigns/arena.hpp"
#include "campaigns/record_fields.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::campaigns {

inline constexpr std::uint32_t chunk_records = 256;

class RecordChunks {
  public:
    /// `put` must outlive it.
    RecordChunks(std::uint8_t part, const PutChunk& put)
        : part_(part), put_(put), bytes_(4 + chunk_records * record_bytes_max) {
        open();
    }
    /// write(ByteWriter&) appends one record of at most record_bytes_max.
    template <class Write>
    void add(Write&& write) {
        write(writer_);
        if (++count_ == chunk_records) {
            close();
            open();
        }
    }
    void finish() {
        if (count_ > 0) {
            close();
        }
    }

  private:
    void open() {
        writer_ = ByteWriter(bytes_);
        writer_.put(std::uint32_t{0});
        count_ = 0;
    }
    void close() {
        std::memcpy(bytes_.data(), &count_, sizeof count_);
        put_(part_, writer_.written());
    }
    std::uint8_t part_;
    const PutChunk& put_;
    std::vector<std::byte> bytes_;
    ByteWriter writer_{std::span<std::byte>{}};
    std::uint32_t count_ = 0;
};

template <class Record>
void save_arena(std::uint8_t part, const Arena<Record>& arena, const PutChunk& put) {
    RecordChunks chunks(part, put);
    for (RecordIndex at = 0; at < arena.size(); ++at) {
        chunks.add([&](ByteWriter& out) { write_record(out, arena[at]); });
    }
    chunks.finish();
}

}  // namespace stampede::campaigns
