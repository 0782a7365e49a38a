// SPDX-License-Identifier: Apache-2.0
#include "campaigns/committed_seed.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "engine/vocabulary/check.hpp"
#include "engine/vocabulary/ids.hpp"

namespace stampede::campaigns {

namespace {

constexpr std::size_t purpose_bytes_max = 16;

}  // namespace

SeedBytes digest_of_seed(const SeedBytes& seed) {
    SeedBytes digest{};
    unsigned length = 0;
    check(EVP_Digest(seed.data(), seed.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1,
          "SHA-256 failed");
    return digest;
}

std::vector<bool> drawn_winners(const CommittedSeed& seed, std::size_t winners,
                                std::span<const OrderId> orders) {
    std::vector<std::pair<std::uint64_t, std::size_t>> numbers;
    numbers.reserve(orders.size());
    for (std::size_t at = 0; at < orders.size(); ++at) {
        numbers.emplace_back(seed.bits("draw", orders[at].raw(), 0), at);
    }
    std::ranges::sort(numbers);
    std::vector<bool> won(orders.size(), false);
    for (std::size_t at = 0; at < std::min(winners, numbers.size()); ++at) {
        won[numbers[at].second] = true;
    }
    return won;
}

void CommittedSeed::Free::operator()(evp_mac_ctx_st* context) const {
    EVP_MAC_CTX_free(context);
}

CommittedSeed::CommittedSeed(const SeedBytes& seed) : bytes_(seed) {
    EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    check(hmac != nullptr, "OpenSSL has no HMAC");
    context_.reset(EVP_MAC_CTX_new(hmac));
    EVP_MAC_free(hmac);  // the context holds its own reference
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    check(context_ != nullptr &&
              EVP_MAC_init(context_.get(), bytes_.data(), bytes_.size(), parameters) == 1,
          "OpenSSL refuses an HMAC key");
}

std::uint64_t CommittedSeed::bits(std::string_view purpose, std::uint64_t subject,
                                  std::uint32_t ordinal) const {
    check(purpose.size() <= purpose_bytes_max, "the purpose of a draw is too long");
    std::array<char, purpose_bytes_max + 32> text;
    char* end = text.data();
    const auto append = [&end](std::string_view part) {
        std::memcpy(end, part.data(), part.size());
        end += part.size();
    };
    append(purpose);
    append(":");
    append(Base36(subject).view());
    append(":");
    end = std::to_chars(end, text.data() + text.size(), ordinal).ptr;

    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());  // OpenSSL's bytes
    const auto count = static_cast<std::size_t>(end - text.data());
    std::array<unsigned char, 32> mac;
    std::size_t length = 0;
    check(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
              EVP_MAC_update(context_.get(), bytes, count) == 1 &&
              EVP_MAC_final(context_.get(), mac.data(), &length, mac.size()) == 1 &&
              length == mac.size(),
          "HMAC failed");
    std::uint64_t bits = 0;
    for (std::size_t at = 0; at < sizeof bits; ++at) {
        bits = bits << 8 | mac[at];
    }
    return bits;
}

}  // namespace stampede::campaigns
