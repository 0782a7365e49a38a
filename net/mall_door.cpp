// SPDX-License-Identifier: Apache-2.0
// Who may do what, and the way of an act to the loop and back. Reads are in mall_door_reads.cpp.
#include "net/mall_door.hpp"

#include <xxhash.h>

#include <algorithm>

#include "net/answer_json.hpp"
#include "net/command_decoder.hpp"
#include "net/mall_json.hpp"
#include "net/mall_task.hpp"
#include "net/openapi_text.hpp"
#include "net/quiet_doors.hpp"

namespace stampede::net {

using campaigns::Answer;
using campaigns::Code;

namespace {

constexpr std::size_t id_tries_max = 4;
constexpr std::int64_t epoch_2025_ms = 1'735'689'600'000;
/// Ids made from an Idempotency-Key have this bit, ids made from the time do not: they never meet.
constexpr std::uint64_t id_from_key_bit = std::uint64_t{1} << 52;

/// One key stands for many commands in a batch; each has its own digest.
std::uint64_t nth_digest(std::uint64_t digest, std::size_t position) {
    return position == 0 ? digest : XXH3_64bits_withSeed(&digest, sizeof digest, position);
}

Problem unauthorized(std::string detail) {
    return {401, "UNAUTHORIZED", std::move(detail)};
}

Problem busy(std::string detail) {
    Problem problem{503, "BUSY", std::move(detail)};
    problem.retry_ms = 1000;
    return problem;
}

/// The order that a payment or refund names, for answers that know none.
std::optional<OrderId> order_of(const campaigns::Command& command) {
    if (const auto* payment = std::get_if<campaigns::RecordPayment>(&command)) {
        return payment->order;
    }
    if (const auto* refund = std::get_if<campaigns::RecordRefund>(&command)) {
        return refund->order;
    }
    return std::nullopt;
}

}  // namespace

MallDoor::MallDoor(const MallDoorParts& parts, const MallDoorOptions& options)
    : parts_(parts), options_(options) {}
MallDoor::~MallDoor() = default;

Instant MallDoor::now() const {
    return parts_.doors.services().wall_time();
}
const ResponseWriter& MallDoor::writer() {
    writer_.set_time(now());
    return writer_;
}

// Requests ---------------------------------------------------------------------------------------

void MallDoor::handle(Exchange& exchange) {
    const HttpRequest& request = exchange.request();
    const auto route = route_mall(
        request.method == HttpMethod::head ? std::string_view{"GET"} : request.method_text,
        request.path);
    if (route.has_error()) {
        respond_problem(exchange, route.error());
        return;
    }
    if (route->roles.empty()) {
        handle_open(exchange, *route);
        return;
    }
    const auto caller = identify(request, route->roles);
    if (caller.has_error()) {
        respond_problem(exchange, caller.error());
        return;
    }
    if (const auto judged = judge_headers(request, *route); judged.has_error()) {
        respond_problem(exchange, judged.error());
        return;
    }
    handle_known(exchange, *route, *caller);
}

Judged<ApiCaller> MallDoor::identify(const HttpRequest& request, const Roles& roles) const {
    constexpr std::string_view scheme = "Bearer ";
    if (!request.authorization.has_value()) {
        return unauthorized("Authorization: missing; this path needs an API key");
    }
    if (request.authorization->substr(0, scheme.size()) != scheme) {
        return unauthorized("Authorization: must be \"Bearer\" and an API key");
    }
    const auto caller = parts_.keys.find(request.authorization->substr(scheme.size()));
    if (!caller.has_value()) {
        return unauthorized("Authorization: this API key is not known");
    }
    if (!caller->roles.any_of(roles)) {
        std::string detail = "this API key lacks the role; one of these is needed:";
        for (const auto& [name, role] : role_names) {
            if (roles.any_of(role)) {
                detail.append(" ").append(name);
            }
        }
        return Problem{403, "FORBIDDEN", std::move(detail)};
    }
    return *caller;
}

Judged<> MallDoor::judge_headers(const HttpRequest& request, const MallRoute& route) const {
    if (request.idempotency_key.has_value()) {
        if (auto judged = judge_idempotency_key(*request.idempotency_key); judged.has_error()) {
            return judged;
        }
    } else if (route.endpoint == MallEndpoint::adjust_stock) {
        return malformed("Idempotency-Key: missing; a stock change needs one");
    }
    return judge_content_type(request.content_type, {request.body.data(), request.body.size()});
}

void MallDoor::handle_open(Exchange& exchange, const MallRoute& route) {
    if (route.endpoint == MallEndpoint::read_metrics) {
        DoorNumbers numbers;
        numbers.mall_sessions_open = parts_.doors.sessions_open();
        numbers.mall_requests = parts_.doors.requests();
        numbers.mall_calls_waiting = parts_.gateway.calls_waiting();
        respond_text(exchange, "text/plain; version=0.0.4; charset=utf-8",
                     metrics_text(parts_.counters, numbers));
        return;
    }
    if (route.endpoint == MallEndpoint::read_openapi) {
        respond_text(exchange, "application/yaml", openapi_text());
        return;
    }
    // A frozen clock does not make the server unready: payments and refunds must still reach it.
    const auto phase = parts_.counters.phase.load(std::memory_order_relaxed);
    if (route.endpoint == MallEndpoint::read_readiness && phase != ServerPhase::serving) {
        Problem problem = busy(phase == ServerPhase::recovering ? "recovering" : "stopping");
        problem.code = "NOT_READY";
        respond_problem(exchange, problem);
        return;
    }
    body_.clear();
    JsonText json(body_);
    json.open_object();
    json.plain("code", text(Code::ok));
    if (route.endpoint == MallEndpoint::read_readiness) {
        json.flag("ready", true);
        json.flag("clock_frozen", parts_.gateway.clock_frozen());
    }
    json.number("server_ms", now().ms());
    json.finish();
    respond_json(exchange, 200, body_.view(), CommitNumber{});
}

void MallDoor::handle_known(Exchange& exchange, const MallRoute& route, const ApiCaller& caller) {
    const HttpRequest& request = exchange.request();
    auto made = std::make_unique<Task>();
    Task& task = *made;
    task.exchange = &exchange;
    task.route = route;
    task.caller = caller;
    task.query = request.query;
    task.at_least = parts_.gateway.newest_commit();
    task.patience_ms = options_.read_patience.ms();
    if (request.idempotency_key.has_value()) {
        task.key_digest = key_digest(request.method_text, request.path, *request.idempotency_key);
    }
    tasks_.emplace(&task, std::move(made));
    if (request.method == HttpMethod::get || request.method == HttpMethod::head) {
        try_read(task);
        return;
    }
    task.is_act = true;
    // Kept, since the campaign may have to be read before the body can be judged.
    task.body.reserve(request.body.size() + body_padding_bytes);
    task.body.assign(request.body.data(), request.body.size());
    task.body_bytes = task.body.size();
    task.body.resize(task.body_bytes + body_padding_bytes);
    start_act(task);
}

// Acts -------------------------------------------------------------------------------------------

void MallDoor::start_act(Task& task) {
    const auto body = std::string_view{task.body}.substr(0, task.body_bytes);
    if (task.route.endpoint == MallEndpoint::thaw_clock) {
        if (const auto nothing = decoder_.nothing(body); nothing.has_error()) {
            respond_problem(*task.exchange, nothing.error());
            end(task);
            return;
        }
        ask_all(task, {});
        return;
    }
    CampaignView current;
    if (needs_current_campaign(task.route.endpoint)) {
        switch (parts_.reads.campaign(task.route.campaign, task.at_least, current)) {
            case ReadOutcome::not_yet:
                wait_for_follower(task);
                return;
            case ReadOutcome::unknown:
                body_.clear();
                append_code(body_, Code::campaign_unknown, now());
                respond_json(*task.exchange, 200, body_.view(), CommitNumber{});
                end(task);
                return;
            case ReadOutcome::done:
                break;
        }
    }
    auto commands = decode_mall_commands(
        decoder_, task.route, body, CommandContext{task.caller, options_.four_eyes, now()},
        needs_current_campaign(task.route.endpoint) ? &current : nullptr);
    if (commands.has_error()) {
        respond_problem(*task.exchange, commands.error());
        end(task);
        return;
    }
    ask_all(task, std::move(*commands));
}

void MallDoor::ask_all(Task& task, MallCommands&& commands) {
    const std::size_t count = std::max<std::size_t>(commands.commands.size(), 1);
    if (parts_.gateway.room() < count) {
        respond_problem(*task.exchange, busy("too many acts are under way; ask again"));
        end(task);
        return;
    }
    task.commands = std::move(commands.commands);
    task.warnings = std::move(commands.warnings);
    task.id_is_ours = commands.needs_campaign_id;
    task.answers.resize(count);
    task.answers_missing = count;
    if (task.id_is_ours) {
        std::get<campaigns::DraftCampaign>(task.commands.front()).campaign = new_campaign_id(task);
    }
    for (std::size_t position = 0; position < count; ++position) {
        ask(task, position);
    }
}

void MallDoor::ask(Task& task, std::size_t position) {
    MallCall call;
    call.call = last_call_ = last_call_.next();
    if (task.commands.empty()) {
        call.act = ThawClock{};
    } else {
        if (task.key_digest.has_value()) {
            call.identity = engine::RequestIdentity{0, nth_digest(*task.key_digest, position),
                                                    body_digest(task.commands[position])};
        }
        call.act = task.commands[position];
    }
    calls_.emplace(call.call, CallTarget{&task, position});
    check(parts_.gateway.ask(std::move(call)), "room was seen before");
}

void MallDoor::woken() {
    while (auto reply = parts_.gateway.take_reply()) {
        take_reply(std::move(*reply));
    }
}

void MallDoor::take_reply(MallReply&& reply) {
    const auto found = calls_.find(reply.call);
    check(found != calls_.end(), "an answer to a call that was not made");
    const auto [task, position] = found->second;
    calls_.erase(found);
    if (asked_again(*task, position, reply.answer)) {
        return;
    }
    task->answers[position] = std::move(reply.answer);
    task->rests_on = std::max(task->rests_on, reply.rests_on);
    if (--task->answers_missing == 0) {
        finish_act(*task);
        end(*task);
    }
}

/// An id of our own choice that was taken already is no fault of the operator's.
bool MallDoor::asked_again(Task& task, std::size_t position, const Answer& answer) {
    if (!task.id_is_ours || answer.code != Code::wrong_state || ++task.tries >= id_tries_max ||
        parts_.gateway.room() == 0) {
        return false;
    }
    std::get<campaigns::DraftCampaign>(task.commands.front()).campaign = new_campaign_id(task);
    ask(task, position);
    return true;
}

CampaignId MallDoor::new_campaign_id(const Task& task) {
    if (task.key_digest.has_value()) {
        // The same key finds the same campaign, whose ledger knows the answer.
        const auto digest = nth_digest(*task.key_digest, task.tries);
        return CampaignId{id_from_key_bit | (digest & (id_from_key_bit - 1))};
    }
    const auto ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(now().ms() - epoch_2025_ms, 1));
    last_campaign_id_ = std::max(ms << 10, last_campaign_id_ + 1);
    return CampaignId{last_campaign_id_};
}

