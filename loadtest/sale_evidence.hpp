// SPDX-License-Identifier: Apache-2.0
// What server, journal and mall say after a run, awaited and fetched from outside. Blocking, one
// thread; a part that cannot be had is a fault, so that no check is left out in silence.
#pragma once

#include "loadtest/gather.hpp"
#include "loadtest/oracle.hpp"
#include "loadtest/run_options.hpp"

namespace stampede::loadtest {

struct Doors {
    MallDoor mall;
    MallDoor buyers;  // public reads
};

/// The server's wall clock, which on one machine is this one.
[[nodiscard]] Instant wall_now();

/// Ledger, groups or bargains, and orders as of one moment, after the holds have lapsed as far as
/// the scenario wants. False when there are too many orders to list; then only the ledger is taken.
[[nodiscard]] Result<bool> gather_from_server(const Scenario& scenario, Doors& doors,
                                              const Account& account, Evidence& evidence);
/// Settlement runs behind the sale, so the mall's database gets its time to agree with `read`; what
/// it still says afterwards is what is judged.
[[nodiscard]] Result<MallDatabase> await_settled(const std::string& url, const Account& account,
                                                 const Evidence& read,
                                                 std::chrono::nanoseconds patience);
/// Stops the server first where the options say so.
[[nodiscard]] Result<> gather_journal(const RunOptions& options, const Account& account,
                                      Evidence& evidence);

}  // namespace stampede::loadtest
