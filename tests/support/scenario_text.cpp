// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scenario_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <functional>
#include <sstream>
#include <stdexcept>

namespace stampede::tests {

namespace {

using campaigns::CampaignConfig;

/// Midnight of the sale's day, 2026-11-21 in Shanghai.
constexpr Instant midnight{1'795'190'400'000};
constexpr std::int64_t day_ms = 86'400'000;

std::vector<BuyerId> read_buyers(std::string_view list) {
    std::vector<BuyerId> buyers;
    std::istringstream in{std::string{list}};
    for (std::string one; std::getline(in, one, ',');) {
        buyers.emplace_back(static_cast<std::uint64_t>(read_number(one)));
    }
    std::ranges::sort(buyers);
    return buyers;
}

bool read_bool(std::string_view word) {
    if (word != "true" && word != "false") {
        throw std::invalid_argument("neither true nor false: " + std::string{word});
    }
    return word == "true";
}

template <class Enum, std::size_t Count>
Enum read_enum(std::string_view word, const std::array<Enum, Count>& all) {
    for (const Enum one : all) {
        if (campaigns::text(one) == word) {
            return one;
        }
    }
    throw std::invalid_argument("not a value of this parameter: " + std::string{word});
}

void read_item(CampaignConfig& config, const Words& words) {
    const Options options(words, 2);
    options.only({"price", "list_price", "stock", "reserve", "title", "slot_stock"});
    const auto position = campaigns::find_item(config, words[1]);
    if (!position) {
        config.items.push_back({.item_id = ItemId{words[1]},
                                .title = "Item " + words[1],
                                .price = Money{9900},
                                .list_price = Money{19900},
                                .stock = Quantity{1},
                                .reserve = Quantity{0},
                                .slot_stock = Quantity{0}});
    }
    campaigns::ItemConfig& item = position ? config.items[*position] : config.items.back();
    item.title = options.text("title", item.title);
    item.price = Money{options.number("price", item.price.fen())};
    item.list_price = Money{options.number("list_price", item.list_price.fen())};
    item.stock = Quantity{options.number("stock", item.stock.units())};
    item.reserve = Quantity{options.number("reserve", item.reserve.units())};
    item.slot_stock = Quantity{options.number("slot_stock", item.slot_stock.units())};
    campaigns::index_items(config);
}

/// "items 1000 price 100 stock 2" makes i0 .. i999.
void read_many_items(CampaignConfig& config, const Words& words) {
    const std::int64_t count = read_number(words[1]);
    for (std::int64_t at = 0; at < count; ++at) {
        Words one{"item", "i" + std::to_string(at)};
        one.insert(one.end(), words.begin() + 2, words.end());
        read_item(config, one);
    }
}

void read_limits(CampaignConfig& config, const Words& words) {
    const Options options(words, 1);
    options.only(
        {"per_buyer", "per_buyer_per_slot", "per_order_min", "per_order_max", "holds_per_buyer"});
    campaigns::Limits& limits = config.limits;
    limits.per_buyer = options.number("per_buyer", limits.per_buyer);
    if (options.has("per_buyer_per_slot")) {
        limits.per_buyer_per_slot = options.number("per_buyer_per_slot");
    }
    limits.per_order_min = options.number("per_order_min", limits.per_order_min);
    limits.per_order_max = options.number("per_order_max", limits.per_order_max);
    limits.holds_per_buyer = options.number("holds_per_buyer", limits.holds_per_buyer);
}

void read_audience(CampaignConfig& config, const Words& words) {
    const Options options(words, 1, {"new_buyers_only"});
    options.only({"new_buyers_only", "segments_any", "level_min", "allowlist", "blocklist"});
    campaigns::Audience& audience = config.audience;
    audience.new_buyers_only = audience.new_buyers_only || options.has("new_buyers_only");
    audience.segments_any = static_cast<std::uint64_t>(options.number("segments_any"));
    audience.level_min = static_cast<std::uint8_t>(options.number("level_min"));
    audience.allowlist = read_buyers(options.text("allowlist"));
    audience.blocklist = read_buyers(options.text("blocklist"));
}

using Setter = std::function<void(CampaignConfig&, const Words&)>;

const std::map<std::string, Setter>& setters() {
    using campaigns::LatePayment;
    using campaigns::QuotaOnRefund;
    using campaigns::Restock;
    using campaigns::StockSource;
    using campaigns::Ticket;
    static const std::map<std::string, Setter> table{
        {"item", read_item},
        {"items", read_many_items},
        {"bargain", read_bargain},
        {"friend_help", read_friend_help},
        {"limits", read_limits},
        {"audience", read_audience},
        {"group", read_group_terms},
        {"title", [](auto& c, const Words& w) { c.title = w.at(1); }},
        {"starts_at", [](auto& c, const Words& w) { c.starts_at = read_instant(w.at(1)); }},
        {"ends_at", [](auto& c, const Words& w) { c.ends_at = read_instant(w.at(1)); }},
        {"slot",
         [](auto& c, const Words& w) {
             c.windows.push_back({read_instant(w.at(1)), read_instant(w.at(2))});
             c.slots_json = "[]";
         }},
        {"hold_seconds",
         [](auto& c, const Words& w) { c.hold = Duration::seconds(read_number(w.at(1))); }},
        {"min_pay_seconds",
         [](auto& c, const Words& w) { c.min_pay = Duration::seconds(read_number(w.at(1))); }},
        {"warmup_seconds",
         [](auto& c, const Words& w) { c.warmup = Duration::seconds(read_number(w.at(1))); }},
        {"stock_source",
         [](auto& c, const Words& w) {
             c.stock_source =
                 read_enum(w.at(1), std::array{StockSource::carved_out, StockSource::mirrored});
         }},
        {"late_payment",
         [](auto& c, const Words& w) {
             c.late_payment = read_enum(
                 w.at(1), std::array{LatePayment::reacquire_or_refund, LatePayment::refund,
                                     LatePayment::hold_for_operator});
         }},
        {"restock",
         [](auto& c, const Words& w) {
             c.restock = read_enum(
                 w.at(1), std::array{Restock::to_activity, Restock::to_mall, Restock::none});
         }},
        {"quota_on_refund",
         [](auto& c, const Words& w) {
             c.quota_on_refund =
                 read_enum(w.at(1), std::array{QuotaOnRefund::give_back, QuotaOnRefund::keep});
         }},
        {"ticket",
         [](auto& c, const Words& w) {
             c.ticket = read_enum(w.at(1), std::array{Ticket::off, Ticket::required});
         }},
        {"resell_after_end",
         [](auto& c, const Words& w) { c.resell_after_end = read_bool(w.at(1)); }},
        {"show_available", [](auto& c, const Words& w) { c.show_available = read_bool(w.at(1)); }},
        {"waitlist", [](auto& c, const Words& w) { c.waitlist = read_bool(w.at(1)); }},
        {"zero_price", [](auto& c, const Words& w) { c.zero_price = read_bool(w.at(1)); }},
    };
    return table;
}

}  // namespace

Words split_words(std::string_view text) {
    std::istringstream in{std::string{text}};
    Words words;
    for (std::string word; in >> word;) {
        words.push_back(word);
    }
    return words;
}

std::int64_t read_number(std::string_view word) {
    const std::string_view digits = word.starts_with('+') ? word.substr(1) : word;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        throw std::invalid_argument("not a number: " + std::string{word});
    }
    return number;
}

