// SPDX-License-Identifier: Apache-2.0
// Purchase tickets: single-use permissions that the engine grants and the edge signs, so that a
// script cannot buy without having asked first. The text is base64url of
//
//   offset  size  field (integers little-endian)
//        0     1  version, 1
//        1     8  campaign
//        9     8  buyer
//       17     8  not before, ms since 1970
//       25     8  expires, ms since 1970
//       33     8  nonce
//       41     1  length of the item id
//       42     n  item id
//     42+n    16  first bytes of HMAC-SHA256 over all of the above
//
// under a key derived for the campaign: HMAC-SHA256(master, "stampede ticket v1" | campaign). Each
// thread that signs or verifies has its own TicketSigner.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "campaigns/command.hpp"
#include "net/mac.hpp"
#include "net/secret.hpp"

namespace stampede::net {

using TicketText = InlineText<160, struct TicketTextTag>;

class TicketSigner {
  public:
    /// `master`: 16 bytes at least, the same as long as tickets of it are about.
    explicit TicketSigner(const Secret& master);

    /// All of `claims` but the proof.
    [[nodiscard]] TicketText mint(const campaigns::TicketClaims& claims);
    /// What the text says, marked genuine, when it was signed for `campaign`; else marked forged.
    /// Whether it is the right item, buyer and time is for the rules to judge.
    [[nodiscard]] campaigns::TicketClaims verify(std::string_view text, CampaignId campaign);

  private:
    [[nodiscard]] Mac& mac_for(CampaignId campaign);

    struct CampaignKey {
        CampaignId campaign;
        Mac mac;
    };
    Mac master_;
    std::vector<CampaignKey> recent_;  // a few campaigns have nearly all of the traffic
    std::size_t next_replaced_ = 0;
};

}  // namespace stampede::net
