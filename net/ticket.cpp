// SPDX-License-Identifier: Apache-2.0
// Writes and reads the byte table of ticket.hpp; nothing in it is looked at before the signature.
#include "net/ticket.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/vocabulary/bytes.hpp"
#include "net/base64.hpp"

namespace stampede::net {
namespace {

constexpr std::size_t claims_bytes_max = 42 + ItemId::capacity;
constexpr std::size_t mac_bytes = 16;
constexpr std::size_t ticket_bytes_max = claims_bytes_max + mac_bytes;
constexpr std::uint8_t version = 1;
constexpr std::size_t recent_campaigns = 16;

static_assert(base64url_length(ticket_bytes_max) <= TicketText::capacity);

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // bytes as characters
}
std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

}  // namespace

TicketSigner::TicketSigner(const Secret& master) : master_(master.reveal()) {
    check(master.size() >= mac_bytes, "the ticket master key is too short");
    recent_.reserve(recent_campaigns);
}

Mac& TicketSigner::mac_for(CampaignId campaign) {
    const auto known = std::find_if(recent_.begin(), recent_.end(), [&](const CampaignKey& key) {
        return key.campaign == campaign;
    });
    if (known != recent_.end()) {
        return known->mac;
    }
    constexpr std::string_view purpose = "stampede ticket v1";
    std::array<std::byte, purpose.size() + 8> label{};
    ByteWriter writer{label};
    writer.append(purpose.data(), purpose.size());
    writer.put(campaign);
    const Mac::Digest derived = master_.of(as_text(label));
    CampaignKey key{campaign, Mac{{reinterpret_cast<const char*>(derived.data()), derived.size()}}};
    if (recent_.size() < recent_campaigns) {
        recent_.push_back(std::move(key));
        return recent_.back().mac;
    }
    next_replaced_ = (next_replaced_ + 1) % recent_campaigns;
    recent_[next_replaced_] = std::move(key);
    return recent_[next_replaced_].mac;
}

TicketText TicketSigner::mint(const campaigns::TicketClaims& claims) {
    std::array<std::byte, ticket_bytes_max> ticket{};
    ByteWriter writer{ticket};
    writer.put(version);
    writer.put(claims.campaign);
    writer.put(claims.buyer);
    writer.put(claims.not_before);
    writer.put(claims.expires);
    writer.put(claims.nonce);
    writer.put(claims.item_id);
    const Mac::Digest digest = mac_for(claims.campaign).of(as_text(writer.written()));
    writer.append(digest.data(), mac_bytes);
    std::array<char, TicketText::capacity> text{};
    const std::span<char> used = std::span{text}.first(base64url_length(writer.used()));
    encode_base64url(as_text(writer.written()), used);
    return TicketText{std::string_view{used.data(), used.size()}};
}

campaigns::TicketClaims TicketSigner::verify(std::string_view text, CampaignId campaign) {
    campaigns::TicketClaims forged;
    forged.proof = campaigns::TicketProof::forged;
    std::array<char, ticket_bytes_max> room{};
    if (text.size() > TicketText::capacity) {
        return forged;
    }
    const auto ticket = decode_base64url(text, room);
    if (!ticket.has_value() || ticket->size() <= mac_bytes) {
        return forged;
    }
    const std::string_view signed_part = ticket->substr(0, ticket->size() - mac_bytes);
    const Mac::Digest digest = mac_for(campaign).of(signed_part);
    if (!equal_in_constant_time(ticket->substr(signed_part.size()),
                                {reinterpret_cast<const char*>(digest.data()), mac_bytes})) {
        return forged;
    }
    ByteReader reader{as_bytes(signed_part)};
    campaigns::TicketClaims claims;
    const auto its_version = reader.get<std::uint8_t>();
    claims.campaign = reader.get<CampaignId>();
    claims.buyer = reader.get<BuyerId>();
    claims.not_before = reader.instant();
    claims.expires = reader.instant();
    claims.nonce = reader.get<std::uint64_t>();
    claims.item_id = reader.inline_text<ItemId>();
    if (reader.failed() || reader.left() != 0 || its_version != version ||
        claims.campaign != campaign) {
        return forged;
    }
    claims.proof = campaigns::TicketProof::genuine;
    return claims;
}

}  // namespace stampede::net
