// SPDX-License-Identifier: Apache-2.0
// A hash map that grows without a pause. A flat table of 10 million entries takes two thirds of a
// second to rehash; here the high bits of the hash choose one of many small flat tables, so that
// any single insert moves at most one of them: about entries_per_segment entries, as long as the
// map holds no more than expected. Beyond that it still works, and segments grow in proportion.
//
// Pointers to values hold until the next insert or erase. Owned by one thread.
#pragma once

#include <algorithm>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace stampede {

/// A hash that says of itself that all of its bits are good: it is taken as it is, others are
/// mixed.
template <class Hash>
concept Avalanching = requires { typename Hash::is_avalanching; };

/// A key's own hash_value() where it has one, else std::hash.
template <class Key>
struct HashOf {
    std::uint64_t operator()(const Key& key) const {
        if constexpr (requires { hash_value(key); }) {
            return hash_value(key);
        } else {
            return std::hash<Key>{}(key);
        }
    }
};
template <class Key>
    requires Avalanching<std::hash<Key>>
struct HashOf<Key> : std::hash<Key> {};

template <class Key, class Value, class Hash = HashOf<Key>>
class SegmentedMap {
  public:
    // Moving so many takes some 20 us; larger segments paused for longer, smaller ones made finding
    // slower (bench/segmented_map_bench.cpp).
    static constexpr std::size_t entries_per_segment = 1024;
    static constexpr std::size_t segments_max = 16384;

    /// `entries_expected`: the most that the map is expected to hold. Takes 48 bytes per segment
    /// now, the rest as it fills.
    explicit SegmentedMap(std::size_t entries_expected = 0)
        : segments_(segments_for(entries_expected)),
          segment_bits_(static_cast<unsigned>(std::countr_zero(segments_.size()))) {}

    [[nodiscard]] Value* find(const Key& key) {
        return const_cast<Value*>(std::as_const(*this).find(key));  // the map is not const here
    }
    [[nodiscard]] const Value* find(const Key& key) const {
        const Probe probe{key, mixed(key)};
        const Segment& segment = segments_[index_of(probe.mixed)];
        const auto found = segment.find(probe);
        return found == segment.end() ? nullptr : &found->second;
    }
    /// Changes nothing but what lies in the core's caches. Several in a row wait for memory
    /// together, where finds with other work between them wait one after the other.
    void prefetch(const Key& key) const {
        const Value* const found = find(key);
        asm volatile("" : : "r"(found));  // read it, though nobody asks for it
    }
    [[nodiscard]] bool contains(const Key& key) const { return find(key) != nullptr; }

    /// The value under `key`, and whether it is new; one that stands is left alone.
    template <class Given = Value>
    std::pair<Value*, bool> insert(const Key& key, Given&& value) {
        Segment& segment = segments_[index_of(mixed(key))];
        const auto [place, is_new] = segment.try_emplace(key, std::forward<Given>(value));
        size_ += is_new ? 1 : 0;
        return {&place->second, is_new};
    }

    /// Whether there was one.
    bool erase(const Key& key) {
        const Probe probe{key, mixed(key)};
        Segment& segment = segments_[index_of(probe.mixed)];
        const auto found = segment.find(probe);
        if (found == segment.end()) {
            return false;
        }
        segment.erase(found);
        --size_;
        return true;
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    /// visit(key, value) for each entry, in no particular order; the map must not change meanwhile.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const Segment& segment : segments_) {
            for (const auto& [key, value] : segment) {
                visit(key, value);
            }
        }
    }
    template <class Visit>
    void for_each(Visit&& visit) {
        for (Segment& segment : segments_) {
            for (auto& [key, value] : segment) {
                visit(key, value);
            }
        }
    }

    /// Gives the memory back as well.
    void clear() {
        for (Segment& segment : segments_) {
            segment = Segment{};
        }
        size_ = 0;
    }

    [[nodiscard]] std::size_t segments() const { return segments_.size(); }
    /// Entries of the fullest segment: what one insert may have to move.
    [[nodiscard]] std::size_t fullest_segment() const {
        std::size_t most = 0;
        for (const Segment& segment : segments_) {
            most = std::max(most, segment.size());
        }
        return most;
    }

  private:
    // A key with its hash, so that looking up hashes once.
    struct Probe {
        const Key& key;
        std::uint64_t mixed;
    };
    // The segment takes the highest bits of the mixed hash. Boost's table takes its position from
    // the highest bits as well, and eight bits to compare from the lowest: it gets the bits below
    // the segment's on top, and the lowest again where shifting left none.
    struct InnerHash {
        using is_avalanching = void;
        using is_transparent = void;
        std::size_t operator()(const Probe& probe) const { return inner(probe.mixed); }
        std::size_t operator()(const Key& key) const { return inner(SegmentedMap::mixed(key)); }
        static std::uint64_t inner(std::uint64_t mixed) {
            return (mixed << segment_bits_max) | (mixed & (segments_max - 1));
        }
    };
    struct InnerEqual {
        using is_transparent = void;
        bool operator()(const Key& left, const Key& right) const { return left == right; }
        bool operator()(const Probe& left, const Key& right) const { return left.key == right; }
        bool operator()(const Key& left, const Probe& right) const { return left == right.key; }
    };
    using Segment = boost::unordered_flat_map<Key, Value, InnerHash, InnerEqual>;
    static constexpr unsigned segment_bits_max = std::countr_zero(segments_max);

    static std::size_t segments_for(std::size_t entries_expected) {
        const std::size_t wanted = entries_expected / entries_per_segment +
                                   (entries_expected % entries_per_segment != 0 ? 1 : 0);
        return std::min(std::bit_ceil(std::max<std::size_t>(wanted, 1)), segments_max);
    }
    // Two rounds of multiply and shift: every bit of the hash reaches every bit of the result.
    static std::uint64_t mixed(const Key& key) {
        std::uint64_t bits = Hash{}(key);
        if constexpr (Avalanching<Hash>) {
            return bits;
        }
        bits = (bits ^ (bits >> 32)) * 0xD6E8FEB86659FD93ULL;
        bits = (bits ^ (bits >> 32)) * 0xD6E8FEB86659FD93ULL;
        return bits ^ (bits >> 32);
    }
    [[nodiscard]] std::size_t index_of(std::uint64_t mixed_hash) const {
        return (mixed_hash >> 1) >> (63 - segment_bits_);  // in two steps: one segment shifts by 64
    }

    std::vector<Segment> segments_;
    unsigned segment_bits_;
    std::size_t size_ = 0;
};

}  // namespace stampede
