// SPDX-License-Identifier: Apache-2.0
// The author of the sale keeps to the rules of real ones where settlement can see it: an order is
// confirmed once, refunds stay within what was paid, sequences have no gaps within a shard.
#include "tests/storage/sample_journal.hpp"

#include <array>
#include <chrono>
#include <random>
#include <thread>

#include "campaigns/settlement_records.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::storage {

using campaigns::CampaignEvent;
using campaigns::Event;
using campaigns::GroupBuy;
using campaigns::OrderEvent;
using campaigns::SeckillEvent;

ScratchDirectory::ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "settlement-XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, "no scratch directory");
    path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

class SampleJournal::Author {
  public:
    Author(std::uint64_t seed, SampleJournal& journal) : random_(seed), journal_(journal) {}

    void write(std::size_t orders) {
        while (confirmed_ < orders) {
            switch (below(11)) {
                case 0:
                case 1:
                    hold();
                    break;
                case 2:
                    refund();
                    break;
                case 3:
                    owe_refund();
                    break;
                case 4:
                    mismatch();
                    break;
                case 5:
                    expire_late();
                    break;
                case 6:
                    end_group();
                    break;
                default:
                    confirm();
            }
            if (below(4) == 0) {
                end_commit();
            }
        }
        hand_back();
        end_commit();
    }

  private:
    struct Confirmed {
        campaigns::OrderConfirmed event;
        std::size_t shard = 0;
        std::vector<std::int64_t> left;  // units by line
        Money unpaid_back;
    };

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    Totals& totals() { return journal_.totals_; }
    PaymentId payment() { return PaymentId{"pay\"" + std::to_string(++payments_)}; }
    OrderId order() { return OrderId{(++orders_ << 22) + 7}; }

    void hold() {
        campaigns::StockHeld held;
        held.order = order();
        held.buyer = BuyerId{1 + below(1000)};
        held.lines.push_back({.item = 0, .quantity = Quantity{1}, .unit_price = Money{100}});
        append(below(shards), SeckillEvent{held});
    }

    void confirm() {
        Confirmed confirmed;
        confirmed.shard = below(shards);
        campaigns::OrderConfirmed& event = confirmed.event;
        event.order = order();
        event.buyer = BuyerId{1 + below(1'000'000)};
        const std::uint64_t lines = 1 + below(3);
        for (std::uint64_t line = 0; line < lines; ++line) {
            const campaigns::ConfirmedLine item{
                .item_id = ItemId{"sku-" + std::to_string(line)},
                .item = static_cast<std::uint16_t>(line),
                .quantity = Quantity{static_cast<std::int64_t>(1 + below(3))},
                .unit_price = Money{static_cast<std::int64_t>(below(3) * 990)}};
            event.lines.push_back(item);
            event.amount += item.unit_price * item.quantity;
            confirmed.left.push_back(item.quantity.units());
        }
        if (event.amount > Money{0}) {
            event.payment_id = payment();
            event.paid_at = now_;
        }
        confirmed.unpaid_back = event.amount;
        append(confirmed.shard, OrderEvent{event});
        totals().orders += 1;
        totals().items += static_cast<std::int64_t>(lines);
        totals().amount += event.amount.fen();
        ++confirmed_;
        sold_.push_back(std::move(confirmed));
    }

    /// A group of 2 to 12: a success (a lottery, a ladder or neither), or a failure whose paid
    /// seats are owed their money.
    void end_group() {
        const std::size_t shard = below(shards);
        const std::uint64_t members = 2 + below(11);
        if (below(4) == 0) {
            fail_group(shard, members);
            return;
        }
        const bool is_lottery = below(3) == 0;
        const bool is_ladder = !is_lottery && below(3) == 0;
        campaigns::GroupSucceeded event;
        event.item_id = ItemId{"sku-0"};
        event.price = Money{is_ladder ? 880 : 990};
        event.leader = BuyerId{1 + below(1'000'000)};
        for (std::uint64_t at = 0; at < members; ++at) {
            event.members.push_back({.order = order(),
                                     .buyer = BuyerId{1 + below(1'000'000)},
                                     .quantity = Quantity{1},
                                     .unit_price = Money{990},
                                     .payment_id = payment(),
                                     .paid_at = now_,
                                     .confirmed = !is_lottery || at % 2 == 0,
                                     .back = Money{is_ladder ? 110 : 0}});
        }
        event.group = campaigns::GroupId{event.members.front().order.raw()};
        event.order = event.members.back().order;
        append(shard, GroupBuy::Event{event});
        totals().groups_succeeded += 1;
        for (const campaigns::GroupSucceeded::Member& member : event.members) {
            totals().refunds_required += !member.confirmed || is_ladder ? 1 : 0;
            if (member.confirmed) {
                keep_as_sold(shard, event, member);
            }
        }
    }

