// SPDX-License-Identifier: Apache-2.0
// Answers out of a byte stream, as cheaply as the generator needs: status, Content-Length, and the
// flat fields of the body, found with memchr. It trusts the server's framing only so far as to stop
// at anything it does not understand. No thread of its own; one ResponseStream per connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"
#include "loadtest/answer_code.hpp"

namespace stampede::loadtest {

struct ScannedResponse {
    int status = 0;
    std::string_view body;
    /// The server said `Connection: close`.
    bool closes = false;
    /// Head and body together.
    std::size_t size_bytes = 0;
};

enum class ScanResult : std::uint8_t { whole, incomplete, broken };

/// The first response in `bytes`. A response must have a Content-Length (or be a 204); chunked ones
/// are `broken`, as are heads over 16 KiB and bodies over 64 MiB.
[[nodiscard]] ScanResult scan_response(std::string_view bytes, ScannedResponse& response);

/// shard.epoch.sequence of the event behind an answer.
struct Receipt {
    std::uint16_t shard = 0;
    std::uint32_t epoch = 0;
    std::uint64_t sequence = 0;  // 0: the answer has no receipt
    [[nodiscard]] bool present() const { return sequence != 0; }
    friend constexpr auto operator<=>(const Receipt&, const Receipt&) = default;
};
/// Nothing present for a text that is not three decimal numbers.
[[nodiscard]] Receipt receipt_from(std::string_view text);
[[nodiscard]] std::string text_of(const Receipt& receipt);

/// What the oracle and the crowd need of a body; absent fields keep their defaults.
struct AnswerFields {
    AnswerCode code = AnswerCode::none;
    OrderId order;
    Receipt receipt;
    Money amount;
    Quantity quantity;
    Instant pay_by;
    Duration retry;
    bool replayed = false;
    bool may_return = false;
    /// Nested objects as they stand in the body, for play_views.hpp; empty when absent.
    std::string_view group;
    std::string_view bargain;
    std::string_view cut;
};

/// One pass over the top level of a JSON object. Nested values are not looked into; an odd body
/// yields what was read until then.
[[nodiscard]] AnswerFields read_answer(std::string_view body);

/// Cuts a connection's bytes into responses, wherever the network split them.
class ResponseStream {
  public:
    /// Calls visit(const ScannedResponse&) for each whole response; false when the stream is broken
    /// and the connection must be dropped. `visit` returns false to stop early (connection
    /// dropped).
    template <class Visit>
    [[nodiscard]] bool feed(std::string_view bytes, Visit&& visit) {
        if (!rest_.empty()) {
            rest_.append(bytes);
            bytes = rest_;
        }
        const std::size_t given = bytes.size();
        ScannedResponse response;
        ScanResult result = ScanResult::incomplete;
        while (!bytes.empty() && (result = scan_response(bytes, response)) == ScanResult::whole) {
            bytes.remove_prefix(response.size_bytes);
            if (!visit(static_cast<const ScannedResponse&>(response))) {
                return true;
            }
        }
        if (!bytes.empty() && result == ScanResult::broken) {
            return false;
        }
        if (rest_.empty()) {
            rest_.assign(bytes);
        } else {
            rest_.erase(0, given - bytes.size());
        }
        return true;
    }
    void clear() { rest_.clear(); }
    [[nodiscard]] std::size_t waiting_bytes() const { return rest_.size(); }

  private:
    std::string rest_;
};

}  // namespace stampede::loadtest
