// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/witness.hpp"

#include <algorithm>

namespace stampede::tests {

using namespace campaigns;

std::optional<std::string> JournalWitness::see(const engine::Commit& commit) {
    if (commit.number != durable_.next()) {
        return "commit " + std::to_string(commit.number.raw()) + " does not follow commit " +
               std::to_string(durable_.raw());
    }
    durable_ = commit.number;
    engine::FrameReader frames(commit.frames);
    while (const auto frame = frames.next()) {
        Sequence& sequence = sequences_[frame->shard];
        if (frame->sequence != sequence.next()) {
            return "shard " + std::to_string(frame->shard.raw()) + " has a gap before sequence " +
                   std::to_string(frame->sequence.raw());
        }
        sequence = frame->sequence;
        const auto event = CampaignMachine::decode(*frame);
        if (!event) {
            return std::string{"an event that cannot be decoded"};
        }
        ++events_;
        count(*event);
        for (const auto& [item, available] : available_) {
            if (available < 0) {
                return "item " + std::to_string(item) + " was oversold at commit " +
                       std::to_string(commit.number.raw());
            }
            history_[item].push_back({commit.number, available});
        }
    }
    return std::nullopt;
}

void JournalWitness::count(const Event& event) {
    if (const auto* family = std::get_if<SeckillEvent>(&event)) {
        const auto& held = std::get<StockHeld>(*family);
        owner_[held.order] = held.buyer;
        for (const HeldLine& line : held.lines) {
            take(held.order, line.quantity.units());
            move(line.item, -line.quantity.units());
            lines_[held.order].push_back(line);
        }
        return;
    }
    if (const auto* family = std::get_if<WaitlistEvent>(&event)) {
        if (const auto* promoted = std::get_if<WaiterPromoted>(family)) {
            owner_[promoted->order] = promoted->buyer;
            promoted_.push_back(promoted->order);
            take(promoted->order, 1);
            move(promoted->item, -1);
            lines_[promoted->order].push_back({.item = promoted->item,
                                               .quantity = Quantity{1},
                                               .unit_price = promoted->unit_price});
        }
        return;
    }
    if (const auto* family = std::get_if<CampaignEvent>(&event)) {
        if (const auto* drafted = std::get_if<CampaignDrafted>(family)) {
            for (std::uint16_t item = 0; item < drafted->config->items.size(); ++item) {
                move(item,
                     (drafted->config->items[item].stock - drafted->config->items[item].reserve)
                         .units());
            }
        } else if (const auto* adjusted = std::get_if<StockAdjusted>(family)) {
            move(adjusted->item, adjusted->delta);
        } else if (const auto* back = std::get_if<StockHandedBack>(family)) {
            for (const auto& part : back->parts) {
                available_[part.item] = 0;
            }
        }
        return;
    }
    const auto& family = std::get<OrderEvent>(event);
    const auto give_back = [&](OrderId order) {
        for (const HeldLine& line : lines_[order]) {
            take(order, -line.quantity.units());
            move(line.item, line.quantity.units());
        }
    };
    if (const auto* expired = std::get_if<HoldExpired>(&family)) {
        give_back(expired->order);
    } else if (const auto* released = std::get_if<HoldReleased>(&family)) {
        give_back(released->order);
    } else if (const auto* confirmed = std::get_if<OrderConfirmed>(&family)) {
        ++confirmed_;
        for (const ConfirmedLine& line : confirmed->lines) {
            take(confirmed->order, confirmed->late ? line.quantity.units() : 0);
            move(line.item, confirmed->late ? -line.quantity.units() : 0);
        }
    } else if (const auto* refunded = std::get_if<OrderRefunded>(&family)) {
        for (const auto& part : refunded->parts) {
            take(refunded->order, refunded->units_return ? -part.quantity.units() : 0);
            const bool returns =
                refunded->units_return && refunded->restock == Restock::to_activity;
            move(part.item, returns ? part.quantity.units() : 0);
        }
    }
}

bool JournalWitness::was_sold_out_since(CommitNumber since, std::uint16_t item) const {
    const auto found = history_.find(item);
    if (found == history_.end()) {
        return false;
    }
    // The state at `since` is its last sample; before that nothing counts.
    const auto& samples = found->second;
    auto at = std::ranges::upper_bound(samples, since, {}, &Sample::commit);
    if (at != samples.begin()) {
        --at;
    }
    return std::any_of(at, samples.end(), [](const Sample& s) { return s.available == 0; });
}

}  // namespace stampede::tests