Instant read_instant(std::string_view word) {
    std::int64_t ms = 0;
    std::string_view rest = word;
    if (const auto day = rest.find('d'); day != std::string_view::npos) {
        ms += read_number(rest.substr(0, day)) * day_ms;
        rest = rest.substr(day + 1);
    }
    if (rest.size() != 8 && rest.size() != 12) {
        throw std::invalid_argument("not a time like 20:00:00 or 20:00:00.250: " +
                                    std::string{word});
    }
    ms += (read_number(rest.substr(0, 2)) * 3600 + read_number(rest.substr(3, 2)) * 60 +
           read_number(rest.substr(6, 2))) *
          1000;
    ms += rest.size() == 12 ? read_number(rest.substr(9, 3)) : 0;
    return midnight + Duration::milliseconds(ms);
}

std::string write_instant(Instant instant) {
    const std::int64_t ms = (instant - midnight).ms();
    const std::int64_t of_day = ((ms % day_ms) + day_ms) % day_ms;
    const std::int64_t day = (ms - of_day) / day_ms;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", static_cast<int>(of_day / 3'600'000),
                  static_cast<int>(of_day / 60'000 % 60), static_cast<int>(of_day / 1000 % 60));
    std::string written = (day == 0 ? std::string{} : std::to_string(day) + "d") + text.data();
    if (of_day % 1000 != 0) {
        std::snprintf(text.data(), text.size(), ".%03d", static_cast<int>(of_day % 1000));
        written += text.data();
    }
    return written;
}

Duration read_duration(std::string_view word) {
    const auto ends_in = [&](std::string_view unit) { return word.ends_with(unit); };
    const auto count = [&](std::size_t unit_size) {
        return read_number(word.substr(0, word.size() - unit_size));
    };
    if (ends_in("ms")) {
        return Duration::milliseconds(count(2));
    }
    if (ends_in("s")) {
        return Duration::seconds(count(1));
    }
    if (ends_in("m")) {
        return Duration::seconds(60 * count(1));
    }
    if (ends_in("h")) {
        return Duration::seconds(3600 * count(1));
    }
    throw std::invalid_argument("not a duration like 5s, 250ms, 3m, 48h: " + std::string{word});
}

std::string write_duration(Duration duration) {
    std::string text = std::to_string(duration.ms() / 1000);
    if (duration.ms() % 1000 != 0) {
        std::array<char, 8> rest{};
        std::snprintf(rest.data(), rest.size(), ".%03d", static_cast<int>(duration.ms() % 1000));
        text += rest.data();
    }
    return text + "s";
}

void read_config_line(CampaignConfig& config, const Words& words) {
    const auto setter = setters().find(words.at(0));
    if (setter == setters().end()) {
        throw std::invalid_argument("no such parameter: " + words[0]);
    }
    setter->second(config, words);
}

Options::Options(const Words& words, std::size_t first, const std::vector<std::string>& flags) {
    for (std::size_t at = first; at < words.size(); ++at) {
        const bool stands_alone = std::ranges::find(flags, words[at]) != flags.end();
        if (!stands_alone && at + 1 == words.size()) {
            throw std::invalid_argument(words[at] + " has no value");
        }
        const std::string& name = words[at];
        values_[name] = stands_alone ? "" : words[++at];
    }
}

std::string Options::text(const std::string& name, std::string otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::move(otherwise) : found->second;
}

std::int64_t Options::number(const std::string& name, std::int64_t otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : read_number(found->second);
}

void Options::only(const std::vector<std::string>& names) const {
    for (const auto& [name, value] : values_) {
        if (std::ranges::find(names, name) == names.end()) {
            throw std::invalid_argument("no such word here: " + name);
        }
    }
}

}  // namespace stampede::tests
