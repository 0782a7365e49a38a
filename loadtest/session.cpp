// SPDX-License-Identifier: Apache-2.0
// The order of things in a run.
#include "loadtest/session.hpp"

#include <algorithm>
#include <optional>
#include <thread>

#include "loadtest/cashier.hpp"
#include "loadtest/crowd_run.hpp"
#include "loadtest/oracle.hpp"
#include "loadtest/progress_line.hpp"
#include "loadtest/sale_evidence.hpp"
#include "loadtest/sale_setup.hpp"
#include "loadtest/saturate_run.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds door_patience{5'000};

// What a run leaves for the oracle, whichever loop made it.
struct Traffic {
    RunNumbers numbers;
    std::vector<Answer> answers;
    std::vector<SeenGroup> groups;
    std::vector<SeenBargain> bargains;
    std::vector<PlannedAct> unknown;
    CashierResult cashier;
    std::uint64_t orders_taken = 0;
    bool answers_kept = true;
};

Result<std::vector<std::string>> tokens_for(const Scenario& scenario, const RunOptions& options) {
    if (scenario.crowd.identity == Identity::header) {
        return std::vector<std::string>{};
    }
    const Result<BuyerKey> key = options.buyer_key_file.empty()
                                     ? parse_buyer_key(options.buyer_key)
                                     : read_buyer_key_file(options.buyer_key_file);
    if (!key.has_value()) {
        return fault("token identity needs --buyer-key-file or STAMPEDE_LOAD_BUYER_KEY: " +
                     key.error().message);
    }
    const std::uint32_t count =
        scenario.saturation ? scenario.saturation->token_buyers : scenario.crowd.buyers;
    return mint_tokens(*key, scenario.crowd.first_buyer, count);
}

Result<Traffic> send_crowd(const Scenario& scenario, const RunOptions& options,
                           const Endpoint& target, OrderRequests requests, SteadyTime t0) {
    ProgressLine progress{scenario.name};
    std::unique_ptr<AnswerLog> log;
    if (!options.answer_log.empty()) {
        auto opened = AnswerLog::open(options.answer_log, scenario.sale, scenario.crowd.quantity);
        if (!opened.has_value()) {
            return opened.error();
        }
        log = std::move(*opened);
    }
    std::optional<Cashier> cashier;
    if (scenario.payments.wanted) {
        const Result<Endpoint> mall = resolve_endpoint(scenario.mall_address);
        if (!mall.has_value()) {
            return mall.error();
        }
        cashier.emplace(scenario, *mall, options.api_key, log.get());
    }
    Result<CrowdResult> crowd =
        run_crowd(scenario, target, std::move(requests), t0,
                  {cashier ? &*cashier : nullptr, log.get(), options.watched,
                   [&](std::uint64_t answered) { progress.show(answered); }});
    if (!crowd.has_value()) {
        return crowd.error();
    }
    Traffic traffic;
    if (cashier) {
        progress.say("the crowd is done; waiting for the last payments");
        traffic.cashier = cashier->finish(steady_clock::now() + scenario.finish.holds_lapse +
                                          std::chrono::seconds{30});
    }
    traffic.numbers = std::move(crowd->numbers);
    traffic.answers = std::move(crowd->answers);
    traffic.groups = std::move(crowd->groups);
    traffic.bargains = std::move(crowd->bargains);
    traffic.unknown = std::move(crowd->unknown);
    return traffic;
}

Result<Traffic> saturate(const Scenario& scenario, const RunOptions& options,
                         const Endpoint& target, OrderRequests requests, SteadyTime t0) {
    ProgressLine progress{scenario.name};
    if (t0 > steady_clock::now()) {
        std::this_thread::sleep_until(t0 + milliseconds{200});
    }
    Result<SaturationResult> run =
        run_saturation(scenario, target, std::move(requests), options.watched,
                       [&](std::uint64_t answered) { progress.show(answered); });
    if (!run.has_value()) {
        return run.error();
    }
    Traffic traffic;
    traffic.numbers = std::move(run->numbers);
    traffic.answers = std::move(run->answers);
    traffic.groups = std::move(run->groups);
    traffic.bargains = std::move(run->bargains);
    traffic.orders_taken = run->orders_taken;
    traffic.answers_kept = scenario.saturation->keep_answers;
    return traffic;
}

}  // namespace

void apply_options(const RunOptions& options, Scenario& scenario) {
    if (!options.buyers_address.empty()) {
        scenario.buyers_address = options.buyers_address;
    }
    if (!options.mall_address.empty()) {
        scenario.mall_address = options.mall_address;
    }
    if (options.seed >= 0) {
        scenario.seed = static_cast<std::uint64_t>(options.seed);
    }
    if (options.connections > 0) {
        scenario.crowd.connections = options.connections;
        if (scenario.saturation) {
            scenario.saturation->connections = options.connections;
        }
    }
    if (options.pipeline_depth > 0) {
        scenario.crowd.pipeline_depth = options.pipeline_depth;
        if (scenario.saturation) {
            scenario.saturation->pipeline_depth = options.pipeline_depth;
        }
    }
    if (options.seconds > 0) {
        const std::chrono::nanoseconds length{static_cast<std::int64_t>(options.seconds * 1e9)};
        if (scenario.saturation) {
            scenario.saturation->length = length;
        }
        if (scenario.arrivals) {
            scenario.arrivals->length = length;
        }
    }
}

