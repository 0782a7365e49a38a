// SPDX-License-Identifier: Apache-2.0
// Each part is taken until it stands still or its time is over.
#include "loadtest/sale_evidence.hpp"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool holds(const std::vector<Finding>& findings) {
    return std::all_of(findings.begin(), findings.end(),
                       [](const Finding& finding) { return finding.broken == 0; });
}

// Gone, or ended and only waiting for its parent to notice.
bool has_ended(pid_t process) {
    std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(") ");
    return name_end == std::string::npos || line[name_end + 2] == 'Z';
}

// As an operator's stop script would; the contract gives the server ten seconds.
bool stop_process(pid_t process) {
    if (::kill(process, SIGTERM) != 0) {
        return false;
    }
    for (int waited = 0; waited < 200; ++waited) {
        if (has_ended(process)) {
            return true;
        }
        std::this_thread::sleep_for(milliseconds{100});
    }
    return false;
}

constexpr std::size_t orders_listed_max = 200'000;

bool same_parts(const std::vector<LedgerLine>& before, const std::vector<LedgerLine>& after) {
    return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                      [](const LedgerLine& left, const LedgerLine& right) {
                          return left.item_id == right.item_id && left.held == right.held &&
                                 left.sold == right.sold && left.available == right.available;
                      });
}

// Each group and bargain that an answer told of, as it is now.
Result<> read_records(const Account& account, MallDoor& buyers, Evidence& evidence) {
    std::set<RecordId> told;
    for (const Answer& answer : account.answers) {
        if (answer.record != RecordId{}) {
            told.insert(answer.record);
        }
    }
    const std::vector<RecordId> records{told.begin(), told.end()};
    if (account.sale.play == Play::group_buy) {
        Result<std::vector<GroupView>> groups =
            fetch_groups(buyers, account.sale.campaign_id, records);
        if (!groups.has_value()) {
            return groups.error();
        }
        evidence.groups = *std::move(groups);
    } else if (account.sale.play == Play::bargain) {
        Result<std::vector<BargainView>> bargains =
            fetch_bargains(buyers, account.sale.campaign_id, records);
        if (!bargains.has_value()) {
            return bargains.error();
        }
        evidence.bargains = *std::move(bargains);
    }
    return {};
}

// Ledger, records and order list are several requests: taken again until nothing lapsed in between.
Result<> list_orders(const Scenario& scenario, const Account& account, MallDoor& mall,
                     MallDoor& buyers, Evidence& evidence) {
    constexpr int tries = 50;
    for (int attempt = 0; attempt < tries; ++attempt) {
        Result<std::vector<ListedOrder>> orders = fetch_orders(mall, scenario.sale.campaign_id);
        if (!orders.has_value()) {
            return orders.error();
        }
        if (const Result<> read = read_records(account, buyers, evidence); !read.has_value()) {
            return read.error();
        }
        Result<std::vector<LedgerLine>> ledger = fetch_ledger(mall, scenario.sale.campaign_id);
        if (!ledger.has_value()) {
            return ledger.error();
        }
        const bool still = same_parts(*evidence.ledger, *ledger);
        evidence.ledger = *std::move(ledger);
        evidence.orders = *std::move(orders);
        if (still) {
            break;
        }
    }
    return {};
}

}  // namespace

Instant wall_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return Instant{std::chrono::duration_cast<milliseconds>(now).count()};
}

Result<MallDatabase> await_settled(const std::string& url, const Account& account,
                                   const Evidence& read, std::chrono::nanoseconds patience) {
    const auto end = steady_clock::now() + patience;
    while (true) {
        Result<MallDatabase> mall = read_mall_database(url, account.sale.campaign_id);
        if (!mall.has_value()) {
            return mall;
        }
        Evidence evidence;
        evidence.groups = read.groups;
        evidence.bargains = read.bargains;
        evidence.mall = *mall;
        if (steady_clock::now() >= end ||
            (holds(judge_evidence(account, evidence)) && holds(judge_groups(account, evidence)) &&
             holds(judge_bargains(account, evidence)))) {
            return mall;
        }
        std::this_thread::sleep_for(milliseconds{100});
    }
}

Result<bool> gather_from_server(const Scenario& scenario, Doors& doors, const Account& account,
                                Evidence& evidence) {
    MallDoor& mall = doors.mall;
    Result<std::vector<LedgerLine>> ledger =
        await_lapsed(mall, scenario.sale.campaign_id, scenario.finish.holds_lapse);
    if (!ledger.has_value()) {
        return ledger.error();
    }
    evidence.ledger = *std::move(ledger);
    if (known_orders(account).size() > orders_listed_max || account.orders_counted) {
        return false;
    }
    const Result<> listed = list_orders(scenario, account, mall, doors.buyers, evidence);
    if (!listed.has_value()) {
        return listed.error();
    }
    return true;
}

Result<> gather_journal(const RunOptions& options, const Account& account, Evidence& evidence) {
    if (options.stop_server && !options.watched.empty() && !stop_process(options.watched.front())) {
        return fault("process " + std::to_string(options.watched.front()) +
                     " did not end after SIGTERM");
    }
    Result<JournalContents> journal =
        read_journal(options.stampede_binary, options.data_directory, account.sale.campaign_id);
    if (!journal.has_value()) {
        return journal.error();
    }
    evidence.journal = *std::move(journal);
    return {};
}

}  // namespace stampede::loadtest
