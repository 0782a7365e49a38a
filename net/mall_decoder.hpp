// SPDX-License-Identifier: Apache-2.0
// Bodies of the mall's door (drafts apart: net/draft_decoder.hpp) as typed commands. A decoder
// belongs to the door's thread. Behind every body given to it body_padding_bytes may be read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "campaigns/command.hpp"
#include "net/problem.hpp"

namespace stampede::net {

/// 32 bits that stand for a decoded command in the scope of an Idempotency-Key: what it asks for,
/// not who asks. Configurations count by their bytes.
[[nodiscard]] std::uint32_t body_digest(const campaigns::Command& command);

class MallDecoder {
  public:
    MallDecoder();
    MallDecoder(const MallDecoder&) = delete;
    MallDecoder& operator=(const MallDecoder&) = delete;
    ~MallDecoder();

    [[nodiscard]] Judged<campaigns::RecordPayment> payment(std::string_view body);
    /// 1..limits::payments_per_batch_max, in the order given.
    [[nodiscard]] Judged<std::vector<campaigns::RecordPayment>> payments(std::string_view body);
    [[nodiscard]] Judged<campaigns::RecordRefund> refund(std::string_view body);
    /// The campaign and the actor are the caller's to fill.
    [[nodiscard]] Judged<campaigns::AdjustStock> stock(std::string_view body);
    [[nodiscard]] Judged<std::vector<BuyerId>> buyers(std::string_view body);
    [[nodiscard]] Judged<campaigns::Decision> decision(std::string_view body);
    /// A clone's own id, when the operator wants to choose it.
    [[nodiscard]] Judged<std::optional<CampaignId>> clone(std::string_view body);
    /// Where no body is listed none or {} is taken.
    [[nodiscard]] Judged<> nothing(std::string_view body);

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace stampede::net