namespace {

Account account_of(const Scenario& scenario, Traffic& traffic) {
    Account account;
    account.sale = scenario.sale;
    account.asked = Quantity{scenario.crowd.quantity};
    account.answers = std::move(traffic.answers);
    account.groups = std::move(traffic.groups);
    account.bargains = std::move(traffic.bargains);
    account.unknown = std::move(traffic.unknown);
    account.payments = std::move(traffic.cashier.payments);
    account.refunds = std::move(traffic.cashier.refunds);
    account.undelivered = traffic.cashier.undelivered;
    account.ended = wall_now();
    if (!traffic.answers_kept) {
        account.orders_counted = traffic.orders_taken;
    }
    return account;
}

void append_findings(RunReport& report, std::vector<Finding> findings) {
    for (Finding& finding : findings) {
        if (finding.invariant == "acknowledged_in_journal") {
            report.journal_checked = true;
            report.journal_looked_for = finding.checked;
            report.journal_found = finding.checked - finding.broken;
        }
        report.findings.push_back(std::move(finding));
    }
}

// A check that was asked for and could not be made must not look like one that passed.
Result<> judge_sale(const Scenario& scenario, const RunOptions& options, Doors& doors,
                    Account account, RunReport& report) {
    append_findings(report, judge_answers(account));
    if (scenario.payments.wanted) {
        append_findings(report, judge_payments(account));
    }
    Evidence evidence;
    const Result<bool> listed = gather_from_server(scenario, doors, account, evidence);
    if (!listed.has_value()) {
        return listed.error();
    }
    if (!*listed) {
        report.notes.emplace_back("too many orders: the order list was not compared");
    }
    account.ended = wall_now();
    report.ledger = *evidence.ledger;
    if (!options.mall_database.empty()) {
        Result<MallDatabase> settled =
            await_settled(options.mall_database, account, evidence, scenario.finish.settled);
        if (!settled.has_value()) {
            return settled.error();
        }
        report.mall_checked = true;
        report.settled_orders = settled->orders.size();
        evidence.mall = *std::move(settled);
    }
    if (!options.data_directory.empty()) {
        const Result<> journal = gather_journal(options, account, evidence);
        if (!journal.has_value()) {
            return journal.error();
        }
    }
    append_findings(report, judge_evidence(account, evidence));
    append_findings(report, judge_groups(account, evidence));
    append_findings(report, judge_bargains(account, evidence));
    if (evidence.groups || evidence.bargains) {
        report.play = scenario.sale.play;
        report.plays = summarize_plays(account, evidence);
    }
    const std::vector<KnownOrder> orders = known_orders(account, evidence);
    report.orders_taken = account.orders_counted.value_or(orders.size());
    report.confirmed_orders = static_cast<std::uint64_t>(std::count_if(
        orders.begin(), orders.end(), [](const KnownOrder& order) { return order.confirmed; }));
    report.payments_told = account.payments.size();
    return {};
}

RunReport report_of(const Scenario& scenario, const RunOptions& options, const Endpoint& target,
                    Traffic& traffic) {
    RunReport report;
    report.scenario = scenario.name;
    report.seed = scenario.seed;
    report.target = target.text;
    report.mode = scenario.saturation ? "saturate" : "crowd";
    report.connections =
        scenario.saturation ? scenario.saturation->connections : scenario.crowd.connections;
    report.pipeline_depth =
        scenario.saturation ? scenario.saturation->pipeline_depth : scenario.crowd.pipeline_depth;
    report.buyers = scenario.saturation ? 0 : scenario.crowd.buyers;
    report.numbers = std::move(traffic.numbers);
    if (traffic.cashier.undelivered > 0) {
        // Expected when the server is killed on purpose; else the mall's door is broken.
        report.exit = options.answer_log.empty() ? ExitCode::failed : ExitCode::success;
        report.notes.push_back(std::to_string(traffic.cashier.undelivered) +
                               " payments undelivered: " + traffic.cashier.last_fault);
    }
    return report;
}

}  // namespace

Result<RunReport> run_session(Scenario scenario, const RunOptions& options) {
    apply_options(options, scenario);
    const Result<Endpoint> target = resolve_endpoint(scenario.buyers_address);
    if (!target.has_value()) {
        return target.error();
    }
    const Result<Endpoint> door = resolve_endpoint(scenario.mall_address);
    if (!door.has_value()) {
        return door.error();
    }
    Result<std::vector<std::string>> tokens = tokens_for(scenario, options);
    if (!tokens.has_value()) {
        return tokens.error();
    }
    SteadyTime t0 = steady_clock::now() + milliseconds{500};
    Doors doors{{*door, options.api_key, door_patience}, {*target, "", door_patience}};
    if (scenario.draft_json) {
        const Result<StartedSale> sale = start_sale(scenario, doors.mall, doors.buyers);
        if (!sale.has_value()) {
            return sale.error();
        }
        scenario.sale.campaign_id = sale->campaign_id;
        t0 = sale->starts;
    }
    OrderRequests requests{scenario, target->text, std::move(*tokens)};
    Result<Traffic> traffic = scenario.saturation
                                  ? saturate(scenario, options, *target, std::move(requests), t0)
                                  : send_crowd(scenario, options, *target, std::move(requests), t0);
    if (!traffic.has_value()) {
        return traffic.error();
    }
    RunReport report = report_of(scenario, options, *target, *traffic);
    if (!scenario.raw) {
        const Result<> judged =
            judge_sale(scenario, options, doors, account_of(scenario, *traffic), report);
        if (!judged.has_value()) {
            report.exit = ExitCode::failed;
            report.notes.push_back("a check could not be made: " + judged.error().message);
        }
    }
    judge(report, scenario);
    return report;
}

}  // namespace stampede::loadtest
