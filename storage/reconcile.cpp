// SPDX-License-Identifier: Apache-2.0
// First the journal is turned into the rows that the database should have, then the database is
// read once; a row that is found is taken out, and what is left over is missing.
#include "storage/reconcile.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

#include "engine/frame.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::storage {
namespace {

using Findings = ReconcileReport::Findings;

struct Receipt {
    std::uint64_t shard = 0;
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
};

std::optional<Receipt> parse_receipt(std::string_view text) {
    std::array<std::uint64_t, 3> numbers{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::size_t part = 0; part < numbers.size(); ++part) {
        const auto [stop, error] = std::from_chars(at, end, numbers[part]);
        const bool is_last = part + 1 == numbers.size();
        if (error != std::errc{} || (is_last ? stop != end : stop == end || *stop != '.')) {
            return std::nullopt;
        }
        at = stop + 1;
    }
    return Receipt{numbers[0], numbers[1], numbers[2]};
}

std::string shown(const std::string& text) {
    return '"' + text + '"';
}
std::string shown(const std::optional<std::string>& text) {
    return text ? shown(*text) : "NULL";
}
std::string shown(Money money) {
    return std::to_string(money.fen());
}
std::string shown(Quantity quantity) {
    return std::to_string(quantity.units());
}
std::string shown(Instant instant) {
    return std::to_string(instant.ms());
}
std::string shown(const std::optional<Instant>& instant) {
    return instant ? shown(*instant) : "NULL";
}
std::string shown(std::uint64_t number) {
    return std::to_string(number);
}

/// Collects "column is A, the journal says B".
class Comparison {
  public:
    template <class Field>
    Comparison& field(std::string_view column, const Field& database, const Field& journal) {
        if (database != journal) {
            text_ += text_.empty() ? "" : "; ";
            text_ += std::string{column} + " is " + shown(database) + ", the journal says " +
                     shown(journal);
        }
        return *this;
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
};

std::string compare(const OrderRow& database, const OrderRow& journal) {
    Comparison comparison;
    comparison.field("campaign_id", database.campaign_id, journal.campaign_id)
        .field("play", database.play, journal.play)
        .field("buyer_id", database.buyer_id, journal.buyer_id)
        .field("amount", database.amount, journal.amount)
        .field("refunded_amount", database.refunded, journal.refunded)
        .field("state", database.state, journal.state)
        .field("group_id", database.group_id, journal.group_id)
        .field("bargain_id", database.bargain_id, journal.bargain_id)
        .field("payment_id", database.payment_id, journal.payment_id)
        .field("paid_at_ms", database.paid_at, journal.paid_at)
        .field("confirmed_at_ms", database.confirmed_at, journal.confirmed_at)
        .field("receipt", database.receipt, journal.receipt)
        .field("number of items", std::uint64_t{database.items.size()},
               std::uint64_t{journal.items.size()});
    const std::size_t lines = std::min(database.items.size(), journal.items.size());
    for (std::size_t at = 0; at < lines; ++at) {
        const OrderItemRow& have = database.items[at];
        const OrderItemRow& want = journal.items[at];
        const std::string item = "item " + std::to_string(at) + ' ';
        comparison.field(item + "line", std::uint64_t{have.line}, std::uint64_t{want.line})
            .field(item + "item_id", have.item_id, want.item_id)
            .field(item + "quantity", have.quantity, want.quantity)
            .field(item + "unit_price", have.unit_price, want.unit_price)
            .field(item + "refunded_quantity", have.refunded, want.refunded);
    }
    return comparison.text();
}

std::string compare(const EventRow& database, const EventRow& journal) {
    return Comparison{}
        .field("journal_id", database.journal_id, journal.journal_id)
        .field("shard", std::uint64_t{database.shard.raw()}, std::uint64_t{journal.shard.raw()})
        .field("sequence", database.sequence.raw(), journal.sequence.raw())
        .field("ordinal", std::uint64_t{database.ordinal}, std::uint64_t{journal.ordinal})
        .field("kind", database.kind, journal.kind)
        .field("order_id", database.order_id, journal.order_id)
        .field("payload", database.payload, journal.payload)
        .field("at_ms", database.at, journal.at)
        .text();
}

/// The rows that the journal, as far as it is kept, asks for.
class ExpectedRows {
  public:
    void saw_frame(const engine::Frame& frame) {
        if (frame.shard.raw() < first_kept_.size() && !first_kept_[frame.shard.raw()]) {
            first_kept_[frame.shard.raw()] = frame.sequence;
        }
    }
    void operator()(const OrderRow& row) { orders.emplace(row.order_id, row); }
    void operator()(const EventRow& row) { events.emplace(row.event_id, row); }
    void operator()(const OrderChange& change) {
        if (const auto found = orders.find(change.order_id); found != orders.end()) {
            change_row(found->second, change);
            return;
        }
        // Never confirmed; or confirmed before what is kept, and then these are the least that its
        // row must show.
        OrderRow& least = changes_of_older[change.order_id];
        least.refunded += change.refunded_more;
        if (!change.state.empty()) {
            least.state = change.state;
        }
    }

