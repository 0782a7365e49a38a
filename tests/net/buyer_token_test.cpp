// SPDX-License-Identifier: Apache-2.0
// Tokens and tickets: nothing forged, altered, expired or meant for another is taken.
#include "net/buyer_token.hpp"

#include <gtest/gtest.h>

#include "net/base64.hpp"
#include "net/ticket.hpp"

namespace stampede::net {
namespace {

BuyerTokenKey key(std::string id, char fill) {
    return {std::move(id), Secret{std::string(32, fill)}};
}

BuyerClaims claims() {
    BuyerClaims claims;
    claims.buyer.id = BuyerId{4242};
    claims.buyer.level = 3;
    claims.buyer.segments = 0x1f;
    claims.expires = Instant{1'795'262'400'000};
    return claims;
}
constexpr Instant before{1'795'262'399'999};
constexpr Instant at_expiry{1'795'262'400'000};

TEST(BuyerToken, is_what_a_mall_would_mint_in_five_lines) {
    // printf '1:k1:4242:1795262400:3:1f' | openssl dgst -sha256 -mac HMAC
    //     -macopt key:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -binary | head -c16 | base64
    EXPECT_EQ(mint_buyer_token(key("k1", 'a'), claims()),
              "1:k1:4242:1795262400:3:1f.Yd2Hem4gVB2E6t2F7LvDbw");
}

TEST(BuyerToken, is_genuine_until_it_expires) {
    BuyerTokenVerifier verifier{{key("k1", 'a')}};
    const std::string token = mint_buyer_token(key("k1", 'a'), claims());
    const VerifiedToken verified = verifier.verify(token, before);
    ASSERT_EQ(verified.verdict, TokenVerdict::genuine);
    EXPECT_EQ(verified.claims.buyer.id, BuyerId{4242});
    EXPECT_EQ(verified.claims.buyer.level, 3);
    EXPECT_EQ(verified.claims.buyer.segments, 0x1fu);
    EXPECT_EQ(verified.claims.expires, at_expiry);
    EXPECT_EQ(verifier.verify(token, at_expiry).verdict, TokenVerdict::expired);
}

TEST(BuyerToken, is_refused_when_any_byte_was_changed) {
    BuyerTokenVerifier verifier{{key("k1", 'a')}};
    const std::string token = mint_buyer_token(key("k1", 'a'), claims());
    for (std::size_t at = 0; at < token.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = token;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            EXPECT_NE(verifier.verify(changed, before).verdict, TokenVerdict::genuine) << changed;
        }
        EXPECT_NE(verifier.verify(token.substr(0, at), before).verdict, TokenVerdict::genuine);
    }
    EXPECT_NE(verifier.verify(token + "A", before).verdict, TokenVerdict::genuine);
    EXPECT_NE(verifier.verify(token + "=", before).verdict, TokenVerdict::genuine);
    EXPECT_EQ(verifier.verify(token, before).verdict, TokenVerdict::genuine);
}

TEST(BuyerToken, says_what_is_wrong) {
    BuyerTokenVerifier verifier{{key("k1", 'a')}};
    EXPECT_EQ(verifier.verify(mint_buyer_token(key("k2", 'a'), claims()), before).verdict,
              TokenVerdict::unknown_key);
    EXPECT_EQ(verifier.verify(mint_buyer_token(key("k1", 'b'), claims()), before).verdict,
              TokenVerdict::forged);
    for (const char* text :
         {"", ".", "x", "1:k1:4242:1795262400:3.abc", "2:k1:4242:1795262400:3:1f.abc",
          "1:k1:0:1795262400:3:1f.abc", "1:k1:-1:1795262400:3:1f.abc",
          "1:k1:9223372036854775808:1:3:1f.abc", "1:k1:4242:x:3:1f.abc",
          "1:k1:4242:1795262400:256:1f.abc", "1:k1:4242:1795262400:3:xyz.abc",
          "1:k1:4242:1795262400:3:10000000000000000.abc",
          "1:k1:4242:9223372036854775807:3:1.abc"}) {
        EXPECT_EQ(verifier.verify(text, before).verdict, TokenVerdict::malformed) << text;
        EXPECT_FALSE(explain(TokenVerdict::malformed).empty());
    }
    EXPECT_EQ(verifier.verify("1:k1:" + std::string(300, '1') + ":1:1:1.a", before).verdict,
              TokenVerdict::malformed);
}

TEST(BuyerToken, is_taken_under_the_old_key_and_the_new_while_both_live) {
    BuyerTokenVerifier both{{key("old", 'o'), key("new", 'n')}};
    BuyerTokenVerifier after{{key("new", 'n')}};
    const std::string old_token = mint_buyer_token(key("old", 'o'), claims());
    const std::string new_token = mint_buyer_token(key("new", 'n'), claims());
    EXPECT_EQ(both.verify(old_token, before).verdict, TokenVerdict::genuine);
    EXPECT_EQ(both.verify(new_token, before).verdict, TokenVerdict::genuine);
    EXPECT_EQ(after.verify(old_token, before).verdict, TokenVerdict::unknown_key);
    EXPECT_EQ(after.verify(new_token, before).verdict, TokenVerdict::genuine);
}

TEST(BuyerToken, remembered_by_a_connection_expires_all_the_same) {
    BuyerTokenVerifier verifier{{key("k1", 'a')}};
    VerifiedTokenCache cache;
    const std::string token = mint_buyer_token(key("k1", 'a'), claims());
    EXPECT_EQ(verifier.verify(token, before, cache).verdict, TokenVerdict::genuine);
    const VerifiedToken again = verifier.verify(token, before, cache);
    EXPECT_EQ(again.verdict, TokenVerdict::genuine);
    EXPECT_EQ(again.claims.buyer.id, BuyerId{4242});
    EXPECT_EQ(verifier.verify(token, at_expiry, cache).verdict, TokenVerdict::expired);
}

TEST(BuyerToken, remembered_by_a_connection_goes_with_its_key) {
    BuyerTokenVerifier before_reload{{key("k1", 'a')}};
    BuyerTokenVerifier after_reload{{key("k1", 'b')}};
    VerifiedTokenCache cache;
    const std::string token = mint_buyer_token(key("k1", 'a'), claims());
    EXPECT_EQ(before_reload.verify(token, before, cache).verdict, TokenVerdict::genuine);
    EXPECT_EQ(after_reload.verify(token, before, cache).verdict, TokenVerdict::forged);
}

TEST(BuyerToken, remembered_is_never_taken_for_a_similar_one) {
    BuyerTokenVerifier verifier{{key("k1", 'a')}};
    VerifiedTokenCache cache;
    const std::string token = mint_buyer_token(key("k1", 'a'), claims());
    EXPECT_EQ(verifier.verify(token, before, cache).verdict, TokenVerdict::genuine);
    std::string changed = token;
    changed[6] = '5';
    EXPECT_EQ(verifier.verify(changed, before, cache).verdict, TokenVerdict::forged);
    EXPECT_EQ(verifier.verify(token.substr(0, 10), before, cache).verdict, TokenVerdict::malformed);
    BuyerClaims other = claims();
    other.buyer.id = BuyerId{7};
    EXPECT_EQ(
        verifier.verify(mint_buyer_token(key("k1", 'a'), other), before, cache).claims.buyer.id,
        BuyerId{7});
    cache.forget();
    EXPECT_EQ(verifier.verify("", before, cache).verdict, TokenVerdict::malformed);
}

TEST(BuyerToken, stands_behind_the_word_bearer) {
    EXPECT_EQ(bearer_token("Bearer abc"), "abc");
    EXPECT_EQ(bearer_token("bearer abc"), "abc");
    EXPECT_FALSE(bearer_token("Basic abc").has_value());
    EXPECT_FALSE(bearer_token("Bearer ").has_value());
    EXPECT_FALSE(bearer_token("Bearer").has_value());
    EXPECT_FALSE(bearer_token("").has_value());
}

campaigns::TicketClaims ticket() {
    campaigns::TicketClaims claims;
    claims.campaign = CampaignId{7};
    claims.item_id = ItemId{"kettle-1001"};
    claims.buyer = BuyerId{4242};
    claims.not_before = Instant{1'795'262'400'000};
    claims.expires = Instant{1'795'262'460'000};
    claims.nonce = 0x0123456789abcdef;
    return claims;
}

TEST(Ticket, says_afterwards_what_it_said_before) {
    TicketSigner signer{Secret{std::string(32, 'm')}};
    const TicketText text = signer.mint(ticket());
    EXPECT_LE(text.view().size(), 200u);
    const campaigns::TicketClaims read = signer.verify(text.view(), CampaignId{7});
    EXPECT_EQ(read.proof, campaigns::TicketProof::genuine);
    EXPECT_EQ(read.campaign, ticket().campaign);
    EXPECT_EQ(read.item_id, ticket().item_id);
    EXPECT_EQ(read.buyer, ticket().buyer);
    EXPECT_EQ(read.not_before, ticket().not_before);
    EXPECT_EQ(read.expires, ticket().expires);
    EXPECT_EQ(read.nonce, ticket().nonce);
}

TEST(Ticket, fits_with_the_longest_item_id) {
    TicketSigner signer{Secret{std::string(32, 'm')}};
    campaigns::TicketClaims claims = ticket();
    claims.item_id = ItemId{std::string(ItemId::capacity, 'i')};
    const TicketText text = signer.mint(claims);
    EXPECT_EQ(signer.verify(text.view(), CampaignId{7}).item_id, claims.item_id);
}

TEST(Ticket, is_forged_when_any_byte_was_changed) {
    TicketSigner signer{Secret{std::string(32, 'm')}};
    const std::string text{signer.mint(ticket()).view()};
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = text;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            EXPECT_EQ(signer.verify(changed, CampaignId{7}).proof, campaigns::TicketProof::forged)
                << changed;
        }
        EXPECT_EQ(signer.verify(text.substr(0, at), CampaignId{7}).proof,
                  campaigns::TicketProof::forged);
    }
    for (const std::string& other :
         {text + "A", text + "=", " " + text, std::string(200, 'A'), std::string(1000, 'A')}) {
        EXPECT_EQ(signer.verify(other, CampaignId{7}).proof, campaigns::TicketProof::forged);
    }
}

