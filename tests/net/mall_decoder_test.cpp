// SPDX-License-Identifier: Apache-2.0
// What stands for an operator's request beside its Idempotency-Key: journals keep it, so that the
// same request gets the same answer after an upgrade too. The bytes are spelled out here.
#include "net/mall_decoder.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <string>

namespace stampede::net {
namespace {

using campaigns::Actor;

/// Little-endian, as journals are.
class Bytes {
  public:
    Bytes& number(std::uint64_t value, std::size_t width = 8) {
        for (std::size_t at = 0; at < width; ++at) {
            bytes_ += static_cast<char>(value >> (8 * at) & 0xFF);
        }
        return *this;
    }
    Bytes& text(std::string_view text) {
        number(text.size());
        bytes_ += text;
        return *this;
    }
    [[nodiscard]] std::uint32_t digest() const {
        return static_cast<std::uint32_t>(XXH3_64bits(bytes_.data(), bytes_.size()));
    }

  private:
    std::string bytes_;
};

TEST(MallDigest, is_what_journals_of_earlier_releases_keep) {
    const CampaignId campaign{7};
    const OrderId order{0x0102};
    EXPECT_EQ(body_digest(campaigns::RecordPayment{.order = order,
                                                   .payment_id = PaymentId{"p1"},
                                                   .amount = Money{9900},
                                                   .paid_at = Instant{5},
                                                   .buyer_is_new = false}),
              Bytes{}
                  .number(3)
                  .number(0x0102)
                  .text("p1")
                  .number(9900)
                  .number(5)
                  .number(1, 1)
                  .number(0, 1)
                  .digest());
    EXPECT_EQ(body_digest(campaigns::RecordRefund{.order = order,
                                                  .refund_id = RefundId{"r1"},
                                                  .payment_id = std::nullopt,
                                                  .quantity = Quantity{1},
                                                  .amount = Money{9900},
                                                  .item_id = std::nullopt}),
              Bytes{}
                  .number(4)
                  .number(0x0102)
                  .text("r1")
                  .text("")
                  .number(1)
                  .number(9900)
                  .text("")
                  .digest());
    campaigns::ChangeCampaign change;
    change.verb = campaigns::Verb::kill;
    EXPECT_EQ(body_digest(change), Bytes{}.number(7).number(4, 1).digest());
    EXPECT_EQ(body_digest(campaigns::AdjustStock{.campaign = campaign,
                                                 .item_id = ItemId{"1001"},
                                                 .delta = 3,
                                                 .reason = campaigns::Reason{"found"},
                                                 .actor = Actor{"ann"}}),
              Bytes{}.number(8).text("1001").number(3).text("found").digest());
    EXPECT_EQ(body_digest(campaigns::BlockBuyers{campaign, {BuyerId{42}}, Actor{"ann"}}),
              Bytes{}.number(9).number(42).digest());
    EXPECT_EQ(body_digest(campaigns::ReleaseOrder{order, Actor{"ann"}}),
              Bytes{}.number(10).number(0x0102).digest());
    EXPECT_EQ(
        body_digest(campaigns::ResolveOrder{order, campaigns::Decision::refund, Actor{"ann"}}),
        Bytes{}.number(11).number(0x0102).number(1, 1).digest());
    EXPECT_EQ(body_digest(campaigns::FailGroup{campaign, campaigns::GroupId{0x0102}, Actor{"ann"}}),
              Bytes{}.number(19).number(0x0102).digest());
    EXPECT_EQ(
        body_digest(campaigns::CancelBargain{campaign, campaigns::BargainId{0x0102}, Actor{"ann"}}),
        Bytes{}.number(24).number(0x0102).digest());
}

TEST(MallDigest, of_a_draft_is_of_its_whole_configuration) {
    const auto config = std::make_shared<campaigns::CampaignConfig>();
    const std::vector<std::byte> bytes = encode(*config);
    Bytes draft;
    draft.number(5);
    Bytes revision;
    revision.number(6).number(2, 4);
    for (const std::byte one : bytes) {
        draft.number(std::to_integer<std::uint64_t>(one), 1);
        revision.number(std::to_integer<std::uint64_t>(one), 1);
    }
    EXPECT_EQ(body_digest(campaigns::DraftCampaign{CampaignId{7}, config, Actor{"ann"}}),
              draft.digest());
    EXPECT_EQ(body_digest(campaigns::ReviseCampaign{CampaignId{7}, 2, config, Actor{"ann"}}),
              revision.digest());
}

}  // namespace
}  // namespace stampede::net
