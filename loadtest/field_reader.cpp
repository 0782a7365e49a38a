// SPDX-License-Identifier: Apache-2.0
// The messages a person reads when a scenario is wrong.
#include "loadtest/field_reader.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace stampede::loadtest {
namespace {

std::size_t edits_between(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t from = 1; from <= left.size(); ++from) {
        std::size_t diagonal = row[0];
        row[0] = from;
        for (std::size_t to = 1; to <= right.size(); ++to) {
            const std::size_t changed = diagonal + (left[from - 1] == right[to - 1] ? 0u : 1u);
            diagonal = row[to];
            row[to] = std::min({changed, row[to] + 1, row[to - 1] + 1});
        }
    }
    return row.back();
}

std::string shown(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (!text.empty() && text.back() == '.') {
        text.pop_back();
    }
    return text;
}

}  // namespace

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
    std::string nearest;
    std::size_t fewest = std::max<std::size_t>(2, word.size() / 2) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t edits = edits_between(word, candidate);
        if (edits < fewest) {
            fewest = edits;
            nearest = candidate;
        }
    }
    return nearest;
}

FieldReader::FieldReader(const toml::table* table, std::string path,
                         std::vector<std::string>& mistakes)
    : table_(table), path_(std::move(path)), mistakes_(mistakes) {}

bool FieldReader::has(std::string_view key) const {
    return table_ != nullptr && table_->contains(key);
}

std::string FieldReader::path_of(std::string_view key) const {
    return path_.empty() ? std::string{key} : path_ + '.' + std::string{key};
}

void FieldReader::mistake(std::string_view key, std::string_view message) {
    mistakes_.push_back(path_of(key) + ": " + std::string{message});
}

const toml::node* FieldReader::find(std::string_view key) {
    asked_.emplace_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
}

void FieldReader::text(std::string_view key, std::string& value) {
    if (const toml::node* node = find(key)) {
        if (const auto given = node->value_exact<std::string>()) {
            value = *given;
        } else {
            mistake(key, "must be a text in quotes");
        }
    }
}

void FieldReader::flag(std::string_view key, bool& value) {
    if (const toml::node* node = find(key)) {
        if (const auto given = node->value_exact<bool>()) {
            value = *given;
        } else {
            mistake(key, "must be true or false");
        }
    }
}

void FieldReader::number(std::string_view key, Range range, double& value) {
    const toml::node* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto given = node->value<double>();
    if (!given || !node->is_number() || !(*given >= range.least && *given <= range.most)) {
        mistake(key, "must be a number from " + shown(range.least) + " to " + shown(range.most));
        return;
    }
    value = *given;
}

void FieldReader::whole(std::string_view key, Range range, double& value) {
    const toml::node* node = find(key);
    if (node == nullptr) {
        return;
    }
    const auto given = node->value_exact<std::int64_t>();
    const double wide = given ? static_cast<double>(*given) : 0;
    if (!given || wide < range.least || wide > range.most) {
        mistake(key,
                "must be a whole number from " + shown(range.least) + " to " + shown(range.most));
        return;
    }
    value = wide;
}

void FieldReader::milliseconds(std::string_view key, std::chrono::nanoseconds& value) {
    double ms = static_cast<double>(value.count()) / 1e6;
    number(key, {0, 86'400'000}, ms);
    value = std::chrono::nanoseconds{std::llround(ms * 1e6)};
}

void FieldReader::seconds(std::string_view key, std::chrono::nanoseconds& value) {
    double s = static_cast<double>(value.count()) / 1e9;
    number(key, {0, 86'400}, s);
    value = std::chrono::nanoseconds{std::llround(s * 1e9)};
}

void FieldReader::texts(std::string_view key, std::vector<std::string>& value) {
    const toml::array* given = array(key);
    if (given == nullptr) {
        return;
    }
    for (const toml::node& node : *given) {
        const auto text = node.value_exact<std::string>();
        if (!text) {
            mistake(key, "must be a list of texts");
            return;
        }
        value.push_back(*text);
    }
}

const toml::table* FieldReader::table(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) {
        return nullptr;
    }
    if (!node->is_table()) {
        mistake(key, "must be a table: [" + path_of(key) + "]");
    }
    return node->as_table();
}

const toml::array* FieldReader::array(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) {
        return nullptr;
    }
    if (!node->is_array()) {
        mistake(key, "must be a list");
    }
    return node->as_array();
}

void FieldReader::finish() {
    if (table_ == nullptr) {
        return;
    }
    for (const auto& [key, node] : *table_) {
        const std::string name{key.str()};
        if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) {
            continue;
        }
        const std::string nearest = nearest_word(name, asked_);
        mistake(name, nearest.empty() ? std::string{"unknown key"}
                                      : "unknown key; did you mean '" + nearest + "'?");
    }
}

}  // namespace stampede::loadtest
