// SPDX-License-Identifier: Apache-2.0
// What is wrong with, or unwise in, something that a person wrote: each note names its field by
// path. All mistakes are collected, so that they can be mended at once. One owner, no thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stampede::campaigns {

struct FieldNote {
    /// As in "items[0].price"; empty: the whole of it.
    std::string field;
    /// A sentence that goes on after the field's name: "must be from 1 to 5".
    std::string message;
    friend bool operator==(const FieldNote&, const FieldNote&) = default;
};

class FieldNotes {
  public:
    /// A thousand items, each wrong in seven ways, would help nobody: further notes are dropped.
    static constexpr std::size_t notes_max = 1000;

    void add(std::string field, std::string message) {
        if (!is_full()) {
            notes_.push_back({std::move(field), std::move(message)});
        }
    }
    void add(FieldNote note) { add(std::move(note.field), std::move(note.message)); }
    /// Whoever looks for more mistakes may stop.
    [[nodiscard]] bool is_full() const { return notes_.size() >= notes_max; }
    [[nodiscard]] bool empty() const { return notes_.empty(); }
    [[nodiscard]] std::size_t size() const { return notes_.size(); }
    [[nodiscard]] const std::vector<FieldNote>& all() const { return notes_; }
    [[nodiscard]] std::vector<FieldNote> take() { return std::exchange(notes_, {}); }

  private:
    std::vector<FieldNote> notes_;
};

/// "items[3].price" from ("items", 3, "price").
[[nodiscard]] inline std::string element_path(std::string_view list, std::size_t index,
                                              std::string_view field = {}) {
    std::string path{list};
    path += '[' + std::to_string(index) + ']';
    if (!field.empty()) {
        path += '.';
        path += field;
    }
    return path;
}

}  // namespace stampede::campaigns