TEST(Ticket, is_forged_for_another_campaign_and_under_another_master) {
    TicketSigner signer{Secret{std::string(32, 'm')}};
    TicketSigner other{Secret{std::string(32, 'x')}};
    const TicketText text = signer.mint(ticket());
    EXPECT_EQ(signer.verify(text.view(), CampaignId{8}).proof, campaigns::TicketProof::forged);
    EXPECT_EQ(other.verify(text.view(), CampaignId{7}).proof, campaigns::TicketProof::forged);
}

TEST(Ticket, stays_good_when_many_campaigns_take_turns) {
    TicketSigner signer{Secret{std::string(32, 'm')}};
    std::vector<TicketText> texts;
    for (std::uint64_t campaign = 1; campaign <= 100; ++campaign) {
        campaigns::TicketClaims claims = ticket();
        claims.campaign = CampaignId{campaign};
        texts.push_back(signer.mint(claims));
    }
    for (std::uint64_t campaign = 1; campaign <= 100; ++campaign) {
        EXPECT_EQ(signer.verify(texts[campaign - 1].view(), CampaignId{campaign}).proof,
                  campaigns::TicketProof::genuine);
    }
}

TEST(Base64, agrees_with_the_examples_of_its_standard) {
    EXPECT_EQ(to_base64url("f"), "Zg");
    EXPECT_EQ(to_base64url("fo"), "Zm8");
    EXPECT_EQ(to_base64url("foo"), "Zm9v");
    EXPECT_EQ(to_base64url("foob"), "Zm9vYg");
    EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
    EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
    EXPECT_EQ(from_base64("Zm9vYg=="), "foob");
    EXPECT_EQ(from_base64("Zm9v"), "foo");
    for (const char* text : {"", "Zm9vYg", "Zm9vYh==", "Zm9vYg=", "Zm9 ", "====", "Zm9v\n"}) {
        EXPECT_FALSE(from_base64(text).has_value()) << text;
    }
    std::array<char, 16> room{};
    EXPECT_EQ(decode_base64url("Zm9vYg", room), "foob");
    for (const char* text :
         {"Zm9vYh", "Zm9vY", "Zm9v+A", "Zm9v Q", "Zg==", "Zm9vZm9vZm9vZm9vZm9vZm9v"}) {
        EXPECT_FALSE(decode_base64url(text, room).has_value()) << text;
    }
}

}  // namespace
}  // namespace stampede::net
