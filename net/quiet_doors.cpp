// SPDX-License-Identifier: Apache-2.0
// Sessions, acceptors and the thread. Everything here but wake(), durable_advanced(), stop() and
// the counters runs on that thread.
#include "net/quiet_doors.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "engine/clock.hpp"
#include "engine/thread_name.hpp"
#include "engine/vocabulary/limits.hpp"
#include "net/listener.hpp"
#include "net/quiet_session.hpp"

namespace stampede::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds tick{2};
/// Until a door tries again by itself to let somebody in: no session ended or became idle, or an
/// accept failed, which out of descriptors it would again at once, and again.
constexpr std::chrono::milliseconds door_pause{50};
/// A connection that has asked nothing yet keeps its place so long against those who come after it.
constexpr Duration newcomers_turn = Duration::seconds(1);
/// From one door before the other has its turn.
constexpr std::size_t taken_in_at_once = 32;

HttpLimits mall_limits() {
    HttpLimits limits;
    limits.body_bytes_max = limits::mall_body_bytes_max;
    // Chunks of a few hundred bytes are the smallest that a client in its right mind sends.
    limits.chunked_bytes_max = limits::mall_body_bytes_max + limits::mall_body_bytes_max / 16;
    return limits;
}

}  // namespace

class QuietDoors::Thread final : public SessionHome, public DeskServices {
  public:
    Thread(const engine::Journal& journal, const QuietDoorsOptions& options)
        : journal_(journal),
          options_(options),
          body_room_(limits::mall_body_bytes_max + input_padding_bytes),
          tick_(context_),
          patience_(context_) {}

    Result<Endpoint> open(const Endpoint& endpoint, HttpDesk& desk) {
        auto listener = Listener::open(endpoint);
        if (listener.has_error()) {
            return listener.error();
        }
        // The acceptor has a descriptor of its own, so that each closes what it owns.
        const int descriptor = ::dup(listener->descriptor());
        if (descriptor < 0) {
            return fault("cannot duplicate the listening socket: out of file descriptors");
        }
        auto door = std::make_unique<Door>(context_, desk);
        error_code error;
        door->acceptor.assign(endpoint.is_ipv4() ? tcp::v4() : tcp::v6(), descriptor, error);
        if (!error) {
            door->acceptor.non_blocking(true, error);
        }
        if (error) {
            ::close(descriptor);
            return fault("cannot listen on " + endpoint.text() + ": " + error.message());
        }
        const Endpoint bound = listener->endpoint();
        doors_.push_back(std::move(door));
        return bound;
    }

    void start() {
        for (const auto& door : doors_) {
            await_newcomer(*door);
        }
        thread_ = std::thread([this] {
            engine::name_this_thread(engine::doors_thread);
            context_.run();
        });
    }

    void stop(Duration patience) {
        if (!thread_.joinable()) {
            return;
        }
        asio::post(context_, [this, patience] { begin_stop(patience); });
        thread_.join();
    }

    void wake() {
        // Relaxed would do for the flag; the ring behind it has its own ordering.
        if (!wake_posted_.exchange(true)) {
            asio::post(context_, [this] {
                wake_posted_.store(false);
                for (const auto& door : doors_) {
                    door->desk.woken();
                }
            });
        }
    }

    void durable_advanced() {
        // An exchange on both sides: whichever comes second sees what the other wrote before, so
        // either the session sees the commit as durable or we see that it waits.
        if (sessions_wait_.exchange(false)) {
            asio::post(context_, [this] { flush_parked(); });
        }
    }

    [[nodiscard]] std::size_t sessions_open() const { return open_.load(); }
    [[nodiscard]] std::uint64_t requests() const { return requests_.load(); }

    // DeskServices
    [[nodiscard]] Instant wall_time() const override { return Instant{time_source_.realtime_ms()}; }
    void tick_soon() override {
        if (ticks_) {
            return;
        }
        ticks_ = true;
        tick_.expires_after(tick);
        tick_.async_wait([this](const error_code& error) {
            ticks_ = false;
            if (!error) {
                for (const auto& door : doors_) {
                    door->desk.ticked();
                }
            }
        });
    }

