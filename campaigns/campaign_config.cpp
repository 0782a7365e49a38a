// SPDX-License-Identifier: Apache-2.0
// A configuration as bytes, and the words of its enumerations. Layout, little-endian; `text` is two
// length bytes and UTF-8, `id` one length byte and ASCII, `flag` one byte, 0 or 1:
//
//   version 1 or 2 (1) | play (1) | title text | starts_at (8) | ends_at (8)
//   items: count (2), each: item_id id, title text, price (8), list_price (8), stock (8), reserve
//   (8) windows: count (2), each: from (8), to (8) | slots text | timezone text limits: per_buyer
//   (8), has per_buyer_per_slot flag [(8)], per_order_min (8), per_order_max (8),
//           holds_per_buyer (8)
//   hold (8) | min_pay (8) | warmup (8)                                        in milliseconds
//   audience: new_buyers_only flag, segments_any (8), level_min (1),
//             allowlist: count (2), each (8); blocklist: count (2), each (8)
//   stock_source, late_payment, restock, quota_on_refund, ticket (1 each)
//   resell_after_end, show_available, zero_price flags
//   version 2 (2): waitlist flag | for each item: slot_stock (8); version 1 has neither
//   the play's own parameters, in the layout of the play (campaigns/plays.hpp); none for seckill
//
// What is added to the common parameters makes a new version; all of them stay readable for ever. A
// configuration is written in the lowest version that has room for what it says.
#include "campaigns/campaign_config.hpp"

#include <algorithm>
#include <numeric>