    void keep_as_sold(std::size_t shard, const campaigns::GroupSucceeded& event,
                      const campaigns::GroupSucceeded::Member& member) {
        Confirmed confirmed;
        confirmed.shard = shard;
        confirmed.event.order = member.order;
        confirmed.event.payment_id = member.payment_id;
        confirmed.event.amount = member.unit_price;
        confirmed.event.lines.push_back({.item_id = event.item_id,
                                         .item = 0,
                                         .quantity = member.quantity,
                                         .unit_price = member.unit_price});
        confirmed.left.push_back(1);
        confirmed.unpaid_back = member.unit_price;
        sold_.push_back(std::move(confirmed));
        totals().orders += 1;
        totals().items += 1;
        totals().amount += member.unit_price.fen();
        ++confirmed_;
    }

    void fail_group(std::size_t shard, std::uint64_t members) {
        campaigns::GroupFailed event;
        for (std::uint64_t at = 0; at < members; ++at) {
            if (at % 2 == 0) {
                event.refunds.push_back({.order = order(),
                                         .payment_id = payment(),
                                         .amount = Money{990},
                                         .quantity = Quantity{1},
                                         .paid_at = now_});
            } else {
                event.released.push_back(order());
            }
        }
        event.group = campaigns::GroupId{event.refunds.front().order.raw()};
        append(shard, GroupBuy::Event{event});
        totals().groups_failed += 1;
        totals().refunds_required += static_cast<std::int64_t>(event.refunds.size());
    }

    /// Of one line's unit, or of all that is left.
    void refund() {
        if (sold_.empty()) {
            return;
        }
        const std::size_t chosen = below(sold_.size());
        Confirmed& sold = sold_[chosen];
        campaigns::OrderRefunded event;
        event.order = sold.event.order;
        event.refund_id = RefundId{"refund-" + std::to_string(++refunds_)};
        event.payment_id = sold.event.payment_id;
        event.counted = true;
        event.units_return = true;
        event.restock =
            below(2) == 0 ? campaigns::Restock::to_mall : campaigns::Restock::to_activity;
        event.wholly = below(2) == 0;
        for (std::size_t line = 0; line < sold.left.size(); ++line) {
            const std::int64_t units =
                event.wholly ? sold.left[line] : std::min<std::int64_t>(sold.left[line], 1);
            if (units > 0) {
                event.parts.push_back({.line = static_cast<std::uint8_t>(line),
                                       .item = static_cast<std::uint16_t>(line),
                                       .item_id = sold.event.lines[line].item_id,
                                       .quantity = Quantity{units}});
                sold.left[line] -= units;
                totals().refunded_units += units;
                totals().stock_deltas += event.restock == campaigns::Restock::to_mall ? 1 : 0;
            }
            if (!event.wholly) {
                break;
            }
        }
        event.amount = event.wholly ? sold.unpaid_back : Money{sold.unpaid_back.fen() / 4};
        sold.unpaid_back = sold.unpaid_back - event.amount;
        totals().refunded_amount += event.amount.fen();
        append(sold.shard, OrderEvent{event});
        if (event.wholly) {
            totals().refunded_orders += 1;
            sold_.erase(sold_.begin() + static_cast<std::ptrdiff_t>(chosen));
        }
    }

    /// A second payment: an obligation, and the order stays as it is; later it is paid back.
    void owe_refund() {
        if (sold_.empty()) {
            return;
        }
        const Confirmed& sold = sold_[below(sold_.size())];
        const campaigns::PaymentRefundDue due{.order = sold.event.order,
                                              .payment_id = payment(),
                                              .amount = sold.event.amount,
                                              .quantity = Quantity{1},
                                              .reason = campaigns::RefundReason::second_payment,
                                              .counted = false,
                                              .paid_at = now_};
        append(sold.shard, OrderEvent{due});
        totals().refunds_required += 1;
        campaigns::OrderRefunded settled;
        settled.order = due.order;
        settled.refund_id = RefundId{"refund-" + std::to_string(++refunds_)};
        settled.payment_id = due.payment_id;
        settled.amount = due.amount;
        append(sold.shard, OrderEvent{settled});
    }

    /// Paid after it expired: due and refunded, and never a row.
    void expire_late() {
        const std::size_t shard = below(shards);
        const OrderId late = order();
        append(shard, OrderEvent{campaigns::HoldExpired{.order = late}});
        const campaigns::PaymentRefundDue due{.order = late,
                                              .payment_id = payment(),
                                              .amount = Money{500},
                                              .quantity = Quantity{1},
                                              .reason = campaigns::RefundReason::late_payment,
                                              .counted = true,
                                              .paid_at = now_};
        append(shard, OrderEvent{due});
        totals().refunds_required += 1;
        campaigns::OrderRefunded refunded;
        refunded.order = late;
        refunded.refund_id = RefundId{"refund-" + std::to_string(++refunds_)};
        refunded.payment_id = due.payment_id;
        refunded.counted = true;
        refunded.amount = due.amount;
        refunded.wholly = true;
        append(shard, OrderEvent{refunded});
    }

