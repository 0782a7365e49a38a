// SPDX-License-Identifier: Apache-2.0
// Events of a campaign's life as bytes, little-endian; `id` is one length byte and text, `config`
// the layout of campaign_config.cpp to the end of the payload; other numbers are eight bytes unless
// their width stands in brackets.
//
//   CampaignDrafted (1)       actor id | config
//   CampaignRevised (2)       version (4) | actor id | config
//   CampaignStateChanged (3)  from (1) | to (1) | actor id
//   StockAdjusted (4)         item (2) | delta, not 0 | reason id | actor id
//   BuyersBlocked (5)         actor id | count (2), each: buyer
//   StockHandedBack (6)       count (2), each: item (2), one more than its predecessor's, item_id
//   id,
//                             units
//   PaymentMismatched (7)     order | payment_id id | amount | has expected (1) | [expected]
//   TicketIssued (8)          item_id id | buyer | not_before | expires | nonce
//   SeedCommitted (9)         seed (32)
#include "campaigns/campaign_event_codec.hpp"

namespace stampede::campaigns {
namespace {

void put_config(const std::shared_ptr<const CampaignConfig>& config, ByteWriter& out) {
    check(config != nullptr, "a campaign without a configuration");
    const std::vector<std::byte> bytes = encode(*config);
    check(bytes.size() <= config_bytes_max, "configuration larger than an event");
    out.append(bytes.data(), bytes.size());
}

std::shared_ptr<const CampaignConfig> get_config(FieldReader& in) {
    auto config = decode_config(in.rest());
    in.must(config.has_value());
    return config ? std::make_shared<const CampaignConfig>(std::move(*config)) : nullptr;
}

}  // namespace

template <>
struct EventLayout<CampaignDrafted> {
    static constexpr std::string_view name = "CampaignDrafted";
    static void put(const CampaignDrafted& event, ByteWriter& out) {
        out.put(event.actor);
        put_config(event.config, out);
    }
    static void get(FieldReader& in, CampaignDrafted& event) {
        event.actor = in.inline_text<Actor>();
        event.config = get_config(in);
    }
};

template <>
struct EventLayout<CampaignRevised> {
    static constexpr std::string_view name = "CampaignRevised";
    static void put(const CampaignRevised& event, ByteWriter& out) {
        out.put(event.version);
        out.put(event.actor);
        put_config(event.config, out);
    }
    static void get(FieldReader& in, CampaignRevised& event) {
        event.version = in.get<std::uint32_t>();
        event.actor = in.inline_text<Actor>();
        event.config = get_config(in);
    }
};

template <>
struct EventLayout<CampaignStateChanged> {
    static constexpr std::string_view name = "CampaignStateChanged";
    static void put(const CampaignStateChanged& event, ByteWriter& out) {
        out.put(event.from);
        out.put(event.to);
        out.put(event.actor);
    }
    static void get(FieldReader& in, CampaignStateChanged& event) {
        event.from = in.one_of(CampaignState::draft, CampaignState::killed);
        event.to = in.one_of(CampaignState::draft, CampaignState::killed);
        event.actor = in.inline_text<Actor>();
    }
};

template <>
struct EventLayout<StockAdjusted> {
    static constexpr std::string_view name = "StockAdjusted";
    static void put(const StockAdjusted& event, ByteWriter& out) {
        out.put(event.item);
        out.put(event.delta);
        out.put(event.reason);
        out.put(event.actor);
    }
    static void get(FieldReader& in, StockAdjusted& event) {
        event.item = in.item_position();
        event.delta = in.number(-limits::stock_max, limits::stock_max);
        in.must(event.delta != 0);
        event.reason = in.inline_text<Reason>();
        event.actor = in.inline_text<Actor>();
    }
};

template <>
struct EventLayout<BuyersBlocked> {
    static constexpr std::string_view name = "BuyersBlocked";
    static void put(const BuyersBlocked& event, ByteWriter& out) {
        check(!event.buyers.empty() && event.buyers.size() <= limits::records_per_event_max,
              "buyers of one event");
        out.put(event.actor);
        out.put(static_cast<std::uint16_t>(event.buyers.size()));
        for (const BuyerId buyer : event.buyers) {
            out.put(buyer);
        }
    }
    static void get(FieldReader& in, BuyersBlocked& event) {
        event.actor = in.inline_text<Actor>();
        const std::size_t count = in.count<std::uint16_t>(1, limits::records_per_event_max);
        for (std::size_t at = 0; at < count && in.ok(); ++at) {
            event.buyers.push_back(in.get<BuyerId>());
        }
    }
};

template <>
struct EventLayout<StockHandedBack> {
    static constexpr std::string_view name = "StockHandedBack";
    static void put(const StockHandedBack& event, ByteWriter& out) {
        check(!event.parts.empty() && event.parts.size() <= limits::records_per_event_max,
              "items of one event");
        out.put(static_cast<std::uint16_t>(event.parts.size()));
        for (const StockHandedBack::Part& part : event.parts) {
            out.put(part.item);
            out.put(part.item_id);
            out.put(part.units);
        }
    }
    static void get(FieldReader& in, StockHandedBack& event) {
        const std::size_t count = in.count<std::uint16_t>(1, limits::records_per_event_max);
        for (std::size_t at = 0; at < count && in.ok(); ++at) {
            StockHandedBack::Part part;
            part.item = in.item_position();
            part.item_id = in.inline_text<ItemId>();
            part.units = in.quantity();
            in.must(event.parts.empty() || part.item == event.parts.back().item + 1);
            event.parts.push_back(part);
        }
    }
};

template <>
struct EventLayout<PaymentMismatched> {
    static constexpr std::string_view name = "PaymentMismatched";
    static void put(const PaymentMismatched& event, ByteWriter& out) {
        out.put(event.order);
        out.put(event.payment_id);
        out.put(event.amount);
        out.put(static_cast<std::uint8_t>(event.expected.has_value()));
        if (event.expected) {
            out.put(*event.expected);
        }
    }
    static void get(FieldReader& in, PaymentMismatched& event) {
        event.order = in.get<OrderId>();
        event.payment_id = in.inline_text<PaymentId>();
        event.amount = in.money();
        if (in.flag()) {
            event.expected = in.money();
        }
    }
};

template <>
struct EventLayout<TicketIssued> {
    static constexpr std::string_view name = "TicketIssued";
    static void put(const TicketIssued& event, ByteWriter& out) {
        out.put(event.item_id);
        out.put(event.buyer);
        out.put(event.not_before);
        out.put(event.expires);
        out.put(event.nonce);
    }
    static void get(FieldReader& in, TicketIssued& event) {
        event.item_id = in.inline_text<ItemId>();
        event.buyer = in.get<BuyerId>();
        event.not_before = in.instant();
        event.expires = in.instant();
        event.nonce = in.get<std::uint64_t>();
    }
};

template <>
struct EventLayout<SeedCommitted> {
    static constexpr std::string_view name = "SeedCommitted";
    static void put(const SeedCommitted& event, ByteWriter& out) {
        out.append(event.seed.data(), event.seed.size());
    }
    static void get(FieldReader& in, SeedCommitted& event) {
        for (std::uint8_t& byte : event.seed) {
            byte = in.get<std::uint8_t>();
        }
    }
};

EventFamily campaign_events() {
    return family_of<CampaignEvent>(Family::campaign);
}

}  // namespace stampede::campaigns
