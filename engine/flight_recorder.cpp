// SPDX-License-Identifier: Apache-2.0
// The flight recorder's ring. The order of its loads and stores is carried by acquire and release
// on each word instead of fences: the same machine code, and ThreadSanitizer understands it.
#include "engine/flight_recorder.hpp"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/vocabulary/check.hpp"

namespace stampede::engine {
namespace {

// Gathers lines and writes them in large pieces; no allocation.
class LineWriter {
  public:
    static constexpr std::size_t line_bytes_max = 256;

    explicit LineWriter(int file_descriptor) : file_descriptor_(file_descriptor) {}

    void line(std::string_view text) {
        check(text.size() <= line_bytes_max, "a line of the dump is longer than its bound");
        if (used_ + text.size() > buffer_.size()) {
            flush();
        }
        std::memcpy(buffer_.data() + used_, text.data(), text.size());
        used_ += text.size();
    }

    // Zero, or the errno of the first write that failed.
    int flush() {
        std::size_t written = 0;
        while (error_ == 0 && written < used_) {
            const ssize_t count =
                ::write(file_descriptor_, buffer_.data() + written, used_ - written);
            if (count > 0) {
                written += static_cast<std::size_t>(count);
            } else if (count == 0 || errno != EINTR) {
                error_ = count == 0 ? EIO : errno;
            }
        }
        used_ = 0;
        return error_;
    }

  private:
    int file_descriptor_;
    int error_ = 0;
    std::size_t used_ = 0;
    std::array<char, 16 * 1024> buffer_{};
};

std::string_view as_line(std::uint64_t number, const TurnRecord& turn,
                         std::array<char, LineWriter::line_bytes_max>& room) {
    const int length =
        std::snprintf(room.data(), room.size(),
                      "%" PRIu64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                      " %" PRId64 " %" PRId64 " %" PRId64 "\n",
                      number, turn.at.ms(), turn.arrivals, turn.replies, turn.commit.raw(),
                      turn.commit_bytes, turn.submitted_us, turn.durable_us, turn.sync_us);
    check(length > 0 && static_cast<std::size_t>(length) < room.size());
    return {room.data(), static_cast<std::size_t>(length)};
}

}  // namespace

FlightRecorder::FlightRecorder(std::size_t turns_kept)
    : mask_(turns_kept - 1), slots_(std::make_unique<Slot[]>(turns_kept)) {
    check(std::has_single_bit(turns_kept), "the ring's size must be a power of two");
}

void FlightRecorder::record(const TurnRecord& turn) {
    // Relaxed: this thread is the only writer of the counter.
    const std::uint64_t number = recorded_.load(std::memory_order_relaxed);
    Slot& slot = slots_[number & mask_];
    const std::array<std::uint64_t, words> image{static_cast<std::uint64_t>(turn.at.ms()),
                                                 turn.arrivals,
                                                 turn.replies,
                                                 turn.commit.raw(),
                                                 turn.commit_bytes,
                                                 static_cast<std::uint64_t>(turn.submitted_us),
                                                 static_cast<std::uint64_t>(turn.durable_us),
                                                 static_cast<std::uint64_t>(turn.sync_us)};
    slot.state.store(2 * number + 1, std::memory_order_relaxed);
    for (std::size_t at = 0; at < words; ++at) {
        // Release: whoever sees this word also sees that the slot is being written.
        slot.word[at].store(image[at], std::memory_order_release);
    }
    // Release: whoever sees the slot whole sees all of its words.
    slot.state.store(2 * number + 2, std::memory_order_release);
    recorded_.store(number + 1, std::memory_order_release);
}

std::optional<TurnRecord> FlightRecorder::read(std::uint64_t number) const {
    const Slot& slot = slots_[number & mask_];
    const std::uint64_t whole = 2 * number + 2;
    if (slot.state.load(std::memory_order_acquire) != whole) {
        return std::nullopt;
    }
    std::array<std::uint64_t, words> image{};
    for (std::size_t at = 0; at < words; ++at) {
        // Acquire: the second look at the state comes after all words.
        image[at] = slot.word[at].load(std::memory_order_acquire);
    }
    if (slot.state.load(std::memory_order_relaxed) != whole) {
        return std::nullopt;
    }
    TurnRecord turn;
    turn.at = Instant{static_cast<std::int64_t>(image[0])};
    turn.arrivals = image[1];
    turn.replies = image[2];
    turn.commit = CommitNumber{image[3]};
    turn.commit_bytes = image[4];
    turn.submitted_us = static_cast<std::int64_t>(image[5]);
    turn.durable_us = static_cast<std::int64_t>(image[6]);
    turn.sync_us = static_cast<std::int64_t>(image[7]);
    return turn;
}

Result<> FlightRecorder::dump(int file_descriptor) const {
    LineWriter writer(file_descriptor);
    writer.line(
        "# flight recorder: one line per turn; _ms since 1970, _us of the monotonic clock\n");
    writer.line(
        "turn at_ms arrivals replies commit commit_bytes submitted_us durable_us sync_us\n");
    const std::uint64_t end = recorded();
    const std::uint64_t kept = mask_ + 1;
    for (std::uint64_t number = end > kept ? end - kept : 0; number < end; ++number) {
        if (const auto turn = read(number)) {
            std::array<char, LineWriter::line_bytes_max> room{};
            writer.line(as_line(number, *turn, room));
        }
    }
    if (const int error = writer.flush(); error != 0) {
        return fault(std::string{"the flight recorder could not be dumped: "} +
                     std::strerror(error));
    }
    return {};
}

}  // namespace stampede::engine
