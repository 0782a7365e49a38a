// SPDX-License-Identifier: Apache-2.0
// Tallies that distinct helpers fill (助力, 砍价): who helped whom, how much it was worth, and what
// each helper has given in this campaign and on this day. Pure state with its indexes and its part
// of the signature, shared by the plays that live from help; it judges nothing and is written by
// evolve alone. Owned by its campaign's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "campaigns/arena.hpp"
#include "campaigns/order.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/segmented_map.hpp"
#include "engine/vocabulary/signature.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

struct TallyRecord {
    BuyerId starter;
    std::int64_t worth = 0;  // sum over its helps
    std::uint32_t helps = 0;
    RecordIndex last_help = no_record;  // chain of all its helps, newest first
};

struct HelpRecord {
    RecordIndex tally = no_record;
    BuyerId helper;
    std::int64_t worth = 0;  // fen of a cut; 1 where heads count
    Instant at;
    Sequence receipt;
    std::uint32_t ordinal = 0;  // 1, 2, ... within its tally
    RecordIndex previous_of_tally = no_record;
    bool new_helper = false;
};

/// What one helper has given in a campaign.
struct HelperRecord {
    std::uint32_t helps = 0;
    std::uint32_t day = 0;
    std::uint32_t helps_on_day = 0;
};

/// Absent: as often as he likes (but never twice for one tally).
struct HelperLimits {
    std::optional<std::uint32_t> per_campaign;
    std::optional<std::uint32_t> per_day;
    friend bool operator==(const HelperLimits&, const HelperLimits&) = default;
};

class HelperAccumulator {
  public:
    explicit HelperAccumulator(std::size_t helps_expected)
        : index_(helps_expected), helpers_(helps_expected), pairs_(helps_expected) {}

    // Reading -------------------------------------------------------------------------------------
    [[nodiscard]] const TallyRecord& tally(RecordIndex tally) const { return tallies_[tally]; }
    [[nodiscard]] RecordIndex tally_count() const { return tallies_.size(); }
    [[nodiscard]] const HelpRecord& help(RecordIndex help) const { return helps_[help]; }
    [[nodiscard]] RecordIndex help_count() const { return helps_.size(); }
    /// no_record when the helper has not helped this tally.
    [[nodiscard]] RecordIndex find_help(RecordIndex tally, BuyerId helper) const;
    /// Whether `helper` has ever helped a tally of `starter` in this campaign.
    [[nodiscard]] bool has_helped(BuyerId helper, BuyerId starter) const {
        return pairs_.contains(HelpPair{helper, starter});
    }
    [[nodiscard]] HelperRecord helper(BuyerId helper) const;
    /// One more help on `day` would be past a limit.
    [[nodiscard]] bool is_at_limit(BuyerId helper, std::uint32_t day,
                                   const HelperLimits& limits) const;
    [[nodiscard]] Signature signature() const { return signature_; }

    // Writing: evolve only
    // -------------------------------------------------------------------------
    RecordIndex open_tally(BuyerId starter);
    struct Help {
        RecordIndex tally = no_record;
        BuyerId helper;
        std::int64_t worth = 0;
        std::uint32_t day = 0;
        Instant at;
        Sequence receipt;
        bool new_helper = false;
    };
    /// A helper helps a tally once.
    RecordIndex add_help(const Help& help);

    // Checkpoints
    // ----------------------------------------------------------------------------------
    /// Parts count from `first_part`.
    static constexpr std::uint8_t parts = 3;
    void save(std::uint8_t first_part, const PutChunk& put) const;
    /// `part` from 0.
    [[nodiscard]] bool load(std::uint8_t part, ByteReader& reader);

    /// Empty, or which running count differs from its helps. Slow.
    [[nodiscard]] std::optional<std::string> check_invariants() const;

  private:
    struct HelpKey {
        RecordIndex tally;
        BuyerId helper;
        friend bool operator==(const HelpKey&, const HelpKey&) = default;
        friend std::size_t hash_value(const HelpKey& key) {
            return std::hash<BuyerId>{}(key.helper) ^ (std::size_t{key.tally} << 32 | key.tally);
        }
    };
    struct HelpPair {
        BuyerId helper;
        BuyerId starter;
        friend bool operator==(const HelpPair&, const HelpPair&) = default;
        friend std::size_t hash_value(const HelpPair& pair) {
            // Not the same for A helped B and B helped A.
            return std::hash<BuyerId>{}(pair.helper) * 3 + std::hash<BuyerId>{}(pair.starter);
        }
    };
    void index_help(RecordIndex at);
    template <class Change>
    void change_helper(BuyerId helper, Change&& change);

    Arena<TallyRecord> tallies_;
    Arena<HelpRecord> helps_;
    SegmentedMap<HelpKey, RecordIndex> index_;
    SegmentedMap<BuyerId, HelperRecord> helpers_;
    SegmentedMap<HelpPair, bool> pairs_;  // follows from the helps
    Signature signature_;
};

}  // namespace stampede::campaigns
