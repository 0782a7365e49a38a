// SPDX-License-Identifier: Apache-2.0
// A campaign in a checkpoint, little-endian; every record begins with its kind and the campaign:
//
//   kind 1  header   campaign (8), state (1), version (4), editor (1+n), ended_at (8),
//                    ending_since (8), killed (1), sweep_next (4), handback_next (2),
//                    configuration (campaign_config.cpp)
//   kind 2  cells    campaign (8), first item (2), count (2), count times five parts of 8
//   kind 3  blocked  campaign (8), count (4), count times a buyer (8)
//   kind 4  book     campaign (8), part (1), chunk (order_book_checkpoint.cpp)
//   kind 7  waitlist campaign (8), chunk (waitlist.hpp)
//   kind 8  seed     campaign (8), 32 bytes
//   kind 9  play     campaign (8), part (1), chunk in the play's own layout
#include <algorithm>

#include "campaigns/campaign.hpp"
#include "campaigns/record_fields.hpp"

namespace stampede::campaigns {

namespace {

enum RecordKind : std::uint8_t {
    header_record = 1,
    cells_record = 2,
    blocked_record = 3,
    book_record = 4,
    waitlist_record = 7,
    seed_record = 8,
    play_record = 9,
};
constexpr std::size_t cells_per_record = 512;

}  // namespace

void Campaign::save(const PutRecord& put) const {
    std::vector<std::byte> bytes(limits::commit_bytes_max);
    {
        ByteWriter out(bytes);
        out.put(header_record);
        out.put(id_);
        out.put(header_.state);
        out.put(header_.version);
        out.put(header_.editor);
        out.put(header_.ended_at);
        out.put(header_.ending_since);
        out.put(header_.killed);
        out.put(header_.sweep_next);
        out.put(header_.handback_next);
        const std::vector<std::byte> config = encode(*config_);
        out.append(config.data(), config.size());
        put(out.written());
    }
    for (std::size_t first = 0; first < cells_.size(); first += cells_per_record) {
        const std::size_t count = std::min(cells_per_record, cells_.size() - first);
        ByteWriter out(bytes);
        out.put(cells_record);
        out.put(id_);
        out.put(static_cast<std::uint16_t>(first));
        out.put(static_cast<std::uint16_t>(count));
        for (std::size_t at = first; at < first + count; ++at) {
            write_record(out, cells_[at].parts());
        }
        put(out.written());
    }
    if (!blocked_.empty()) {
        ByteWriter out(bytes);
        out.put(blocked_record);
        out.put(id_);
        out.put(static_cast<std::uint32_t>(blocked_.size()));
        for (const BuyerId buyer : blocked_) {
            out.put(buyer);
        }
        put(out.written());
    }
    const auto put_chunks_as = [&](RecordKind kind) {
        return [&, kind](std::uint8_t part, std::span<const std::byte> chunk) {
            ByteWriter out(bytes);
            out.put(kind);
            out.put(id_);
            out.put(part);
            out.append(chunk.data(), chunk.size());
            put(out.written());
        };
    };
    book_.save(put_chunks_as(book_record));
    waitlist_.save([&](std::span<const std::byte> chunk) {
        ByteWriter out(bytes);
        out.put(waitlist_record);
        out.put(id_);
        out.append(chunk.data(), chunk.size());
        put(out.written());
    });
    if (seed_) {
        ByteWriter out(bytes);
        out.put(seed_record);
        out.put(id_);
        out.append(seed_->bytes().data(), seed_->bytes().size());
        put(out.written());
    }
    if (play_ != nullptr) {
        play_->save(put_chunks_as(play_record));
    }
}

std::unique_ptr<Campaign> Campaign::load_header(ByteReader& reader) {
    const auto id = reader.get<CampaignId>();
    Header header;
    header.state = reader.get<CampaignState>();
    header.version = reader.get<std::uint32_t>();
    header.editor = reader.inline_text<Actor>();
    header.ended_at = reader.instant();
    header.ending_since = reader.instant();
    header.killed = reader.get<std::uint8_t>() != 0;
    header.sweep_next = reader.get<RecordIndex>();
    header.handback_next = reader.get<std::uint16_t>();
    const std::string_view rest = reader.view(reader.left());
    if (reader.failed()) {
        return nullptr;
    }
    auto config = decode_config(std::as_bytes(std::span{rest}));
    if (!config) {
        return nullptr;
    }
    auto campaign = std::make_unique<Campaign>(
        id, std::make_shared<const CampaignConfig>(std::move(*config)), header.editor);
    campaign->own_signature_.take_out(campaign->header_digest());
    campaign->header_ = header;
    campaign->own_signature_.put_in(campaign->header_digest());
    return campaign;
}

bool Campaign::load_part(std::uint8_t kind, ByteReader& reader) {
    switch (kind) {
        case cells_record: {
            const auto first = reader.get<std::uint16_t>();
            const auto count = reader.get<std::uint16_t>();
            if (first + std::size_t{count} > cells_.size()) {
                return false;
            }
            for (std::size_t at = 0; at < count; ++at) {
                const auto item = static_cast<std::uint16_t>(first + at);
                own_signature_.take_out(cell_digest(item));
                cells_[item] = StockCell::of(read_record<StockCell::Parts>(reader));
                own_signature_.put_in(cell_digest(item));
            }
            return !reader.failed() && reader.left() == 0;
        }
        case blocked_record: {
            own_signature_.take_out(header_digest());
            const auto count = reader.get<std::uint32_t>();
            blocked_.clear();
            for (std::uint32_t at = 0; at < count && !reader.failed(); ++at) {
                blocked_.push_back(reader.get<BuyerId>());
            }
            own_signature_.put_in(header_digest());
            return !reader.failed() && reader.left() == 0;
        }
        case book_record: {
            const auto part = reader.get<std::uint8_t>();
            return book_.load(part, reader);
        }
        case waitlist_record:
            return waitlist_.load(reader);
        case seed_record: {
            SeedBytes seed{};
            for (std::uint8_t& byte : seed) {
                byte = reader.get<std::uint8_t>();
            }
            if (seed_ || reader.failed() || reader.left() != 0) {
                return false;
            }
            commit_seed(seed);
            return true;
        }
        case play_record: {
            const auto part = reader.get<std::uint8_t>();
            return play_ != nullptr && play_->load(part, reader);
        }
        default:
            return false;
    }
}

}  // namespace stampede::campaigns