#include "campaigns/field_reader.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {
namespace {

constexpr std::uint8_t first_version = 1;
constexpr std::uint8_t version_with_waiting = 2;
// Below this a walk is as fast as a search.
constexpr std::size_t walked_items_max = 8;

std::size_t room_for(const CampaignConfig& config) {
    std::size_t bytes = 256 + config.title.size() + config.slots_json.size() +
                        config.timezone.size() + config.windows.size() * 16 +
                        (config.audience.allowlist.size() + config.audience.blocklist.size()) * 8;
    for (const ItemConfig& item : config.items) {
        bytes += 1 + ItemId::capacity + 2 + item.title.size() + 5 * 8;
    }
    Plays::for_each([&]<class Each>() {
        if (Each::play == config.play) {
            bytes += Each::bytes_max(std::get<typename Each::Terms>(config.terms));
        }
    });
    return bytes;
}

void put_count(ByteWriter& out, std::size_t count) {
    check(count <= 0xFFFF, "list too long for its count");
    out.put(static_cast<std::uint16_t>(count));
}

void put_items(ByteWriter& out, const std::vector<ItemConfig>& items) {
    put_count(out, items.size());
    for (const ItemConfig& item : items) {
        out.put(item.item_id);
        out.put_text(item.title);
        out.put(item.price);
        out.put(item.list_price);
        out.put(item.stock);
        out.put(item.reserve);
    }
}

void get_items(FieldReader& in, std::vector<ItemConfig>& items) {
    const std::size_t count = in.count<std::uint16_t>(1, limits::items_per_campaign_max);
    for (std::size_t at = 0; at < count && in.ok(); ++at) {
        ItemConfig item;
        item.item_id = in.inline_text<ItemId>();
        item.title = in.text();
        item.price = in.price();
        item.list_price = in.price();
        item.stock = Quantity{in.number(0, limits::stock_max)};
        item.reserve = Quantity{in.number(0, limits::stock_max)};
        in.must(item.reserve <= item.stock);
        items.push_back(std::move(item));
    }
}

void get_windows(FieldReader& in, std::vector<SlotWindow>& windows) {
    const std::size_t count = in.count<std::uint16_t>(0, limits::slot_windows_max);
    for (std::size_t at = 0; at < count && in.ok(); ++at) {
        SlotWindow window;
        window.from = in.instant();
        window.to = in.instant();
        in.must(window.from < window.to && (windows.empty() || windows.back().to <= window.from));
        windows.push_back(window);
    }
}

void put_limits(ByteWriter& out, const Limits& limits) {
    out.put(limits.per_buyer);
    out.put(static_cast<std::uint8_t>(limits.per_buyer_per_slot.has_value()));
    if (limits.per_buyer_per_slot) {
        out.put(*limits.per_buyer_per_slot);
    }
    out.put(limits.per_order_min);
    out.put(limits.per_order_max);
    out.put(limits.holds_per_buyer);
}

void get_limits(FieldReader& in, Limits& limits) {
    constexpr std::int64_t most = limits::stock_max;
    limits.per_buyer = in.number(0, most);
    if (in.flag()) {
        limits.per_buyer_per_slot = in.number(0, most);
    }
    limits.per_order_min = in.number(0, most);
    limits.per_order_max = in.number(0, most);
    limits.holds_per_buyer = in.number(0, most);
}

void put_buyers(ByteWriter& out, const std::vector<BuyerId>& buyers) {
    put_count(out, buyers.size());
    for (const BuyerId buyer : buyers) {
        out.put(buyer);
    }
}

void get_buyers(FieldReader& in, std::vector<BuyerId>& buyers) {
    const std::size_t count = in.count<std::uint16_t>(0, limits::blocklist_max);
    for (std::size_t at = 0; at < count && in.ok(); ++at) {
        const auto buyer = in.get<BuyerId>();
        in.must(buyers.empty() || buyers.back() < buyer);
        buyers.push_back(buyer);
    }
}

void put_policies(ByteWriter& out, const CampaignConfig& config) {
    out.put(config.stock_source);
    out.put(config.late_payment);
    out.put(config.restock);
    out.put(config.quota_on_refund);
    out.put(config.ticket);
    out.put(static_cast<std::uint8_t>(config.resell_after_end));
    out.put(static_cast<std::uint8_t>(config.show_available));
    out.put(static_cast<std::uint8_t>(config.zero_price));
}

void get_policies(FieldReader& in, CampaignConfig& config) {
    config.stock_source = in.one_of(StockSource::carved_out, StockSource::mirrored);
    config.late_payment =
        in.one_of(LatePayment::reacquire_or_refund, LatePayment::hold_for_operator);
    config.restock = in.one_of(Restock::to_activity, Restock::none);
    config.quota_on_refund = in.one_of(QuotaOnRefund::give_back, QuotaOnRefund::keep);
    config.ticket = in.one_of(Ticket::off, Ticket::required);
    config.resell_after_end = in.flag();
    config.show_available = in.flag();
    config.zero_price = in.flag();
}

bool has_waiting(const CampaignConfig& config) {
    return config.waitlist ||
           std::any_of(config.items.begin(), config.items.end(),
                       [](const ItemConfig& item) { return item.slot_stock > Quantity{0}; });
}

void put_waiting(ByteWriter& out, const CampaignConfig& config) {
    out.put(static_cast<std::uint8_t>(config.waitlist));
    for (const ItemConfig& item : config.items) {
        out.put(item.slot_stock);
    }
}

void get_waiting(FieldReader& in, CampaignConfig& config) {
    config.waitlist = in.flag();
    for (ItemConfig& item : config.items) {
        item.slot_stock = Quantity{in.number(0, limits::stock_max)};
    }
    in.must(has_waiting(config));
}

void put_terms(ByteWriter& out, const CampaignConfig& config) {
    Plays::for_each([&]<class Each>() {
        if (Each::play == config.play) {
            Each::put(std::get<typename Each::Terms>(config.terms), out);
        }
    });
}

void get_terms(FieldReader& in, CampaignConfig& config) {
    Plays::for_each([&]<class Each>() {
        if (Each::play == config.play) {
            Each::get(in, config.terms.emplace<typename Each::Terms>());
        }
    });
}

}  // namespace

void index_items(CampaignConfig& config) {
    check(config.items.size() <= limits::items_per_campaign_max, "more items than a campaign has");
    config.items_by_id.resize(config.items.size());
    std::iota(config.items_by_id.begin(), config.items_by_id.end(), std::uint16_t{0});
    std::sort(config.items_by_id.begin(), config.items_by_id.end(),
              [&](std::uint16_t left, std::uint16_t right) {
                  return config.items[left].item_id < config.items[right].item_id;
              });
}

std::optional<std::uint16_t> find_item(const CampaignConfig& config, std::string_view item_id) {
    const auto& items = config.items;
    const auto& order = config.items_by_id;
    if (items.size() <= walked_items_max || order.size() != items.size()) {
        const auto found = std::find_if(items.begin(), items.end(), [&](const ItemConfig& item) {
            return item.item_id.view() == item_id;
        });
        if (found == items.end()) {
            return std::nullopt;
        }
        return static_cast<std::uint16_t>(found - items.begin());
    }
    const auto found = std::lower_bound(order.begin(), order.end(), item_id,
                                        [&](std::uint16_t position, std::string_view wanted) {
                                            return items[position].item_id.view() < wanted;
                                        });
    if (found == order.end() || items[*found].item_id.view() != item_id) {
        return std::nullopt;
    }
    return *found;
}

