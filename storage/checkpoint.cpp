// SPDX-License-Identifier: Apache-2.0
// Streams in both directions: a checkpoint may be larger than what is left of the memory.
#include "storage/checkpoint.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>
#include <thread>

#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "SCHKPNT2";
/// Before the layout of the state was written down it was the first.
constexpr std::string_view magic_without_layout = "SCHKPNT1";
constexpr StateLayout first_layout{1};
constexpr std::size_t header_bytes = 88;
constexpr std::uint32_t end_of_records = 0xFFFFFFFF;
constexpr std::size_t trailer_bytes = 4 + 8 + sizeof(Digest);
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
constexpr std::size_t digits = 20;

std::string name_of(CommitNumber number) {
    const std::string text = std::to_string(number.raw());
    return std::string(digits - text.size(), '0') + text + ".checkpoint";
}

Fault bad(const fs::path& path, const std::string& what) {
    return fault("the checkpoint " + path.string() + ' ' + what);
}

/// Collects bytes, hashes them and writes them in large pieces; remembers the first failure,
/// because the state that feeds it cannot be told of one.
class CheckpointWriter final : public engine::CheckpointSink {
  public:
    CheckpointWriter(File& file, std::uint32_t rest_us) : file_(file), rest_us_(rest_us) {
        buffer_.reserve(buffer_bytes + limits::commit_bytes_max);
    }
    void put(std::span<const std::byte> record) override {
        check(record.size() <= limits::commit_bytes_max, "a checkpoint record is too large");
        put_raw(static_cast<std::uint32_t>(record.size()));
        add(record);
        ++records_;
    }
    void put_header(const JournalId& journal, const StatePosition& position) {
        std::array<std::byte, header_bytes> bytes{};
        ByteWriter out(bytes);
        out.append(magic.data(), magic.size());
        out.append(journal.bytes().data(), JournalId::size);
        out.put(position.chain.number);
        out.append(position.chain.digest.data(), sizeof(Digest));
        out.put(position.signature.raw());
        out.put(position.journal_time);
        out.put(position.epoch);
        out.put(position.layout);
        add(bytes);
    }
    [[nodiscard]] Result<> finish() {
        put_raw(end_of_records);
        put_raw(records_);
        flush();
        const Digest digest = sha_.finish();
        buffer_.assign(digest.begin(), digest.end());
        flush();
        if (!outcome_.has_value()) {
            return outcome_;
        }
        return file_.sync();
    }

  private:
    template <class Integer>
    void put_raw(Integer value) {
        add(std::as_bytes(std::span{&value, 1}));
    }
    void add(std::span<const std::byte> bytes) {
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
        if (buffer_.size() >= buffer_bytes) {
            flush();
        }
    }
    void flush() {
        if (outcome_.has_value()) {
            sha_.add(buffer_);
            outcome_ = file_.append(buffer_);
            // In small pieces to the device, not as one heap in front of a commit.
            (void)::sync_file_range(file_.descriptor(), static_cast<off_t>(written_),
                                    static_cast<off_t>(buffer_.size()), SYNC_FILE_RANGE_WRITE);
            written_ += buffer_.size();
        }
        buffer_.clear();
        if (rest_us_ > 0) {
            std::this_thread::sleep_for(std::chrono::microseconds{rest_us_});
        }
    }

    File& file_;
    std::uint32_t rest_us_;
    Sha256 sha_;
    std::vector<std::byte> buffer_;
    std::uint64_t records_ = 0;
    std::uint64_t written_ = 0;
    Result<> outcome_;
};

/// Gives back the records of a file whose digest was compared before.
class CheckpointReader final : public engine::CheckpointSource {
  public:
    explicit CheckpointReader(const File& file) : file_(file), room_(buffer_bytes) {}
    std::optional<std::span<const std::byte>> next() override {
        std::uint32_t length = 0;
        if (!fetch(sizeof length)) {
            return std::nullopt;
        }
        std::memcpy(&length, window_.data(), sizeof length);
        if (length == end_of_records) {
            is_complete_ = true;
            return std::nullopt;
        }
        if (length > limits::commit_bytes_max) {
            return std::nullopt;
        }
        at_ += sizeof length;
        if (!fetch(length)) {
            return std::nullopt;
        }
        at_ += length;
        return window_.first(length);
    }
    [[nodiscard]] bool is_complete() const { return is_complete_; }

  private:
    /// Makes window_ the next `count` bytes at at_.
    bool fetch(std::size_t count) {
        if (at_ < start_ || at_ + count > start_ + filled_) {
            start_ = at_;
            const auto got = file_.read_at(start_, room_);
            filled_ = got.has_value() ? *got : 0;
        }
        if (count > filled_ - (at_ - start_)) {
            return false;
        }
        window_ = std::span<const std::byte>{room_}.subspan(at_ - start_, count);
        return true;
    }

    const File& file_;
    std::vector<std::byte> room_;
    std::span<const std::byte> window_;
    std::uint64_t start_ = 0;
    std::size_t filled_ = 0;
    std::uint64_t at_ = header_bytes;
    bool is_complete_ = false;
};

static_assert(buffer_bytes > limits::commit_bytes_max, "a record must fit the reading buffer");

}  // namespace

Result<std::vector<CheckpointFile>> list_checkpoints(const fs::path& directory) {
    std::vector<CheckpointFile> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        const std::string stem = entry.path().stem().string();
        std::uint64_t number = 0;
        const auto parsed = std::from_chars(stem.data(), stem.data() + stem.size(), number);
        if (entry.path().extension() == ".checkpoint" && stem.size() == digits &&
            parsed.ptr == stem.data() + stem.size()) {
            found.push_back({CommitNumber{number}, entry.path()});
        }
    }
    if (error) {
        return fault("cannot read the checkpoints in " + directory.string() + ": " +
                     error.message());
    }
    std::sort(found.begin(), found.end(),
              [](const CheckpointFile& left, const CheckpointFile& right) {
                  return left.number > right.number;
              });
    return found;
}

