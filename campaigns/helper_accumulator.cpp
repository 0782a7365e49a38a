// SPDX-License-Identifier: Apache-2.0
#include "campaigns/helper_accumulator.hpp"

#include <map>
#include <string>
#include <vector>

#include "campaigns/record_chunks.hpp"

namespace stampede::campaigns {

template <class Visit>
void fields(TallyRecord& r, Visit&& visit) {
    visit(r.starter, r.worth, r.helps, r.last_help);
}
template <class Visit>
void fields(HelpRecord& r, Visit&& visit) {
    visit(r.tally, r.helper, r.worth, r.at, r.receipt, r.ordinal, r.previous_of_tally,
          r.new_helper);
}
template <class Visit>
void fields(HelperRecord& r, Visit&& visit) {
    visit(r.helps, r.day, r.helps_on_day);
}

namespace {

enum DigestKind : std::uint64_t {
    tally_digest = 0x5441,
    help_digest = 0x4845,
    helper_digest = 0x4852,
};
enum Part : std::uint8_t { tallies_part = 0, helps_part = 1, helpers_part = 2 };

}  // namespace

RecordIndex HelperAccumulator::find_help(RecordIndex tally, BuyerId helper) const {
    const RecordIndex* at = index_.find(HelpKey{tally, helper});
    return at == nullptr ? no_record : *at;
}

HelperRecord HelperAccumulator::helper(BuyerId helper) const {
    const HelperRecord* record = helpers_.find(helper);
    return record == nullptr ? HelperRecord{} : *record;
}

bool HelperAccumulator::is_at_limit(BuyerId helper, std::uint32_t day,
                                    const HelperLimits& limits) const {
    if (!limits.per_campaign && !limits.per_day) {
        return false;
    }
    const HelperRecord given = this->helper(helper);
    const std::uint32_t on_day = given.day == day ? given.helps_on_day : 0;
    return (limits.per_campaign && given.helps >= *limits.per_campaign) ||
           (limits.per_day && on_day >= *limits.per_day);
}

RecordIndex HelperAccumulator::open_tally(BuyerId starter) {
    const RecordIndex at =
        tallies_.append({.starter = starter, .worth = 0, .helps = 0, .last_help = no_record});
    signature_.put_in(digest_of(tally_digest, at, tallies_[at]));
    return at;
}

template <class Change>
void HelperAccumulator::change_helper(BuyerId helper, Change&& change) {
    const auto [record, is_new] = helpers_.insert(helper, HelperRecord{});
    if (!is_new) {
        signature_.take_out(digest_of(helper_digest, helper.raw(), *record));
    }
    change(*record);
    signature_.put_in(digest_of(helper_digest, helper.raw(), *record));
}

void HelperAccumulator::index_help(RecordIndex at) {
    const HelpRecord& help = helps_[at];
    const bool is_new = index_.insert(HelpKey{help.tally, help.helper}, at).second;
    check(is_new, "one helper helped one tally twice");
    pairs_.insert(HelpPair{help.helper, tallies_[help.tally].starter}, true);
    signature_.put_in(digest_of(help_digest, at, help));
}

RecordIndex HelperAccumulator::add_help(const Help& help) {
    TallyRecord& tally = tallies_[help.tally];
    signature_.take_out(digest_of(tally_digest, help.tally, tally));
    const RecordIndex at = helps_.append({.tally = help.tally,
                                          .helper = help.helper,
                                          .worth = help.worth,
                                          .at = help.at,
                                          .receipt = help.receipt,
                                          .ordinal = tally.helps + 1,
                                          .previous_of_tally = tally.last_help,
                                          .new_helper = help.new_helper});
    tally.worth += help.worth;
    ++tally.helps;
    tally.last_help = at;
    signature_.put_in(digest_of(tally_digest, help.tally, tally));
    index_help(at);
    change_helper(help.helper, [&](HelperRecord& helper) {
        helper.helps_on_day = helper.day == help.day ? helper.helps_on_day + 1 : 1;
        helper.day = help.day;
        ++helper.helps;
    });
    return at;
}

void HelperAccumulator::save(std::uint8_t first_part, const PutChunk& put) const {
    const auto part = [&](Part each) { return static_cast<std::uint8_t>(first_part + each); };
    save_arena(part(tallies_part), tallies_, put);
    save_arena(part(helps_part), helps_, put);
    RecordChunks helpers(part(helpers_part), put);
    helpers_.for_each([&](BuyerId helper, const HelperRecord& record) {
        helpers.add([&](ByteWriter& out) {
            out.put(helper);
            write_record(out, record);
        });
    });
    helpers.finish();
}

bool HelperAccumulator::load(std::uint8_t part, ByteReader& reader) {
    const auto count = reader.get<std::uint32_t>();
    for (std::uint32_t each = 0; each < count && !reader.failed(); ++each) {
        switch (part) {
            case tallies_part: {
                const RecordIndex at = tallies_.append(read_record<TallyRecord>(reader));
                signature_.put_in(digest_of(tally_digest, at, tallies_[at]));
                break;
            }
            case helps_part: {
                const auto help = read_record<HelpRecord>(reader);
                if (help.tally >= tallies_.size() ||
                    find_help(help.tally, help.helper) != no_record) {
                    return false;
                }
                index_help(helps_.append(help));
                break;
            }
            case helpers_part: {
                const auto helper = reader.get<BuyerId>();
                const auto record = read_record<HelperRecord>(reader);
                change_helper(helper, [&](HelperRecord& into) { into = record; });
                break;
            }
            default:
                return false;
        }
    }
    return !reader.failed() && reader.left() == 0;
}

std::optional<std::string> HelperAccumulator::check_invariants() const {
    std::map<BuyerId, std::uint32_t> given;
    std::vector<TallyRecord> counted(tallies_.size());
    for (RecordIndex at = 0; at < helps_.size(); ++at) {
        const HelpRecord& help = helps_[at];
        TallyRecord& tally = counted[help.tally];
        if (help.ordinal != ++tally.helps || help.previous_of_tally != tally.last_help) {
            return "helps of a tally do not follow each other";
        }
        if (help.helper == tallies_[help.tally].starter) {
            return "a starter helped himself";
        }
        tally.worth += help.worth;
        tally.last_help = at;
        ++given[help.helper];
    }
    for (RecordIndex at = 0; at < tallies_.size(); ++at) {
        if (counted[at].helps != tallies_[at].helps || counted[at].worth != tallies_[at].worth ||
            counted[at].last_help != tallies_[at].last_help) {
            return "a tally differs from the sum of its helps";
        }
    }
    std::optional<std::string> wrong;
    helpers_.for_each([&](BuyerId helper, const HelperRecord& record) {
        const auto found = given.find(helper);
        if (found == given.end() || found->second != record.helps ||
            record.helps_on_day > record.helps) {
            wrong = "a helper's count differs from his helps";
        }
    });
    if (!wrong && given.size() != helpers_.size()) {
        wrong = "helps of helpers that are not there";
    }
    return wrong;
}

}  // namespace stampede::campaigns
