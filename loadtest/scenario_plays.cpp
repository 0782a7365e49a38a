// SPDX-License-Identifier: Apache-2.0
// A draft's `group` and `bargain` are the server's to judge; only what crowd and oracle need is
// read. What the oracle cannot judge is refused here, so that no run looks checked that was not.
#include "loadtest/scenario_plays.hpp"

#include <array>

#include "engine/vocabulary/limits.hpp"

namespace stampede::loadtest {
namespace {

using Mistakes = std::vector<std::string>;

constexpr std::array<std::string_view, 3> play_words{"seckill", "group_buy", "bargain"};
constexpr FieldReader::Range counts{1, 1e9};

void read_money(FieldReader& reader, std::string_view key, Money& money) {
    std::int64_t fen = money.fen();
    reader.integer(key, {0, static_cast<double>(limits::price_fen_max)}, fen);
    money = Money{fen};
}

// True when the field holds `wanted`; other words are the server's to judge.
bool says(FieldReader& reader, std::string_view key, std::string_view wanted) {
    std::string word;
    reader.text(key, word);
    return word == wanted;
}

void read_optional(FieldReader& reader, std::string_view key, std::optional<std::uint32_t>& value) {
    std::uint32_t number = value.value_or(0);
    reader.integer(key, counts, number);
    if (reader.has(key)) {
        value = number;
    }
}

void read_group(const toml::table* table, const std::string& path, Mistakes& mistakes,
                GroupTerms& terms) {
    FieldReader reader{table, path, mistakes};
    reader.integer("size", {2, 500}, terms.size);
    if (reader.has("leader_price")) {
        read_money(reader, "leader_price", terms.leader_price.emplace());
    }
    terms.dissolves = says(reader, "leader_exit", "dissolve");
    terms.simulates = says(reader, "simulate", "at_expiry");
    read_optional(reader, "groups_per_buyer", terms.groups_per_buyer);
    reader.integer("open_groups_per_buyer", counts, terms.open_groups_per_buyer);
    for (const std::string_view key : {"tiers", "lottery"}) {
        if (reader.has(key)) {
            reader.mistake(key, "the oracle does not judge such groups");
        }
    }
}

// What an item may have of its own.
void read_prices(FieldReader& reader, BargainTerms& terms) {
    read_money(reader, "start_price", terms.start);
    read_money(reader, "floor_price", terms.floor);
    read_optional(reader, "helpers", terms.helpers);
    terms.first_cut = terms.first_cut || reader.has("first_cut");
}

void read_bargain(const toml::table* table, const std::string& path, Mistakes& mistakes,
                  BargainTerms& terms) {
    FieldReader reader{table, path, mistakes};
    read_prices(reader, terms);
    terms.any_price = says(reader, "buy_at", "any_price");
    terms.blocks_mutual = !says(reader, "mutual_help", "allow");
    read_optional(reader, "helps_per_buyer", terms.helps_per_buyer);
    reader.integer("launches_per_buyer", counts, terms.launches_per_buyer);
    std::string stock_at = "floor";
    reader.text("stock_at", stock_at);
    terms.stock_at = stock_at == "launch"  ? StockAt::launch
                     : stock_at == "order" ? StockAt::order
                                           : StockAt::floor;
}

}  // namespace

std::string_view name_of(Play play) {
    return play_words[static_cast<std::size_t>(play)];
}

void read_play(FieldReader& reader, Mistakes& mistakes, Sale& sale) {
    std::string word{name_of(Play::seckill)};
    reader.text("play", word);
    if (word == name_of(Play::group_buy)) {
        sale.play = Play::group_buy;
    } else if (word == name_of(Play::bargain)) {
        sale.play = Play::bargain;
    } else if (word != name_of(Play::seckill)) {
        const std::vector<std::string> words{play_words.begin(), play_words.end()};
        const std::string nearest = nearest_word(word, words);
        reader.mistake("play", "'" + word + "' has no crowd; did you mean '" +
                                   (nearest.empty() ? words.front() : nearest) + "'?");
    }
    read_group(reader.table("group"), reader.path_of("group"), mistakes, sale.group);
    read_bargain(reader.table("bargain"), reader.path_of("bargain"), mistakes, sale.bargain);
    const toml::array* items = reader.array("items");
    for (std::size_t at = 0; at < sale.items.size(); ++at) {
        sale.items[at].bargain = sale.bargain;
        const toml::table* item = items->get(at)->as_table();
        const toml::table* own = item == nullptr ? nullptr : item->get_as<toml::table>("bargain");
        if (own != nullptr) {
            FieldReader prices{own, reader.path_of("items[" + std::to_string(at) + "].bargain"),
                               mistakes};
            read_prices(prices, sale.items[at].bargain);
        }
    }
}

void read_sharing(const toml::table* table, Mistakes& mistakes, Sharing& sharing) {
    FieldReader reader{table, "sharing", mistakes};
    reader.integer("starters", {1, 100e6}, sharing.starters);
    reader.integer("degree_min", {0, 10'000}, sharing.degree_min);
    reader.integer("degree_max", {0, 10'000}, sharing.degree_max);
    reader.number("degree_exponent", {0, 10}, sharing.degree_exponent);
    reader.milliseconds("click_after_ms", sharing.click_after);
    reader.share("rush", sharing.rush);
    reader.share("passes_on", sharing.passes_on);
    reader.share("clicks_own", sharing.clicks_own);
    reader.share("friend_starts", sharing.friend_starts);
    reader.share("clicks_back", sharing.clicks_back);
    reader.share("orders_early", sharing.orders_early);
    reader.share("leader_refunds", sharing.leader_refunds);
    if (sharing.degree_max < sharing.degree_min) {
        reader.mistake("degree_max", "must not be below degree_min");
    }
    reader.finish();
}

void judge_play(const Scenario& scenario, Mistakes& mistakes) {
    if (scenario.sale.play == Play::seckill) {
        if (scenario.sharing) {
            mistakes.emplace_back("sharing: a seckill has no links to share");
        }
        return;
    }
    if (scenario.saturation && scenario.sale.play == Play::bargain &&
        !scenario.sale.bargain.helpers) {
        mistakes.emplace_back("bargain.helpers: [saturate] must know when a bargain is done");
    }
    if (scenario.arrivals && !scenario.sharing) {
        mistakes.emplace_back("sharing: the crowd of a group-buy or a bargain needs [sharing]");
    }
    if (scenario.sharing && scenario.crowd.buyers <= scenario.sharing->starters) {
        mistakes.emplace_back("sharing.starters: must leave buyers of the crowd to be friends");
    }
    for (const ItemOnSale& item : scenario.sale.items) {
        if (scenario.sale.play == Play::bargain && item.bargain.start <= item.bargain.floor) {
            mistakes.emplace_back("bargain: start_price must be above floor_price");
        }
    }
}

}  // namespace stampede::loadtest
