// SPDX-License-Identifier: Apache-2.0
// One function per body, names and bounds beside each field.
#include "net/mall_decoder.hpp"

#include <xxhash.h>

#include "net/command_decoder.hpp"
#include "net/json_reader.hpp"
#include "net/rfc3339.hpp"

namespace stampede::net {

namespace {

using campaigns::AdjustStock;
using campaigns::Decision;
using campaigns::RecordPayment;
using campaigns::RecordRefund;

/// No payment is larger than the dearest line a thousand times over; far below any overflow.
constexpr std::int64_t amount_fen_max = limits::price_fen_max * 1000;

class PaymentFields {
  public:
    static constexpr std::array<std::string_view, 5> names{"order_id", "payment_id", "amount",
                                                           "paid_at", "buyer_is_new"};
    void take(JsonReader& reader, std::size_t index, ondemand::value value) {
        seen_ |= 1u << index;
        switch (index) {
            case 0:
                payment_.order = reader.order_id(value, "order_id");
                return;
            case 1:
                payment_.payment_id = reader.visible_text<PaymentId>(value, "payment_id");
                return;
            case 2:
                payment_.amount = Money{reader.integer(value, "amount", 0, amount_fen_max)};
                return;
            case 3:
                take_paid_at(reader, value);
                return;
            default:
                payment_.buyer_is_new = reader.boolean(value, "buyer_is_new");
        }
    }
    [[nodiscard]] RecordPayment finish(JsonReader& reader) const {
        for (std::size_t index = 0; index < 4; ++index) {  // all but buyer_is_new
            reader.need((seen_ & 1u << index) != 0, names[index]);
        }
        return payment_;
    }

  private:
    void take_paid_at(JsonReader& reader, ondemand::value value) {
        const auto instant = parse_rfc3339(reader.text(value, "paid_at"));
        if (!reader.failed() && !instant.has_value()) {
            reader.refuse("paid_at", "must be an RFC 3339 time, as in 2026-11-21T20:00:00+08:00");
        }
        payment_.paid_at = instant.value_or(Instant{});
    }
    RecordPayment payment_;
    std::uint32_t seen_ = 0;
};

/// Collects the fields of a command and digests them as one run of bytes.
class Digest {
  public:
    void add_bytes(const void* bytes, std::size_t count) {
        bytes_.append(static_cast<const char*>(bytes), count);
    }
    void add_text(std::string_view text) {
        add(text.size());
        bytes_.append(text);
    }
    template <class Integer>
        requires std::is_integral_v<Integer> || std::is_enum_v<Integer>
    void add(Integer integer) {
        add_bytes(&integer, sizeof integer);
    }
    [[nodiscard]] std::uint32_t value() const {
        return static_cast<std::uint32_t>(XXH3_64bits(bytes_.data(), bytes_.size()));
    }

  private:
    std::string bytes_;
};

/// What a command is called in the digests that journals keep beside remembered requests: a number
/// is never changed and never given again, however the list of commands grows.
enum class DigestName : std::uint64_t {
    record_payment = 3,
    record_refund = 4,
    draft_campaign = 5,
    revise_campaign = 6,
    change_campaign = 7,
    adjust_stock = 8,
    block_buyers = 9,
    release_order = 10,
    resolve_order = 11,
    fail_group = 19,
    cancel_bargain = 24,
};

struct Digester {
    Digest digest;

