// SPDX-License-Identifier: Apache-2.0
// The buffers that the kernel receives into: one mapping, a ring that tells the kernel which are
// free, and padding behind each for simdjson. Owned by the loop's thread; a buffer is the loop's
// from its completion until give_back().
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/vocabulary/result.hpp"
#include "net/event_loop.hpp"

namespace stampede::net {

class ReceiveBuffers {
  public:
    static constexpr std::uint16_t group = 0;

    /// `count` is a power of two up to 32768.
    explicit ReceiveBuffers(std::uint16_t count) : count_(count) {}
    ReceiveBuffers(const ReceiveBuffers&) = delete;
    ReceiveBuffers& operator=(const ReceiveBuffers&) = delete;
    ~ReceiveBuffers();

    [[nodiscard]] Result<> attach_to(io_uring& ring);
    [[nodiscard]] std::span<char> buffer(std::uint16_t number, std::size_t bytes) const;
    void give_back(std::uint16_t number);

  private:
    // Two lines more than the payload needs: buffers whose starts are a power of two apart would
    // all fall into the same few cache sets.
    static constexpr std::size_t stride_ = receive_bytes_max + input_padding_bytes + 128;

    std::uint16_t count_;
    io_uring_buf_ring* free_ring_ = nullptr;
    char* memory_ = nullptr;
};

}  // namespace stampede::net
