// SPDX-License-Identifier: Apache-2.0
#include "net/server.hpp"

#include <fcntl.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "engine/thread_name.hpp"
#include "net/follower_live_reads.hpp"
#include "net/follower_reads.hpp"
#include "net/journal_records.hpp"
#include "net/key_file.hpp"
#include "net/live_door.hpp"
#include "net/mall_door.hpp"
#include "net/quiet_doors.hpp"
#include "net/ready_memory.hpp"
#include "net/sale_loop.hpp"
#include "net/steady_time.hpp"
#include "storage/follower.hpp"
#include "storage/mall_database.hpp"
#include "storage/recovery.hpp"
#include "storage/rocksdb_journal.hpp"
#include "storage/settlement.hpp"

namespace stampede::net {

namespace {

using storage::RocksdbJournal;

constexpr std::chrono::milliseconds housekeeping_period{100};
constexpr std::size_t ticket_master_bytes = 32;
// Together below the 10 s that a stop may take.
constexpr Duration doors_stop_patience = Duration::seconds(3);
constexpr Duration loop_stop_patience = Duration::seconds(3);
constexpr std::chrono::milliseconds settlement_stop_patience{2'000};

void set_up_log(const ServerOptions& options) {
    auto logger = spdlog::stderr_color_mt("stampede");
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger->set_level(spdlog::level::from_str(options.log_level));
    spdlog::set_default_logger(std::move(logger));
}

/// As many descriptors as the system lets us have: each connection is one.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
    }
}

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    return set;
}

/// Everything that runs, declared in the order in which it is made.
class Server {
  public:
    explicit Server(const ServerOptions& options) : options_(options) {}

    [[nodiscard]] Result<> start();
    void run();
    void stop();

  private:
    [[nodiscard]] Result<> open_storage();
    [[nodiscard]] Result<> start_settlement();
    [[nodiscard]] Result<> open_doors();
    void open_live_door(const SaleLoopOptions& buyers);
    void start_loop();
    void announce() const;
    void keep_house();
    [[nodiscard]] Result<> load_keys_at_start();
    [[nodiscard]] std::shared_ptr<const Keys> keys_in_force() const;
    void reload_keys();
    void dump_flight_recorder() const;

    ServerOptions options_;
    ServerCounters counters_;
    engine::SystemTimeSource time_;
    engine::FlightRecorder recorder_;
    SteadyTime started_ = read_steady_clock();

    std::unique_ptr<storage::DataDirectory> directory_;
    Shards shards_;
    storage::Recovered recovered_;
    std::unique_ptr<RocksdbJournal> journal_;
    std::unique_ptr<engine::JournalClock> clock_;

    std::unique_ptr<storage::MallDatabase> mall_database_;
    std::unique_ptr<storage::CommitReader> settlement_feed_;
    std::shared_ptr<storage::ConsumerCursor> settlement_cursor_;
    std::unique_ptr<storage::Settlement> settlement_;
    std::unique_ptr<storage::Follower> follower_;
    std::unique_ptr<FollowerReads> reads_;
    std::unique_ptr<FollowerLiveReads> live_reads_;
    CommitNumber seen_checkpoint_;

    std::unique_ptr<KeyStore> key_store_;
    std::unique_ptr<ApiKeys> api_keys_;
    std::unique_ptr<QuietDoors> quiet_doors_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<LoopGateway> gateway_;
    std::unique_ptr<MallDoor> mall_door_;
    std::unique_ptr<LiveDoor> live_door_;
    std::unique_ptr<SaleLoop> sale_;
    std::unique_ptr<HttpServer> buyers_door_;
    Endpoint buyers_at_;
    Endpoint mall_at_;
    Endpoint live_at_;
    std::thread loop_thread_;
    std::atomic<bool> loop_done_{false};
};

Result<> Server::open_storage() {
    auto directory = storage::DataDirectory::open(
        options_.data_dir,
        {.when_absent = options_.dev || options_.create_data_dir ? storage::WhenAbsent::create
                                                                 : storage::WhenAbsent::refuse});
    if (directory.has_error()) {
        return directory.error();
    }
    directory_ = std::move(*directory);
    auto recovered = storage::recover(*directory_, shards_);
    if (recovered.has_error()) {
        return recovered.error();
    }
    recovered_ = std::move(*recovered);
    for (const std::string& warning : recovered_.warnings) {
        spdlog::warn("recovery: {}", warning);
    }
    if (const auto broken = shards_.check_invariants()) {
        return fault("the recovered state breaks an invariant: " + *broken +
                     "; nothing was changed; run `stampede verify`");
    }
    storage::RocksdbJournalOptions journal_options;
    journal_options.anchor =
        options_.anchor == "strict" ? storage::AnchorMode::strict : storage::AnchorMode::trailing;
    journal_options.reserve_bytes = options_.disk_reserve_bytes;
    journal_options.ballast_bytes = options_.ballast_bytes;
    journal_options.fatal = [this](std::string_view why) {
        dump_flight_recorder();
        storage::end_process(why);
    };
    auto journal = RocksdbJournal::open(*directory_, recovered_, std::move(journal_options));
    if (journal.has_error()) {
        return journal.error();
    }
    journal_ = std::move(*journal);
    clock_ = std::make_unique<engine::JournalClock>(time_, shards_.last_time());
    return {};
}