void MallDoor::finish_act(Task& task) {
    const Answer& answer = task.answers.front();
    const auto endpoint = task.route.endpoint;
    if (endpoint == MallEndpoint::record_payments) {
        finish_batch(task);
        return;
    }
    const bool made_or_revised = endpoint == MallEndpoint::create_campaign ||
                                 endpoint == MallEndpoint::clone_campaign ||
                                 endpoint == MallEndpoint::revise_campaign;
    if (made_or_revised && answer.code == Code::ok) {
        finish_campaign(task);
        return;
    }
    const auto asked = task.commands.empty() ? std::nullopt : order_of(task.commands.front());
    response_.clear();
    writer().append_answer(response_, answer, AnswerContext{Door::mall, {}, asked},
                           task.exchange->keep_alive());
    task.exchange->respond(response_.view(), task.rests_on);
}

void MallDoor::finish_campaign(Task& task) {
    const Answer& answer = task.answers.front();
    body_.clear();
    JsonText json(body_);
    json.open_object();
    append_answer_fields(json, answer, AnswerContext{Door::mall, {}, {}});
    json.open_array("warnings");
    for (const auto& warning : task.warnings) {
        json.open_object();
        json.text("field", warning.field);
        json.text("message", warning.message);
        json.close_object();
    }
    json.close_array();
    json.finish();
    if (task.route.endpoint == MallEndpoint::revise_campaign) {
        respond_json(*task.exchange, 200, body_.view(), task.rests_on);
        return;
    }
    std::string location;
    if (answer.campaign.has_value()) {
        location = "Location: /v1/campaigns/" + std::to_string(answer.campaign->raw()) + "\r\n";
    }
    respond_json(*task.exchange, 201, body_.view(), task.rests_on, location);
}

