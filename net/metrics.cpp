// SPDX-License-Identifier: Apache-2.0
// The table of metrics: a name, a help text, a kind and where the number comes from. A test holds
// docs/reference/metrics.md against what this writes.
#include "net/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "campaigns/bargain.hpp"
#include "campaigns/seat_group.hpp"

namespace stampede::net {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric counter_value(std::uint64_t value) {
    ClientMetric metric;
    metric.counter.value = static_cast<double>(value);
    return metric;
}
ClientMetric gauge_value(double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    return metric;
}

/// Sums the threads' counters when it is asked to.
class ServerCollectable final : public prometheus::Collectable {
  public:
    ServerCollectable(const ServerCounters& counters, const DoorNumbers& doors)
        : counters_(counters), doors_(doors) {}

    [[nodiscard]] std::vector<MetricFamily> Collect() const override {
        std::vector<MetricFamily> families;
        add_buyers_door(families);
        add_mall_door(families);
        add_live_door(families);
        add_journal(families);
        add_settlement_and_follower(families);
        add_clock(families);
        return families;
    }

  private:
    static MetricFamily family(std::string name, std::string help, MetricType type) {
        return {"stampede_" + std::move(name), std::move(help), type, {}};
    }
    static void counter(std::vector<MetricFamily>& out, std::string name, std::string help,
                        std::uint64_t value) {
        out.push_back(family(std::move(name), std::move(help), MetricType::Counter));
        out.back().metric.push_back(counter_value(value));
    }
    static void gauge(std::vector<MetricFamily>& out, std::string name, std::string help,
                      double value) {
        out.push_back(family(std::move(name), std::move(help), MetricType::Gauge));
        out.back().metric.push_back(gauge_value(value));
    }

    /// One gauge for each state of a play's records; states count from 1.
    template <class State>
    static void by_state(std::vector<MetricFamily>& out, std::string name, std::string help,
                         std::size_t states, const std::array<Gauge, record_states_max>& gauges) {
        out.push_back(family(std::move(name), std::move(help), MetricType::Gauge));
        for (std::size_t state = 1; state <= states; ++state) {
            out.back().metric.push_back(gauge_value(static_cast<double>(gauges[state].value())));
            out.back().metric.back().label.push_back(
                {"state", std::string{text(static_cast<State>(state))}});
        }
    }

    void add_buyers_door(std::vector<MetricFamily>& out) const {
        const auto& loop = counters_.loop;
        counter(out, "requests_total", "Whole requests at the buyers' door.",
                loop.requests.value());
        out.push_back(family("answers_total", "Answers of the buyers' door by outcome.",
                             MetricType::Counter));
        for (const auto& [outcome, value] :
             {std::pair{"accepted", loop.answers_accepted.value()},
              std::pair{"refused", loop.answers_refused.value()},
              std::pair{"shed", loop.answers_shed.value()},
              std::pair{"malformed", loop.requests_malformed.value()}}) {
            out.back().metric.push_back(counter_value(value));
            out.back().metric.back().label.push_back({"outcome", outcome});
        }
        counter(out, "connections_total", "Connections accepted at the buyers' door.",
                loop.connections_accepted.value());
        gauge(out, "connections_open", "Connections open at the buyers' door.",
              static_cast<double>(loop.connections_open.value()));
        gauge(out, "holds_open", "Unpaid holds.", static_cast<double>(loop.holds_open.value()));
        by_state<campaigns::GroupState>(out, "groups_in_state",
                                        "Groups of the campaigns in memory, by state.",
                                        campaigns::group_state_count, loop.groups);
        by_state<campaigns::BargainState>(out, "bargains_in_state",
                                          "Bargains of the campaigns in memory, by state.",
                                          campaigns::bargain_state_count, loop.bargains);
        gauge(out, "selling_held_back", "1 while new holds are answered BUSY.",
              static_cast<double>(loop.selling_held_back.value()));
    }

    void add_mall_door(std::vector<MetricFamily>& out) const {
        counter(out, "mall_requests_total", "Whole requests at the mall's and the live door.",
                doors_.mall_requests);
        gauge(out, "mall_connections_open", "Connections open at the mall's and the live door.",
              static_cast<double>(doors_.mall_sessions_open));
        gauge(out, "mall_calls_waiting", "Acts of the mall's door that wait for the loop.",
              static_cast<double>(doors_.mall_calls_waiting));
        counter(out, "mall_calls_total", "Acts of the mall's door that the loop took.",
                counters_.loop.mall_calls.value());
    }