Result<> Server::start_settlement() {
    if (options_.mall_db.empty()) {
        spdlog::warn(
            "no mall database is configured: orders are read at GET /v1/campaigns/ID/orders, what "
            "the mall must act on at GET /v1/events");
        return {};
    }
    auto database = storage::open_mall_database(options_.mall_db);
    if (database.has_error()) {
        return fault(database.error().message);
    }
    mall_database_ = std::move(*database);
    settlement_feed_ = journal_->reader();
    // Until the database has said how far it is, nothing may be trimmed.
    settlement_cursor_ =
        journal_->consumers().add("settlement", storage::Hold::holds_the_journal, CommitNumber{0});
    storage::SettlementOptions settlement_options;
    settlement_options.backlog_commits_max = options_.settlement_backlog_commits_max;
    settlement_ = std::make_unique<storage::Settlement>(
        *mall_database_, *settlement_feed_,
        [journal_id = journal_->journal_id().text()](const engine::Frame& frame,
                                                     const engine::DurableCommit& commit,
                                                     std::vector<SettlementRecord>& records) {
            return append_records_of_frame(frame, commit, journal_id, records);
        },
        journal_->journal_id().text(), settlement_options,
        [this](CommitNumber settled) { settlement_cursor_->advance(settled); });
    return settlement_->start();
}

Result<> Server::open_doors() {
    quiet_doors_ = std::make_unique<QuietDoors>(*journal_, QuietDoorsOptions{});
    const auto kind = parse_event_loop_kind(options_.event_loop);
    if (kind.has_error()) {
        return kind.error();
    }
    auto loop = make_event_loop(
        {.kind = *kind,
         .connections_max = options_.connections_max,
         .on_fallback = [](std::string_view why) { spdlog::warn("event loop: {}", why); }});
    if (loop.has_error()) {
        return loop.error();
    }
    loop_ = std::move(*loop);
    gateway_ =
        std::make_unique<LoopGateway>([this] { loop_->wake(); }, [this] { quiet_doors_->wake(); });
    journal_->wake_with([this] {
        loop_->wake();
        quiet_doors_->durable_advanced();
    });
    reads_ = std::make_unique<FollowerReads>(*follower_, *journal_, settlement_.get());
    mall_door_ = std::make_unique<MallDoor>(
        MallDoorParts{.gateway = *gateway_,
                      .reads = *reads_,
                      .keys = *api_keys_,
                      .counters = counters_,
                      .doors = *quiet_doors_},
        MallDoorOptions{.four_eyes = options_.four_eyes ? campaigns::FourEyes::on
                                                        : campaigns::FourEyes::off});
    SaleLoopOptions sale_options;
    sale_options.trust =
        options_.dev ? TrustHeaders::from_everybody : TrustHeaders::from_listed_peers;
    for (const std::string& peer : options_.trusted_peers) {
        const auto endpoint = Endpoint::parse(peer + ":0");
        if (endpoint.has_error()) {
            return fault("trusted_peers: " + endpoint.error().message);
        }
        sale_options.listed_peers.push_back(*endpoint);
    }
    sale_options.cors_origins = options_.cors_origins;
    open_live_door(sale_options);
    sale_options.recovery_grace = options_.recovery_grace;
    sale_ = std::make_unique<SaleLoop>(shards_, *journal_, *clock_, *loop_, *gateway_, counters_,
                                       recorder_, sale_options);
    const auto keys = keys_in_force();
    sale_->use_keys(keys);
    live_door_->use_keys(keys);
    HttpServerOptions http_options;
    http_options.connections_max = options_.connections_max;
    http_options.connections_per_peer_max = options_.dev ? 0 : options_.connections_per_peer_max;
    buyers_door_ = std::make_unique<HttpServer>(*loop_, *sale_, http_options);
    sale_->serve_through(*buyers_door_);

    const auto buyers = Endpoint::parse(options_.buyers);
    const auto mall = Endpoint::parse(options_.mall_api);
    const auto live = Endpoint::parse(options_.live);
    for (const auto* endpoint : {&buyers, &mall, &live}) {
        if (endpoint->has_error()) {
            return endpoint->error();
        }
    }
    auto listener = Listener::open(*buyers);
    if (listener.has_error()) {
        return listener.error();
    }
    buyers_at_ = listener->endpoint();
    const auto mall_at = quiet_doors_->open(*mall, *mall_door_);
    if (mall_at.has_error()) {
        return mall_at.error();
    }
    mall_at_ = *mall_at;
    const auto live_at = quiet_doors_->open(*live, *live_door_);
    if (live_at.has_error()) {
        return live_at.error();
    }
    live_at_ = *live_at;
    loop_->listen(std::move(*listener));
    return {};
}

