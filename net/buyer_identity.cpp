// SPDX-License-Identifier: Apache-2.0
#include "net/buyer_identity.hpp"

#include <algorithm>
#include <charconv>

#include "engine/vocabulary/limits.hpp"

namespace stampede::net {

namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

Problem unauthorized(std::string detail) {
    return Problem{401, "UNAUTHORIZED", std::move(detail)};
}

Judged<campaigns::Buyer> from_headers(const HttpRequest& request) {
    campaigns::Buyer buyer;
    const auto id = parse_number<std::uint64_t>(*request.buyer_id, 10);
    if (!id || *id == 0 || *id > limits::buyer_id_max) {
        return malformed("X-Buyer-Id must be a whole number from 1 to 2^63-1");
    }
    buyer.id = BuyerId{*id};
    if (request.buyer_level) {
        const auto level = parse_number<std::uint8_t>(*request.buyer_level, 10);
        if (!level) {
            return malformed("X-Buyer-Level must be a whole number from 0 to 255");
        }
        buyer.level = *level;
    }
    if (request.buyer_segments) {
        const auto segments = parse_number<std::uint64_t>(*request.buyer_segments, 16);
        if (!segments) {
            return malformed("X-Buyer-Segments must be up to 16 hexadecimal digits");
        }
        buyer.segments = *segments;
    }
    return buyer;
}

}  // namespace

bool BuyerIdentity::trusts(const Endpoint& peer) const {
    return trust_ == TrustHeaders::from_everybody ||
           std::ranges::any_of(listed_peers_, [&](const Endpoint& listed) {
               return listed.address() == peer.address();
           });
}

Judged<campaigns::Buyer> BuyerIdentity::identify(const HttpRequest& request, const Endpoint& peer,
                                                 Instant wall, VerifiedTokenCache& cache) {
    if (request.buyer_id && trusts(peer)) {
        return from_headers(request);
    }
    if (!request.authorization) {
        return unauthorized(
            request.buyer_id
                ? "X-Buyer-Id is taken from listed peers only; send Authorization: Bearer <token>"
                : "who is buying? send Authorization: Bearer <buyer token>");
    }
    const auto token = bearer_token(*request.authorization);
    if (!token) {
        return unauthorized("Authorization must be: Bearer <buyer token>");
    }
    if (!verifier_) {
        return unauthorized("this server has no buyer-token keys; see `stampede keys new`");
    }
    const VerifiedToken verified = verifier_->verify(*token, wall, cache);
    if (verified.verdict != TokenVerdict::genuine) {
        return unauthorized(std::string{explain(verified.verdict)});
    }
    return verified.claims.buyer;
}

}  // namespace stampede::net
