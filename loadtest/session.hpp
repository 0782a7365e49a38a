// SPDX-License-Identifier: Apache-2.0
// One whole run: make the sale, send the crowd, let the mall pay, gather the evidence, let the
// oracle judge, write the reports. Runs on the calling thread; the cashier has one of its own.
#pragma once

#include "engine/vocabulary/result.hpp"
#include "loadtest/report.hpp"
#include "loadtest/run_options.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

/// Takes what the command line changes over into the scenario.
void apply_options(const RunOptions& options, Scenario& scenario);

/// A fault when the run could not take place at all. Everything else, a broken invariant too, is in
/// the report.
[[nodiscard]] Result<RunReport> run_session(Scenario scenario, const RunOptions& options);

}  // namespace stampede::loadtest