void MallDoor::finish_batch(Task& task) {
    body_.clear();
    JsonText json(body_);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.open_array("results");
    for (std::size_t position = 0; position < task.answers.size(); ++position) {
        json.open_object();
        // A thousand answers with all members of their groups would be a book.
        append_answer_fields(json, task.answers[position],
                             AnswerContext{.door = Door::mall,
                                           .asked_order = order_of(task.commands[position]),
                                           .members_max = 0});
        json.close_object();
    }
    json.close_array();
    json.number("server_ms", task.answers.back().server_time.ms());
    json.finish();
    respond_json(*task.exchange, 200, body_.view(), task.rests_on);
}

// Answers ----------------------------------------------------------------------------------------

void MallDoor::respond_problem(Exchange& exchange, const Problem& problem) {
    response_.clear();
    writer().append_problem(response_, problem, exchange.keep_alive());
    exchange.respond(response_.view(), CommitNumber{});
}

void MallDoor::respond_json(Exchange& exchange, std::uint16_t status, std::string_view body,
                            CommitNumber rests_on, std::string_view extra_headers) {
    response_.clear();
    writer().append_response(response_, status, json_type, body, exchange.keep_alive(),
                             extra_headers);
    exchange.respond(response_.view(), rests_on);
}

void MallDoor::respond_text(Exchange& exchange, std::string_view content_type,
                            std::string_view body) {
    response_.clear();
    writer().append_response(response_, 200, content_type, body, exchange.keep_alive());
    exchange.respond(response_.view(), CommitNumber{});
}

void MallDoor::end(Task& task) {
    tasks_.erase(&task);
}

}  // namespace stampede::net
