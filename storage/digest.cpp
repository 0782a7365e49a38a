// SPDX-License-Identifier: Apache-2.0
// A failure of OpenSSL here means that it is out of memory or built without SHA-256: nothing that
// a caller could handle, so it is a check().
#include "storage/digest.hpp"

#include <openssl/evp.h>

#include "engine/vocabulary/check.hpp"

namespace stampede::storage {

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    check(context_ != nullptr, "no memory for a digest");
    restart();
}

void Sha256::restart() {
    check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "SHA-256 is missing");
}

void Sha256::add(std::span<const std::byte> bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "SHA-256 failed");
}

Digest Sha256::finish() {
    Digest digest{};
    auto* out = reinterpret_cast<unsigned char*>(digest.data());  // OpenSSL's name for a byte
    check(EVP_DigestFinal_ex(context_.get(), out, nullptr) == 1, "SHA-256 failed");
    restart();
    return digest;
}

Digest Sha256::of(std::span<const std::byte> bytes) {
    Sha256 sha;
    sha.add(bytes);
    return sha.finish();
}

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<std::size_t>(byte >> 4)];
        text += digits[std::to_integer<std::size_t>(byte & std::byte{0x0F})];
    }
    return text;
}

}  // namespace stampede::storage