    void add_live_door(std::vector<MetricFamily>& out) const {
        const auto& live = counters_.live;
        gauge(out, "live_watchers", "Connections that follow something at the live door.",
              static_cast<double>(live.watchers.value()));
        gauge(out, "live_subjects", "Different subjects that are followed.",
              static_cast<double>(live.subjects.value()));
        counter(out, "live_connections_total", "Watchers let in.", live.connections.value());
        counter(out, "live_refused_total",
                "Watchers turned away for want of room, or because the state was late.",
                live.refused.value());
        counter(out, "live_states_total", "New states of followed subjects, each written once.",
                live.states.value());
        counter(out, "live_events_total", "States sent to watchers.", live.events.value());
        counter(out, "live_coalesced_total",
                "States that a watcher was spared, since a newer one was there.",
                live.coalesced.value());
        out.push_back(
            family("live_dropped_total", "Watchers dropped by reason.", MetricType::Counter));
        for (const auto& [reason, value] :
             {std::pair{"slow", live.dropped_slow.value()},
              std::pair{"silent", live.dropped_silent.value()},
              std::pair{"talkative", live.dropped_talkative.value()}}) {
            out.back().metric.push_back(counter_value(value));
            out.back().metric.back().label.push_back({"reason", reason});
        }
    }

    void add_journal(std::vector<MetricFamily>& out) const {
        const auto& journal = counters_.journal;
        counter(out, "commits_total", "Commits submitted to the journal.",
                counters_.loop.commits.value());
        counter(out, "commit_bytes_total", "Bytes of all commits.",
                counters_.loop.commit_bytes.value());
        counter(out, "events_total", "Events journaled.", counters_.loop.events.value());
        gauge(out, "journal_durable_commit", "Number of the newest durable commit.",
              static_cast<double>(journal.durable_commit.value()));
        out.push_back(histogram("journal_sync_seconds",
                                "Time from submitting a commit until it is durable.",
                                journal.sync));
        gauge(out, "disk_reserve_ok", "0 when the disk nears its reserve and selling stops.",
              static_cast<double>(journal.disk_reserve_ok.value()));
        gauge(out, "disk_free_bytes", "Free space on the data directory's device.",
              static_cast<double>(journal.disk_free_bytes.value()));
    }

    void add_settlement_and_follower(std::vector<MetricFamily>& out) const {
        const auto& settlement = counters_.settlement;
        gauge(out, "settlement_backlog_commits", "Durable commits not yet settled.",
              static_cast<double>(settlement.backlog_commits.value()));
        gauge(out, "settlement_settled_commit", "The mall's database holds all up to this commit.",
              static_cast<double>(settlement.settled_commit.value()));
        counter(out, "settlement_failures_total",
                "Transactions of the mall's database that failed.", settlement.failures.value());
        gauge(out, "settlement_refused",
              "1 once settlement has stopped until a person acts and the server is restarted.",
              static_cast<double>(settlement.refused.value()));
        gauge(out, "follower_applied_commit", "The commit that the follower's copy stands at.",
              static_cast<double>(counters_.follower.applied_commit.value()));
        gauge(out, "checkpoint_commit", "The newest verified checkpoint.",
              static_cast<double>(counters_.follower.checkpoint_commit.value()));
        counter(out, "checkpoints_total", "Checkpoints written since the start.",
                counters_.follower.checkpoints.value());
    }

    void add_clock(std::vector<MetricFamily>& out) const {
        const auto& loop = counters_.loop;
        gauge(out, "clock_frozen", "1 while expiries are frozen after a clock jump.",
              static_cast<double>(loop.clock_frozen.value()));
        counter(out, "clock_jumps_total", "Clock jumps seen since the start.",
                loop.clock_jumps.value());
        gauge(out, "clock_ahead_seconds", "Journal time minus wall time.",
              static_cast<double>(loop.clock_ahead_ms.value()) / 1000.0);
        gauge(out, "ready", "1 while the server serves.",
              counters_.phase.load(std::memory_order_relaxed) == ServerPhase::serving ? 1.0 : 0.0);
    }

    static MetricFamily histogram(std::string name, std::string help,
                                  const DurationHistogram& durations) {
        MetricFamily out = family(std::move(name), std::move(help), MetricType::Histogram);
        ClientMetric metric;
        std::uint64_t count = 0;
        for (std::size_t at = 0; at <= DurationHistogram::bounds_us.size(); ++at) {
            count += durations.bucket(at);
            const bool last = at == DurationHistogram::bounds_us.size();
            metric.histogram.bucket.push_back(
                {count, last ? std::numeric_limits<double>::infinity()
                             : static_cast<double>(DurationHistogram::bounds_us[at]) / 1e6});
        }
        metric.histogram.sample_count = count;
        metric.histogram.sample_sum = static_cast<double>(durations.sum_us()) / 1e6;
        out.metric.push_back(std::move(metric));
        return out;
    }

    const ServerCounters& counters_;
    const DoorNumbers& doors_;
};

}  // namespace

std::string metrics_text(const ServerCounters& counters, const DoorNumbers& doors) {
    return prometheus::TextSerializer{}.Serialize(ServerCollectable(counters, doors).Collect());
}

}  // namespace stampede::net
