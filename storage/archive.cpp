// SPDX-License-Identifier: Apache-2.0
// A file is at most 16 MiB and one commit, so it is built and read as a whole.
#include "storage/archive.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>

#include "engine/vocabulary/bytes.hpp"
#include "storage/commit_codec.hpp"

namespace stampede::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "SARCHIV1";
constexpr std::size_t header_bytes = 40;
constexpr std::size_t digits = 20;

std::string padded(CommitNumber number) {
    const std::string text = std::to_string(number.raw());
    return std::string(digits - text.size(), '0') + text;
}

std::optional<ArchiveFile> parse_name(const fs::path& path) {
    const std::string stem = path.stem().string();
    if (path.extension() != ".commits" || stem.size() != 2 * digits + 1 || stem[digits] != '-') {
        return std::nullopt;
    }
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    const char* text = stem.data();
    const auto one = std::from_chars(text, text + digits, first);
    const auto two = std::from_chars(text + digits + 1, text + stem.size(), last);
    if (one.ptr != text + digits || two.ptr != text + stem.size() || first == 0 || last < first) {
        return std::nullopt;
    }
    return ArchiveFile{{CommitNumber{first}, CommitNumber{last}}, path};
}

template <class Value>
void append(std::vector<std::byte>& bytes, const Value& value) {
    const auto view = std::as_bytes(std::span{&value, 1});
    bytes.insert(bytes.end(), view.begin(), view.end());
}

}  // namespace

Result<std::vector<ArchiveFile>> Archive::files() const {
    std::vector<ArchiveFile> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_, error)) {
        if (const auto file = parse_name(entry.path())) {
            found.push_back(*file);
        }
    }
    if (error) {
        return fault("cannot read the archive " + directory_.string() + ": " + error.message());
    }
    std::sort(found.begin(), found.end(), [](const ArchiveFile& left, const ArchiveFile& right) {
        return left.range.first < right.range.first;
    });
    return found;
}

Result<CommitNumber> Archive::oldest_before(std::optional<CommitNumber> journal_first) const {
    auto sealed = files();
    if (!sealed.has_value()) {
        return sealed.error();
    }
    // From the newest archive file backwards, as long as each touches what comes after it.
    std::optional<CommitNumber> oldest = journal_first;
    std::reverse(sealed->begin(), sealed->end());
    for (const ArchiveFile& file : *sealed) {
        if (oldest && file.range.last.next() < *oldest) {
            break;
        }
        oldest = oldest ? std::min(*oldest, file.range.first) : file.range.first;
    }
    return oldest.value_or(CommitNumber{0});
}

Result<CommitNumber> Archive::seal(const CommitSource& source, CommitRange range) const {
    CommitNumber sealed{range.first.raw() - 1};
    while (sealed < range.last) {
        const auto last = seal_one(source, {sealed.next(), range.last});
        if (!last.has_value()) {
            return last;
        }
        if (*last <= sealed) {
            break;
        }
        sealed = *last;
    }
    return sealed;
}

Result<> Archive::give_up_after(CommitNumber last) const {
    const auto found = files();
    if (!found.has_value()) {
        return found.error();
    }
    for (const ArchiveFile& file : *found) {
        if (file.range.last <= last) {
            continue;
        }
        // The part that stays is sealed before the whole goes: a crash leaves it twice, not never.
        if (file.range.first <= last && verify(file).has_value()) {
            const auto sealed = seal(source_of(file), {file.range.first, last});
            if (!sealed.has_value()) {
                return sealed.error();
            }
        }
        if (auto rejected = set_aside(file.path); !rejected.has_value()) {
            return rejected;
        }
    }
    return {};
}

