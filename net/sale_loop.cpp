// SPDX-License-Identifier: Apache-2.0
// Turns: what each begins and ends with, the mall's calls, the commit's gathering, and what is
// looked at every tick. The buyers' requests are in sale_loop_buyers.cpp. The loop's thread, but
// for the setters that the header names. What rests on a commit leaves after it: turn_ended() says
// how far that is.
#include "net/sale_loop.hpp"

#include <sys/random.h>

#include <chrono>
#include <thread>

#include "net/sale_census.hpp"

namespace stampede::net {

namespace {

using campaigns::Answer;
using campaigns::Code;

/// How long a full commit waits for the disk before it looks again; only a commit of 256 KiB that
/// filled while its predecessor was being synced gets here.
constexpr std::chrono::microseconds full_commit_pause{20};
/// How long a commit may gather while the disk is free; a watch of milliseconds makes it 1 to 2.
constexpr Duration gathering_max = Duration::milliseconds(2);
constexpr Duration settled_scan_period = Duration::seconds(1);

/// SplitMix64 (Steele, Lea, Flood 2014): 64 fresh bits from a seed of the system's.
std::uint64_t next_random(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
}

std::uint64_t system_random() {
    std::uint64_t bits = 0;
    check(::getrandom(&bits, sizeof bits, 0) == sizeof bits, "the system gives no random bits");
    return bits;
}

}  // namespace

SaleLoop::SaleLoop(Shards& shards, engine::Journal& journal, engine::JournalClock& clock,
                   EventLoop& loop, LoopGateway& gateway, ServerCounters& counters,
                   engine::FlightRecorder& recorder, const SaleLoopOptions& options)
    : shards_(shards),
      journal_(journal),
      clock_(clock),
      loop_(loop),
      gateway_(gateway),
      counters_(counters),
      recorder_(recorder),
      options_(options),
      identity_(options.trust, options.listed_peers),
      reads_(shards) {
    random_state_ = options.random_seed != 0 ? options.random_seed : system_random();
    shards_.start(journal_, clock_.now() + options_.recovery_grace);
    recorded_durable_ = journal_.durable();
    observed_durable_ = recorded_durable_;
    submitted_ = recorded_durable_;
    gateway_.note_newest_commit(shards_.newest());
}

void SaleLoop::use_keys(std::shared_ptr<const Keys> keys) {
    new_keys_.store(std::move(keys));
}

void SaleLoop::take_new_keys() {
    if (const auto keys = new_keys_.exchange(nullptr)) {
        identity_.use_keys(keys->buyer_token_keys);
        tickets_.emplace(keys->ticket_master);
    }
}

void SaleLoop::stop_gracefully() {
    stop_asked_.store(true, std::memory_order_release);
    loop_.wake();
}

void SaleLoop::woken() {
    if (stop_asked_.exchange(false, std::memory_order_acquire)) {
        door_->stop_gracefully([this] { loop_.stop(); });
    }
}

// Turns ------------------------------------------------------------------------------------------

engine::Moment SaleLoop::moment() {
    const bool may_sell =
        journal_.has_room_to_sell() && !over_backlog_.load(std::memory_order_relaxed);
    return {.now = now_,
            .random = next_random(random_state_),
            .selling = may_sell ? Selling::open : Selling::stopped};
}

void SaleLoop::begin_turn() {
    if (turn_begun_) {
        return;
    }
    turn_begun_ = true;
    if (!tickets_) {
        take_new_keys();
    }
    now_ = clock_.now();
    wall_ = now_ - clock_.ahead_of_wall();
    writer_.set_time(wall_);
    shards_.begin_turn(moment(),
                       clock_.frozen() ? engine::Expiries::frozen : engine::Expiries::run);
}

engine::Outcome<Answer> SaleLoop::execute(const campaigns::Command& command,
                                          const std::optional<engine::RequestIdentity>& identity) {
    while (!shards_.has_room(command)) {
        shards_.end_turn();
        if (!shards_.has_room(command)) {
            std::this_thread::sleep_for(full_commit_pause);
        }
    }
    ++turn_arrivals_;
    return shards_.execute(command, identity, moment());
}

void SaleLoop::serve_mall() {
    while (auto call = gateway_.take_call()) {
        counters_.loop.mall_calls.add();
        MallReply reply{.call = call->call, .answer = {}, .rests_on = {}};
        if (const auto* command = std::get_if<campaigns::Command>(&call->act)) {
            auto outcome = execute(*command, call->identity);
            reply.answer = std::move(outcome.answer);
            reply.rests_on = outcome.rests_on;
        } else {
            clock_.thaw();
            reply.answer.code = Code::ok;
            reply.answer.server_time = now_;
        }
        gateway_.note_newest_commit(shards_.newest());
        gateway_.answer(std::move(reply));
    }
    gateway_.flush_replies();
}

CommitNumber SaleLoop::turn_ended() {
    begin_turn();
    serve_mall();
    const std::size_t open_bytes = shards_.open_bytes();
    if (is_gathering()) {
        loop_.wake();  // the next turn looks for more and does not sleep
    } else {
        shards_.end_turn();
        gathering_since_.reset();
    }
    if (shards_.submitted() != submitted_) {
        note_durable();  // of the predecessor, which was in flight until now
        submitted_ = shards_.submitted();
        submitted_bytes_ = open_bytes;
        submitted_us_ = engine::monotonic_us();
        counters_.loop.commits.add();
        counters_.loop.commit_bytes.add(open_bytes);
    }
    gateway_.note_newest_commit(shards_.newest());
    gateway_.note_clock(clock_.frozen());
    record_turn();
    turn_begun_ = false;
    const auto next = shards_.next_deadline();
    if (shards_.has_chores() || (next && *next <= now_ && !clock_.frozen())) {
        loop_.wake();  // mass work goes on with the next turn, after whatever arrived meanwhile
    }
    return journal_.durable();
}

/// While requests keep coming the open commit gathers them: a commit costs the core as much as some
/// twenty orders, whatever is in it. A turn that brought none ends the wait, so that a server with
/// time to spare waits for nobody.
bool SaleLoop::is_gathering() {
    const bool could_submit =
        shards_.has_open_events() && journal_.durable() >= shards_.submitted();
    if (!could_submit || turn_arrivals_ == 0 ||
        shards_.open_bytes() >= limits::commit_bytes_max / 2) {
        gathering_since_.reset();
        return false;
    }
    if (!gathering_since_) {
        gathering_since_ = loop_.now();
    }
    return loop_.now() - *gathering_since_ < gathering_max;
}

void SaleLoop::note_durable() {
    const CommitNumber durable = journal_.durable();
    if (durable != observed_durable_) {
        observed_durable_ = durable;
        counters_.journal.sync.observe_us(engine::monotonic_us() - submitted_us_);
    }
}

void SaleLoop::record_turn() {
    note_durable();
    const CommitNumber durable = journal_.durable();
    if (turn_arrivals_ == 0 && durable == recorded_durable_) {
        return;
    }
    const std::int64_t durable_us = engine::monotonic_us();
    recorder_.record({.at = now_,
                      .arrivals = turn_arrivals_,
                      .replies = turn_replies_,
                      .commit = submitted_,
                      .commit_bytes = submitted_bytes_,
                      .submitted_us = submitted_us_,
                      .durable_us = durable == submitted_ ? durable_us : 0,
                      .sync_us = durable == submitted_ ? durable_us - submitted_us_ : 0});
    recorded_durable_ = durable;
    turn_arrivals_ = 0;
    turn_replies_ = 0;
}

void SaleLoop::ticked(SteadyTime now) {
    begin_turn();
    take_new_keys();
    counters_.loop.events.set(shards_.events());
    counters_.loop.clock_frozen.set(clock_.frozen() ? 1 : 0);
    counters_.loop.clock_jumps.set(clock_.jumps());
    counters_.loop.clock_ahead_ms.set(clock_.ahead_of_wall().ms());
    counters_.loop.selling_held_back.set(moment().selling == Selling::open ? 0 : 1);
    counters_.journal.disk_reserve_ok.set(journal_.has_room_to_sell() ? 1 : 0);
    counters_.journal.durable_commit.set(journal_.durable().raw());
    if (now - last_settled_scan_ >= settled_scan_period) {
        last_settled_scan_ = now;
        mark_settled_campaigns();
    }
}

/// A campaign that is over, and whose every event the mall's database has seen, is settled.
void SaleLoop::mark_settled_campaigns() {
    const CommitNumber settled{settled_.load(std::memory_order_acquire)};
    std::vector<CampaignId> done;
    SaleCensus census;
    shards_.for_each_machine([&](ShardIndex, const campaigns::CampaignMachine& machine) {
        machine.for_each_campaign([&](const campaigns::Campaign& campaign) {
            census.count(campaign);
            const bool is_over =
                campaign.state() == campaigns::CampaignState::ended ||
                (campaign.state() == campaigns::CampaignState::killed && !campaign.has_mass_work());
            const Route route{Route::By::scope, campaign.id().raw()};
            if (is_over && shards_.read(route, [](const auto&) {}) <= settled) {
                done.push_back(campaign.id());
            }
        });
    });
    census.show(counters_.loop);
    for (const CampaignId id : done) {
        static_cast<void>(execute(campaigns::MarkSettled{id}, std::nullopt));
    }
}

}  // namespace stampede::net