bool is_known(Play play) {
    bool is_one = play == Play::seckill;
    Plays::for_each([&]<class Each>() { is_one = is_one || play == Each::play; });
    return is_one;
}

std::string_view text(Play play) {
    switch (play) {
        case Play::common:
            return "common";
        case Play::seckill:
            return "seckill";
        case Play::group_buy:
            return "group_buy";
        case Play::bargain:
            return "bargain";
    }
    // Further plays bring their word with their number.
    std::string_view word;
    Plays::for_each([&]<class Each>() { word = play == Each::play ? Each::word : word; });
    check(!word.empty(), "a play without a text");
    return word;
}

std::string_view text(StockSource source) {
    switch (source) {
        case StockSource::carved_out:
            return "carved_out";
        case StockSource::mirrored:
            return "mirrored";
    }
    unreachable("a stock source without a text");
}

std::string_view text(LatePayment policy) {
    switch (policy) {
        case LatePayment::reacquire_or_refund:
            return "reacquire_or_refund";
        case LatePayment::refund:
            return "refund";
        case LatePayment::hold_for_operator:
            return "hold_for_operator";
    }
    unreachable("a late-payment policy without a text");
}

std::string_view text(Restock policy) {
    switch (policy) {
        case Restock::to_activity:
            return "to_activity";
        case Restock::to_mall:
            return "to_mall";
        case Restock::none:
            return "none";
    }
    unreachable("a restock policy without a text");
}

std::string_view text(QuotaOnRefund policy) {
    switch (policy) {
        case QuotaOnRefund::give_back:
            return "give_back";
        case QuotaOnRefund::keep:
            return "keep";
    }
    unreachable("a quota policy without a text");
}

std::string_view text(Ticket ticket) {
    switch (ticket) {
        case Ticket::off:
            return "off";
        case Ticket::required:
            return "required";
    }
    unreachable("a ticket rule without a text");
}

std::vector<std::byte> encode(const CampaignConfig& config) {
    std::vector<std::byte> bytes(room_for(config));
    ByteWriter out(bytes);
    const bool says_waiting = has_waiting(config);
    out.put(says_waiting ? version_with_waiting : first_version);
    out.put(config.play);
    out.put_text(config.title);
    out.put(config.starts_at);
    out.put(config.ends_at);
    put_items(out, config.items);
    put_count(out, config.windows.size());
    for (const SlotWindow& window : config.windows) {
        out.put(window.from);
        out.put(window.to);
    }
    out.put_text(config.slots_json);
    out.put_text(config.timezone);
    put_limits(out, config.limits);
    out.put(config.hold);
    out.put(config.min_pay);
    out.put(config.warmup);
    out.put(static_cast<std::uint8_t>(config.audience.new_buyers_only));
    out.put(config.audience.segments_any);
    out.put(config.audience.level_min);
    put_buyers(out, config.audience.allowlist);
    put_buyers(out, config.audience.blocklist);
    put_policies(out, config);
    if (says_waiting) {
        put_waiting(out, config);
    }
    put_terms(out, config);
    bytes.resize(out.used());
    return bytes;
}

std::optional<CampaignConfig> decode_config(std::span<const std::byte> bytes) {
    FieldReader in(bytes);
    CampaignConfig config;
    const auto version = in.get<std::uint8_t>();
    in.must(version >= first_version && version <= version_with_waiting);
    config.play = in.get<Play>();
    in.must(is_known(config.play));
    config.title = in.text();
    config.starts_at = in.instant();
    config.ends_at = in.instant();
    get_items(in, config.items);
    get_windows(in, config.windows);
    config.slots_json = in.text();
    config.timezone = in.text();
    get_limits(in, config.limits);
    config.hold = in.duration();
    config.min_pay = in.duration();
    config.warmup = in.duration();
    config.audience.new_buyers_only = in.flag();
    config.audience.segments_any = in.get<std::uint64_t>();
    config.audience.level_min = in.get<std::uint8_t>();
    get_buyers(in, config.audience.allowlist);
    get_buyers(in, config.audience.blocklist);
    get_policies(in, config);
    if (version >= version_with_waiting) {
        get_waiting(in, config);
    }
    get_terms(in, config);
    if (!in.is_complete()) {
        return std::nullopt;
    }
    index_items(config);
    return config;
}

}  // namespace stampede::campaigns
