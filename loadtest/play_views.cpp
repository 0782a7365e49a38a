// SPDX-License-Identifier: Apache-2.0
// Field by field, as docs/reference/openapi.yaml names them.
#include "loadtest/play_views.hpp"

#include <array>

#include "loadtest/json_fields.hpp"

namespace stampede::loadtest {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 6> group_words{"(unknown)", "forming", "full",
                                                      "success",   "failed",  "dissolved"};
constexpr std::array<std::string_view, 9> bargain_words{"(unknown)", "open",     "reached",
                                                        "ordered",   "paid",     "expired",
                                                        "cancelled", "sold_out", "lapsed"};

template <class State, std::size_t Count>
State state_from(std::string_view word, const std::array<std::string_view, Count>& words) {
    for (std::size_t at = 1; at < Count; ++at) {
        if (words[at] == word) {
            return static_cast<State>(at);
        }
    }
    return State::unknown;
}

std::uint32_t count_of(std::string_view value) {
    return static_cast<std::uint32_t>(integer_of(value));
}

RecordId record_from(std::string_view value) {
    return RecordId{Base36::parse(unquoted(value)).value_or(0)};
}

void read_members(std::string_view array, GroupView& view) {
    each_object(array, [&](std::string_view member) {
        view.members += 1;
        each_field(member, [&](std::string_view name, std::string_view value) {
            view.leaders += name == "leader" && value == "true" ? 1u : 0u;
        });
    });
}

}  // namespace

std::string_view name_of(GroupState state) {
    return group_words[static_cast<std::size_t>(state)];
}

std::string_view name_of(BargainState state) {
    return bargain_words[static_cast<std::size_t>(state)];
}

GroupView read_group_view(std::string_view object) {
    GroupView view;
    each_field(object, [&](std::string_view name, std::string_view value) {
        if (name == "group_id") {
            view.id = record_from(value);
        } else if (name == "state") {
            view.state = state_from<GroupState>(unquoted(value), group_words);
        } else if (name == "size") {
            view.size = count_of(value);
        } else if (name == "locked") {
            view.locked = count_of(value);
        } else if (name == "paid") {
            view.paid = count_of(value);
        } else if (name == "virtual") {
            view.virtual_seats = count_of(value);
        } else if (name == "deadline_ms") {
            view.deadline = Instant{integer_of(value)};
        } else if (name == "members") {
            read_members(value, view);
        }
    });
    return view;
}

ShownCut read_cut(std::string_view object) {
    ShownCut cut;
    each_field(object, [&](std::string_view name, std::string_view value) {
        if (name == "amount") {
            cut.amount = Money{integer_of(value)};
        } else if (name == "at_ms") {
            cut.at = Instant{integer_of(value)};
        }
    });
    return cut;
}

BargainView read_bargain_view(std::string_view object) {
    BargainView view;
    each_field(object, [&](std::string_view name, std::string_view value) {
        if (name == "bargain_id") {
            view.id = record_from(value);
        } else if (name == "state") {
            view.state = state_from<BargainState>(unquoted(value), bargain_words);
        } else if (name == "start_price") {
            view.start = Money{integer_of(value)};
        } else if (name == "floor_price") {
            view.floor = Money{integer_of(value)};
        } else if (name == "current_price") {
            view.current = Money{integer_of(value)};
        } else if (name == "helpers_needed") {
            view.helpers_needed = integer_of(value);
        } else if (name == "deadline_ms") {
            view.deadline = Instant{integer_of(value)};
        } else if (name == "cuts") {
            each_object(value, [&](std::string_view cut) { view.cuts.push_back(read_cut(cut)); });
        }
    });
    return view;
}

RecordId record_in(std::string_view group_or_bargain) {
    RecordId record;
    each_field(group_or_bargain, [&](std::string_view name, std::string_view value) {
        if (name == "group_id" || name == "bargain_id") {
            record = record_from(value);
        }
    });
    return record;
}

}  // namespace stampede::loadtest