    [[nodiscard]] asio::io_context& context() override { return context_; }
    void kept_connection_ended() override {
        if (stopping_) {
            end_when_empty();
        }
    }

    // SessionHome
    [[nodiscard]] CommitNumber durable() const override { return journal_.durable(); }
    [[nodiscard]] bool stopping() const override { return stopping_; }
    [[nodiscard]] const QuietDeadlines& deadlines() const override { return options_.deadlines; }
    [[nodiscard]] const ResponseWriter& writer() override {
        writer_.set_time(wall_time());
        return writer_;
    }
    void has_parked(QuietSession& session) override {
        if (!session.in_parked_list) {
            session.in_parked_list = true;
            parked_.push_back(&session);
        }
        sessions_wait_.exchange(true);  // see durable_advanced()
    }
    void request_read() override { requests_.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] bool take_large_body_permit() override {
        if (large_bodies_ == options_.large_bodies_max) {
            return false;
        }
        ++large_bodies_;
        return true;
    }
    void give_large_body_permit_back() override { --large_bodies_; }
    void became_idle(QuietSession& /*session*/) override {
        if (std::ranges::any_of(doors_, [](const auto& door) { return door->is_full; })) {
            make_room();
        }
    }
    void ended(QuietSession& session) override {
        open_.fetch_sub(1, std::memory_order_relaxed);
        if (!session.in_parked_list) {
            free_.push_back(&session);
        }
        if (stopping_) {
            end_when_empty();
            return;
        }
        let_waiting_in();
    }

  private:
    struct Door {
        Door(asio::io_context& context, HttpDesk& its_desk)
            : acceptor(context), pause(context), desk(its_desk) {}
        tcp::acceptor acceptor;
        asio::steady_timer pause;
        HttpDesk& desk;
        bool is_full = false;       // somebody stands before it, and there was no place
        std::uint64_t attempt = 0;  // of letting in; one before it that is still to come is void
    };

    void await_newcomer(Door& door) {
        door.acceptor.async_wait(tcp::acceptor::wait_read, [this, &door](const error_code& error) {
            if (stopping_) {
                return;
            }
            if (error) {
                try_again_later(door);
            } else {
                let_in(door);
            }
        });
    }

    /// Somebody stands before the door, or did a moment ago.
    void let_in(Door& door) {
        door.is_full = false;
        for (std::size_t taken = 0; taken < taken_in_at_once; ++taken) {
            if (open_.load(std::memory_order_relaxed) >= options_.sessions_max) {
                if (taken > 0) {
                    break;  // whether anybody else stands there is not known yet
                }
                door.is_full = true;
                make_room();
                try_again_later(door);
                return;
            }
            error_code error;
            tcp::socket socket(context_);
            door.acceptor.accept(socket, error);
            if (error == asio::error::would_block) {
                break;
            }
            if (error) {
                try_again_later(door);
                return;
            }
            take_in(std::move(socket), door);
        }
        await_newcomer(door);
    }

    void try_again_later(Door& door) {
        door.pause.expires_after(door_pause);
        door.pause.async_wait([this, &door, attempt = ++door.attempt](const error_code& error) {
            if (!error && !stopping_ && attempt == door.attempt) {
                let_in(door);
            }
        });
    }

    /// A place became free: the doors take turns.
    void let_waiting_in() {
        if (stopping_) {
            return;
        }
        for (std::size_t tried = 0; tried < doors_.size(); ++tried) {
            Door& door = *doors_[next_door_];
            next_door_ = (next_door_ + 1) % doors_.size();
            if (door.is_full) {
                door.is_full = false;
                // Not here: we are within a session's own call.
                asio::post(context_, [this, &door, attempt = ++door.attempt] {
                    if (!stopping_ && attempt == door.attempt) {
                        let_in(door);
                    }
                });
                return;
            }
        }
    }

    void take_in(tcp::socket socket, Door& door) {
        QuietSession* session = nullptr;
        if (!free_.empty()) {
            session = free_.back();
            free_.pop_back();
        } else {
            sessions_.push_back(
                std::make_unique<QuietSession>(context_, *this, body_room_, mall_limits()));
            session = sessions_.back().get();
        }
        open_.fetch_add(1, std::memory_order_relaxed);
        session->begin(std::move(socket), door.desk);
    }