Result<CommitNumber> Archive::seal_one(const CommitSource& source, CommitRange range) const {
    std::vector<std::byte> bytes(header_bytes);
    CommitNumber next = range.first;
    const auto visited = source(range, [&](CommitNumber number, std::span<const std::byte> value) {
        if (number != next ||
            (number > range.first && bytes.size() + value.size() > file_bytes_max)) {
            return Result<Walk>{Walk::stop};
        }
        if (const auto stored = decode_commit(number, value); !stored.has_value()) {
            return Result<Walk>{stored.error()};
        }
        append(bytes, static_cast<std::uint32_t>(value.size()));
        bytes.insert(bytes.end(), value.begin(), value.end());
        next = number.next();
        return Result<Walk>{Walk::go_on};
    });
    if (!visited.has_value()) {
        return visited.error();
    }
    const CommitNumber last{next.raw() - 1};
    if (last < range.first) {
        return last;
    }
    ByteWriter header(std::span{bytes}.first(header_bytes));
    header.append(magic.data(), magic.size());
    header.append(journal_.bytes().data(), JournalId::size);
    header.put(range.first);
    header.put(last);
    append(bytes, Sha256::of(bytes));
    const ArchiveFile file{{range.first, last},
                           directory_ / (padded(range.first) + '-' + padded(last) + ".commits")};
    const FileJudge reads_back = [&](const fs::path& unnamed) {
        return verify({file.range, unnamed});
    };
    if (auto written = write_durably(file.path, bytes, reads_back); !written.has_value()) {
        return written.error();
    }
    return last;
}

Result<std::vector<std::byte>> Archive::read(const ArchiveFile& file) const {
    auto bytes = read_whole(file.path);
    if (!bytes.has_value()) {
        return bytes;
    }
    ByteReader reader(*bytes);
    const bool begins_well = reader.view(magic.size()) == magic;
    std::array<std::byte, JournalId::size> id{};
    for (std::byte& byte : id) {  // zeros where the file is cut off
        byte = reader.get<std::byte>();
    }
    const auto first = reader.get<CommitNumber>();
    const auto last = reader.get<CommitNumber>();
    if (reader.failed() || !begins_well || reader.left() < sizeof(Digest) ||
        first != file.range.first || last != file.range.last) {
        return fault("the archive file " + file.path.string() + " does not fit its name");
    }
    if (JournalId{id} != journal_) {
        return fault("the archive file " + file.path.string() + " belongs to journal " +
                     JournalId{id}.text());
    }
    return bytes;
}

Result<> Archive::verify(const ArchiveFile& file) const {
    const auto bytes = read(file);
    if (!bytes.has_value()) {
        return bytes.error();
    }
    const std::span<const std::byte> body{bytes->data(), bytes->size() - sizeof(Digest)};
    const Digest digest = Sha256::of(body);
    if (std::memcmp(digest.data(), bytes->data() + body.size(), sizeof(Digest)) != 0) {
        return fault("the archive file " + file.path.string() +
                     " is damaged: its digest does not match its bytes");
    }
    return {};
}

Result<> Archive::visit(CommitRange range, const CommitVisitor& visitor) const {
    const auto found = files();
    if (!found.has_value()) {
        return found.error();
    }
    CommitNumber next = range.first;
    for (const ArchiveFile& file : *found) {
        if (file.range.last < next) {
            continue;
        }
        if (file.range.first > next || next > range.last) {
            break;
        }
        const auto walk = visit_file(file, {next, range.last}, visitor);
        if (!walk.has_value()) {
            return walk.error();
        }
        if (*walk == Walk::stop) {
            return {};
        }
        next = file.range.last.next();
    }
    return {};
}

CommitSource Archive::source_of(const ArchiveFile& file) const {
    return [this, file](CommitRange range, const CommitVisitor& visitor) -> Result<> {
        const auto walk = visit_file(file, range, visitor);
        return walk.has_value() ? Result<>{} : Result<>{walk.error()};
    };
}

Result<Walk> Archive::visit_file(const ArchiveFile& file, CommitRange range,
                                 const CommitVisitor& visitor) const {
    const auto bytes = read(file);
    if (!bytes.has_value()) {
        return bytes.error();
    }
    ByteReader reader(std::span<const std::byte>{*bytes}
                          .first(bytes->size() - sizeof(Digest))
                          .subspan(header_bytes));
    for (CommitNumber number = file.range.first; number <= file.range.last;
         number = number.next()) {
        const auto length = reader.get<std::uint32_t>();
        const std::string_view value = reader.view(length);
        if (reader.failed()) {
            return fault("commit " + std::to_string(number.raw()) +
                         " is cut off in the archive file " + file.path.string());
        }
        if (number < range.first || number > range.last) {
            continue;
        }
        const auto walk = visitor(number, as_bytes(value));
        if (!walk.has_value() || *walk == Walk::stop) {
            return walk;
        }
    }
    return Walk::go_on;
}

}  // namespace stampede::storage
