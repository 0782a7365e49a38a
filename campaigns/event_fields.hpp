// SPDX-License-Identifier: Apache-2.0
// Where an event of a play shows its fields, for `stampede journal print`: names are those of the
// contract. Secrets (seeds) are not shown. One call at a time, no thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

class EventFields {
  public:
    EventFields() = default;
    EventFields(const EventFields&) = delete;
    EventFields& operator=(const EventFields&) = delete;
    virtual ~EventFields() = default;

    /// An order, a group, a bargain: base36.
    virtual void id(std::string_view name, std::uint64_t id) = 0;
    virtual void buyer(std::string_view name, BuyerId buyer) = 0;
    virtual void number(std::string_view name, std::int64_t value) = 0;
    virtual void text(std::string_view name, std::string_view value) = 0;
    virtual void flag(std::string_view name, bool value) = 0;
    /// A list of objects: each begin_row() starts one.
    virtual void begin_list(std::string_view name) = 0;
    virtual void begin_row() = 0;
    virtual void end_row() = 0;
    virtual void end_list() = 0;

    void money(std::string_view name, Money value) { number(name, value.fen()); }
    void units(std::string_view name, Quantity value) { number(name, value.units()); }
    void time(std::string_view name, Instant value) { number(name, value.ms()); }
};

}  // namespace stampede::campaigns
