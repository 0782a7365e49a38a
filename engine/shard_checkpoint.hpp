// SPDX-License-Identifier: Apache-2.0
// A shard in a checkpoint: records of at most checkpoint_chunk_bytes, each beginning with its kind.
//
//   1 shard    sequence (8), last id (8), last commit (8)
//   2 ledger   scope (8), last commit (8), count (4), then count entries of 45 bytes:
//              owner 8, key digest 8, body digest 4, subject 8, sequence 8, at 8, play 1 (kind 1)
//   3 machine  one record of the machine's own
//
// Included by shard.hpp alone.
#pragma once

#include <vector>

#include "engine/shard.hpp"

namespace stampede::engine {

enum class ShardRecord : std::uint8_t { shard = 1, ledger = 2, machine = 3 };
inline constexpr std::size_t ledger_entries_per_record = 1024;
inline constexpr std::size_t ledger_entry_bytes = 46;

/// Puts the shard's index and the record's kind in front of every record of the machine.
class MachineRecords final : public CheckpointSink {
  public:
    MachineRecords(ShardIndex shard, CheckpointSink& outer) : shard_(shard), outer_(outer) {}
    void put(std::span<const std::byte> record) override {
        bytes_.resize(record.size() + 3);
        ByteWriter writer(bytes_);
        writer.put(shard_);
        writer.put(ShardRecord::machine);
        writer.append(record.data(), record.size());
        outer_.put(bytes_);
    }

  private:
    ShardIndex shard_;
    CheckpointSink& outer_;
    std::vector<std::byte> bytes_;
};

template <StateMachine Machine>
void Shard<Machine>::save(CheckpointSink& sink) const {
    std::vector<std::byte> bytes(64 + ledger_entries_per_record * ledger_entry_bytes);
    {
        ByteWriter writer(bytes);
        writer.put(index_);
        writer.put(ShardRecord::shard);
        writer.put(sequence_);
        writer.put(ids_.last());
        writer.put(last_commit_);
        sink.put(writer.written());
    }
    MachineRecords machine_records(index_, sink);
    machine_.save(machine_records);
    for (const auto& [scope_id, scope] : scopes_) {
        std::size_t left = scope->ledger.size();
        std::size_t in_record = 0;
        ByteWriter writer(bytes);
        const auto open_record = [&] {
            writer = ByteWriter(bytes);
            in_record = std::min(left, ledger_entries_per_record);
            writer.put(index_);
            writer.put(ShardRecord::ledger);
            writer.put(scope_id);
            writer.put(scope->last_commit);
            writer.put(static_cast<std::uint32_t>(in_record));
        };
        open_record();
        scope->ledger.for_each(
            [&](const RequestIdentity& request, const RequestLedger::Entry& entry) {
                if (in_record == 0) {
                    sink.put(writer.written());
                    open_record();
                }
                writer.put(request.owner);
                writer.put(request.key_digest);
                writer.put(request.body_digest);
                writer.put(entry.subject);
                writer.put(entry.sequence);
                writer.put(entry.at);
                writer.put(entry.play);
                writer.put(entry.kind);
                --in_record;
                --left;
            });
        sink.put(writer.written());
    }
}

template <StateMachine Machine>
bool Shard<Machine>::load(std::span<const std::byte> record) {
    ByteReader reader(record);
    switch (reader.get<ShardRecord>()) {
        case ShardRecord::shard:
            sequence_ = reader.get<Sequence>();
            ids_.used(reader.get<std::uint64_t>());
            last_commit_ = reader.get<CommitNumber>();
            return !reader.failed() && reader.left() == 0;
        case ShardRecord::machine:
            return machine_.load(record.subspan(1));
        case ShardRecord::ledger: {
            const auto scope_id = reader.get<std::uint64_t>();
            Scope& owner = scope(scope_id);
            owner.last_commit = reader.get<CommitNumber>();
            const auto count = reader.get<std::uint32_t>();
            if (reader.left() != count * ledger_entry_bytes) {
                return false;
            }
            for (std::uint32_t at = 0; at < count; ++at) {
                RequestIdentity request;
                request.owner = reader.get<std::uint64_t>();
                request.key_digest = reader.get<std::uint64_t>();
                request.body_digest = reader.get<std::uint32_t>();
                Recollection recollection;
                recollection.subject = reader.get<std::uint64_t>();
                recollection.sequence = reader.get<Sequence>();
                recollection.at = reader.instant();
                recollection.play = reader.get<std::uint8_t>();
                recollection.kind = reader.get<std::uint8_t>();
                ledger_signature_.put_in(owner.ledger.remember(request, recollection));
            }
            return !reader.failed();
        }
    }
    return false;
}

}  // namespace stampede::engine
