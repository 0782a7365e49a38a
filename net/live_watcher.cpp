// SPDX-License-Identifier: Apache-2.0
// What both kinds of watcher have in common: when something may be sent, and how it ends.
#include "net/live_watcher.hpp"

#include <utility>

#include "engine/vocabulary/check.hpp"

namespace stampede::net {

std::string_view text(EndReason reason) {
    switch (reason) {
        case EndReason::gone:
            return "gone";
        case EndReason::slow:
            return "slow";
        case EndReason::silent:
            return "silent";
        case EndReason::talkative:
            return "talkative";
        case EndReason::stopping:
            return "stopping";
    }
    unreachable("an end without a reason");
}

void LiveWatcher::open() {
    began_at_ = spoke_at_ = heard_at_ = talk_began_at_ = home_.now();
    start_opening();
}

void LiveWatcher::send(std::shared_ptr<const LiveFrame> frame) {
    check(is_ready(), "a watcher is sent one thing at a time");
    writes_ = true;
    began_at_ = spoke_at_ = home_.now();
    sending_ = std::move(frame);
    start_write(*sending_);
}

void LiveWatcher::end(EndReason reason) {
    if (phase_ != Phase::opening && phase_ != Phase::open) {
        return;
    }
    reason_ = reason;
    home_.ends(*this, reason);
    phase_ = Phase::leaving;
    if (writes_) {
        began_at_ = home_.now();
    } else {
        say_why();
    }
}

void LiveWatcher::say_why() {
    phase_ = Phase::parting;
    began_at_ = home_.now();
    start_farewell(reason_);
}

void LiveWatcher::look_at_the_time() {
    const LiveDeadlines& allowed = home_.deadlines();
    const Duration taken = home_.now() - began_at_;
    switch (phase_) {
        case Phase::opening:
            if (taken > allowed.opening) {
                close();
            }
            return;
        case Phase::open:
            break;
        case Phase::leaving:
            if (taken > allowed.leaving) {
                close();
            }
            return;
        case Phase::parting:
            if (taken > allowed.parting) {
                close();
            }
            return;
        case Phase::closed:
            return;
    }
    if (writes_) {
        if (taken > allowed.slow_write) {
            end(EndReason::slow);
        }
        return;
    }
    if (answers_heartbeats() && home_.now() - heard_at_ > allowed.silence) {
        end(EndReason::silent);
        return;
    }
    if (home_.now() - spoke_at_ > allowed.heartbeat) {
        spoke_at_ = home_.now();
        start_heartbeat();
    }
}

// What the kinds report --------------------------------------------------------------------------

bool LiveWatcher::operation_ended() {
    --operations_;
    if (phase_ == Phase::closed) {
        end_if_silent();
        return false;
    }
    return true;
}

void LiveWatcher::on_opened(bool ok) {
    if (phase_ == Phase::opening && ok) {
        phase_ = Phase::open;
    }
    written_or_opened(ok);
}

void LiveWatcher::on_written(bool ok) {
    sending_.reset();
    written_or_opened(ok);
}

void LiveWatcher::written_or_opened(bool ok) {
    writes_ = false;
    if (!ok) {
        close();
    } else if (phase_ == Phase::leaving) {
        say_why();
    } else if (phase_ == Phase::open) {
        home_.ready(*this);
    }
}

void LiveWatcher::on_heartbeat_sent(bool ok) {
    if (!ok) {
        close();
    }
}

void LiveWatcher::on_read(bool ok, std::size_t bytes) {
    if (!ok) {
        close();
        return;
    }
    heard();
    // Some clients send a word now and then to keep the connection; a flood is work for nothing.
    if (home_.now() - talk_began_at_ > home_.deadlines().heartbeat) {
        talk_began_at_ = home_.now();
        talk_bytes_ = 0;
    }
    talk_bytes_ += bytes;
    if (talk_bytes_ > limits::live_input_bytes_max) {
        end(EndReason::talkative);
    }
}

void LiveWatcher::on_farewell_said(bool ok) {
    if (!ok) {
        close();
    }
}

void LiveWatcher::close() {
    if (phase_ != Phase::closed) {
        phase_ = Phase::closed;
        close_socket();
    }
    end_if_silent();
}

void LiveWatcher::end_if_silent() {
    if (phase_ == Phase::closed && operations_ == 0 && !std::exchange(has_ended_, true)) {
        home_.ended(*this);
    }
}

}  // namespace stampede::net
