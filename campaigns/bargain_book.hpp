// SPDX-License-Identifier: Apache-2.0
// The bargains of one campaign: records with their indexes, counts and part of the signature, over
// a helper accumulator whose tallies have the bargains' positions. It judges nothing and is written
// by evolve alone. Owned by its campaign's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "campaigns/arena.hpp"
#include "campaigns/bargain.hpp"
#include "campaigns/helper_accumulator.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/segmented_map.hpp"
#include "engine/vocabulary/signature.hpp"

namespace stampede::campaigns {

struct BargainRecord {
    BargainId id;
    BuyerId starter;
    Instant launched_at;
    Instant deadline;   // of being open
    Instant pay_until;  // of being reached; 0: it never was
    Money first_cut;
    Money current;
    RecordIndex order = no_record;  // its newest, in the order book
    RecordIndex previous_of_starter = no_record;
    std::uint16_t item = 0;
    BargainState state = BargainState::open;
    BargainState back_to = BargainState::open;  // where an unpaid order puts it
    bool keeps_unit = false;                    // one unit of stock is held for it
};

/// Open, reached or ordered: its campaign cannot end before it.
[[nodiscard]] constexpr bool is_running(BargainState state) {
    return state == BargainState::open || state == BargainState::reached ||
           state == BargainState::ordered;
}

struct StarterRecord {
    std::uint32_t launches = 0;
    std::uint32_t running = 0;
    RecordIndex last = no_record;  // his bargains, newest first
};

class BargainBook {
  public:
    BargainBook(std::size_t item_count, std::size_t bargains_expected, std::size_t helps_expected)
        : kept_(item_count), starters_(bargains_expected), helpers_(helps_expected) {}

    // Reading -------------------------------------------------------------------------------------
    /// By halving: ids of a shard rise.
    [[nodiscard]] RecordIndex find(BargainId id) const;
    [[nodiscard]] const BargainRecord& bargain(RecordIndex index) const { return bargains_[index]; }
    [[nodiscard]] RecordIndex count() const { return bargains_.size(); }
    [[nodiscard]] RecordIndex running() const { return running_; }
    [[nodiscard]] RecordIndex count_of(BargainState state) const {
        return by_state_[static_cast<std::size_t>(state)];
    }
    [[nodiscard]] StarterRecord starter(BuyerId buyer) const;
    [[nodiscard]] const HelperAccumulator& helpers() const { return helpers_; }
    /// Units of an item that bargains keep.
    [[nodiscard]] std::int64_t kept(std::uint16_t item) const { return kept_[item]; }
    /// The first record that a sweep has not reached. A kill may come while the campaign is ending,
    /// and then has a sweep of its own.
    enum class Sweep : std::uint8_t { of_end = 0, of_kill = 1 };
    [[nodiscard]] RecordIndex sweep_next(Sweep sweep) const {
        return sweep_next_[static_cast<std::size_t>(sweep)];
    }
    [[nodiscard]] Signature signature() const;

    // Writing: evolve only
    // -------------------------------------------------------------------------
    RecordIndex launch(BargainRecord bargain);
    /// change(BargainRecord&) under the upkeep of counts and signature.
    template <class Change>
    void change(RecordIndex index, Change&& change) {
        BargainRecord& record = bargains_[index];
        take_out(index, record);
        const bool was_running = is_running(record.state);
        change(record);
        put_in(index, record);
        if (was_running != is_running(record.state)) {
            count_running(record.starter, was_running ? -1 : 1);
        }
    }
    void add_help(const HelperAccumulator::Help& help) { helpers_.add_help(help); }
    void sweep_to(Sweep sweep, RecordIndex next) {
        sweep_next_[static_cast<std::size_t>(sweep)] = next;
    }

    // Checkpoints
    // ----------------------------------------------------------------------------------
    void save(const PutChunk& put) const;
    [[nodiscard]] bool load(std::uint8_t part, ByteReader& reader);

    /// Empty, or which running count differs from the records. Slow.
    [[nodiscard]] std::optional<std::string> check_counts() const;

  private:
    void take_out(RecordIndex index, const BargainRecord& record);
    void put_in(RecordIndex index, const BargainRecord& record);
    template <class Change>
    void change_starter(BuyerId buyer, Change&& change);
    void count_running(BuyerId buyer, int more);
    void add_record(const BargainRecord& bargain);

    Arena<BargainRecord> bargains_;
    std::vector<std::int64_t> kept_;  // by item; follows from the records
    SegmentedMap<BuyerId, StarterRecord> starters_;
    HelperAccumulator helpers_;
    RecordIndex running_ = 0;
    std::array<RecordIndex, 2> sweep_next_{};
    std::array<RecordIndex, bargain_state_count + 1> by_state_{};  // states count from 1
    Signature signature_;                                          // of records and starters
};

}  // namespace stampede::campaigns
