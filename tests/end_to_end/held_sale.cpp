// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/held_sale.hpp"

#include <stdexcept>

namespace stampede::tests {

namespace {

template <class T>
T needed(Result<T> result) {
    if (result.has_error()) {
        throw std::runtime_error(result.error().message);
    }
    return std::move(*result);
}

constexpr Duration doors_stop_patience = Duration::seconds(3);
constexpr std::size_t ticket_master_bytes = 32;

}  // namespace

// HandOnTheDisk ----------------------------------------------------------------------------------

void HandOnTheDisk::before_sync(CommitNumber commit) {
    std::unique_lock lock(mutex_);
    newest_ = commit.raw();
    waiting_ = commit;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !holds_ || commit.raw() <= allowed_; });
    waiting_.reset();
    const auto delay = delay_;
    lock.unlock();
    std::this_thread::sleep_for(delay);
}

void HandOnTheDisk::hold() {
    const std::lock_guard lock(mutex_);
    holds_ = true;
    allowed_ = newest_;
}

void HandOnTheDisk::let_one_through() {
    const std::lock_guard lock(mutex_);
    ++allowed_;
    changed_.notify_all();
}

void HandOnTheDisk::let_go(std::chrono::milliseconds delay) {
    const std::lock_guard lock(mutex_);
    holds_ = false;
    delay_ = delay;
    changed_.notify_all();
}

CommitNumber HandOnTheDisk::wait_for_a_commit() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ && waiting_->raw() > allowed_; });
    return *waiting_;
}

// HeldSale ---------------------------------------------------------------------------------------

HeldSale::HeldSale(net::EventLoopKind kind) {
    open_storage();
    open_doors(kind);
    follower_->start();
    loop_thread_ = std::thread{[this] { loop_->run(*buyers_door_); }};
    doors_->start();
    counters_.phase.store(net::ServerPhase::serving);
}

void HeldSale::open_storage() {
    directory_ = needed(storage::DataDirectory::open(scratch_ / "data",
                                                     {.when_absent = storage::WhenAbsent::create}));
    const auto recovered = needed(storage::recover(*directory_, shards_));
    storage::RocksdbJournalOptions options;
    options.ballast_bytes = 0;
    options.before_sync = [this](CommitNumber commit) { disk_.before_sync(commit); };
    journal_ = needed(storage::RocksdbJournal::open(*directory_, recovered, std::move(options)));
    clock_ = std::make_unique<engine::JournalClock>(time_, shards_.last_time());
    follower_ = std::make_unique<storage::Follower>(
        *directory_, *journal_, std::make_unique<net::Shards>(), storage::FollowerOptions{});
}

void HeldSale::open_doors(net::EventLoopKind kind) {
    doors_ = std::make_unique<net::QuietDoors>(*journal_, net::QuietDoorsOptions{});
    net::EventLoopOptions loop_options;
    loop_options.kind = kind;
    loop_ = needed(net::make_event_loop(loop_options));
    gateway_ =
        std::make_unique<net::LoopGateway>([this] { loop_->wake(); }, [this] { doors_->wake(); });
    journal_->wake_with([this] {
        loop_->wake();
        doors_->durable_advanced();
    });
    reads_ = std::make_unique<net::FollowerReads>(*follower_, *journal_, nullptr);
    mall_door_ = std::make_unique<net::MallDoor>(
        net::MallDoorParts{.gateway = *gateway_,
                           .reads = *reads_,
                           .keys = api_keys_,
                           .counters = counters_,
                           .doors = *doors_},
        // Longer than a test holds the disk.
        net::MallDoorOptions{.read_patience = Duration::seconds(60)});
    live_reads_ = std::make_unique<net::FollowerLiveReads>(*follower_);
    live_door_ = std::make_unique<net::LiveDoor>(
        net::LiveDoorParts{.services = doors_->services(),
                           .gateway = *gateway_,
                           .reads = *live_reads_,
                           .counters = counters_.live},
        // Longer than a test holds the disk.
        net::LiveDoorOptions{.trust = net::TrustHeaders::from_everybody,
                             .read_patience = Duration::seconds(60)});
    net::SaleLoopOptions sale_options;
    sale_options.trust = net::TrustHeaders::from_everybody;
    sale_ = std::make_unique<net::SaleLoop>(shards_, *journal_, *clock_, *loop_, *gateway_,
                                            counters_, recorder_, sale_options);
    auto keys = std::make_shared<net::Keys>();
    keys->ticket_master = net::Secret::random(ticket_master_bytes);
    sale_->use_keys(std::move(keys));
    buyers_door_ = std::make_unique<net::HttpServer>(*loop_, *sale_);
    sale_->serve_through(*buyers_door_);
    const auto anywhere = needed(net::Endpoint::parse("127.0.0.1:0"));
    auto listener = needed(net::Listener::open(anywhere));
    buyers_port_ = listener.endpoint().port();
    loop_->listen(std::move(listener));
    mall_port_ = needed(doors_->open(anywhere, *mall_door_)).port();
    live_port_ = needed(doors_->open(anywhere, *live_door_)).port();
}

HeldSale::~HeldSale() {
    disk_.let_go();
    doors_->stop(doors_stop_patience);
    loop_->stop();
    loop_thread_.join();
    while (shards_.has_undurable()) {
        shards_.end_turn();
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    follower_->stop();
    journal_->stop();
}

Caller HeldSale::buyer(std::uint64_t id) const {
    return Caller{buyers_port_, {"X-Buyer-Id: " + std::to_string(id)}};
}

Caller HeldSale::mall() const {
    return Caller{mall_port_, {"Authorization: Bearer dev"}};
}

}  // namespace stampede::tests
