// SPDX-License-Identifier: Apache-2.0
// OpenSSL behind Mac, Secret and sha256: nothing of cryptography is written here.
#include "net/mac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "engine/vocabulary/check.hpp"

namespace stampede::net {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());  // OpenSSL's spelling of bytes
}

}  // namespace

Secret::~Secret() {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

Secret Secret::random(std::size_t count) {
    std::string bytes(count, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
    check(RAND_bytes(out, static_cast<int>(count)) == 1, "the system gives no random bytes");
    return Secret{std::move(bytes)};
}

void Mac::Free::operator()(evp_mac_ctx_st* context) const {
    EVP_MAC_CTX_free(context);
}

Mac::Mac(std::string_view key) {
    EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    check(hmac != nullptr, "OpenSSL has no HMAC");
    context_.reset(EVP_MAC_CTX_new(hmac));
    EVP_MAC_free(hmac);  // the context holds its own reference
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    check(context_ != nullptr &&
              EVP_MAC_init(context_.get(), bytes_of(key), key.size(), parameters) == 1,
          "OpenSSL refuses an HMAC key");
}

Mac::Digest Mac::of(std::string_view text) {
    Digest digest{};
    std::size_t length = 0;
    // A null key: begin anew with the one prepared.
    check(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
              EVP_MAC_update(context_.get(), bytes_of(text), text.size()) == 1 &&
              EVP_MAC_final(context_.get(), digest.data(), &length, digest.size()) == 1 &&
              length == digest.size(),
          "HMAC failed");
    return digest;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Mac::Digest sha256(std::string_view text) {
    Mac::Digest digest{};
    unsigned length = 0;
    check(EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1,
          "SHA-256 failed");
    return digest;
}

}  // namespace stampede::net
