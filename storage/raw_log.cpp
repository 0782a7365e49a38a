// SPDX-License-Identifier: Apache-2.0
// Any inconsistency skips to what looks like the next entry: what follows a hole is what a person
// wants to see.
#include "storage/raw_log.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <system_error>

#include "engine/vocabulary/bytes.hpp"
#include "storage/file.hpp"

namespace stampede::storage {

namespace {

constexpr std::size_t block_bytes = 32768;
constexpr std::size_t record_header_bytes = 7;
constexpr std::size_t entry_header_bytes = 12;
constexpr std::size_t key_bytes = 8;

enum class RecordType : std::uint8_t { nothing = 0, whole = 1, first = 2, middle = 3, last = 4 };

std::optional<std::size_t> take_varint(ByteReader& reader) {
    std::size_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        const auto byte = reader.get<std::uint8_t>();
        value |= static_cast<std::size_t>(byte & 0x7FU) << shift;
        if ((byte & 0x80U) == 0) {
            return value;
        }
    }
    return std::nullopt;
}

/// Fills number and value of `commit` from the entry; false when it is none of ours.
bool parse_entry(std::span<const std::byte> entry, RawCommit& commit) {
    ByteReader reader(entry);
    (void)reader.view(entry_header_bytes);
    const bool is_put = reader.get<std::uint8_t>() == 1;
    const auto key_length = take_varint(reader);
    if (!is_put || key_length != key_bytes) {
        return false;
    }
    commit.number = CommitNumber{__builtin_bswap64(reader.get<std::uint64_t>())};
    const auto value_length = take_varint(reader);
    if (!value_length || reader.failed() || *value_length > reader.left()) {
        return false;
    }
    const auto value = as_bytes(reader.view(*value_length));
    commit.value.assign(value.begin(), value.end());
    return true;
}

/// Where after `from` a record begins that looks like the start of one of our entries; the block's
/// end when none does. After a hole nothing says where the next record is.
std::size_t next_entry(std::span<const std::byte> block, std::size_t from) {
    constexpr std::size_t looked_at = record_header_bytes + entry_header_bytes + 2;
    for (std::size_t at = from; at + looked_at <= block.size(); ++at) {
        ByteReader reader(block.subspan(at, looked_at));
        (void)reader.get<std::uint32_t>();
        const auto length = reader.get<std::uint16_t>();
        const auto type = reader.get<RecordType>();
        (void)reader.get<std::uint64_t>();
        const auto count = reader.get<std::uint32_t>();
        const auto tag = reader.get<std::uint8_t>();
        const auto key_length = reader.get<std::uint8_t>();
        if ((type == RecordType::whole || type == RecordType::first) && count == 1 && tag == 1 &&
            key_length == key_bytes && at + record_header_bytes + length <= block.size()) {
            return at;
        }
    }
    return block.size();
}

/// Puts the parts of an entry together.
class Assembly {
  public:
    explicit Assembly(const std::function<void(const RawCommit&)>& visitor) : visitor_(visitor) {}

    void take(RecordType type, RawCommit::Part part, std::span<const std::byte> payload) {
        const bool begins = type == RecordType::whole || type == RecordType::first;
        if (begins) {
            forget();
            is_open_ = true;
        }
        if (!is_open_) {
            return;  // the rest of an entry whose beginning is lost
        }
        commit_.parts.push_back(part);
        entry_.insert(entry_.end(), payload.begin(), payload.end());
        if (type == RecordType::whole || type == RecordType::last) {
            if (parse_entry(entry_, commit_)) {
                visitor_(commit_);
            }
            forget();
        }
    }
    void forget() {
        commit_ = {};
        entry_.clear();
        is_open_ = false;
    }

  private:
    const std::function<void(const RawCommit&)>& visitor_;
    RawCommit commit_;
    std::vector<std::byte> entry_;
    bool is_open_ = false;
};

}  // namespace

Result<> visit_raw_log(const std::filesystem::path& log,
                       const std::function<void(const RawCommit&)>& visitor) {
    const auto bytes = read_whole(log);
    if (!bytes.has_value()) {
        return bytes.error();
    }
    const std::span<const std::byte> all{*bytes};
    Assembly assembly(visitor);
    for (std::size_t start = 0; start < all.size(); start += block_bytes) {
        const auto block = all.subspan(start, std::min(block_bytes, all.size() - start));
        std::size_t at = 0;
        while (at + record_header_bytes <= block.size()) {
            ByteReader header(block.subspan(at, record_header_bytes));
            (void)header.get<std::uint32_t>();
            const auto length = header.get<std::uint16_t>();
            const auto type = header.get<std::uint8_t>();
            if (type == 0 || type > static_cast<std::uint8_t>(RecordType::last) ||
                at + record_header_bytes + length > block.size()) {
                assembly.forget();
                at = next_entry(block, at + 1);
                continue;
            }
            assembly.take(RecordType{type}, {start + at, record_header_bytes + length},
                          block.subspan(at + record_header_bytes, length));
            at += record_header_bytes + length;
        }
    }
    return {};
}

Result<std::vector<std::filesystem::path>> raw_logs(const std::filesystem::path& journal) {
    std::vector<std::filesystem::path> logs;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(journal, error)) {
        if (entry.path().extension() == ".log") {
            logs.push_back(entry.path());
        }
    }
    if (error) {
        return fault("cannot read " + journal.string() + ": " + error.message());
    }
    std::sort(logs.begin(), logs.end());
    return logs;
}

}  // namespace stampede::storage
