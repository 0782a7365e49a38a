// SPDX-License-Identifier: Apache-2.0
// What has been answered under which key, for one scope: a second click, or a client that lost its
// answer, gets the first answer again. Written from events alone, so that it survives a crash with
// the state it speaks of. Owned by a shard; its thread only.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/frame.hpp"
#include "engine/state_machine.hpp"
#include "engine/vocabulary/segmented_map.hpp"
#include "engine/vocabulary/signature.hpp"

namespace stampede::engine {

class RequestLedger {
  public:
    explicit RequestLedger(std::size_t requests_expected) : entries_(requests_expected) {}

    struct Entry {
        std::uint64_t subject = 0;
        Sequence sequence;
        Instant at;
        std::uint32_t body_digest = 0;
        std::uint8_t play = 0;
        std::uint8_t kind = 0;
    };

    [[nodiscard]] const Entry* find(const RequestIdentity& request) const {
        return entries_.find(Key{request.owner, request.key_digest});
    }

    /// A find() or remember() of it is about to come.
    void prefetch(const RequestIdentity& request) const {
        entries_.prefetch(Key{request.owner, request.key_digest});
    }

    /// The first answer stands: a key that is known already is left alone. Returns the digest to
    /// put into the state's signature, 0 when nothing was added.
    std::uint64_t remember(const RequestIdentity& request, const Recollection& recollection) {
        const Entry entry{.subject = recollection.subject,
                          .sequence = recollection.sequence,
                          .at = recollection.at,
                          .body_digest = request.body_digest,
                          .play = recollection.play,
                          .kind = recollection.kind};
        const Key key{request.owner, request.key_digest};
        if (!entries_.insert(key, entry).second) {
            return 0;
        }
        const std::uint64_t added = digest(key, entry);
        signature_.put_in(added);
        return added;
    }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// Sum of the digests of all entries, kept as they come: a scope of millions closes at once.
    [[nodiscard]] Signature signature() const { return signature_; }
    /// visit(owner, key_digest, entry), in no particular order.
    template <class Visit>
    void for_each(Visit&& visit) const {
        entries_.for_each([&](const Key& key, const Entry& entry) {
            visit(RequestIdentity{key.owner, key.key_digest, entry.body_digest}, entry);
        });
    }

  private:
    struct Key {
        std::uint64_t owner = 0;
        std::uint64_t key_digest = 0;
        friend bool operator==(const Key&, const Key&) = default;
        friend std::size_t hash_value(const Key& key) { return XXH3_64bits(&key, sizeof key); }
    };
    static std::uint64_t digest(const Key& key, const Entry& entry) {
        const std::uint64_t words[] = {key.owner,
                                       key.key_digest,
                                       entry.subject,
                                       entry.sequence.raw(),
                                       static_cast<std::uint64_t>(entry.at.ms()),
                                       (std::uint64_t{entry.body_digest} << 16) |
                                           (std::uint64_t{entry.play} << 8) | entry.kind};
        return record_digest(0x4c454447, std::as_bytes(std::span{words}));  // "LEDG"
    }

    SegmentedMap<Key, Entry> entries_;
    Signature signature_;
};

}  // namespace stampede::engine
