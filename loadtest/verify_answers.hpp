// SPDX-License-Identifier: Apache-2.0
// After a crash: holds the server against the journal of answers that the crowd wrote before it.
// Whatever was acknowledged must still be so. Blocking, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadtest/answer_log.hpp"
#include "loadtest/buyer_token.hpp"
#include "loadtest/endpoint.hpp"
#include "loadtest/evidence.hpp"
#include "loadtest/finding.hpp"
#include "loadtest/mall_door.hpp"

namespace stampede::loadtest {

struct VerifyAsk {
    Endpoint buyers;
    Endpoint mall;
    std::string api_key;
    std::optional<BuyerKey> buyer_key;  // absent: identity by header
    /// How often the mall tells of every payment again.
    std::uint32_t replay_payments = 1;
};

/// Against a running server: every request again with its key must give the first answer, replayed;
/// every order must be found; every payment told again must change nothing. A fault when the server
/// cannot be reached.
[[nodiscard]] Result<std::vector<Finding>> verify_with_server(const LoggedAnswers& answers,
                                                              const VerifyAsk& ask);

/// Against the journal of a stopped server: every acknowledged receipt and order is there.
[[nodiscard]] std::vector<Finding> verify_with_journal(const LoggedAnswers& answers,
                                                       const JournalContents& journal);

}  // namespace stampede::loadtest
