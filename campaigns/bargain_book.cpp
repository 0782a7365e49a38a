// SPDX-License-Identifier: Apache-2.0
// In a checkpoint: the bargains, then who launched them, then the helper accumulator, then the
// sweeps' positions.
#include "campaigns/bargain_book.hpp"

#include <map>

#include "campaigns/record_chunks.hpp"

namespace stampede::campaigns {

template <class Visit>
void fields(BargainRecord& r, Visit&& visit) {
    visit(r.id, r.starter, r.launched_at, r.deadline, r.pay_until, r.first_cut, r.current, r.order,
          r.previous_of_starter, r.item, r.state, r.back_to, r.keeps_unit);
}
template <class Visit>
void fields(StarterRecord& r, Visit&& visit) {
    visit(r.launches, r.running, r.last);
}

namespace {

enum DigestKind : std::uint64_t {
    bargain_digest = 0x4241,
    starter_digest = 0x5354,
    sweep_digest = 0x5357,
};
enum Part : std::uint8_t {
    bargains_part = 1,
    starters_part = 2,
    helpers_part = 3,
    sweep_part = helpers_part + HelperAccumulator::parts,
};

}  // namespace

RecordIndex BargainBook::find(BargainId id) const {
    return find_by_id(bargains_, id);
}

StarterRecord BargainBook::starter(BuyerId buyer) const {
    const StarterRecord* record = starters_.find(buyer);
    return record == nullptr ? StarterRecord{} : *record;
}

Signature BargainBook::signature() const {
    Signature sum = signature_;
    sum.put_in(helpers_.signature().raw());
    sum.put_in(record_digest(sweep_digest, std::as_bytes(std::span{sweep_next_})));
    return sum;
}

void BargainBook::take_out(RecordIndex index, const BargainRecord& record) {
    signature_.take_out(digest_of(bargain_digest, index, record));
    kept_[record.item] -= record.keeps_unit ? 1 : 0;
    running_ -= is_running(record.state) ? 1U : 0U;
    --by_state_[static_cast<std::size_t>(record.state)];
}

void BargainBook::put_in(RecordIndex index, const BargainRecord& record) {
    signature_.put_in(digest_of(bargain_digest, index, record));
    kept_[record.item] += record.keeps_unit ? 1 : 0;
    running_ += is_running(record.state) ? 1U : 0U;
    ++by_state_[static_cast<std::size_t>(record.state)];
}

template <class Change>
void BargainBook::change_starter(BuyerId buyer, Change&& change) {
    const auto [record, is_new] = starters_.insert(buyer, StarterRecord{});
    if (!is_new) {
        signature_.take_out(digest_of(starter_digest, buyer.raw(), *record));
    }
    change(*record);
    signature_.put_in(digest_of(starter_digest, buyer.raw(), *record));
}

void BargainBook::count_running(BuyerId buyer, int more) {
    change_starter(buyer, [&](StarterRecord& starter) {
        starter.running = static_cast<std::uint32_t>(std::int64_t{starter.running} + more);
    });
}

void BargainBook::add_record(const BargainRecord& bargain) {
    put_in(bargains_.append(bargain), bargain);
}

RecordIndex BargainBook::launch(BargainRecord bargain) {
    const RecordIndex index = bargains_.size();
    check(index == 0 || bargain.id > bargains_[index - 1].id,
          "a bargain's id is not above those before it");
    bargain.previous_of_starter = starter(bargain.starter).last;
    add_record(bargain);
    const RecordIndex tally = helpers_.open_tally(bargain.starter);
    check(tally == index, "a bargain and its tally have different positions");
    change_starter(bargain.starter, [&](StarterRecord& starter) {
        ++starter.launches;
        ++starter.running;
        starter.last = index;
    });
    return index;
}

void BargainBook::save(const PutChunk& put) const {
    save_arena(bargains_part, bargains_, put);
    RecordChunks starters(starters_part, put);
    starters_.for_each([&](BuyerId buyer, const StarterRecord& record) {
        starters.add([&](ByteWriter& out) {
            out.put(buyer);
            write_record(out, record);
        });
    });
    starters.finish();
    helpers_.save(helpers_part, put);
    RecordChunks sweep(sweep_part, put);
    for (const RecordIndex next : sweep_next_) {
        sweep.add([&](ByteWriter& out) { out.put(next); });
    }
    sweep.finish();
}

bool BargainBook::load(std::uint8_t part, ByteReader& reader) {
    if (part >= helpers_part && part < sweep_part) {
        return helpers_.load(static_cast<std::uint8_t>(part - helpers_part), reader);
    }
    const auto count = reader.get<std::uint32_t>();
    for (std::uint32_t each = 0; each < count && !reader.failed(); ++each) {
        switch (part) {
            case bargains_part: {
                const auto bargain = read_record<BargainRecord>(reader);
                if (bargain.item >= kept_.size() ||
                    static_cast<std::size_t>(bargain.state) >= by_state_.size()) {
                    return false;
                }
                add_record(bargain);
                break;
            }
            case starters_part: {
                const auto buyer = reader.get<BuyerId>();
                const auto record = read_record<StarterRecord>(reader);
                change_starter(buyer, [&](StarterRecord& into) { into = record; });
                break;
            }
            case sweep_part:
                if (count != sweep_next_.size()) {
                    return false;
                }
                sweep_next_[each] = reader.get<RecordIndex>();
                break;
            default:
                return false;
        }
    }
    return !reader.failed() && reader.left() == 0;
}

std::optional<std::string> BargainBook::check_counts() const {
    std::map<BuyerId, StarterRecord> counted;
    std::vector<std::int64_t> kept(kept_.size());
    RecordIndex running = 0;
    auto by_state = by_state_;
    by_state.fill(0);
    for (RecordIndex at = 0; at < bargains_.size(); ++at) {
        const BargainRecord& record = bargains_[at];
        StarterRecord& starter = counted[record.starter];
        if (record.previous_of_starter != starter.last) {
            return "a starter's bargains do not follow each other";
        }
        ++starter.launches;
        starter.running += is_running(record.state) ? 1U : 0U;
        starter.last = at;
        running += is_running(record.state) ? 1U : 0U;
        ++by_state[static_cast<std::size_t>(record.state)];
        kept[record.item] += record.keeps_unit ? 1 : 0;
    }
    if (running != running_ || by_state != by_state_ || kept != kept_) {
        return "bargains of a state, or the units that they keep, are miscounted";
    }
    std::size_t starters = 0;
    bool is_wrong = false;
    starters_.for_each([&](BuyerId buyer, const StarterRecord& record) {
        ++starters;
        const auto found = counted.find(buyer);
        is_wrong = is_wrong || found == counted.end() ||
                   found->second.launches != record.launches ||
                   found->second.running != record.running || found->second.last != record.last;
    });
    if (is_wrong || starters != counted.size()) {
        return "a starter's count differs from his bargains";
    }
    return helpers_.check_invariants();
}

}  // namespace stampede::campaigns
