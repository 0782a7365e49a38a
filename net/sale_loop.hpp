// SPDX-License-Identifier: Apache-2.0
// The loop thread's work: requests of the buyers' door and calls of the mall's door become commands
// of the shard set; answers are written as JSON and parked with the commit that they rest on. One
// turn of the event loop is one turn of the engine. Everything here runs on the loop's thread, but
// for the setters that say so.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/clock.hpp"
#include "engine/flight_recorder.hpp"
#include "net/buyer_identity.hpp"
#include "net/buyers_reads.hpp"
#include "net/command_decoder.hpp"
#include "net/event_loop.hpp"
#include "net/http_response.hpp"
#include "net/http_server.hpp"
#include "net/key_file.hpp"
#include "net/loop_gateway.hpp"
#include "net/sale_shards.hpp"
#include "net/server_counters.hpp"
#include "net/ticket.hpp"

namespace stampede::net {

struct SaleLoopOptions {
    TrustHeaders trust = TrustHeaders::from_listed_peers;
    std::vector<Endpoint> listed_peers;
    std::vector<std::string> cors_origins;
    Duration recovery_grace = Duration::seconds(60);
    /// Where chance comes from; 0 asks the system. A simulation gives its own, to repeat itself.
    std::uint64_t random_seed = 0;
};

class SaleLoop final : public RequestHandler {
  public:
    /// `shards` has been recovered; everything given must outlive the loop.
    SaleLoop(Shards& shards, engine::Journal& journal, engine::JournalClock& clock, EventLoop& loop,
             LoopGateway& gateway, ServerCounters& counters, engine::FlightRecorder& recorder,
             const SaleLoopOptions& options);

    /// Before the loop runs: whose connections stop_gracefully() closes.
    void serve_through(HttpServer& door) { door_ = &door; }

    // Any thread
    // -----------------------------------------------------------------------------------

    /// Takes effect with the next tick.
    void use_keys(std::shared_ptr<const Keys> keys);
    /// Closes idle connections, lets answers under way leave, then ends the loop.
    void stop_gracefully();
    /// Everything up to this commit has been settled into the mall's database.
    void note_settled(CommitNumber settled) {
        settled_.store(settled.raw(), std::memory_order_release);
    }
    /// New holds are refused as BUSY while the settlement backlog is over its bound.
    void note_backlog(bool over_bound) {
        over_backlog_.store(over_bound, std::memory_order_relaxed);
    }

    // RequestHandler
    // -------------------------------------------------------------------------------
    void handle(const HttpRequest& request, Responder& responder) override;
    void refuse(const HttpRefusal& refusal, Responder& responder) override;
    void woken() override;
    void ticked(SteadyTime now) override;
    [[nodiscard]] CommitNumber turn_ended() override;

  private:
    void begin_turn();
    void take_new_keys();
    void serve_mall();
    void mark_settled_campaigns();
    void note_durable();
    [[nodiscard]] bool is_gathering();
    void record_turn();
    [[nodiscard]] engine::Outcome<campaigns::Answer> execute(
        const campaigns::Command& command, const std::optional<engine::RequestIdentity>& identity);
    [[nodiscard]] engine::Moment moment();

    void answer_command(const HttpRequest& request, const BuyersRoute& route,
                        const campaigns::Buyer& buyer, Responder& responder);
    void answer_read(const BuyersRoute& route, const campaigns::Buyer& buyer, Responder& responder);
    void read_waitlist(const HttpRequest& request, const BuyersRoute& route,
                       const campaigns::Buyer& buyer, Responder& responder);
    [[nodiscard]] static BuyersRequest to_decode(const HttpRequest& request,
                                                 const BuyersRoute& route,
                                                 const campaigns::Buyer& buyer);
    void answer_preflight(Responder& responder);
    void problem(const Problem& problem, Responder& responder, CommitNumber rests_on = {});
    [[nodiscard]] campaigns::TicketClaims claims_of(std::string_view ticket, CampaignId campaign);
    [[nodiscard]] TicketText sign(const campaigns::Answer& answer, CampaignId campaign,
                                  BuyerId buyer);
    void write_cors_headers(const HttpRequest& request);

    Shards& shards_;
    engine::Journal& journal_;
    engine::JournalClock& clock_;
    EventLoop& loop_;
    LoopGateway& gateway_;
    ServerCounters& counters_;
    engine::FlightRecorder& recorder_;
    SaleLoopOptions options_;

    HttpServer* door_ = nullptr;
    BuyerIdentity identity_;
    std::optional<TicketSigner> tickets_;
    BuyersReads reads_;
    CommandDecoder decoder_;
    ResponseWriter writer_;
    TextBuffer reply_;
    std::string extra_headers_;

    bool turn_begun_ = false;
    Instant now_;
    Instant wall_;
    std::uint64_t random_state_;
    SteadyTime last_settled_scan_{};
    std::uint64_t turn_arrivals_ = 0;
    std::uint64_t turn_replies_ = 0;
    CommitNumber recorded_durable_;
    CommitNumber observed_durable_;
    CommitNumber submitted_;
    std::int64_t submitted_us_ = 0;
    std::optional<SteadyTime> gathering_since_;
    std::size_t submitted_bytes_ = 0;

    std::atomic<std::shared_ptr<const Keys>> new_keys_;
    std::atomic<bool> stop_asked_{false};
    std::atomic<std::uint64_t> settled_{0};
    std::atomic<bool> over_backlog_{false};
};

}  // namespace stampede::net