Result<CheckpointFile> write_checkpoint(const fs::path& directory, const JournalId& journal,
                                        const StatePosition& position,
                                        const engine::Replayable& state, std::uint32_t rest_us) {
    const CheckpointFile checkpoint{position.chain.number,
                                    directory / name_of(position.chain.number)};
    const fs::path temporary = unnamed(checkpoint.path);
    auto file = File::open(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.has_value()) {
        return file.error();
    }
    CheckpointWriter writer(*file, rest_us);
    writer.put_header(journal, position);
    state.save(writer);
    if (auto written = writer.finish(); !written.has_value()) {
        return written.error();
    }
    if (auto verified = verify_checkpoint({position.chain.number, temporary}, journal);
        !verified.has_value()) {
        return verified.error();
    }
    if (auto named = rename_durably(temporary, checkpoint.path); !named.has_value()) {
        return named.error();
    }
    return checkpoint;
}

Result<StatePosition> verify_checkpoint(const CheckpointFile& checkpoint,
                                        const JournalId& journal) {
    const auto file = File::open(checkpoint.path, O_RDONLY);
    if (!file.has_value()) {
        return file.error();
    }
    const auto size = file->size();
    if (!size.has_value()) {
        return size.error();
    }
    if (*size < header_bytes + trailer_bytes) {
        return bad(checkpoint.path, "is cut off");
    }
    std::vector<std::byte> room(buffer_bytes);
    std::array<std::byte, header_bytes> header{};
    Sha256 sha;
    const std::uint64_t covered = *size - sizeof(Digest);
    for (std::uint64_t at = 0; at < covered;) {
        const auto wanted = std::min<std::uint64_t>(room.size(), covered - at);
        const auto got = file->read_at(at, std::span{room}.first(wanted));
        if (!got.has_value()) {
            return got.error();
        }
        if (*got != wanted) {
            return bad(checkpoint.path, "is cut off");
        }
        if (at == 0) {
            std::copy_n(room.begin(), header.size(), header.begin());
        }
        sha.add(std::span{room}.first(*got));
        at += *got;
    }
    Digest stored{};
    if (const auto got = file->read_at(covered, stored);
        !got.has_value() || *got != stored.size() || sha.finish() != stored) {
        return bad(checkpoint.path, "is damaged: its digest does not match its bytes");
    }
    ByteReader reader(header);
    const std::string_view format = reader.view(magic.size());
    if (format != magic && format != magic_without_layout) {
        return bad(checkpoint.path, "has a format that this program does not read");
    }
    std::array<std::byte, JournalId::size> id{};
    std::memcpy(id.data(), reader.view(id.size()).data(), id.size());
    if (JournalId{id} != journal) {
        return bad(checkpoint.path, "belongs to journal " + JournalId{id}.text());
    }
    StatePosition position;
    position.chain.number = reader.get<CommitNumber>();
    std::memcpy(position.chain.digest.data(), reader.view(sizeof(Digest)).data(), sizeof(Digest));
    position.signature = Signature{reader.get<std::uint64_t>()};
    position.journal_time = reader.instant();
    position.epoch = reader.get<Epoch>();
    position.layout = format == magic ? reader.get<StateLayout>() : first_layout;
    if (position.chain.number != checkpoint.number) {
        return bad(checkpoint.path, "does not fit its name");
    }
    return position;
}

Result<> load_checkpoint(const CheckpointFile& checkpoint, const StatePosition& position,
                         engine::Replayable& state) {
    const auto file = File::open(checkpoint.path, O_RDONLY);
    if (!file.has_value()) {
        return file.error();
    }
    CheckpointReader reader(*file);
    if (auto loaded = state.load(reader); !loaded.has_value()) {
        return bad(checkpoint.path, "cannot be loaded: " + loaded.error().message);
    }
    if (reader.next() || !reader.is_complete()) {
        return bad(checkpoint.path, "has records that were not read to the end");
    }
    if (state.signature() != position.signature) {
        return bad(checkpoint.path, "gives a state with another signature than it was saved with");
    }
    return {};
}

std::optional<std::string> why_set_aside(const CheckpointFile& file, const StatePosition& position,
                                         const engine::Replayable& state) {
    if (position.layout == state.layout()) {
        return std::nullopt;
    }
    return bad(file.path, "is set aside: it has state layout " +
                              std::to_string(position.layout.raw()) + ", this program's is " +
                              std::to_string(state.layout().raw()) +
                              "; the journal is replayed instead")
        .message;
}

Result<LoadedState> load_newest_checkpoint(const fs::path& directory, const JournalId& journal,
                                           engine::Replayable& state) {
    const auto found = list_checkpoints(directory);
    if (!found.has_value()) {
        return found.error();
    }
    LoadedState loaded;
    for (const CheckpointFile& checkpoint : *found) {
        const auto position = verify_checkpoint(checkpoint, journal);
        if (!position.has_value()) {
            loaded.warnings.push_back(position.error().message);
            continue;
        }
        if (auto why = why_set_aside(checkpoint, *position, state)) {
            loaded.warnings.push_back(std::move(*why));
            if (!loaded.set_aside) {
                loaded.set_aside = *position;
            }
            continue;
        }
        if (auto done = load_checkpoint(checkpoint, *position, state); !done.has_value()) {
            return done.error();
        }
        loaded.position = *position;
        break;
    }
    return loaded;
}

}  // namespace stampede::storage
