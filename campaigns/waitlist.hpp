// SPDX-License-Identifier: Apache-2.0
// Who waits for a unit of a campaign to return (候补): one line per item, in the order of joining.
// Pure state with its part of the signature; it judges nothing, and is written by evolve alone.
// Places, heads and leaving take O(log n). At most limits::waiters_per_campaign_max wait.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "campaigns/ranked_map.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/segmented_map.hpp"
#include "engine/vocabulary/signature.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

/// What is known of somebody in line: the claims of the token that he joined with are judged again
/// when his turn comes.
struct Waiter {
    BuyerId buyer;
    Instant joined_at;
    std::uint64_t segments = 0;
    std::uint8_t level = 0;
};

class Waitlist {
  public:
    /// Where somebody stands: numbers rise with every join of the campaign.
    struct Standing {
        std::uint16_t item = 0;
        std::uint64_t number = 0;
        friend auto operator<=>(const Standing&, const Standing&) = default;
    };
    using Line = RankedMap<Standing, Waiter>;

    // Reading -------------------------------------------------------------------------------------
    [[nodiscard]] bool empty() const { return line_.empty(); }
    [[nodiscard]] std::size_t size() const { return line_.size(); }
    /// How many wait for this item.
    [[nodiscard]] std::size_t waiting(std::uint16_t item) const;
    /// 1 for the next to be served; empty when the buyer does not wait for the item.
    [[nodiscard]] std::optional<std::uint32_t> place_of(BuyerId buyer, std::uint16_t item) const;
    /// The entry that stands first for the item at or behind `number`; null when nobody does.
    [[nodiscard]] const Line::Entry* from(std::uint16_t item, std::uint64_t number = 0) const;
    /// The first item at or after `item` that somebody waits for.
    [[nodiscard]] std::optional<std::uint16_t> next_item(std::uint16_t item) const;
    [[nodiscard]] Signature signature() const { return signature_; }
    /// Empty, or what does not hold together.
    [[nodiscard]] const char* broken() const;

    // Writing: evolve only
    // -------------------------------------------------------------------------
    /// He does not wait for the item yet.
    void join(std::uint16_t item, const Waiter& waiter);
    /// He waits for the item.
    void leave(BuyerId buyer, std::uint16_t item);
    /// Everybody leaves.
    void clear();

    // Checkpoints: chunks of next_number (8), count (4), and count times item (2), number (8),
    // buyer (8), joined_at (8), segments (8), level (1)
    // ---------------------------------------------------------------------------------
    using PutChunk = std::function<void(std::span<const std::byte>)>;
    void save(const PutChunk& put) const;
    [[nodiscard]] bool load(ByteReader& reader);

  private:
    struct WhoAndWhat {
        BuyerId buyer;
        std::uint16_t item = 0;
        friend bool operator==(const WhoAndWhat&, const WhoAndWhat&) = default;
        friend std::size_t hash_value(const WhoAndWhat& key) {
            const std::uint64_t words[] = {key.buyer.raw(), key.item};
            return record_digest(0, std::as_bytes(std::span{words}));
        }
    };

    void stand(const Standing& standing, const Waiter& waiter);
    void set_next_number(std::uint64_t number);
    [[nodiscard]] static std::uint64_t digest(const Standing& standing, const Waiter& waiter);

    Line line_;
    SegmentedMap<WhoAndWhat, std::uint64_t> numbers_{64};
    std::uint64_t next_number_ = 1;
    Signature signature_;
};

}  // namespace stampede::campaigns
