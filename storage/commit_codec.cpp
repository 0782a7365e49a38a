// SPDX-License-Identifier: Apache-2.0
// See the byte table in the header. The decoder judges the digest before it believes any field but
// the lengths, so that a flipped byte is always reported as damage and never as a strange value.
#include "storage/commit_codec.hpp"

#include <algorithm>
#include <string>

#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::storage {

namespace {

/// Commits of this format do not say the layout of their state: it was the first.
constexpr std::uint16_t format_without_layout = 1;
constexpr StateLayout first_layout{1};

constexpr std::uint32_t magic = 0x544D4353;  // "SCMT"

Fault damaged(CommitNumber number, const std::string& what) {
    return fault("commit " + std::to_string(number.raw()) + ' ' + what);
}

template <std::size_t Size>
std::array<std::byte, Size> take(ByteReader& reader) {
    std::array<std::byte, Size> bytes{};
    const std::string_view view = reader.view(Size);
    std::memcpy(bytes.data(), view.data(), view.size());
    return bytes;
}

}  // namespace

CommitEncoder::CommitEncoder(const JournalWriter& writer)
    : writer_(writer), room_(commit_value_bytes_max) {}

std::span<const std::byte> CommitEncoder::encode(const engine::Commit& commit,
                                                 const Digest& previous) {
    check(!commit.frames.empty() && commit.frames.size() <= limits::commit_bytes_max,
          "a commit is empty or larger than the bound");
    check(commit.layout != StateLayout{0}, "a commit does not say the layout of its state");
    ByteWriter out(room_);
    out.put(magic);
    out.put(commit_format_version);
    out.put(commit.layout);
    out.append(writer_.journal.bytes().data(), JournalId::size);
    out.put(writer_.epoch);
    out.put(static_cast<std::uint32_t>(commit.frames.size()));
    out.put(commit.number);
    out.put(commit.journal_time);
    out.put(commit.signature.raw());
    out.append(previous.data(), previous.size());
    out.append(commit.frames.data(), commit.frames.size());
    sha_.add(out.written());
    digest_ = sha_.finish();
    out.append(digest_.data(), digest_.size());
    return out.written();
}

Result<StoredCommit> decode_commit(CommitNumber number, std::span<const std::byte> value) {
    if (value.size() <= commit_header_bytes + sizeof(Digest) ||
        value.size() > commit_value_bytes_max) {
        return damaged(number,
                       "has an impossible length of " + std::to_string(value.size()) + " bytes");
    }
    ByteReader reader(value);
    if (reader.get<std::uint32_t>() != magic) {
        return damaged(number, "does not begin like a commit");
    }
    const auto version = reader.get<std::uint16_t>();
    if (version > commit_format_version) {
        return damaged(number, "has format version " + std::to_string(version) +
                                   "; this program reads up to " +
                                   std::to_string(commit_format_version));
    }
    StoredCommit stored;
    const auto body = value.first(value.size() - sizeof(Digest));
    std::memcpy(stored.digest.data(), value.data() + body.size(), sizeof(Digest));
    if (Sha256::of(body) != stored.digest) {
        return damaged(number, "is damaged: its digest does not match its bytes");
    }
    const auto layout = reader.get<StateLayout>();
    const bool has_layout = version != format_without_layout;
    stored.commit.layout = has_layout ? layout : first_layout;
    stored.writer.journal = JournalId{take<JournalId::size>(reader)};
    stored.writer.epoch = reader.get<Epoch>();
    const auto frame_bytes = reader.get<std::uint32_t>();
    stored.commit.number = reader.get<CommitNumber>();
    stored.commit.journal_time = reader.instant();
    stored.commit.signature = Signature{reader.get<std::uint64_t>()};
    stored.previous = take<sizeof(Digest)>(reader);
    if (version < format_without_layout || has_layout == (layout == StateLayout{0}) ||
        frame_bytes != body.size() - commit_header_bytes) {
        return damaged(number, "has a header that no writer makes");
    }
    if (stored.commit.number != number) {
        return damaged(number, "is stored under the wrong number: its header says " +
                                   std::to_string(stored.commit.number.raw()));
    }
    stored.commit.frames = body.subspan(commit_header_bytes);
    return stored;
}

Result<StoredCommit> ChainWalker::follow(CommitNumber number, std::span<const std::byte> value) {
    if (started_ && number != reached_.number.next()) {
        return damaged(reached_.number.next(), "is missing: after commit " +
                                                   std::to_string(reached_.number.raw()) +
                                                   " comes commit " + std::to_string(number.raw()));
    }
    auto stored = decode_commit(number, value);
    if (!stored.has_value()) {
        return stored;
    }
    if (stored->writer.journal != journal_) {
        return damaged(number, "belongs to journal " + stored->writer.journal.text() + ", not to " +
                                   journal_.text());
    }
    if (started_ && stored->previous != reached_.digest) {
        return damaged(number, "does not follow commit " + std::to_string(reached_.number.raw()) +
                                   ": the chain of digests is broken");
    }
    if (stored->writer.epoch < epoch_) {
        return damaged(number, "was written in epoch " +
                                   std::to_string(stored->writer.epoch.raw()) + " after epoch " +
                                   std::to_string(epoch_.raw()));
    }
    if (stored->commit.journal_time < journal_time_) {
        return damaged(number, "goes back in journal time");
    }
    started_ = true;
    reached_ = {number, stored->digest};
    epoch_ = stored->writer.epoch;
    journal_time_ = stored->commit.journal_time;
    return stored;
}

}  // namespace stampede::storage
