// SPDX-License-Identifier: Apache-2.0
// Bodies judged while simdjson walks them, for the decoders of both doors: unknown and repeated
// fields are refused by name, types and ranges by field. The first mistake wins and stops the walk;
// it says what and where ("items[2].quantity: must be an integer from 1 to 5"). Heavy to compile:
// include it in .cpp files only.
#pragma once

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "net/problem.hpp"

namespace stampede::net {

namespace ondemand = simdjson::ondemand;

enum class Body : std::uint8_t { required, may_be_absent };

class JsonReader {
  public:
    /// `padded` holds the body and simdjson::SIMDJSON_PADDING readable bytes behind it.
    JsonReader(ondemand::parser& parser, std::string_view body, std::size_t readable_bytes)
        : parser_(&parser), body_(body.data(), body.size(), readable_bytes) {}

    /// Walks the whole body as one object with the fields `names`; `visit(index, value)` for each.
    template <std::size_t Count, class Visit>
    void read(const std::array<std::string_view, Count>& names, Body need, Visit&& visit) {
        if (is_blank()) {
            if (need == Body::required) {
                refuse(malformed("body: missing; a JSON object is needed"));
            }
            return;
        }
        ondemand::document document;
        ondemand::object object;
        if (failed_to(parser_->iterate(body_).get(document))) {
            return;
        }
        if (const auto error = document.get_object().get(object); error != simdjson::SUCCESS) {
            refuse(error == simdjson::INCORRECT_TYPE ? malformed("body: must be a JSON object")
                                                     : broken(error));
            return;
        }
        fields(object, names, std::forward<Visit>(visit));
        // OUT_OF_BOUNDS is how 3.0 says that the walk has used up the text.
        if (!failed() && document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
            refuse(malformed("body: something follows the JSON object"));
        }
    }

    /// Walks one object inside the body.
    template <std::size_t Count, class Visit>
    void read_object(ondemand::value value, const std::array<std::string_view, Count>& names,
                     Visit&& visit) {
        ondemand::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS) {
            refuse(malformed(place() + ": must be an object"));
            return;
        }
        fields(object, names, std::forward<Visit>(visit));
    }