    void mismatch() {
        campaigns::PaymentMismatched event{
            .order = order(), .payment_id = payment(), .amount = Money{1}, .expected = {}};
        if (below(2) == 0) {
            event.expected = Money{2};
        }
        append(below(shards), CampaignEvent{event});
        totals().mismatches += 1;
    }

    void hand_back() {
        campaigns::StockHandedBack back;
        for (std::uint16_t item = 0; item < 3; ++item) {
            back.parts.push_back({.item = item,
                                  .item_id = ItemId{"sku-" + std::to_string(item)},
                                  .units = Quantity{item}});
        }
        append(0, CampaignEvent{back});
        totals().stock_deltas += 2;
    }

    void append(std::size_t shard, const Event& event) {
        std::array<std::byte, std::size_t{16} * 1024> payload;
        ByteWriter encoded(payload);
        campaigns::encode(event, encoded);
        const campaigns::EventNumber number = campaigns::number_of(event);
        now_ = now_ + Duration::milliseconds(static_cast<std::int64_t>(below(3)));
        std::vector<std::byte> frame(engine::frame_envelope_bytes + encoded.used());
        ByteWriter out(frame);
        out.put(static_cast<std::uint32_t>(frame.size()));
        out.put(static_cast<std::uint16_t>(shard * 100));
        out.put(number.family);
        out.put(number.kind);
        out.put(++sequences_[shard]);
        out.put(now_);
        out.put(std::uint64_t{4711});
        out.append(payload.data(), encoded.used());
        open_.insert(open_.end(), frame.begin(), frame.end());
    }

    void end_commit() {
        if (!open_.empty()) {
            journal_.commits_.push_back(std::move(open_));
            open_.clear();
        }
    }

    static constexpr std::uint64_t shards = 3;
    std::mt19937_64 random_;
    SampleJournal& journal_;
    std::vector<std::byte> open_;
    std::vector<Confirmed> sold_;
    std::array<std::uint64_t, shards> sequences_{};
    std::size_t confirmed_ = 0;
    std::uint64_t orders_ = 0;
    std::uint64_t payments_ = 0;
    std::uint64_t refunds_ = 0;
    Instant now_{1'795'262'400'000};
};

SampleJournal::SampleJournal(std::uint64_t seed, std::size_t orders) {
    Author(seed, *this).write(orders);
}

engine::DurableCommit SampleJournal::commit(CommitNumber number) const {
    return {.number = number,
            .epoch = Epoch{1},
            .journal_time = Instant{},
            .signature = Signature{},
            .frames = commits_.at(number.raw() - 1),
            .owner = nullptr};
}

JournalToCompare SampleJournal::to_compare(CommitNumber first_kept) const {
    return {
        .journal_id = std::string{id},
        .first_kept = first_kept,
        .last = last(),
        .for_each_commit = [this, first_kept](const JournalToCompare::Visitor& visit) -> Result<> {
            for (CommitNumber at = first_kept; at <= last(); at = at.next()) {
                if (auto visited = visit(commit(at)); !visited.has_value()) {
                    return visited;
                }
            }
            return {};
        }};
}

RecordsOfFrame records_of_campaigns() {
    return [](const engine::Frame& frame, const engine::DurableCommit& commit,
              std::vector<SettlementRecord>& records) {
        const EventOrigin origin{.journal_id = SampleJournal::id,
                                 .epoch = commit.epoch,
                                 .shard = frame.shard,
                                 .sequence = frame.sequence,
                                 .at = frame.at};
        return campaigns::append_settlement_records(
            {static_cast<campaigns::Family>(frame.play), frame.kind}, frame.payload,
            CampaignId{frame.scope}, origin, records);
    };
}

void ArrivingFeed::arrive(CommitNumber durable) {
    {
        const std::lock_guard guard(mutex_);
        durable_ = durable;
    }
    arrived_.notify_all();
}

void ArrivingFeed::trim_up_to(CommitNumber number) {
    const std::lock_guard guard(mutex_);
    trimmed_ = number;
}

Result<std::optional<engine::DurableCommit>> ArrivingFeed::next(
    CommitNumber after, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, patience, [&] { return durable_ > after; })) {
        return std::optional<engine::DurableCommit>{};
    }
    if (after < trimmed_) {
        return fault("commit " + std::to_string(after.next().raw()) + " is not kept");
    }
    return std::optional{journal_.commit(after.next())};
}

CommitNumber ArrivingFeed::durable() const {
    const std::lock_guard guard(mutex_);
    return durable_;
}

bool eventually(const std::function<bool()>& condition) {
    using Clock = std::chrono::steady_clock;
    for (const auto until = Clock::now() + std::chrono::minutes(1); Clock::now() < until;) {
        if (condition()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return false;
}

}  // namespace stampede::storage
