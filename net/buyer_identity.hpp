// SPDX-License-Identifier: Apache-2.0
// Who a request of a buyer comes from: a token that the mall signed, or X-Buyer-… headers from
// peers that the operator lists (a gateway, or everybody under --dev). Never the body. Each thread
// that asks has its own; new keys are handed over by use_keys() on that thread.
#pragma once

#include <memory>
#include <vector>

#include "campaigns/command.hpp"
#include "net/buyer_token.hpp"
#include "net/endpoint.hpp"
#include "net/http_request.hpp"
#include "net/problem.hpp"

namespace stampede::net {

enum class TrustHeaders : std::uint8_t { from_listed_peers, from_everybody };

class BuyerIdentity {
  public:
    BuyerIdentity(TrustHeaders trust, std::vector<Endpoint> listed_peers)
        : trust_(trust), listed_peers_(std::move(listed_peers)) {}

    /// Replaces all keys; tokens under keys that are gone stop working with the next request.
    void use_keys(const std::vector<BuyerTokenKey>& keys) {
        verifier_ = std::make_unique<BuyerTokenVerifier>(keys);
    }

    /// 401 where nobody vouches for the buyer, 400 where a trusted header is malformed. `wall` is
    /// wall time, which the tokens' expiry is in.
    [[nodiscard]] Judged<campaigns::Buyer> identify(const HttpRequest& request,
                                                    const Endpoint& peer, Instant wall,
                                                    VerifiedTokenCache& cache);

  private:
    [[nodiscard]] bool trusts(const Endpoint& peer) const;

    TrustHeaders trust_;
    std::vector<Endpoint> listed_peers_;
    std::unique_ptr<BuyerTokenVerifier> verifier_;
};

}  // namespace stampede::net
