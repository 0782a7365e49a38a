// SPDX-License-Identifier: Apache-2.0
// The mall's door: what the mall's back end and its operators may ask, with API keys and roles. It
// decides nothing itself. Acts go to the loop thread as typed commands and come back as typed
// answers with the commit that they rest on; reads come from the follower's state, as of the newest
// commit that was answered before, so that everybody reads his own writes.
//
// All of it on the quiet doors' thread; nothing here waits for anything but callbacks.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/command.hpp"
#include "net/http_desk.hpp"
#include "net/loop_gateway.hpp"
#include "net/mall_commands.hpp"
#include "net/mall_decoder.hpp"
#include "net/mall_reads.hpp"
#include "net/mall_route.hpp"
#include "net/metrics.hpp"
#include "net/roles.hpp"
#include "net/server_counters.hpp"

namespace stampede::net {

class QuietDoors;

struct MallDoorOptions {
    campaigns::FourEyes four_eyes = campaigns::FourEyes::off;
    /// How long a read waits for the follower before it is answered BUSY.
    Duration read_patience = Duration::seconds(3);
};

/// Everything must outlive the door.
struct MallDoorParts {
    LoopGateway& gateway;
    MallReads& reads;
    const ApiKeys& keys;
    const ServerCounters& counters;
    QuietDoors& doors;
};

class MallDoor final : public HttpDesk {
  public:
    MallDoor(const MallDoorParts& parts, const MallDoorOptions& options);
    ~MallDoor() override;

    void handle(Exchange& exchange) override;
    /// Answers have come from the loop.
    void woken() override;
    /// Reads that were too early are tried again.
    void ticked() override;

  private:
    /// A request that waits: for its calls' answers, or for the follower.
    struct Task;
    struct CallTarget {
        Task* task = nullptr;
        std::size_t position = 0;
    };

    [[nodiscard]] Judged<ApiCaller> identify(const HttpRequest& request, const Roles& roles) const;
    [[nodiscard]] Judged<> judge_headers(const HttpRequest& request, const MallRoute& route) const;
    void handle_open(Exchange& exchange, const MallRoute& route);
    void handle_known(Exchange& exchange, const MallRoute& route, const ApiCaller& caller);

    // Acts
    void start_act(Task& task);
    void ask_all(Task& task, MallCommands&& commands);
    void ask(Task& task, std::size_t position);
    void take_reply(MallReply&& reply);
    [[nodiscard]] bool asked_again(Task& task, std::size_t position,
                                   const campaigns::Answer& answer);
    void finish_act(Task& task);
    void finish_batch(Task& task);
    void finish_campaign(Task& task);
    [[nodiscard]] CampaignId new_campaign_id(const Task& task);

    // Reads
    void try_read(Task& task);
    [[nodiscard]] Judged<ReadOutcome> read(const Task& task, TextBuffer& body);
    [[nodiscard]] ReadOutcome read_one(const Task& task, TextBuffer& body);
    void wait_for_follower(Task& task);

    // Answers
    void respond_problem(Exchange& exchange, const Problem& problem);
    void respond_json(Exchange& exchange, std::uint16_t status, std::string_view body,
                      CommitNumber rests_on, std::string_view extra_headers = {});
    void respond_text(Exchange& exchange, std::string_view content_type, std::string_view body);
    void end(Task& task);
    [[nodiscard]] const ResponseWriter& writer();
    [[nodiscard]] Instant now() const;

    MallDoorParts parts_;
    MallDoorOptions options_;
    MallDecoder decoder_;
    ResponseWriter writer_;
    TextBuffer response_;
    TextBuffer body_;
    boost::unordered_flat_map<Task*, std::unique_ptr<Task>> tasks_;
    boost::unordered_flat_map<CallId, CallTarget, std::hash<CallId>> calls_;
    std::vector<Task*> waiting_;  // for the follower
    CallId last_call_;
    std::uint64_t last_campaign_id_ = 0;
};

}  // namespace stampede::net
