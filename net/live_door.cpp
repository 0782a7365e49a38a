// SPDX-License-Identifier: Apache-2.0
// From a request to a watcher, and what each turn does for all of them.
#include "net/live_door.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "net/answer_json.hpp"
#include "net/live_request.hpp"

namespace stampede::net {

namespace asio = boost::asio;
using boost::system::error_code;
using campaigns::Code;

namespace {

/// Between two turns while a newcomer waits for the state to reach what he has been answered.
constexpr Duration newcomers_turn = Duration::milliseconds(2);
/// At the earliest the next sends: with their budget this bounds what watchers cost in a second.
constexpr Duration telling_turn = Duration::milliseconds(10);
/// While anybody watches at all.
constexpr Duration watching_turn = Duration::milliseconds(20);

Problem busy(std::string detail) {
    Problem problem{503, "BUSY", std::move(detail)};
    problem.retry_ms = 1000;
    return problem;
}

}  // namespace

/// Rings for the next turn.
struct LiveDoor::Alarm {
    explicit Alarm(asio::io_context& context) : timer(context) {}
    asio::steady_timer timer;
    SteadyTime at = SteadyTime::never();
};

/// A request whose subjects have not been seen as new as it must see them.
struct LiveDoor::Newcomer {
    Exchange* exchange = nullptr;
    LiveSubjects subjects;
    BuyerId buyer;
    CommitNumber at_least;
    SteadyTime give_up_at;
    LiveWatcher::Watches watches;  // so that the board looks at them
};

LiveDoor::LiveDoor(const LiveDoorParts& parts, LiveDoorOptions options)
    : parts_(parts),
      options_(std::move(options)),
      identity_(options_.trust, options_.listed_peers),
      board_(options_.look_every),
      alarm_(std::make_unique<Alarm>(parts.services.context())) {}

LiveDoor::~LiveDoor() {
    // The thread has ended, perhaps in the middle of things.
    for (Newcomer& newcomer : newcomers_) {
        std::ranges::for_each(newcomer.watches, [this](LiveWatch& watch) { board_.leave(watch); });
    }
    for (const auto& watcher : watchers_) {
        leave_topics(*watcher);
    }
}

// Requests ---------------------------------------------------------------------------------------

void LiveDoor::handle(Exchange& exchange) {
    now_ = read_steady_clock();
    const HttpRequest& request = exchange.request();
    const auto route = route_live(request.method_text, request.path, request.query);
    if (route.has_error()) {
        respond_problem(exchange, route.error());
        return;
    }
    if (const auto judged = judge_live_request(exchange); judged.has_error()) {
        respond_problem(exchange, judged.error());
        return;
    }
    BuyerId buyer;
    if (route->needs_buyer) {
        const auto known = identify(request, exchange.peer());
        if (known.has_error()) {
            respond_problem(exchange, known.error());
            return;
        }
        buyer = *known;
    }
    if (const auto judged = judge_room(*route, exchange.peer()); judged.has_error()) {
        parts_.counters.refused.add();
        respond_problem(exchange, judged.error());
        return;
    }
    ++per_peer_[exchange.peer().address()];
    Newcomer& newcomer = newcomers_.emplace_back();
    newcomer.exchange = &exchange;
    newcomer.subjects = route->subjects;
    newcomer.buyer = buyer;
    newcomer.at_least = parts_.gateway.newest_commit();
    newcomer.give_up_at = now_ + options_.read_patience;
    for (const LiveSubject& subject : newcomer.subjects) {
        board_.join(newcomer.watches.emplace_back(), subject);
    }
    wake_at_need();
}

Judged<BuyerId> LiveDoor::identify(const HttpRequest& request, const Endpoint& peer) {
    if (const auto keys = new_keys_.exchange(nullptr)) {
        identity_.use_keys(keys->buyer_token_keys);
    }
    VerifiedTokenCache nothing_kept;
    const auto buyer = identity_.identify(request, peer, parts_.services.wall_time(), nothing_kept);
    if (buyer.has_error()) {
        return buyer.error();
    }
    return buyer->id;
}

Judged<> LiveDoor::judge_room(const LiveRoute& route, const Endpoint& peer) const {
    if (stops_) {
        return busy("stopping");
    }
    if (watchers_.size() + newcomers_.size() >= options_.connections_max) {
        return busy("too many connections follow something already");
    }
    const auto of_peer = per_peer_.find(peer.address());
    if (options_.connections_per_peer_max != 0 && of_peer != per_peer_.end() &&
        of_peer->second >= options_.connections_per_peer_max) {
        return busy("too many connections from this address follow something already");
    }
    if (board_.topic_count() + route.subjects.size() > options_.subjects_max) {
        return busy("too many different subjects are followed already");
    }
    return {};
}

// Newcomers --------------------------------------------------------------------------------------

void LiveDoor::settle_newcomers() {
    for (auto newcomer = newcomers_.begin(); newcomer != newcomers_.end();) {
        if (settle(*newcomer)) {
            std::ranges::for_each(newcomer->watches,
                                  [this](LiveWatch& watch) { board_.leave(watch); });
            newcomer = newcomers_.erase(newcomer);
        } else {
            ++newcomer;
        }
    }
}

/// True when the newcomer has become a watcher, or was sent away.
bool LiveDoor::settle(Newcomer& newcomer) {
    const bool is_seen = std::ranges::all_of(newcomer.watches, [&](const LiveWatch& watch) {
        return watch.topic->version() != 0 && watch.topic->seen() >= newcomer.at_least;
    });
    if (stops_ || !is_seen) {
        if (!stops_ && now_ < newcomer.give_up_at) {
            return false;
        }
        parts_.counters.refused.add();
        release_peer(newcomer.exchange->peer());
        respond_problem(*newcomer.exchange,
                        busy(stops_ ? "stopping" : "the newest state is not there yet"));
        return true;
    }
    for (const LiveWatch& watch : newcomer.watches) {
        const LiveTopic& topic = *watch.topic;
        if (topic.code() != Code::ok) {
            refuse(newcomer, topic.code());
            return true;
        }
        // Another's order is told apart from none by nobody.
        if (topic.subject().kind == SubjectKind::order && topic.buyer() != newcomer.buyer) {
            refuse(newcomer, Code::order_unknown);
            return true;
        }
    }
    admit(newcomer);
    return true;
}

void LiveDoor::admit(Newcomer& newcomer) {
    LiveWatcher* const watcher = take(newcomer);
    if (watcher == nullptr) {
        return;
    }
    for (const LiveSubject& subject : newcomer.subjects) {
        LiveWatch& watch = watcher->watches.emplace_back();
        watch.watcher = watcher;
        board_.join(watch, subject);
    }
    parts_.counters.connections.add();
    watcher->open();
}

/// A business answer, as every door gives it: of a WebSocket it is the only message.
void LiveDoor::refuse(Newcomer& newcomer, Code code) {
    const auto frame = refusal_frame(code, parts_.services.wall_time());
    if (!wants_websocket(newcomer.exchange->request())) {
        release_peer(newcomer.exchange->peer());
        response_.clear();
        writer_.set_time(parts_.services.wall_time());
        writer_.append_response(response_, 200, json_type, frame->line(),
                                newcomer.exchange->keep_alive(),
                                cors_header(newcomer.exchange->request()));
        newcomer.exchange->respond(response_.view(), CommitNumber{});
        return;
    }
    if (LiveWatcher* const watcher = take(newcomer)) {
        watcher->last_words = frame;
        watcher->open();
    }
}

/// The connection as a watcher of nothing; null when its peer has gone.
LiveWatcher* LiveDoor::take(Newcomer& newcomer) {
    Exchange& exchange = *newcomer.exchange;
    const Endpoint peer = exchange.peer();
    const bool websocket = wants_websocket(exchange.request());
    const std::string words = websocket ? std::string{*exchange.request().websocket_key}
                                        : line_stream_head(cors_header(exchange.request()));
    const auto descriptor = exchange.take_connection();
    if (!descriptor.has_value()) {
        release_peer(peer);
        return nullptr;
    }
    auto& context = parts_.services.context();
    watchers_.push_back(websocket ? make_websocket_watcher(context, *descriptor, *this, peer, words)
                                  : make_line_watcher(context, *descriptor, *this, peer, words));
    watchers_.back()->place = std::prev(watchers_.end());
    return watchers_.back().get();
}

// Watchers ---------------------------------------------------------------------------------------

void LiveDoor::ready(LiveWatcher& watcher) {
    if (watcher.last_words != nullptr) {
        watcher.send(std::exchange(watcher.last_words, nullptr));
        return;
    }
    bool follows_something = false;
    for (std::size_t tried = 0; tried < watcher.watches.size(); ++tried) {
        LiveWatch& watch = watcher.watches[watcher.next_watch];
        watcher.next_watch = (watcher.next_watch + 1) % watcher.watches.size();
        if (watch.topic == nullptr) {
            continue;
        }
        follows_something = true;
        const LiveTopic& topic = *watch.topic;
        if (watch.told == topic.version()) {
            continue;
        }
        if (watch.told != 0) {
            parts_.counters.coalesced.add(topic.version() - watch.told - 1);
        }
        watch.told = topic.version();
        parts_.counters.events.add();
        const auto frame = topic.frame();
        if (topic.code() != Code::ok) {
            board_.leave(watch);  // it was the last that can be said about it
        }
        watcher.send(frame);
        return;
    }
    if (!follows_something) {
        watcher.end(EndReason::gone);
    }
}

void LiveDoor::ends(LiveWatcher& watcher, EndReason reason) {
    leave_topics(watcher);
    switch (reason) {
        case EndReason::slow:
            parts_.counters.dropped_slow.add();
            return;
        case EndReason::silent:
            parts_.counters.dropped_silent.add();
            return;
        case EndReason::talkative:
            parts_.counters.dropped_talkative.add();
            return;
        case EndReason::gone:
        case EndReason::stopping:
            return;
    }
}

void LiveDoor::ended(LiveWatcher& watcher) {
    leave_topics(watcher);
    release_peer(watcher.peer());
    finished_.splice(finished_.end(), watchers_, watcher.place);
    wake_at_need();
    parts_.services.kept_connection_ended();
}

void LiveDoor::leave_topics(LiveWatcher& watcher) {
    for (LiveWatch& watch : watcher.watches) {
        if (watch.topic != nullptr) {
            board_.leave(watch);
        }
    }
}

void LiveDoor::release_peer(const Endpoint& peer) {
    const auto of_peer = per_peer_.find(peer.address());
    if (--of_peer->second == 0) {
        per_peer_.erase(of_peer);
    }
}

void LiveDoor::offer(LiveWatch& watch) {
    // A newcomer's watch has no watcher yet; who writes will ask when he has written.
    if (watch.watcher != nullptr && watch.watcher->is_ready()) {
        ready(*watch.watcher);
    }
}

void LiveDoor::look_at_watchers() {
    const std::size_t count = std::min(limits::live_sends_per_turn_max, watchers_.size());
    for (std::size_t looked_at = 0; looked_at < count && !watchers_.empty(); ++looked_at) {
        LiveWatcher& watcher = *watchers_.front();
        watchers_.splice(watchers_.end(), watchers_, watchers_.begin());
        watcher.look_at_the_time();
    }
}

// Turns ------------------------------------------------------------------------------------------

void LiveDoor::turn() {
    now_ = read_steady_clock();
    finished_.clear();
    parts_.counters.states.add(board_.look(parts_.reads, now_, parts_.services.wall_time(),
                                           limits::live_looks_per_turn_max));
    settle_newcomers();
    if (now_ >= tell_at_ && board_.has_news()) {
        tell_at_ = now_ + telling_turn;
        board_.tell(now_, limits::live_sends_per_turn_max,
                    [this](LiveWatch& watch) { offer(watch); });
    }
    if (now_ >= look_at_watchers_at_) {
        look_at_watchers_at_ = now_ + watching_turn;
        look_at_watchers();
    }
    parts_.counters.watchers.set(static_cast<std::int64_t>(watchers_.size()));
    parts_.counters.subjects.set(static_cast<std::int64_t>(board_.topic_count()));
    wake_at_need();
}

void LiveDoor::wake_at_need() {
    SteadyTime at = SteadyTime::never();
    if (!watchers_.empty()) {
        at = now_ + watching_turn;
    }
    if (board_.has_news()) {
        at = std::min(at, std::max(tell_at_, now_));
    }
    if (!newcomers_.empty() || !finished_.empty()) {
        at = std::min(at, now_ + newcomers_turn);
    }
    if (at >= alarm_->at) {
        return;
    }
    alarm_->at = at;
    alarm_->timer.expires_after(std::chrono::milliseconds((at - now_).ms()));
    alarm_->timer.async_wait([this](const error_code& error) {
        if (!error) {
            alarm_->at = SteadyTime::never();
            turn();
        }
    });
}

void LiveDoor::stopping() {
    now_ = read_steady_clock();
    stops_ = true;
    for (const auto& watcher : watchers_) {
        watcher->end(EndReason::stopping);
    }
    turn();
}

// Responses --------------------------------------------------------------------------------------

void LiveDoor::respond_problem(Exchange& exchange, const Problem& problem) {
    response_.clear();
    writer_.set_time(parts_.services.wall_time());
    writer_.append_problem(response_, problem, exchange.keep_alive(),
                           cors_header(exchange.request()));
    exchange.respond(response_.view(), CommitNumber{});
}

std::string LiveDoor::cors_header(const HttpRequest& request) const {
    const bool is_listed =
        request.origin &&
        std::ranges::find(options_.cors_origins, *request.origin) != options_.cors_origins.end();
    return is_listed ? "Access-Control-Allow-Origin: " + std::string{*request.origin} +
                           "\r\nVary: Origin\r\n"
                     : std::string{};
}

}  // namespace stampede::net