    void operator()(const RecordPayment& payment) {
        digest.add(DigestName::record_payment);
        digest.add(payment.order.raw());
        digest.add_text(payment.payment_id.view());
        digest.add(payment.amount.fen());
        digest.add(payment.paid_at.ms());
        digest.add(payment.buyer_is_new.has_value());
        digest.add(payment.buyer_is_new.value_or(false));
    }
    void operator()(const RecordRefund& refund) {
        digest.add(DigestName::record_refund);
        digest.add(refund.order.raw());
        digest.add_text(refund.refund_id.view());
        digest.add_text(refund.payment_id.value_or(PaymentId{}).view());
        digest.add(refund.quantity.units());
        digest.add(refund.amount.fen());
        digest.add_text(refund.item_id.value_or(ItemId{}).view());
    }
    void operator()(const campaigns::DraftCampaign& draft) {
        digest.add(DigestName::draft_campaign);
        add(*draft.config);
    }
    void operator()(const campaigns::ReviseCampaign& revision) {
        digest.add(DigestName::revise_campaign);
        digest.add(revision.version);
        add(*revision.config);
    }
    void operator()(const campaigns::ChangeCampaign& change) {
        digest.add(DigestName::change_campaign);
        digest.add(change.verb);
    }
    void operator()(const AdjustStock& stock) {
        digest.add(DigestName::adjust_stock);
        digest.add_text(stock.item_id.view());
        digest.add(stock.delta);
        digest.add_text(stock.reason.view());
    }
    void operator()(const campaigns::BlockBuyers& block) {
        digest.add(DigestName::block_buyers);
        for (const BuyerId buyer : block.buyers) {
            digest.add(buyer.raw());
        }
    }
    void operator()(const campaigns::ReleaseOrder& release) {
        digest.add(DigestName::release_order);
        digest.add(release.order.raw());
    }
    void operator()(const campaigns::FailGroup& fail) {
        digest.add(DigestName::fail_group);
        digest.add(fail.group.raw());
    }
    void operator()(const campaigns::CancelBargain& cancel) {
        digest.add(DigestName::cancel_bargain);
        digest.add(cancel.bargain.raw());
    }
    void operator()(const campaigns::ResolveOrder& resolve) {
        digest.add(DigestName::resolve_order);
        digest.add(resolve.order.raw());
        digest.add(resolve.decision);
    }
    /// Buyers' commands and the engine's own do not come through the mall's door.
    template <class Other>
    void operator()(const Other& /*command*/) {
        unreachable("a command that the mall's door does not decode");
    }

  private:
    void add(const campaigns::CampaignConfig& config) {
        const auto bytes = encode(config);
        digest.add_bytes(bytes.data(), bytes.size());
    }
};

}  // namespace

std::uint32_t body_digest(const campaigns::Command& command) {
    Digester digester;
    std::visit(digester, command);
    return digester.digest.value();
}

struct MallDecoder::Parser {
    ondemand::parser parser;