/// Buyers are known there as at their own door.
void Server::open_live_door(const SaleLoopOptions& buyers) {
    live_reads_ = std::make_unique<FollowerLiveReads>(*follower_);
    live_door_ = std::make_unique<LiveDoor>(
        LiveDoorParts{.services = quiet_doors_->services(),
                      .gateway = *gateway_,
                      .reads = *live_reads_,
                      .counters = counters_.live},
        LiveDoorOptions{
            .trust = buyers.trust,
            .listed_peers = buyers.listed_peers,
            .cors_origins = buyers.cors_origins,
            .connections_max = options_.live_connections_max,
            .connections_per_peer_max = options_.dev ? 0 : options_.live_connections_per_peer_max});
}

void Server::start_loop() {
    loop_thread_ = std::thread([this] {
        engine::name_this_thread(engine::loop_thread);
        loop_->run(*buyers_door_);
        loop_done_.store(true, std::memory_order_release);
    });
}

Result<> Server::start() {
    if (auto loaded = load_keys_at_start(); loaded.has_error()) {
        return loaded.error();
    }
    if (auto opened = open_storage(); opened.has_error()) {
        return opened.error();
    }
    if (auto settling = start_settlement(); settling.has_error()) {
        return settling.error();
    }
    follower_ = std::make_unique<storage::Follower>(
        *directory_, *journal_, std::make_unique<Shards>(),
        storage::FollowerOptions{
            .checkpoint_every_bytes = options_.checkpoint_every_bytes,
            .checkpoint_every = std::chrono::seconds{options_.checkpoint_every.ms() / 1000}});
    if (auto opened = open_doors(); opened.has_error()) {
        return opened.error();
    }
    if (auto ready = make_memory_ready(options_.ready_memory_bytes); ready.has_error()) {
        return ready.error();
    }
    follower_->start();
    start_loop();
    quiet_doors_->start();
    counters_.phase.store(ServerPhase::serving);
    announce();
    return {};
}

void Server::announce() const {
    const Duration took = read_steady_clock() - started_;
    // The line is what others wait for: whatever the log says of the start stands before it.
    spdlog::info("event loop {}; journal {} at commit {}, {} commits replayed in {} ms",
                 loop_->description(), journal_->journal_id().text(),
                 recovered_.position.chain.number.raw(), recovered_.commits_applied,
                 recovered_.took.count());
    std::printf("ready buyers=%s mall-api=%s live=%s recovered_sequence=%llu in_ms=%lld\n",
                buyers_at_.text().c_str(), mall_at_.text().c_str(), live_at_.text().c_str(),
                static_cast<unsigned long long>(recovered_.position.chain.number.raw()),
                static_cast<long long>(took.ms()));
    std::fflush(stdout);
    static_cast<void>(sd_notify(0, "READY=1"));
}

void Server::keep_house() {
    CommitNumber settled = journal_->durable();
    if (settlement_ != nullptr) {
        const storage::SettlementStatus status = settlement_->status();
        settled = status.cursor.value_or(CommitNumber{0});
        counters_.settlement.backlog_commits.set(static_cast<std::int64_t>(status.backlog_commits));
        counters_.settlement.settled_commit.set(settled.raw());
        counters_.settlement.failures.set(status.retries);
        counters_.settlement.refused.set(status.state == storage::SettlementState::refused ? 1 : 0);
        sale_->note_backlog(status.over_bound);
    }
    sale_->note_settled(settled);
    const HttpCounts buyers = buyers_door_->counters();
    counters_.loop.connections_accepted.set(buyers.connections_opened);
    counters_.loop.connections_open.set(static_cast<std::int64_t>(buyers.connections_open));
    if (const auto free = storage::free_bytes_of(directory_->path()); free.has_value()) {
        counters_.journal.disk_free_bytes.set(static_cast<std::int64_t>(*free));
    }
    if (const CommitNumber newest = follower_->newest_checkpoint(); newest > seen_checkpoint_) {
        seen_checkpoint_ = newest;
        counters_.follower.checkpoints.add();
    }
    counters_.follower.applied_commit.set(follower_->applied().raw());
    counters_.follower.checkpoint_commit.set(follower_->newest_checkpoint().raw());
}

