// SPDX-License-Identifier: Apache-2.0
// The live door: campaigns, groups, bargains and orders (live_subject.hpp), followed as they change
// (docs/reference/live.md). Whoever connects is shown a state that holds every answer given before,
// and from then on the newest state whenever it differs from what he was shown.
//
// What is shown is the follower's, which is durable. All work is done on the quiet doors' thread
// under budgets: so many looks at the state and so many sends a turn, however many watch.
//
// Quiet doors' thread; use_keys() is for any.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "net/buyer_identity.hpp"
#include "net/http_desk.hpp"
#include "net/key_file.hpp"
#include "net/live_board.hpp"
#include "net/live_watcher.hpp"
#include "net/loop_gateway.hpp"
#include "net/server_counters.hpp"

namespace stampede::net {

struct LiveDoorOptions {
    TrustHeaders trust = TrustHeaders::from_listed_peers;
    std::vector<Endpoint> listed_peers{};
    std::vector<std::string> cors_origins{};
    std::size_t connections_max = 16'384;
    std::size_t connections_per_peer_max = 0;  // by address; 0: no limit
    std::size_t subjects_max = limits::live_subjects_max;
    Duration look_every = Duration::milliseconds(1000 / limits::live_looks_per_second_max);
    /// How long a newcomer waits for the follower to reach what was answered before.
    Duration read_patience = Duration::seconds(2);
    LiveDeadlines deadlines{};
};

/// What the door is made of; all of it outlives the door.
struct LiveDoorParts {
    DeskServices& services;
    const LoopGateway& gateway;
    LiveReads& reads;
    LiveCounters& counters;
};

class LiveDoor final : public HttpDesk, private WatcherHome {
  public:
    LiveDoor(const LiveDoorParts& parts, LiveDoorOptions options);
    ~LiveDoor() override;

    /// Any thread. In force with the next request.
    void use_keys(std::shared_ptr<const Keys> keys) { new_keys_.store(std::move(keys)); }

    // HttpDesk
    void handle(Exchange& exchange) override;
    [[nodiscard]] std::size_t connections_kept() const override { return watchers_.size(); }
    void stopping() override;

  private:
    struct Alarm;
    struct Newcomer;
    using Watchers = std::list<std::unique_ptr<LiveWatcher>>;

    // WatcherHome
    [[nodiscard]] SteadyTime now() const override { return now_; }
    [[nodiscard]] const LiveDeadlines& deadlines() const override { return options_.deadlines; }
    void ready(LiveWatcher& watcher) override;
    void ends(LiveWatcher& watcher, EndReason reason) override;
    void ended(LiveWatcher& watcher) override;

    [[nodiscard]] Judged<BuyerId> identify(const HttpRequest& request, const Endpoint& peer);
    [[nodiscard]] Judged<> judge_room(const LiveRoute& route, const Endpoint& peer) const;
    void turn();
    void settle_newcomers();
    [[nodiscard]] bool settle(Newcomer& newcomer);
    void admit(Newcomer& newcomer);
    void refuse(Newcomer& newcomer, campaigns::Code code);
    [[nodiscard]] LiveWatcher* take(Newcomer& newcomer);
    void offer(LiveWatch& watch);
    void look_at_watchers();
    void leave_topics(LiveWatcher& watcher);
    void release_peer(const Endpoint& peer);
    void wake_at_need();

    void respond_problem(Exchange& exchange, const Problem& problem);
    [[nodiscard]] std::string cors_header(const HttpRequest& request) const;

    const LiveDoorParts parts_;
    const LiveDoorOptions options_;
    BuyerIdentity identity_;
    std::atomic<std::shared_ptr<const Keys>> new_keys_;
    ResponseWriter writer_;
    TextBuffer response_;

    LiveBoard board_;
    std::list<Newcomer> newcomers_;  // bounded by the sessions of the quiet doors
    Watchers watchers_;              // those whose time was looked at longest ago first
    Watchers finished_;              // to be destroyed outside of their own calls
    boost::unordered_flat_map<std::array<std::uint8_t, 16>, std::uint32_t> per_peer_;
    SteadyTime now_;
    SteadyTime tell_at_;
    SteadyTime look_at_watchers_at_;
    bool stops_ = false;
    std::unique_ptr<Alarm> alarm_;
};

}  // namespace stampede::net