    [[nodiscard]] bool is_older(std::uint64_t shard, std::uint64_t sequence) const {
        if (shard >= first_kept_.size()) {
            return false;
        }
        const std::optional<Sequence>& first = first_kept_[shard];
        return !first || sequence < first->raw();
    }

    std::unordered_map<std::string, OrderRow> orders;
    std::unordered_map<std::string, EventRow> events;
    std::unordered_map<std::string, OrderRow> changes_of_older;

  private:
    static void change_row(OrderRow& row, const OrderChange& change) {
        if (!change.state.empty()) {
            row.state = change.state;
        }
        row.refunded += change.refunded_more;
        for (const OrderChange::Part& part : change.parts) {
            for (OrderItemRow& item : row.items) {
                if (item.line == part.line) {
                    item.refunded += part.refunded_more;
                }
            }
        }
    }
    std::array<std::optional<Sequence>, limits::shard_count> first_kept_;
};

class Reconciliation {
  public:
    Reconciliation(const RecordsOfFrame& records_of, std::size_t examples_max,
                   ReconcileReport& report)
        : records_of_(records_of), examples_max_(examples_max), report_(report) {}

    Result<> take(const engine::DurableCommit& commit) {
        if (commit.number != next_) {
            return fault("commit " + std::to_string(next_.raw()) +
                         " is not kept, though later ones are");
        }
        next_ = next_.next();
        engine::FrameReader frames(commit.frames);
        while (const std::optional<engine::Frame> frame = frames.next()) {
            expected_.saw_frame(*frame);
            records_.clear();
            if (!records_of_(*frame, commit, records_)) {
                return fault("commit " + std::to_string(commit.number.raw()) + ": event " +
                             std::to_string(frame->shard.raw()) + '.' +
                             std::to_string(frame->sequence.raw()) +
                             " cannot be read by this version");
            }
            take_records(commit.number <= report_.cursor);
        }
        if (frames.broken()) {
            return fault("commit " + std::to_string(commit.number.raw()) + " has a damaged frame");
        }
        return {};
    }

    [[nodiscard]] bool has_seen_all() const { return next_ == report_.last.next(); }

    void judge(const OrderRow& row) {
        const auto expected = expected_.orders.find(row.order_id);
        if (expected != expected_.orders.end()) {
            ++report_.orders_compared;
            if (row != expected->second) {
                add(report_.different,
                    "order " + row.order_id + ": " +
                        (row.state.empty() ? "it has items but no row in stampede_order"
                                           : compare(row, expected->second)));
            }
            expected_.orders.erase(expected);
            return;
        }
        const auto receipt = parse_receipt(row.receipt);
        if (report_.first_kept.raw() > 1 && receipt &&
            expected_.is_older(receipt->shard, receipt->sequence)) {
            judge_older(row);
            return;
        }
        add(report_.extra, "order " + row.order_id + " (receipt " + row.receipt +
                               ") was not confirmed in the journal");
    }

    void judge(const EventRow& row) {
        const auto expected = expected_.events.find(row.event_id);
        if (expected != expected_.events.end()) {
            ++report_.events_compared;
            if (row != expected->second) {
                add(report_.different,
                    "event " + row.event_id + ": " + compare(row, expected->second));
            }
            expected_.events.erase(expected);
            return;
        }
        if (report_.first_kept.raw() > 1 &&
            expected_.is_older(row.shard.raw(), row.sequence.raw())) {
            ++report_.rows_not_judged;
            return;
        }
        add(report_.extra,
            "event " + row.event_id + " (" + row.kind + ") does not follow from the journal");
    }

    void what_is_left_is_missing() {
        for (const auto& [order_id, row] : expected_.orders) {
            add(report_.missing, "order " + order_id + " (receipt " + row.receipt + ")");
        }
        for (const auto& [event_id, row] : expected_.events) {
            add(report_.missing, "event " + event_id + " (" + row.kind + ")");
        }
    }

  private:
    void take_records(bool is_settled) {
        for (const SettlementRecord& record : records_) {
            if (is_settled) {
                std::visit(expected_, record);
            } else {
                const bool is_order = std::holds_alternative<OrderRow>(record);
                const bool is_event = std::holds_alternative<EventRow>(record);
                report_.unsettled_orders += is_order ? 1U : 0U;
                report_.unsettled_events += is_event ? 1U : 0U;
            }
        }
    }