Result<> Server::load_keys_at_start() {
    if (options_.dev) {
        api_keys_ = std::make_unique<DevApiKeys>();
    }
    if (options_.key_file.empty()) {
        return options_.dev ? Result<>{}
                            : fault(
                                  "key_file is not set: without keys nobody could buy or operate; "
                                  "make one with `stampede keys new`, or try `--dev`");
    }
    key_store_ = std::make_unique<KeyStore>(options_.key_file);
    if (auto loaded = key_store_->reload(); loaded.has_error()) {
        return loaded.error();
    }
    if (!options_.dev) {
        api_keys_ = std::make_unique<KeyStoreApiKeys>(*key_store_);
    }
    return {};
}

std::shared_ptr<const Keys> Server::keys_in_force() const {
    if (key_store_ != nullptr) {
        return key_store_->current();
    }
    // --dev without a key file: tickets hold until the server stops, and nobody signs tokens.
    auto keys = std::make_shared<Keys>();
    keys->ticket_master = Secret::random(ticket_master_bytes);
    return keys;
}

void Server::reload_keys() {
    if (key_store_ == nullptr) {
        return;
    }
    if (auto loaded = key_store_->reload(); loaded.has_error()) {
        spdlog::error("key file: {}; the keys read before stay in force", loaded.error().message);
        return;
    }
    sale_->use_keys(key_store_->current());
    live_door_->use_keys(key_store_->current());
    spdlog::info("key file read again");
}

void Server::dump_flight_recorder() const {
    const std::string path = (directory_->path() / "flight-recorder.txt").string();
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        spdlog::warn("the flight recorder cannot be written to {}", path);
        return;
    }
    if (const auto dumped = recorder_.dump(file); dumped.has_error()) {
        spdlog::warn("flight recorder: {}", dumped.error().message);
    }
    ::close(file);
}

void Server::run() {
    const sigset_t signals = handled_signals();
    const timespec period{0, std::chrono::nanoseconds(housekeeping_period).count()};
    for (;;) {
        const int signal = ::sigtimedwait(&signals, nullptr, &period);
        switch (signal) {
            case SIGTERM:
            case SIGINT:
                spdlog::info("stopping");
                return;
            case SIGHUP:
                reload_keys();
                break;
            case SIGUSR1:
                dump_flight_recorder();
                break;
            default:
                break;  // the period is over
        }
        keep_house();
    }
}

void Server::stop() {
    counters_.phase.store(ServerPhase::stopping);
    static_cast<void>(sd_notify(0, "STOPPING=1"));
    // The mall's calls under way need the loop, so its door closes first.
    quiet_doors_->stop(doors_stop_patience);
    sale_->stop_gracefully();
    const SteadyTime give_up_at = read_steady_clock() + loop_stop_patience;
    while (!loop_done_.load(std::memory_order_acquire) && read_steady_clock() < give_up_at) {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    if (!loop_done_.load(std::memory_order_acquire)) {
        spdlog::warn("not everybody was told in time what was decided; asking again tells him");
    }
    loop_->stop();
    loop_thread_.join();
    // What was decided and never told is kept all the same.
    while (shards_.has_undurable()) {
        shards_.end_turn();
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    keep_house();
    if (settlement_ != nullptr) {
        const auto drained = settlement_->stop(settlement_stop_patience);
        if (drained == storage::Settlement::Drained::no) {
            spdlog::warn("the settlement backlog was not drained; the next start goes on with it");
        }
    }
    follower_->stop();
    journal_->stop();
    dump_flight_recorder();
    spdlog::info("stopped at commit {}", journal_->durable().raw());
}

void warn_of_dev_mode() {
    std::fputs(
        "+----------------------------------------------------------------------+\n"
        "|  --dev: NOT FOR PRODUCTION. Anybody who reaches the ports may claim   |\n"
        "|  to be any buyer, and the mall's key is \"dev\". Loopback only.         |\n"
        "+----------------------------------------------------------------------+\n",
        stderr);
}

}  // namespace

int serve(const ServerOptions& options) {
    set_up_log(options);
    if (options.dev) {
        warn_of_dev_mode();
    }
    for (const std::string& warning : options.warnings) {
        spdlog::warn("{}", warning);
    }
    raise_descriptor_limit();
    const sigset_t signals = handled_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by every thread made later
    ::signal(SIGPIPE, SIG_IGN);
    const auto server = std::make_unique<Server>(options);
    if (auto started = server->start(); started.has_error()) {
        spdlog::error("{}", started.error().message);
        return 1;
    }
    server->run();
    server->stop();
    return 0;
}

}  // namespace stampede::net
