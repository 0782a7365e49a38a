// SPDX-License-Identifier: Apache-2.0
// Reads of the mall's door. What the follower shows is durable, so these answers rest on nothing;
// they wait only until it has applied what was answered before they were asked.
#include <array>
#include <charconv>

#include "net/config_json.hpp"
#include "net/mall_door.hpp"
#include "net/mall_json.hpp"
#include "net/mall_task.hpp"
#include "net/quiet_doors.hpp"

namespace stampede::net {

using campaigns::Code;
using campaigns::OrderState;

namespace {

constexpr std::int64_t tick_ms = 2;  // about how often a read that was too early is tried again

std::optional<OrderState> parse_order_state(std::string_view name) {
    for (const auto state :
         {OrderState::held, OrderState::paid, OrderState::confirmed, OrderState::expired,
          OrderState::cancelled, OrderState::refund_due, OrderState::refunded}) {
        if (text(state) == name) {
            return state;
        }
    }
    return std::nullopt;
}

std::optional<campaigns::Play> parse_play(std::string_view name) {
    std::optional<campaigns::Play> found;
    const auto take = [&](campaigns::Play play) { found = text(play) == name ? play : found; };
    take(campaigns::Play::seckill);
    campaigns::Plays::for_each([&]<class Each>() { take(Each::play); });
    return found;
}

Problem wrong_parameter(std::string_view name, std::string_view what) {
    return malformed("query: " + std::string{name} + ": " + std::string{what});
}

Judged<CampaignsQuery> campaigns_query(std::string_view text) {
    const auto list = parse_list_query(text, {"state", "play", "after", "limit"});
    if (list.has_error()) {
        return list.error();
    }
    CampaignsQuery query;
    query.limit = list->limit;
    if (!list->state.empty()) {
        query.state = campaigns::parse_campaign_state(list->state);
        if (!query.state.has_value()) {
            return wrong_parameter("state", "no such state of a campaign");
        }
    }
    if (!list->play.empty()) {
        query.play = parse_play(list->play);
        if (!query.play.has_value()) {
            return wrong_parameter("play", "no such play");
        }
    }
    if (!list->after.empty()) {
        std::uint64_t id = 0;
        const char* const end = list->after.data() + list->after.size();
        const auto parsed = std::from_chars(list->after.data(), end, id);
        if (parsed.ec != std::errc{} || parsed.ptr != end) {
            return wrong_parameter("after", "must be a campaign's id");
        }
        query.after = CampaignId{id};
    }
    return query;
}

Judged<OrdersQuery> orders_query(CampaignId campaign, std::string_view text) {
    const auto list = parse_list_query(text, {"state", "after", "limit"});
    if (list.has_error()) {
        return list.error();
    }
    OrdersQuery query;
    query.campaign = campaign;
    query.limit = list->limit;
    if (!list->state.empty()) {
        query.state = parse_order_state(list->state);
        if (!query.state.has_value()) {
            return wrong_parameter("state", "no such state of an order");
        }
    }
    if (!list->after.empty()) {
        const auto id = Base36::parse(list->after);
        if (!id.has_value()) {
            return wrong_parameter("after", "must be an order's id");
        }
        query.after = OrderId{*id};
    }
    return query;
}

void append_campaign(TextBuffer& out, const CampaignView& campaign, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.decimal_text("id", campaign.id.raw());
    json.plain("state", text(campaign.state));
    json.number("version", campaign.version);
    append_config_fields(json, *campaign.config);
    if (campaign.seed_digest) {
        json.hex("seed_digest", *campaign.seed_digest);
    }
    if (campaign.seed) {
        json.hex("seed", *campaign.seed);
    }
    json.number("server_ms", server_time.ms());
    json.finish();
}

/// A query that decoded is read and written; one that did not is the answer itself.
template <class Query, class Page, class Read, class Write>
Judged<ReadOutcome> read_page(const Judged<Query>& query, Read read, Write write) {
    if (query.has_error()) {
        return query.error();
    }
    Page page;
    const ReadOutcome outcome = read(*query, page);
    if (outcome == ReadOutcome::done) {
        write(page);
    }
    return outcome;
}

Code unknown_code(MallEndpoint endpoint) {
    return endpoint == MallEndpoint::read_order ? Code::order_unknown : Code::campaign_unknown;
}

}  // namespace

Judged<ReadOutcome> MallDoor::read(const Task& task, TextBuffer& body) {
    MallReads& reads = parts_.reads;
    const CommitNumber at_least = task.at_least;
    const MallRoute& route = task.route;
    if (route.endpoint == MallEndpoint::list_campaigns) {
        return read_page<CampaignsQuery, CampaignsPage>(
            campaigns_query(task.query),
            [&](const auto& query, auto& page) { return reads.campaigns(query, at_least, page); },
            [&](const auto& page) { append_campaigns_page(body, page, now()); });
    }
    if (route.endpoint == MallEndpoint::list_orders) {
        return read_page<OrdersQuery, OrdersPage>(
            orders_query(route.campaign, task.query),
            [&](const auto& query, auto& page) { return reads.orders(query, at_least, page); },
            [&](const auto& page) { append_orders_page(body, page, now()); });
    }
    if (route.endpoint == MallEndpoint::list_events) {
        const auto list = parse_list_query(task.query, {"after", "limit"});
        if (list.has_error()) {
            return list.error();
        }
        EventsPage page;
        const auto outcome = reads.events(EventsQuery{list->after, list->limit}, at_least, page);
        if (outcome == ReadOutcome::unknown) {
            return wrong_parameter("after", "no cursor of this journal's events");
        }
        append_events_page(body, page, now());
        return outcome;
    }
    if (const auto none = parse_list_query(task.query, {}); none.has_error()) {
        return none.error();
    }
    return read_one(task, body);
}

ReadOutcome MallDoor::read_one(const Task& task, TextBuffer& body) {
    MallReads& reads = parts_.reads;
    const MallRoute& route = task.route;
    if (route.endpoint == MallEndpoint::read_settlement) {
        append_settlement(body, reads.settlement(), now());
        return ReadOutcome::done;
    }
    if (route.endpoint == MallEndpoint::read_ledger) {
        LedgerView ledger;
        const auto outcome = reads.ledger(route.campaign, task.at_least, ledger);
        if (outcome == ReadOutcome::done) {
            append_ledger(body, route.campaign, ledger, now());
        }
        return outcome;
    }
    if (route.endpoint == MallEndpoint::read_order) {
        campaigns::OrderView order;
        const auto outcome = reads.order(route.order, task.at_least, order);
        if (outcome == ReadOutcome::done) {
            append_mall_order(body, order, now());
        }
        return outcome;
    }
    check(route.endpoint == MallEndpoint::read_campaign, "the last of the reads");
    CampaignView campaign;
    const auto outcome = reads.campaign(route.campaign, task.at_least, campaign);
    if (outcome == ReadOutcome::done) {
        append_campaign(body, campaign, now());
    }
    return outcome;
}

void MallDoor::try_read(Task& task) {
    body_.clear();
    const auto outcome = read(task, body_);
    if (outcome.has_error()) {
        respond_problem(*task.exchange, outcome.error());
    } else if (*outcome == ReadOutcome::not_yet) {
        wait_for_follower(task);
        return;
    } else {
        if (*outcome == ReadOutcome::unknown) {
            body_.clear();
            append_code(body_, unknown_code(task.route.endpoint), now());
        }
        respond_json(*task.exchange, 200, body_.view(), CommitNumber{});
    }
    end(task);
}

void MallDoor::wait_for_follower(Task& task) {
    task.patience_ms -= tick_ms;
    if (task.patience_ms <= 0) {
        Problem problem{503, "BUSY", "reads are behind the sale at the moment; ask again"};
        problem.retry_ms = 1000;
        respond_problem(*task.exchange, problem);
        end(task);
        return;
    }
    waiting_.push_back(&task);
    parts_.doors.services().tick_soon();
}

void MallDoor::ticked() {
    std::vector<Task*> again;
    again.swap(waiting_);
    for (Task* task : again) {
        if (task->is_act) {
            start_act(*task);
        } else {
            try_read(*task);
        }
    }
}

}  // namespace stampede::net
