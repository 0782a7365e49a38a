// SPDX-License-Identifier: Apache-2.0
// What must be true of a campaign's bargains whatever happened: prices and cuts add up, every cut
// follows from the seed, states agree with orders and with the units that are kept. Slow, for
// tests, `verify` and the follower.
#include <string>
#include <vector>

#include "campaigns/bargains.hpp"
#include "campaigns/campaign.hpp"

namespace stampede::campaigns {

namespace {

/// The helps of a tally, oldest first.
std::vector<HelpRecord> helps_of(const HelperAccumulator& helpers, RecordIndex tally) {
    std::vector<HelpRecord> helps(helpers.tally(tally).helps);
    auto help = helps.rbegin();
    for (RecordIndex at = helpers.tally(tally).last_help; at != no_record;
         at = helpers.help(at).previous_of_tally) {
        *help++ = helpers.help(at);
    }
    return helps;
}

std::optional<std::string> broken_cuts(const Campaign& campaign, const BargainRecord& bargain,
                                       const std::vector<HelpRecord>& helps) {
    const CutRules& cuts = terms_of(campaign, bargain.item).cuts;
    if (bargain.first_cut != cuts.first_cut) {
        return "its first cut is not that of its item";
    }
    Money rest = cuts.start_price - cuts.floor_price - bargain.first_cut;
    for (const HelpRecord& help : helps) {
        if (rest <= Money{0}) {
            return "a cut after the floor";
        }
        const CutTurn turn{
            .rest = rest,
            .ordinal = help.ordinal,
            .novelty = help.new_helper ? HelperNovelty::new_buyer : HelperNovelty::known};
        const auto bits = bits_of_cut(*campaign.seed(), bargain.id.raw(), help.ordinal);
        if (Money{help.worth} != cut_amount(cuts, turn, bits)) {
            return "a cut that does not follow from the seed";
        }
        rest -= Money{help.worth};
    }
    if (bargain.current != cuts.floor_price + rest) {
        return "its cuts are not what the price fell by";
    }
    if (cuts.helpers && (helps.size() == *cuts.helpers) != (rest == Money{0})) {
        return "the floor, but not with the last helper";
    }
    return std::nullopt;
}

std::optional<std::string> broken_state(const Campaign& campaign, RecordIndex index,
                                        const BargainRecord& bargain) {
    const BargainItemTerms& terms = terms_of(campaign, bargain.item);
    const bool is_at_floor = bargain.current == terms.cuts.floor_price;
    const bool is_bought =
        bargain.state == BargainState::ordered || bargain.state == BargainState::paid;
    const BargainState of =
        bargain.state == BargainState::ordered ? bargain.back_to : bargain.state;
    if ((of == BargainState::open || of == BargainState::expired) && is_at_floor) {
        return "at its floor and yet open";
    }
    if ((of == BargainState::reached || of == BargainState::lapsed ||
         of == BargainState::sold_out) &&
        !is_at_floor) {
        return "reached above its floor";
    }
    const bool must_keep = (terms.stock_at == StockAt::launch && is_running(bargain.state)) ||
                           (terms.stock_at == StockAt::floor && of == BargainState::reached);
    if (bargain.keeps_unit != must_keep) {
        return bargain.keeps_unit ? "it keeps a unit that it should not" : "its unit is missing";
    }
    if (!is_bought) {
        return std::nullopt;
    }
    const OrderRecord& order = campaign.book().order(bargain.order);
    if (order.owner != index || order.buyer != bargain.starter || order.amount != bargain.current) {
        return "its order is another's, or at another price";
    }
    const bool is_sold =
        order.state == OrderState::confirmed || order.state == OrderState::refunded;
    if (bargain.state == BargainState::ordered ? order.state != OrderState::held : !is_sold) {
        return "its order is in another state";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> Bargains::check_invariants(const Campaign& campaign) const {
    if (book_.count() > 0 && campaign.seed() == nullptr) {
        return "bargains without a seed";
    }
    for (RecordIndex index = 0; index < book_.count(); ++index) {
        const BargainRecord& bargain = book_.bargain(index);
        auto wrong = broken_cuts(campaign, bargain, helps_of(book_.helpers(), index));
        if (!wrong) {
            wrong = broken_state(campaign, index, bargain);
        }
        if (wrong) {
            return "bargain " + Base36(bargain.id.raw()).str() + ": " + *wrong;
        }
    }
    return book_.check_counts();
}

}  // namespace stampede::campaigns
