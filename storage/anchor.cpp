// SPDX-License-Identifier: Apache-2.0
// See the header for the slots and the protocol.
#include "storage/anchor.hpp"

#include <fcntl.h>
#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/vocabulary/bytes.hpp"

namespace stampede::storage {

namespace {

constexpr std::string_view magic = "SANCHOR1";
constexpr std::size_t covered_bytes = 64;

struct ReadSlot {
    JournalId journal;
    ChainPosition position;
};

std::optional<ReadSlot> parse(std::span<const std::byte> bytes) {
    ByteReader reader(bytes);
    if (bytes.size() < Anchor::slot_bytes || reader.view(magic.size()) != magic) {
        return std::nullopt;
    }
    ReadSlot slot;
    std::array<std::byte, JournalId::size> id{};
    std::memcpy(id.data(), reader.view(id.size()).data(), id.size());
    slot.journal = JournalId{id};
    slot.position.number = reader.get<CommitNumber>();
    std::memcpy(slot.position.digest.data(), reader.view(sizeof(Digest)).data(), sizeof(Digest));
    if (reader.get<std::uint64_t>() != XXH3_64bits(bytes.data(), covered_bytes)) {
        return std::nullopt;
    }
    return slot;
}

struct BothSlots {
    std::array<std::optional<ReadSlot>, 2> slots;
    /// Index of the newest readable one; empty when neither is.
    [[nodiscard]] std::optional<std::size_t> newest() const {
        if (!slots[0] || !slots[1]) {
            return slots[0]   ? std::optional<std::size_t>{0}
                   : slots[1] ? std::optional<std::size_t>{1}
                              : std::nullopt;
        }
        return slots[0]->position.number > slots[1]->position.number ? 0 : 1;
    }
};

Result<BothSlots> read_both(const std::filesystem::path& path, const JournalId& journal) {
    const auto bytes = read_whole(path);
    if (!bytes.has_value()) {
        return bytes.error();
    }
    BothSlots both;
    for (std::size_t at = 0; at < both.slots.size(); ++at) {
        const std::size_t start = std::min(at * Anchor::slot_bytes, bytes->size());
        const std::size_t length = std::min(Anchor::slot_bytes, bytes->size() - start);
        both.slots[at] = parse(std::span{*bytes}.subspan(start, length));
    }
    const auto newest = both.newest();
    if (!newest) {
        return fault("both slots of the anchor " + path.string() +
                     " are unreadable, so nothing tells how far the journal must reach");
    }
    for (const auto& slot : both.slots) {
        if (slot && slot->journal != journal) {
            return fault("the anchor " + path.string() + " belongs to journal " +
                         slot->journal.text() + ", not to " + journal.text());
        }
    }
    return both;
}

}  // namespace

void Anchor::fill(Slot& slot, const JournalId& journal, const ChainPosition& position) {
    ByteWriter out(slot.bytes);
    out.append(magic.data(), magic.size());
    out.append(journal.bytes().data(), JournalId::size);
    out.put(position.number);
    out.append(position.digest.data(), position.digest.size());
    out.put(std::uint64_t{XXH3_64bits(slot.bytes.data(), covered_bytes)});
}

Result<> Anchor::create(const std::filesystem::path& path, const JournalId& journal,
                        const ChainPosition& position) {
    Slot slot;
    fill(slot, journal, position);
    std::vector<std::byte> both(slot.bytes.begin(), slot.bytes.end());
    both.insert(both.end(), slot.bytes.begin(), slot.bytes.end());
    return write_durably(path, both);
}

Result<AnchorReading> Anchor::read(const std::filesystem::path& path, const JournalId& journal) {
    const auto both = read_both(path, journal);
    if (!both.has_value()) {
        return both.error();
    }
    return AnchorReading{both->slots.at(*both->newest())->position,
                         !both->slots[0] || !both->slots[1]};
}

Result<std::unique_ptr<Anchor>> Anchor::open(const std::filesystem::path& path,
                                             const JournalId& journal) {
    const auto both = read_both(path, journal);
    if (!both.has_value()) {
        return both.error();
    }
    // O_DIRECT: the bytes reach the device's cache at once, so that the journal's fdatasync, which
    // flushes that cache, covers them too. A file system without it gets a sync with every write.
    bool goes_past_the_page_cache = true;
    auto file = File::open(path, O_RDWR | O_DIRECT);
    if (!file.has_value()) {
        goes_past_the_page_cache = false;
        file = File::open(path, O_RDWR);
    }
    if (!file.has_value()) {
        return file.error();
    }
    std::unique_ptr<Anchor> anchor{new Anchor(std::move(*file), journal)};
    const std::size_t newest = *both->newest();
    anchor->newest_ = both->slots.at(newest)->position;
    anchor->next_slot_ = 1 - newest;
    anchor->goes_past_the_page_cache_ = goes_past_the_page_cache;
    return anchor;
}

Result<> Anchor::write(const ChainPosition& position, Sync sync) {
    if (position.number != newest_.number) {
        fill(slot_, journal_, position);
        if (auto written = file_.write_at(next_slot_ * slot_bytes, slot_.bytes);
            !written.has_value()) {
            return written;
        }
        newest_ = position;
        next_slot_ = 1 - next_slot_;
        is_synced_ = false;
    }
    if (!is_synced_ && (sync == Sync::now || !goes_past_the_page_cache_)) {
        if (auto synced = file_.sync(); !synced.has_value()) {
            return synced;
        }
        is_synced_ = true;
    }
    return {};
}

}  // namespace stampede::storage