    /// Closes the session that has been idle longest, whose end lets a newcomer in. One that has
    /// not asked anything yet has its turn first, or those before a full house would throw each
    /// other out.
    void make_room() {
        const SteadyTime now = read_steady_clock();
        QuietSession* oldest = nullptr;
        for (const auto& session : sessions_) {
            const bool may_go =
                session->is_idle() &&
                (session->has_asked() || now - session->idle_since() > newcomers_turn);
            if (may_go && (oldest == nullptr || session->idle_since() < oldest->idle_since())) {
                oldest = session.get();
            }
        }
        if (oldest != nullptr) {
            oldest->close();
        }
    }

    void flush_parked() {
        flushing_.swap(parked_);
        for (QuietSession* session : flushing_) {
            session->in_parked_list = false;
            if (session->is_closed()) {
                // It ended while it waited; only now nothing points to it any more.
                if (session->has_ended()) {
                    free_.push_back(session);
                }
                continue;
            }
            session->flush();
        }
        flushing_.clear();
    }

    void begin_stop(Duration patience) {
        stopping_ = true;
        for (const auto& door : doors_) {
            error_code ignored;  // closed either way
            door->acceptor.close(ignored);
        }
        for (const auto& session : sessions_) {
            if (session->is_idle()) {
                session->close();
            }
        }
        for (const auto& door : doors_) {
            door->desk.stopping();
        }
        patience_.expires_after(std::chrono::milliseconds(patience.ms()));
        patience_.async_wait([this](const error_code& error) {
            if (!error) {
                context_.stop();
            }
        });
        end_when_empty();
    }

    void end_when_empty() {
        const bool keeps_some = std::ranges::any_of(
            doors_, [](const auto& door) { return door->desk.connections_kept() > 0; });
        if (open_.load() == 0 && !keeps_some) {
            context_.stop();
        }
    }

    const engine::Journal& journal_;
    const QuietDoorsOptions options_;
    engine::SystemTimeSource time_source_;
    ResponseWriter writer_;
    std::vector<char> body_room_;

    asio::io_context context_{1};  // one thread runs it
    asio::steady_timer tick_;
    asio::steady_timer patience_;
    std::vector<std::unique_ptr<Door>> doors_;
    std::vector<std::unique_ptr<QuietSession>> sessions_;  // all that there ever were at once
    std::vector<QuietSession*> free_;
    std::vector<QuietSession*> parked_;    // wait for a commit
    std::vector<QuietSession*> flushing_;  // kept for its memory
    std::size_t large_bodies_ = 0;         // sessions that hold one
    std::size_t next_door_ = 0;            // whose turn it is when a place becomes free
    bool stopping_ = false;
    bool ticks_ = false;
    std::thread thread_;

    std::atomic<bool> wake_posted_{false};
    std::atomic<bool> sessions_wait_{false};
    std::atomic<std::size_t> open_{0};
    std::atomic<std::uint64_t> requests_{0};
};

QuietDoors::QuietDoors(const engine::Journal& journal, const QuietDoorsOptions& options)
    : thread_(std::make_unique<Thread>(journal, options)) {}
QuietDoors::~QuietDoors() {
    stop(Duration::milliseconds(0));
}

DeskServices& QuietDoors::services() {
    return *thread_;
}
Result<Endpoint> QuietDoors::open(const Endpoint& endpoint, HttpDesk& desk) {
    return thread_->open(endpoint, desk);
}
void QuietDoors::start() {
    thread_->start();
}
void QuietDoors::stop(Duration patience) {
    thread_->stop(patience);
}
void QuietDoors::wake() {
    thread_->wake();
}
void QuietDoors::durable_advanced() {
    thread_->durable_advanced();
}
std::size_t QuietDoors::sessions_open() const {
    return thread_->sessions_open();
}
std::uint64_t QuietDoors::requests() const {
    return thread_->requests();
}

}  // namespace stampede::net
