// SPDX-License-Identifier: Apache-2.0
// An order book in a checkpoint: one part per kind of record, in chunks (record_chunks.hpp). Arenas
// come in order, so that indexes stay what they were; maps put their key first.
#include "campaigns/order_book.hpp"
#include "campaigns/record_chunks.hpp"

namespace stampede::campaigns {

namespace {

enum Part : std::uint8_t {
    orders_part = 1,
    lines_part = 2,
    payments_part = 3,
    refunds_part = 4,
    buyers_part = 5,
    mismatches_part = 6,
    tickets_part = 7,
    used_tickets_part = 8,
};

}  // namespace

void OrderBook::save(const PutChunk& put) const {
    // Lines before orders: an order is loaded with the lines it points at.
    save_arena(lines_part, lines_, put);
    save_arena(orders_part, orders_, put);
    save_arena(payments_part, payments_, put);
    save_arena(refunds_part, refunds_, put);
    RecordChunks buyers(buyers_part, put);
    buyers_.for_each([&](BuyerId buyer, const BuyerRecord& record) {
        buyers.add([&](ByteWriter& out) {
            out.put(buyer);
            write_record(out, record);
        });
    });
    buyers.finish();
    RecordChunks mismatches(mismatches_part, put);
    mismatches_.for_each([&](const TextDigest& key, bool) {
        mismatches.add([&](ByteWriter& out) {
            out.put(key.low);
            out.put(key.high);
        });
    });
    mismatches.finish();
    RecordChunks tickets(tickets_part, put);
    tickets_.for_each([&](std::uint64_t nonce, const TicketRecord& record) {
        tickets.add([&](ByteWriter& out) {
            out.put(nonce);
            write_record(out, record);
        });
    });
    tickets.finish();
    RecordChunks used(used_tickets_part, put);
    used_tickets_.for_each([&](std::uint64_t nonce, RecordIndex order) {
        used.add([&](ByteWriter& out) {
            out.put(nonce);
            out.put(order);
        });
    });
    used.finish();
}

bool OrderBook::load(std::uint8_t part, ByteReader& reader) {
    const auto count = reader.get<std::uint32_t>();
    for (std::uint32_t at = 0; at < count && !reader.failed(); ++at) {
        switch (part) {
            case lines_part:
                lines_.append(read_record<LineRecord>(reader));
                break;
            case orders_part: {
                const auto order = read_record<OrderRecord>(reader);
                if (order.id <= last_id_ || order.first_line > lines_.size() ||
                    order.line_count > lines_.size() - order.first_line) {
                    return false;
                }
                for (std::uint8_t line = 0; line < order.line_count; ++line) {
                    signature_.put_in(digest(order.id, line, lines_[order.first_line + line]));
                }
                orders_.append(order);
                signature_.put_in(digest(order));
                open_holds_ += order.state == OrderState::held ? 1U : 0U;
                refunds_due_ += order.state == OrderState::refund_due ? 1U : 0U;
                first_id_ = first_id_.raw() == 0 ? order.id : first_id_;
                last_id_ = order.id;
                break;
            }
            case payments_part:
                add_payment(read_record<PaymentRecord>(reader));
                break;
            case refunds_part:
                add_refund(read_record<RefundRecord>(reader));
                break;
            case buyers_part: {
                const auto buyer = reader.get<BuyerId>();
                const auto record = read_record<BuyerRecord>(reader);
                change_buyer(buyer, [&](BuyerRecord& into) { into = record; });
                break;
            }
            case mismatches_part: {
                const auto low = reader.get<std::uint64_t>();
                const TextDigest key{low, reader.get<std::uint64_t>()};
                if (mismatches_.insert(key, true).second) {
                    signature_.put_in(key.high);
                }
                break;
            }
            case tickets_part: {
                const auto nonce = reader.get<std::uint64_t>();
                add_ticket(nonce, read_record<TicketRecord>(reader));
                break;
            }
            case used_tickets_part: {
                const auto nonce = reader.get<std::uint64_t>();
                use_ticket(nonce, reader.get<RecordIndex>());
                break;
            }
            default:
                return false;
        }
    }
    return !reader.failed() && reader.left() == 0;
}

}  // namespace stampede::campaigns
