// SPDX-License-Identifier: Apache-2.0
// A campaign that buyers may know is found first; then one function for each thing to read.
#include "net/buyers_reads.hpp"

#include "campaigns/bargains.hpp"
#include "campaigns/group_buy_state.hpp"
#include "net/record_json.hpp"

namespace stampede::net {

namespace {

using campaigns::Answer;
using campaigns::Campaign;
using campaigns::Code;
using Reply = BuyersReads::Reply;

void answer(const Reply& reply, Answer& answer, const AnswerContext& context = {}) {
    answer.server_time = reply.now;
    reply.writer.append_answer(reply.out, answer, context, reply.keep_alive, reply.extra_headers);
}

/// A response of our own making inside an OK.
template <class Write>
void respond(const Reply& reply, Write write) {
    const auto mark = reply.writer.open_ok(reply.out, reply.keep_alive, reply.extra_headers);
    write(reply.out);
    ResponseWriter::close(reply.out, mark);
}

/// Another's order is as unknown as one that never was.
void read_order(const Campaign& campaign, OrderId id, BuyerId buyer, const Reply& reply) {
    Answer found;
    const auto order = campaign.book().find_order(id);
    const bool is_own =
        order != campaigns::no_record && campaign.book().order(order).buyer == buyer;
    found.code = is_own ? Code::ok : Code::order_unknown;
    if (is_own) {
        found.order = campaign.view(order);
    }
    answer(reply, found, {.asked_order = id});
}

void read_group(const Campaign& campaign, campaigns::GroupId id, const Reply& reply) {
    Answer found;
    auto group = campaigns::find_group(campaign, id);
    found.code = group.has_value() ? Code::ok : Code::group_unknown;
    if (group.has_value()) {
        found.record = std::move(*group);
    }
    answer(reply, found);
}

void read_bargain(const Campaign& campaign, campaigns::BargainId id, const Reply& reply) {
    Answer found;
    auto bargain = campaigns::find_bargain(campaign, id);
    found.code = bargain.has_value() ? Code::ok : Code::bargain_unknown;
    if (bargain.has_value()) {
        found.record = std::move(*bargain);
    }
    answer(reply, found);
}

void read_rally(const Campaign& campaign, campaigns::RallyId id, const Reply& reply) {
    Answer found;
    const auto rally = campaigns::find_rally(campaign, id);
    found.code = rally.has_value() ? Code::ok : Code::bargain_unknown;
    if (rally.has_value()) {
        found.record = *rally;
    }
    answer(reply, found);
}

}  // namespace

CommitNumber BuyersReads::read(const BuyersRoute& route, const campaigns::Buyer& buyer,
                               const Reply& reply) {
    if (route.endpoint == BuyersEndpoint::read_time) {
        respond(reply, [&](TextBuffer& out) { append_time(out, reply.now); });
        return CommitNumber{};
    }
    return shards_.read({Route::By::scope, route.campaign.raw()}, [&](const auto& machine) {
        const Campaign* campaign = machine.find(route.campaign);
        if (campaign == nullptr || campaign->state() == campaigns::CampaignState::draft) {
            Answer unknown;
            unknown.code = Code::campaign_unknown;
            const bool names_order = route.endpoint == BuyersEndpoint::read_order;
            answer(reply, unknown,
                   {.asked_order = names_order ? std::optional{route.order} : std::nullopt});
            return;
        }
        read_record(*campaign, route, buyer.id, reply);
    });
}

void BuyersReads::read_record(const Campaign& campaign, const BuyersRoute& route, BuyerId buyer,
                              const Reply& reply) {
    switch (route.endpoint) {
        case BuyersEndpoint::read_campaign:
            read_campaign(campaign, reply);
            return;
        case BuyersEndpoint::list_orders:
            list_orders(campaign, buyer, reply);
            return;
        case BuyersEndpoint::read_order:
            read_order(campaign, route.order, buyer, reply);
            return;
        case BuyersEndpoint::read_group:
            read_group(campaign, route.group, reply);
            return;
        case BuyersEndpoint::list_groups:
            respond(reply, [&](TextBuffer& out) {
                append_groups(out, campaigns::open_groups(campaign, reply.now, route.limit),
                              reply.now);
            });
            return;
        case BuyersEndpoint::list_own_groups:
            respond(reply, [&](TextBuffer& out) {
                append_groups(out,
                              campaigns::groups_of(campaign, buyer, limits::own_records_listed_max),
                              reply.now);
            });
            return;
        case BuyersEndpoint::read_bargain:
            read_bargain(campaign, route.bargain, reply);
            return;
        case BuyersEndpoint::list_own_bargains:
            respond(reply, [&](TextBuffer& out) {
                append_bargains(out,
                                campaigns::bargains_launched_by(campaign, buyer,
                                                                limits::own_records_listed_max),
                                reply.now);
            });
            return;
        case BuyersEndpoint::read_rally:
            read_rally(campaign, route.rally, reply);
            return;
        case BuyersEndpoint::list_own_rallies:
            respond(reply, [&](TextBuffer& out) {
                append_rallies(
                    out,
                    campaigns::rallies_launched_by(campaign, buyer, limits::own_records_listed_max),
                    reply.now);
            });
            return;
        case BuyersEndpoint::read_time:
        case BuyersEndpoint::issue_ticket:
        case BuyersEndpoint::place_order:
        case BuyersEndpoint::cancel_order:
        case BuyersEndpoint::join_waitlist:
        case BuyersEndpoint::leave_waitlist:
        case BuyersEndpoint::read_waitlist:
        case BuyersEndpoint::open_group:
        case BuyersEndpoint::join_group:
        case BuyersEndpoint::launch_bargain:
        case BuyersEndpoint::cut_bargain:
        case BuyersEndpoint::order_bargain:
        case BuyersEndpoint::launch_rally:
        case BuyersEndpoint::help_rally:
            break;
    }
    unreachable("no read of a campaign, or one that SaleLoop decodes first");
}

void BuyersReads::read_campaign(const Campaign& campaign, const Reply& reply) {
    available_.clear();
    const std::uint32_t slot = campaign.slot_on_show(reply.now);
    for (std::uint16_t item = 0; item < campaign.item_count(); ++item) {
        available_.push_back(campaign.free_units(item, slot));
    }
    respond(reply, [&](TextBuffer& out) {
        append_public_campaign(out, {.id = campaign.id(),
                                     .config = &campaign.config(),
                                     .state = campaign.state(),
                                     .available = available_,
                                     .server_time = reply.now,
                                     .seed = campaign.seed(),
                                     .seed_is_public = campaign.seed_is_public()});
    });
}

void BuyersReads::list_orders(const Campaign& campaign, BuyerId buyer, const Reply& reply) {
    orders_.clear();
    const campaigns::BuyerRecord* record = campaign.book().find_buyer(buyer);
    campaigns::RecordIndex at = record == nullptr ? campaigns::no_record : record->last_order;
    while (at != campaigns::no_record && orders_.size() < limits::own_records_listed_max) {
        orders_.push_back(campaign.view(at));
        at = campaign.book().order(at).previous_of_buyer;
    }
    respond(reply, [&](TextBuffer& out) { append_orders(out, orders_, reply.now); });
}

}  // namespace stampede::net