    void judge_older(const OrderRow& row) {
        ++report_.rows_not_judged;
        const auto least = expected_.changes_of_older.find(row.order_id);
        if (least == expected_.changes_of_older.end()) {
            return;
        }
        if (!least->second.state.empty() && row.state != least->second.state) {
            add(report_.different, "order " + row.order_id + ": state is " + shown(row.state) +
                                       ", the journal says " + shown(least->second.state));
        } else if (row.refunded < least->second.refunded) {
            add(report_.different, "order " + row.order_id + ": refunded_amount is " +
                                       shown(row.refunded) + ", the journal says at least " +
                                       shown(least->second.refunded));
        }
    }

    void add(Findings& findings, std::string example) const {
        ++findings.rows;
        if (findings.examples.size() < examples_max_) {
            findings.examples.push_back(std::move(example));
        }
    }

    const RecordsOfFrame& records_of_;
    std::size_t examples_max_;
    ReconcileReport& report_;
    CommitNumber next_ = report_.first_kept;
    ExpectedRows expected_;
    std::vector<SettlementRecord> records_;
};

Result<> compare_all(const JournalToCompare& journal, Reconciliation& reconciliation,
                     MallDatabase& database) {
    auto read = journal.for_each_commit(
        [&](const engine::DurableCommit& commit) { return reconciliation.take(commit); });
    if (!read.has_value()) {
        return read.error();
    }
    if (!reconciliation.has_seen_all()) {
        return fault("the journal cannot be read to its end");
    }
    if (auto orders =
            database.for_each_order([&](const OrderRow& row) { reconciliation.judge(row); });
        !orders.has_value()) {
        return fault(orders.error().message);
    }
    if (auto events =
            database.for_each_event([&](const EventRow& row) { reconciliation.judge(row); });
        !events.has_value()) {
        return fault(events.error().message);
    }
    reconciliation.what_is_left_is_missing();
    return {};
}

void append(std::string& out, std::string_view word, const Findings& findings) {
    for (const std::string& example : findings.examples) {
        out += std::string{word} + ": " + example + '\n';
    }
    if (findings.rows > findings.examples.size()) {
        out += std::string{word} + ": ... and " +
               std::to_string(findings.rows - findings.examples.size()) + " more\n";
    }
}

}  // namespace

Result<ReconcileReport> reconcile(const JournalToCompare& journal, const RecordsOfFrame& records_of,
                                  MallDatabase& database, std::size_t examples_max) {
    ReconcileReport report;
    report.database = database.name();
    report.first_kept = journal.first_kept;
    report.last = journal.last;
    if (auto connected = database.connect(); !connected.has_value()) {
        return fault(connected.error().message);
    }
    if (auto begun = database.begin_snapshot(); !begun.has_value()) {
        return fault(begun.error().message);
    }
    const auto cursor = database.read_cursor();
    if (!cursor.has_value()) {
        return fault(cursor.error().message);
    }
    if (auto judged = judge_cursor(*cursor, journal.journal_id, report.last, report.database);
        !judged.has_value()) {
        report.cursor_trouble = judged.error().message;
    }
    report.cursor = *cursor ? (*cursor)->commit : CommitNumber{0};
    if (*cursor && (*cursor)->journal_id != journal.journal_id) {
        database.end_snapshot();
        return report;  // rows of two journals have nothing to be compared by
    }
    if (report.cursor.next() < report.first_kept) {
        report.cursor_trouble =
            report.database + " is settled up to commit " + std::to_string(report.cursor.raw()) +
            ", but what is kept begins at commit " + std::to_string(report.first_kept.raw()) +
            "; put the removed archive files back";
    }
    Reconciliation reconciliation(records_of, examples_max, report);
    auto compared = compare_all(journal, reconciliation, database);
    database.end_snapshot();
    if (!compared.has_value()) {
        return compared.error();
    }
    return report;
}

std::string text(const ReconcileReport& report) {
    std::string out = report.database + ": compared " + std::to_string(report.orders_compared) +
                      " orders and " + std::to_string(report.events_compared) +
                      " events, commits " + std::to_string(report.first_kept.raw()) + " to " +
                      std::to_string(report.cursor.raw()) + " of " +
                      std::to_string(report.last.raw()) + '\n';
    if (report.first_kept.raw() > 1) {
        out += "commits before " + std::to_string(report.first_kept.raw()) +
               " are not kept: " + std::to_string(report.rows_not_judged) +
               " older rows were not judged\n";
    }
    append(out, "missing", report.missing);
    append(out, "extra", report.extra);
    append(out, "different", report.different);
    if (!report.cursor_trouble.empty()) {
        out += report.cursor_trouble + '\n';
    }
    if (report.unsettled_orders + report.unsettled_events > 0) {
        out += "not settled yet: " + std::to_string(report.unsettled_orders) + " orders and " +
               std::to_string(report.unsettled_events) +
               " events after the cursor; the server settles them when it runs\n";
    }
    out += "missing " + std::to_string(report.missing.rows) + ", extra " +
           std::to_string(report.extra.rows) + ", different " +
           std::to_string(report.different.rows) + '\n';
    return out;
}

}  // namespace stampede::storage
