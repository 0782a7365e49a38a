// SPDX-License-Identifier: Apache-2.0
// The table of a loop's connections: fixed places, each with a generation that rises when the place
// is given up, so that a late completion or a stale id finds nobody. Owned by the loop's thread;
// allocates at construction only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "net/event_loop.hpp"

namespace stampede::net {

template <class Connection>
class ConnectionSlots {
  public:
    explicit ConnectionSlots(std::size_t connections_max) : places_(connections_max) {
        free_.reserve(connections_max);
        for (std::size_t slot = connections_max; slot > 0; --slot) {
            free_.push_back(static_cast<std::uint32_t>(slot - 1));
        }
    }
    [[nodiscard]] bool full() const { return free_.empty(); }
    [[nodiscard]] std::size_t in_use() const { return places_.size() - free_.size(); }

    /// There must be a free place.
    [[nodiscard]] ConnectionId take() {
        check(!free_.empty(), "no free connection slot");
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        places_[slot].taken = true;
        places_[slot].connection = Connection{};
        return {slot, places_[slot].generation};
    }
    void give_back(ConnectionId id) {
        check(find(id) != nullptr, "a connection was given back twice");
        places_[id.slot].taken = false;
        places_[id.slot].connection = Connection{};
        ++places_[id.slot].generation;
        free_.push_back(id.slot);
    }
    /// Null when the id is stale.
    [[nodiscard]] Connection* find(ConnectionId id) {
        if (id.slot >= places_.size()) {
            return nullptr;
        }
        Place& place = places_[id.slot];
        return place.taken && place.generation == id.generation ? &place.connection : nullptr;
    }
    template <class Visit>
    void for_each(Visit visit) {
        for (std::uint32_t slot = 0; slot < places_.size(); ++slot) {
            if (places_[slot].taken) {
                visit(ConnectionId{slot, places_[slot].generation}, places_[slot].connection);
            }
        }
    }

  private:
    struct Place {
        Connection connection;
        std::uint32_t generation = 1;
        bool taken = false;
    };
    std::vector<Place> places_;
    std::vector<std::uint32_t> free_;
};

}  // namespace stampede::net