    [[nodiscard]] JsonReader over(std::string_view body) {
        return JsonReader{parser, body, body.size() + body_padding_bytes};
    }
};

MallDecoder::MallDecoder() : parser_(std::make_unique<Parser>()) {}
MallDecoder::~MallDecoder() = default;

Judged<RecordPayment> MallDecoder::payment(std::string_view body) {
    JsonReader reader = parser_->over(body);
    PaymentFields fields;
    reader.read(
        PaymentFields::names, Body::required,
        [&](std::size_t index, ondemand::value value) { fields.take(reader, index, value); });
    const RecordPayment payment = fields.finish(reader);
    if (reader.failed()) {
        return reader.problem();
    }
    return payment;
}

Judged<std::vector<RecordPayment>> MallDecoder::payments(std::string_view body) {
    JsonReader reader = parser_->over(body);
    std::vector<RecordPayment> payments;
    static constexpr std::array<std::string_view, 1> names{"payments"};
    const auto read_one = [&](ondemand::value element) {
        PaymentFields fields;
        reader.read_object(
            element, PaymentFields::names,
            [&](std::size_t index, ondemand::value value) { fields.take(reader, index, value); });
        payments.push_back(fields.finish(reader));
    };
    bool present = false;
    reader.read(names, Body::required, [&](std::size_t, ondemand::value value) {
        present = true;
        reader.read_array(value, "payments", limits::payments_per_batch_max, read_one);
    });
    reader.need(present, "payments");
    if (reader.failed()) {
        return reader.problem();
    }
    return payments;
}

Judged<RecordRefund> MallDecoder::refund(std::string_view body) {
    JsonReader reader = parser_->over(body);
    static constexpr std::array<std::string_view, 6> names{"order_id", "refund_id",  "quantity",
                                                           "amount",   "payment_id", "item_id"};
    RecordRefund refund;
    std::uint32_t seen = 0;
    reader.read(names, Body::required, [&](std::size_t index, ondemand::value value) {
        seen |= 1u << index;
        switch (index) {
            case 0:
                refund.order = reader.order_id(value, "order_id");
                return;
            case 1:
                refund.refund_id = reader.visible_text<RefundId>(value, "refund_id");
                return;
            case 2:
                refund.quantity = Quantity{reader.integer(value, "quantity", 0, limits::stock_max)};
                return;
            case 3:
                refund.amount = Money{reader.integer(value, "amount", 0, amount_fen_max)};
                return;
            case 4:
                refund.payment_id = reader.visible_text<PaymentId>(value, "payment_id");
                return;
            default:
                refund.item_id = reader.item_id(value, "item_id");
        }
    });
    for (std::size_t index = 0; index < 4; ++index) {  // payment_id and item_id may be absent
        reader.need((seen & 1u << index) != 0, names[index]);
    }
    if (reader.failed()) {
        return reader.problem();
    }
    return refund;
}

Judged<AdjustStock> MallDecoder::stock(std::string_view body) {
    JsonReader reader = parser_->over(body);
    static constexpr std::array<std::string_view, 3> names{"item_id", "delta", "reason"};
    AdjustStock stock;
    reader.read(names, Body::required, [&](std::size_t index, ondemand::value value) {
        if (index == 0) {
            stock.item_id = reader.item_id(value, "item_id");
        } else if (index == 1) {
            stock.delta = reader.integer(value, "delta", -limits::stock_max, limits::stock_max);
            if (!reader.failed() && stock.delta == 0) {
                reader.refuse("delta", "must not be 0");
            }
        } else {
            const std::string_view reason = reader.text(value, "reason");
            if (reason.empty() || reason.size() > campaigns::Reason::capacity) {
                reader.refuse("reason", "must be 1 to " +
                                            std::to_string(campaigns::Reason::capacity) +
                                            " bytes of UTF-8");
                return;
            }
            stock.reason = campaigns::Reason{reason};
        }
    });
    reader.need(!stock.item_id.empty(), "item_id");
    reader.need(stock.delta != 0, "delta");
    reader.need(!stock.reason.empty(), "reason");
    if (reader.failed()) {
        return reader.problem();
    }
    return stock;
}

Judged<std::vector<BuyerId>> MallDecoder::buyers(std::string_view body) {
    JsonReader reader = parser_->over(body);
    static constexpr std::array<std::string_view, 1> names{"buyers"};
    std::vector<BuyerId> buyers;
    reader.read(names, Body::required, [&](std::size_t, ondemand::value value) {
        reader.read_array(
            value, "buyers", limits::records_per_event_max,
            [&](ondemand::value element) { buyers.push_back(reader.buyer_id(element, {})); });
    });
    reader.need(!buyers.empty(), "buyers");
    if (reader.failed()) {
        return reader.problem();
    }
    return buyers;
}

Judged<Decision> MallDecoder::decision(std::string_view body) {
    JsonReader reader = parser_->over(body);
    static constexpr std::array<std::string_view, 1> names{"decision"};
    std::optional<Decision> decision;
    reader.read(names, Body::required, [&](std::size_t, ondemand::value value) {
        const std::string_view word = reader.text(value, "decision");
        if (word == "confirm") {
            decision = Decision::confirm;
        } else if (word == "refund") {
            decision = Decision::refund;
        } else {
            reader.refuse("decision", "must be \"confirm\" or \"refund\"");
        }
    });
    reader.need(decision.has_value(), "decision");
    if (reader.failed()) {
        return reader.problem();
    }
    return *decision;
}

Judged<std::optional<CampaignId>> MallDecoder::clone(std::string_view body) {
    JsonReader reader = parser_->over(body);
    static constexpr std::array<std::string_view, 1> names{"id"};
    std::optional<CampaignId> id;
    reader.read(names, Body::may_be_absent,
                [&](std::size_t, ondemand::value value) { id = reader.campaign_id(value, "id"); });
    if (reader.failed()) {
        return reader.problem();
    }
    return id;
}

Judged<> MallDecoder::nothing(std::string_view body) {
    JsonReader reader = parser_->over(body);
    static constexpr std::array<std::string_view, 0> names{};
    reader.read(names, Body::may_be_absent, [](std::size_t, ondemand::value) {});
    if (reader.failed()) {
        return reader.problem();
    }
    return {};
}

}  // namespace stampede::net
