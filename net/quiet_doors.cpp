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
#include "engine/vocabulary/limits.hpp"
#include "net/listener.hpp"
#include "net/quiet_session.hpp"

namespace stampede::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds tick{2};
/// After an accept that failed: out of descriptors it would fail again at once, and again.
constexpr std::chrono::milliseconds failed_accept_pause{50};

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
            accept(*door);
        }
        thread_ = std::thread([this] { context_.run(); });
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
    void ended(QuietSession& session) override {
        open_.fetch_sub(1, std::memory_order_relaxed);
        if (!session.in_parked_list) {
            free_.push_back(&session);
        }
        if (stopping_) {
            end_when_empty();
            return;
        }
        if (!has_free_session()) {
            return;
        }
        for (const auto& door : doors_) {
            if (!door->accepts) {
                accept(*door);
            }
        }
    }

  private:
    struct Door {
        Door(asio::io_context& context, HttpDesk& its_desk)
            : acceptor(context), pause(context), desk(its_desk) {}
        tcp::acceptor acceptor;
        asio::steady_timer pause;
        HttpDesk& desk;
        bool accepts = false;  // or will, after a pause
    };

    void accept(Door& door) {
        door.accepts = true;
        door.acceptor.async_accept([this, &door](const error_code& error, tcp::socket socket) {
            door.accepts = false;
            if (stopping_) {
                return;
            }
            if (error) {
                accept_after_pause(door);
                return;
            }
            take_in(std::move(socket), door);
            if (has_free_session()) {
                accept(door);
            }
            // Otherwise ended() accepts again.
        });
    }

    void accept_after_pause(Door& door) {
        door.accepts = true;
        door.pause.expires_after(failed_accept_pause);
        door.pause.async_wait([this, &door](const error_code& error) {
            door.accepts = false;
            if (!error && !stopping_ && has_free_session()) {
                accept(door);
            }
        });
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

    /// True when a connection can be taken in: each door may then take one, so that there is never
    /// more than one too many. When all are in use the longest idle one is closed, and its end
    /// brings us back here.
    bool has_free_session() {
        if (open_.load(std::memory_order_relaxed) < options_.sessions_max) {
            return true;
        }
        QuietSession* oldest = nullptr;
        for (const auto& session : sessions_) {
            if (session->is_idle() &&
                (oldest == nullptr || session->idle_ends_at() < oldest->idle_ends_at())) {
                oldest = session.get();
            }
        }
        if (oldest != nullptr) {
            oldest->close();
        }
        return false;
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
        patience_.expires_after(std::chrono::milliseconds(patience.ms()));
        patience_.async_wait([this](const error_code& error) {
            if (!error) {
                context_.stop();
            }
        });
        end_when_empty();
    }

    void end_when_empty() {
        if (open_.load() == 0) {
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
