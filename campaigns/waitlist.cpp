// SPDX-License-Identifier: Apache-2.0
#include "campaigns/waitlist.hpp"

#include <array>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {

namespace {

// What digests are salted with, so that equal bytes of two kinds do not cancel out.
constexpr std::uint64_t waiter_digest = 0x5741;
constexpr std::uint64_t number_digest = 0x574e;

constexpr std::size_t waiter_bytes = 2 + 8 + 8 + 8 + 8 + 1;
constexpr std::uint32_t chunk_waiters = 1024;

void put_waiter(ByteWriter& out, const Waitlist::Standing& standing, const Waiter& waiter) {
    out.put(standing.item);
    out.put(standing.number);
    out.put(waiter.buyer);
    out.put(waiter.joined_at);
    out.put(waiter.segments);
    out.put(waiter.level);
}

std::uint64_t digest_of_number(std::uint64_t number) {
    return number == 1 ? 0 : record_digest(number_digest, std::as_bytes(std::span{&number, 1}));
}

}  // namespace

std::uint64_t Waitlist::digest(const Standing& standing, const Waiter& waiter) {
    std::array<std::byte, waiter_bytes> bytes;
    ByteWriter out(bytes);
    put_waiter(out, standing, waiter);
    return record_digest(waiter_digest, out.written());
}

std::size_t Waitlist::waiting(std::uint16_t item) const {
    const Standing begin{item, 0};
    const Standing end{item, ~std::uint64_t{0}};
    return line_.rank(end) - line_.rank(begin);
}

std::optional<std::uint32_t> Waitlist::place_of(BuyerId buyer, std::uint16_t item) const {
    const std::uint64_t* number = numbers_.find({buyer, item});
    if (number == nullptr) {
        return std::nullopt;
    }
    const std::size_t ahead = line_.rank({item, *number}) - line_.rank({item, 0});
    return static_cast<std::uint32_t>(ahead + 1);
}

const Waitlist::Line::Entry* Waitlist::from(std::uint16_t item, std::uint64_t number) const {
    const Line::Entry* entry = line_.first_from({item, number});
    return entry == nullptr || entry->key.item != item ? nullptr : entry;
}

std::optional<std::uint16_t> Waitlist::next_item(std::uint16_t item) const {
    const Line::Entry* entry = line_.first_from({item, 0});
    return entry == nullptr ? std::nullopt : std::optional{entry->key.item};
}

const char* Waitlist::broken() const {
    if (line_.size() > limits::waiters_per_campaign_max) {
        return "more wait than may";
    }
    if (line_.size() != numbers_.size()) {
        return "the line and the index of it differ in size";
    }
    const char* wrong = nullptr;
    Signature sum{digest_of_number(next_number_)};
    std::size_t rank = 0;
    line_.for_each([&](const Standing& standing, const Waiter& waiter) {
        const std::uint64_t* number = numbers_.find({waiter.buyer, standing.item});
        if (number == nullptr || *number != standing.number) {
            wrong = "somebody in line whom the index does not know";
        }
        if (standing.number >= next_number_) {
            wrong = "a number in line that was never given";
        }
        if (line_.rank(standing) != rank++) {
            wrong = "a rank that is not the place";
        }
        sum.put_in(digest(standing, waiter));
    });
    return wrong == nullptr && sum != signature_ ? "its signature is not that of its waiters"
                                                 : wrong;
}

void Waitlist::set_next_number(std::uint64_t number) {
    signature_.take_out(digest_of_number(next_number_));
    next_number_ = number;
    signature_.put_in(digest_of_number(next_number_));
}

void Waitlist::stand(const Standing& standing, const Waiter& waiter) {
    check(numbers_.insert({waiter.buyer, standing.item}, standing.number).second,
          "somebody joins a line that he stands in");
    check(line_.insert(standing, waiter), "a number in line was given twice");
    signature_.put_in(digest(standing, waiter));
}

void Waitlist::join(std::uint16_t item, const Waiter& waiter) {
    stand({item, next_number_}, waiter);
    set_next_number(next_number_ + 1);
}

void Waitlist::leave(BuyerId buyer, std::uint16_t item) {
    const std::uint64_t* number = numbers_.find({buyer, item});
    check(number != nullptr, "somebody leaves a line that he does not stand in");
    const Standing standing{item, *number};
    const Waiter* waiter = line_.find(standing);
    check(waiter != nullptr, "the index knows somebody who is not in line");
    signature_.take_out(digest(standing, *waiter));
    line_.erase(standing);
    numbers_.erase({buyer, item});
}

void Waitlist::clear() {
    if (line_.empty()) {
        return;
    }
    line_.clear();
    numbers_.clear();
    signature_ = Signature{digest_of_number(next_number_)};
}

void Waitlist::save(const PutChunk& put) const {
    if (next_number_ == 1) {
        return;  // nobody ever joined
    }
    std::vector<std::byte> bytes(8 + 4 + chunk_waiters * waiter_bytes);
    const auto open = [&] {
        ByteWriter out(bytes);
        out.put(next_number_);
        out.put(std::uint32_t{0});
        return out;
    };
    ByteWriter out = open();
    std::uint32_t count = 0;
    const auto close = [&] {
        std::memcpy(bytes.data() + 8, &count, sizeof count);
        put(out.written());
        out = open();
        count = 0;
    };
    line_.for_each([&](const Standing& standing, const Waiter& waiter) {
        put_waiter(out, standing, waiter);
        if (++count == chunk_waiters) {
            close();
        }
    });
    if (count > 0 || line_.empty()) {
        close();
    }
}

bool Waitlist::load(ByteReader& reader) {
    const auto next_number = reader.get<std::uint64_t>();
    const auto count = reader.get<std::uint32_t>();
    if (reader.failed() || next_number <= 1 || count > chunk_waiters ||
        line_.size() + count > limits::waiters_per_campaign_max) {
        return false;
    }
    set_next_number(next_number);
    for (std::uint32_t at = 0; at < count; ++at) {
        Standing standing;
        Waiter waiter;
        standing.item = reader.get<std::uint16_t>();
        standing.number = reader.get<std::uint64_t>();
        waiter.buyer = reader.get<BuyerId>();
        waiter.joined_at = reader.instant();
        waiter.segments = reader.get<std::uint64_t>();
        waiter.level = reader.get<std::uint8_t>();
        if (reader.failed() || standing.number >= next_number ||
            numbers_.find({waiter.buyer, standing.item}) != nullptr ||
            line_.find(standing) != nullptr) {
            return false;
        }
        stand(standing, waiter);
    }
    return reader.left() == 0;
}

}  // namespace stampede::campaigns
