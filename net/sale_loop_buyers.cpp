// SPDX-License-Identifier: Apache-2.0
// The buyers' requests on the loop: route, identity, a command or a read, and the answer, parked
// with the commit that it rests on. The loop's thread. Every request gets exactly one reply, a
// problem document where it is malformed; nothing of the writer's buffers outlives the call.
#include <algorithm>

#include "campaigns/rules.hpp"
#include "net/sale_loop.hpp"

namespace stampede::net {

namespace {

using campaigns::Answer;
using campaigns::Code;

KeepAlive keep_alive(const Responder& responder) {
    return responder.keep_alive() ? KeepAlive::yes : KeepAlive::no;
}

bool is_accepted(Code code) {
    return static_cast<std::uint16_t>(code) < 100;
}

}  // namespace

void SaleLoop::handle(const HttpRequest& request, Responder& responder) {
    begin_turn();
    ++turn_replies_;
    counters_.loop.requests.add();
    write_cors_headers(request);
    if (request.method == HttpMethod::options && request.access_control_request_method) {
        answer_preflight(responder);
        return;
    }
    const auto route = route_buyers(request.method_text, request.path, request.query);
    if (route.has_error()) {
        problem(route.error(), responder);
        return;
    }
    campaigns::Buyer buyer;
    if (needs_buyer(route->endpoint)) {
        const auto known =
            identity_.identify(request, responder.peer(), wall_, responder.verified_token());
        if (known.has_error()) {
            problem(known.error(), responder);
            return;
        }
        buyer = *known;
    }
    if (is_command(route->endpoint)) {
        answer_command(request, *route, buyer, responder);
    } else if (route->endpoint == BuyersEndpoint::read_waitlist) {
        read_waitlist(request, *route, buyer, responder);
    } else {
        answer_read(*route, buyer, responder);
    }
}

void SaleLoop::refuse(const HttpRefusal& refusal, Responder& responder) {
    begin_turn();
    ++turn_replies_;
    counters_.loop.requests.add();
    extra_headers_.clear();
    problem(Problem{refusal.status, refusal.code, refusal.detail}, responder);
}

void SaleLoop::problem(const Problem& problem, Responder& responder, CommitNumber rests_on) {
    counters_.loop.requests_malformed.add();
    reply_.clear();
    writer_.append_problem(reply_, problem, keep_alive(responder), extra_headers_);
    responder.reply(reply_.view(), rests_on);
}

BuyersRequest SaleLoop::to_decode(const HttpRequest& request, const BuyersRoute& route,
                                  const campaigns::Buyer& buyer) {
    return {.route = route,
            .method = request.method_text,
            .target = request.path,
            .query = request.query,
            .buyer = buyer,
            .idempotency_key = request.idempotency_key,
            .content_type = request.content_type,
            .body = {request.body.data(), request.body.size()},
            .body_readable_bytes = request.body.size() + input_padding_bytes};
}

void SaleLoop::answer_command(const HttpRequest& request, const BuyersRoute& route,
                              const campaigns::Buyer& buyer, Responder& responder) {
    if (!request.length_given && !body_may_be_absent(route.endpoint)) {
        problem(Problem{411, "LENGTH_REQUIRED",
                        "this request needs a body, and a body needs a Content-Length"},
                responder);
        return;
    }
    auto decoded = decoder_.decode(to_decode(request, route, buyer));
    if (decoded.has_error()) {
        problem(decoded.error(), responder);
        return;
    }
    if (decoded->ticket) {
        if (campaigns::TicketClaims* const claims = ticket_of(decoded->command)) {
            *claims = claims_of(*decoded->ticket, route.campaign);
        }
    }
    const auto outcome = execute(decoded->command, decoded->identity);
    const Code code = outcome.answer.code;
    if (code == Code::busy || code == Code::rate) {
        counters_.loop.answers_shed.add();
    } else if (is_accepted(code)) {
        counters_.loop.answers_accepted.add();
    } else {
        counters_.loop.answers_refused.add();
    }
    TicketText ticket;
    if (outcome.answer.ticket && tickets_) {
        ticket = sign(outcome.answer, route.campaign, buyer.id);
    }
    reply_.clear();
    const AnswerContext context{.door = Door::buyers,
                                .ticket = ticket.view(),
                                .asked_order = route.endpoint == BuyersEndpoint::cancel_order
                                                   ? std::optional{route.order}
                                                   : std::nullopt};
    writer_.append_answer(reply_, outcome.answer, context, keep_alive(responder), extra_headers_);
    responder.reply(reply_.view(), outcome.rests_on);
}

campaigns::TicketClaims SaleLoop::claims_of(std::string_view ticket, CampaignId campaign) {
    if (tickets_) {
        return tickets_->verify(ticket, campaign);
    }
    campaigns::TicketClaims forged;
    forged.proof = campaigns::TicketProof::forged;
    return forged;
}

TicketText SaleLoop::sign(const Answer& answer, CampaignId campaign, BuyerId buyer) {
    campaigns::TicketClaims claims;
    claims.campaign = campaign;
    claims.item_id = answer.ticket->item_id;
    claims.buyer = buyer;
    claims.not_before = answer.ticket->not_before;
    claims.expires = answer.ticket->expires;
    claims.nonce = answer.ticket->nonce;
    return tickets_->mint(claims);
}

// Reads ------------------------------------------------------------------------------------------

void SaleLoop::answer_read(const BuyersRoute& route, const campaigns::Buyer& buyer,
                           Responder& responder) {
    reply_.clear();
    const CommitNumber rests_on = reads_.read(route, buyer,
                                              {.out = reply_,
                                               .writer = writer_,
                                               .keep_alive = keep_alive(responder),
                                               .extra_headers = extra_headers_,
                                               .now = now_});
    responder.reply(reply_.view(), rests_on);
}

void SaleLoop::read_waitlist(const HttpRequest& request, const BuyersRoute& route,
                             const campaigns::Buyer& buyer, Responder& responder) {
    const auto item = decoder_.decode_item(to_decode(request, route, buyer));
    if (item.has_error()) {
        problem(item.error(), responder);
        return;
    }
    reply_.clear();
    const CommitNumber rests_on =
        shards_.read({Route::By::scope, route.campaign.raw()}, [&](const auto& machine) {
            const campaigns::Campaign* campaign = machine.find(route.campaign);
            Answer answer;
            answer.code = Code::campaign_unknown;
            answer.server_time = now_;
            if (campaign != nullptr) {
                answer = campaigns::place_in_line(*campaign, buyer.id, *item, now_);
            }
            writer_.append_answer(reply_, answer, {.door = Door::buyers}, keep_alive(responder),
                                  extra_headers_);
        });
    responder.reply(reply_.view(), rests_on);
}

// CORS -------------------------------------------------------------------------------------------

void SaleLoop::write_cors_headers(const HttpRequest& request) {
    extra_headers_.clear();
    const bool is_listed =
        request.origin &&
        std::ranges::find(options_.cors_origins, *request.origin) != options_.cors_origins.end();
    if (is_listed) {
        extra_headers_ += "Access-Control-Allow-Origin: ";
        extra_headers_ += *request.origin;
        extra_headers_ += "\r\nVary: Origin\r\n";
    }
}

void SaleLoop::answer_preflight(Responder& responder) {
    if (extra_headers_.empty()) {
        problem(Problem{403, "ORIGIN_NOT_LISTED", "this origin is not in cors_origins"}, responder);
        return;
    }
    extra_headers_ +=
        "Access-Control-Allow-Methods: GET, POST, DELETE\r\n"
        "Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key\r\n"
        "Access-Control-Max-Age: 600\r\n";
    reply_.clear();
    writer_.append_response(reply_, 204, "text/plain", "", keep_alive(responder), extra_headers_);
    responder.reply(reply_.view(), CommitNumber{});
}

}  // namespace stampede::net