    /// Walks an array of 1..`count_max` elements; `visit(value)` for each, its place set.
    template <class Visit>
    void read_array(ondemand::value value, std::string_view name, std::size_t count_max,
                    Visit&& visit) {
        ondemand::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS) {
            refuse(name, "must be an array");
            return;
        }
        array_ = name;
        index_ = 0;
        for (auto element : array) {
            ondemand::value item;
            if (failed_to(std::move(element).get(item))) {
                return;
            }
            if (index_ == count_max) {
                array_ = {};
                refuse(name, "holds more than " + std::to_string(count_max) + " elements");
                return;
            }
            visit(item);
            if (failed()) {
                return;
            }
            ++index_;
        }
        array_ = {};
        if (index_ == 0) {
            refuse(name, "must not be empty");
        }
    }

    [[nodiscard]] std::int64_t integer(ondemand::value value, std::string_view name,
                                       std::int64_t least, std::int64_t most) {
        std::int64_t number = 0;
        if (value.get_int64().get(number) != simdjson::SUCCESS || number < least || number > most) {
            refuse(name, "must be an integer from " + std::to_string(least) + " to " +
                             std::to_string(most));
            return least;
        }
        return number;
    }
    [[nodiscard]] bool boolean(ondemand::value value, std::string_view name) {
        bool flag = false;
        if (value.get_bool().get(flag) != simdjson::SUCCESS) {
            refuse(name, "must be true or false");
        }
        return flag;
    }
    /// The text stays valid until the next body is read.
    [[nodiscard]] std::string_view text(ondemand::value value, std::string_view name) {
        std::string_view view;
        if (value.get_string().get(view) != simdjson::SUCCESS) {
            refuse(name, "must be a string");
        }
        return view;
    }
    [[nodiscard]] ItemId item_id(ondemand::value value, std::string_view name) {
        const std::string_view view = text(value, name);
        if (failed()) {
            return ItemId{};
        }
        if (view.empty() || view.size() > ItemId::capacity || !all_of(view, is_item_character)) {
            refuse(name, "must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -");
            return ItemId{};
        }
        return ItemId{view};
    }
    /// A gateway's or the mall's own id: 1..capacity visible ASCII characters.
    template <class Text>
    [[nodiscard]] Text visible_text(ondemand::value value, std::string_view name) {
        const std::string_view view = text(value, name);
        if (failed()) {
            return Text{};
        }
        if (view.empty() || view.size() > Text::capacity || !all_of(view, is_visible)) {
            refuse(name,
                   "must be 1 to " + std::to_string(Text::capacity) + " visible ASCII characters");
            return Text{};
        }
        return Text{view};
    }
    [[nodiscard]] OrderId order_id(ondemand::value value, std::string_view name) {
        const std::string_view view = text(value, name);
        const auto id = Base36::parse(view);
        if (!failed() && !id.has_value()) {
            refuse(name, "must be an order's id as it was given out");
        }
        return OrderId{id.value_or(0)};
    }
    [[nodiscard]] BuyerId buyer_id(ondemand::value value, std::string_view name) {
        return BuyerId{decimal_text(value, name, limits::buyer_id_max)};
    }
    [[nodiscard]] CampaignId campaign_id(ondemand::value value, std::string_view name) {
        return CampaignId{decimal_text(value, name, limits::campaign_id_max)};
    }

    /// A field that must be there.
    void need(bool present, std::string_view name) {
        if (!present) {
            refuse(name, "missing");
        }
    }
    void refuse(std::string_view name, std::string_view what) {
        std::string detail = place();
        if (!detail.empty() && !name.empty()) {
            detail += '.';
        }
        detail.append(name).append(": ").append(what);
        refuse(malformed(std::move(detail)));
    }
    [[nodiscard]] bool failed() const { return problem_.has_value(); }
    [[nodiscard]] Problem problem() const { return *problem_; }
    [[nodiscard]] std::size_t index() const { return index_; }

    [[nodiscard]] static bool is_visible(char character) {
        return character > 0x20 && character < 0x7F;
    }
    template <class Predicate>
    [[nodiscard]] static bool all_of(std::string_view text, Predicate predicate) {
        for (const char character : text) {
            if (!predicate(character)) {
                return false;
            }
        }
        return true;
    }

  private:
    /// An id of the mall's: decimal, without leading zeros, in a string.
    [[nodiscard]] std::uint64_t decimal_text(ondemand::value value, std::string_view name,
                                             std::uint64_t most) {
        const std::string_view view = text(value, name);
        std::uint64_t id = 0;
        const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), id);
        const bool whole = error == std::errc{} && end == view.data() + view.size();
        if (!failed() && (!whole || view.front() == '0' || id > most)) {
            refuse(name, "must be a decimal id from 1 to " + std::to_string(most) + " in a string");
        }
        return id;
    }

    template <std::size_t Count, class Visit>
    void fields(ondemand::object object, const std::array<std::string_view, Count>& names,
                Visit&& visit) {
        static_assert(Count <= 32, "a bit for each field");
        std::uint32_t seen = 0;
        for (auto field : object) {
            std::string_view name;
            if (failed_to(field.unescaped_key().get(name))) {
                return;
            }
            std::size_t index = 0;
            while (index < Count && names[index] != name) {
                ++index;
            }
            if (index == Count) {
                refuse(shortened(name), "unknown field");
                return;
            }
            const std::uint32_t bit = 1u << index;
            if ((seen & bit) != 0) {
                refuse(name, "repeated field");
                return;
            }
            seen |= bit;
            ondemand::value value;
            if (failed_to(field.value().get(value))) {
                return;
            }
            visit(index, value);
            if (failed()) {
                return;
            }
        }
    }

    void refuse(Problem problem) {
        if (!problem_.has_value()) {
            problem_ = std::move(problem);
        }
    }
    [[nodiscard]] bool failed_to(simdjson::error_code error) {
        if (error != simdjson::SUCCESS) {
            refuse(broken(error));
        }
        return failed();
    }
    [[nodiscard]] static Problem broken(simdjson::error_code error) {
        return malformed(std::string{"body: not valid JSON: "} + simdjson::error_message(error));
    }
    [[nodiscard]] std::string place() const {
        return array_.empty() ? std::string{}
                              : std::string{array_} + '[' + std::to_string(index_) + ']';
    }
    /// A name from outside goes into a message: a bound keeps the answer small.
    [[nodiscard]] static std::string_view shortened(std::string_view name) {
        return name.substr(0, 64);
    }
    [[nodiscard]] static bool is_item_character(char character) {
        return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
               (character >= 'a' && character <= 'z') || character == '_' || character == '-';
    }
    [[nodiscard]] bool is_blank() const {
        return body_.find_first_not_of(" \t\r\n") == std::string_view::npos;
    }

    ondemand::parser* parser_;
    simdjson::padded_string_view body_;
    std::optional<Problem> problem_;
    std::string_view array_;  // the array that the walk is in, if any
    std::size_t index_ = 0;
};

}  // namespace stampede::net
