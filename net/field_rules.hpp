// SPDX-License-Identifier: Apache-2.0
// Tables of fields: how the members of a JSON object get into a struct, one line per field, with
// every mistake noted by its path (a wrong type, a stranger, a name that is there twice) and no
// mistake hiding another. Pure; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "campaigns/field_notes.hpp"
#include "engine/vocabulary/check.hpp"
#include "net/json_tree.hpp"
#include "net/nearest_name.hpp"
#include "net/rfc3339.hpp"
#include "net/time_of_day.hpp"

namespace stampede::net {

using campaigns::element_path;
using campaigns::FieldNotes;

/// A field of Target: its name, and how its value gets there or becomes an error.
template <class Target>
struct FieldRule {
    std::string_view name;
    void (*take)(FieldNotes& errors, const JsonNode& value, const std::string& path,
                 Target& target);
};
template <class Target>
using FieldRules = std::span<const FieldRule<Target>>;

template <class Target, std::size_t Count>
FieldRules<Target> rules_of(const std::array<FieldRule<Target>, Count>& table) {
    return table;
}

[[nodiscard]] inline bool expect(JsonNode::Kind kind, const JsonNode& value,
                                 const std::string& path, FieldNotes& errors) {
    if (value.kind == kind) {
        return true;
    }
    switch (kind) {
        case JsonNode::Kind::boolean:
            errors.add(path, "must be true or false");
            break;
        case JsonNode::Kind::integer:
            errors.add(path, "must be a whole number");
            break;
        case JsonNode::Kind::text:
            errors.add(path, "must be a text in quotes");
            break;
        case JsonNode::Kind::array:
            errors.add(path, "must be a list in []");
            break;
        case JsonNode::Kind::object:
            errors.add(path, "must be an object in {}");
            break;
        case JsonNode::Kind::null:
        case JsonNode::Kind::other_number:
            unreachable("no field is of this kind");
    }
    return false;
}

// Scalars ----------------------------------------------------------------------------------------

template <auto Member, class Target>
void take_text(FieldNotes& errors, const JsonNode& value, const std::string& path, Target& target) {
    if (expect(JsonNode::Kind::text, value, path, errors)) {
        target.*Member = value.text;
    }
}

template <auto Member, class Target>
void take_number(FieldNotes& errors, const JsonNode& value, const std::string& path,
                 Target& target) {
    if (expect(JsonNode::Kind::integer, value, path, errors)) {
        target.*Member = value.integer;
    }
}

template <auto Member, class Target>
void take_flag(FieldNotes& errors, const JsonNode& value, const std::string& path, Target& target) {
    if (expect(JsonNode::Kind::boolean, value, path, errors)) {
        target.*Member = value.boolean;
    }
}

/// true or false; "on" and "off" say the same.
template <auto Member, class Target>
void take_switch(FieldNotes& errors, const JsonNode& value, const std::string& path,
                 Target& target) {
    if (value.kind == JsonNode::Kind::text && (value.text == "on" || value.text == "off")) {
        target.*Member = value.text == "on";
    } else {
        take_flag<Member>(errors, value, path, target);
    }
}

template <auto Member, class Target>
void take_presence(FieldNotes& /*errors*/, const JsonNode& /*value*/, const std::string& /*path*/,
                   Target& target) {
    target.*Member = true;
}

template <auto Member, class Target>
void take_time(FieldNotes& errors, const JsonNode& value, const std::string& path, Target& target) {
    if (!expect(JsonNode::Kind::text, value, path, errors)) {
        return;
    }
    target.*Member = parse_rfc3339(value.text);
    if (!(target.*Member)) {
        errors.add(path,
                   "must be an RFC 3339 time with its offset, as in "
                   "2026-11-21T20:00:00+08:00");
    }
}

template <auto Member, class Target>
void take_time_of_day(FieldNotes& errors, const JsonNode& value, const std::string& path,
                      Target& target) {
    if (!expect(JsonNode::Kind::text, value, path, errors)) {
        return;
    }
    target.*Member = parse_time_of_day(value.text);
    if (!(target.*Member)) {
        errors.add(path, "must be a time of day, as in 20:00 or 20:00:30");
    }
}

// Lists and objects ------------------------------------------------------------------------------

template <JsonNode::Kind ElementKind, auto Value, auto Member, class Target>
void take_list(FieldNotes& errors, const JsonNode& value, const std::string& path, Target& target) {
    if (!expect(JsonNode::Kind::array, value, path, errors)) {
        return;
    }
    auto& list = (target.*Member).emplace();
    for (std::size_t at = 0; at < value.children.size(); ++at) {
        const JsonNode& element = value.children[at];
        if (expect(ElementKind, element, element_path(path, at), errors)) {
            list.push_back(element.*Value);
        } else {
            list.emplace_back();  // keeps its place; the judge's word on it is dropped
        }
    }
}

template <class Target>
const FieldRule<Target>* find_rule(FieldRules<Target> rules, std::string_view name) {
    const auto found = std::find_if(rules.begin(), rules.end(),
                                    [name](const auto& rule) { return rule.name == name; });
    return found == rules.end() ? nullptr : &*found;
}

template <class Target>
void note_unknown(FieldRules<Target> rules, std::string_view name, std::string path,
                  FieldNotes& errors) {
    std::vector<std::string_view> names;
    for (const auto& rule : rules) {
        names.push_back(rule.name);
    }
    const std::string_view nearest = nearest_name(name, names);
    errors.add(std::move(path),
               nearest.empty() ? std::string{"is not a field here"}
                               : "is not a field here; did you mean " + std::string{nearest} + "?");
}

template <class Target>
void read_object(FieldRules<Target> rules, const JsonNode& value, const std::string& path,
                 Target& target, FieldNotes& errors) {
    if (!expect(JsonNode::Kind::object, value, path, errors)) {
        return;
    }
    // A full list ends the walk: looking up neighbours of strange names is the costly part.
    for (std::size_t at = 0; at < value.names.size() && !errors.is_full(); ++at) {
        const std::string& name = value.names[at];
        std::string field = path;
        field += path.empty() ? "" : ".";
        field += name;
        const auto earlier = value.names.begin() + static_cast<std::ptrdiff_t>(at);
        if (const auto* rule = find_rule(rules, name); rule == nullptr) {
            note_unknown(rules, name, field, errors);
        } else if (std::find(value.names.begin(), earlier, name) != earlier) {
            errors.add(field, "is there twice");
        } else {
            rule->take(errors, value.children[at], field, target);
        }
    }
}

}  // namespace stampede::net
