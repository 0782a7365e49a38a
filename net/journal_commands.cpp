// SPDX-License-Identifier: Apache-2.0
#include "net/journal_commands.hpp"

#include <cstdio>
#include <iostream>

#include "net/event_json.hpp"
#include "net/journal_records.hpp"
#include "net/json_text.hpp"
#include "net/sale_shards.hpp"
#include "storage/checkpoint.hpp"
#include "storage/kept_commits.hpp"
#include "storage/mall_database.hpp"
#include "storage/reconcile.hpp"
#include "storage/recovery.hpp"
#include "storage/repair.hpp"

namespace stampede::net {

namespace {

using storage::DataDirectory;

constexpr std::size_t print_buffer_bytes = 1 << 20;

void complain(const std::string& message) {
    std::fprintf(stderr, "stampede: %s\n", message.c_str());
}

std::unique_ptr<DataDirectory> open_directory(const std::string& path) {
    auto directory = DataDirectory::open(
        path, {.when_absent = storage::WhenAbsent::refuse, .room_to_start_bytes = 0});
    if (directory.has_error()) {
        complain(directory.error().message);
        return nullptr;
    }
    return std::move(*directory);
}

engine::DurableCommit durable(const storage::StoredCommit& stored) {
    return {.number = stored.commit.number,
            .epoch = stored.writer.epoch,
            .journal_time = stored.commit.journal_time,
            .signature = stored.commit.signature,
            .frames = stored.commit.frames,
            .owner = nullptr};
}

struct Verified {
    CommitNumber replayed_from;  // 1, or the commit after the oldest checkpoint
    storage::ScanReport scan;
    std::size_t checkpoints = 0;
};

/// The state before the oldest commit that is kept: empty, or the oldest checkpoint.
Result<CommitNumber> load_start(const DataDirectory& directory, Shards& shards) {
    const auto kept = storage::KeptCommits::open(directory);
    if (kept.has_error()) {
        return kept.error();
    }
    const auto oldest = kept->oldest();
    if (oldest.has_error()) {
        return oldest.error();
    }
    if (oldest->raw() <= 1) {
        return CommitNumber{0};
    }
    const auto files = storage::list_checkpoints(directory.checkpoints());
    if (files.has_error()) {
        return files.error();
    }
    for (auto file = files->rbegin(); file != files->rend(); ++file) {
        if (file->number.next() < *oldest) {
            continue;
        }
        const auto position = storage::verify_checkpoint(*file, directory.journal_id());
        if (position.has_error()) {
            return position.error();
        }
        if (storage::why_set_aside(*file, *position, shards)) {
            continue;
        }
        if (auto loaded = storage::load_checkpoint(*file, *position, shards); loaded.has_error()) {
            return loaded.error();
        }
        return file->number;
    }
    return fault("commits before " + std::to_string(oldest->raw()) +
                 " are gone and no checkpoint of state layout " +
                 std::to_string(shards.layout().raw()) + " covers them");
}

Result<std::size_t> verify_checkpoints(const DataDirectory& directory) {
    const auto files = storage::list_checkpoints(directory.checkpoints());
    if (files.has_error()) {
        return files.error();
    }
    for (const storage::CheckpointFile& file : *files) {
        if (const auto position = storage::verify_checkpoint(file, directory.journal_id());
            position.has_error()) {
            return position.error();
        }
    }
    return files->size();
}

Result<Verified> replay(const DataDirectory& directory, Shards& shards) {
    Verified verified;
    const auto checkpoints = verify_checkpoints(directory);
    if (checkpoints.has_error()) {
        return checkpoints.error();
    }
    verified.checkpoints = *checkpoints;
    const auto start = load_start(directory, shards);
    if (start.has_error()) {
        return start.error();
    }
    verified.replayed_from = start->next();
    const auto scan = storage::scan_journal(
        directory, CommitNumber{0},
        [&](const storage::StoredCommit& stored) -> Result<storage::Walk> {
            if (stored.commit.number >= verified.replayed_from) {
                if (const auto applied = shards.apply(stored.commit); applied.has_error()) {
                    return fault("commit " + std::to_string(stored.commit.number.raw()) + ": " +
                                 applied.error().message);
                }
            }
            return storage::Walk::go_on;
        });
    if (scan.has_error()) {
        return scan.error();
    }
    verified.scan = *scan;
    if (const auto broken = shards.check_invariants()) {
        return fault("after commit " + std::to_string(shards.last_applied().raw()) + ": " +
                     *broken);
    }
    return verified;
}

template <class Visit>
void for_each_item(const Shards& shards, Visit&& visit) {
    shards.for_each_machine([&](ShardIndex, const campaigns::CampaignMachine& machine) {
        machine.for_each_campaign([&](const campaigns::Campaign& campaign) {
            for (std::uint16_t item = 0; item < campaign.item_count(); ++item) {
                visit(campaign, campaign.config().items[item].item_id, campaign.cell(item));
            }
        });
    });
}

void print_text(const Shards& shards, const Verified& verified) {
    for_each_item(shards, [](const campaigns::Campaign& campaign, const ItemId& item,
                             const campaigns::StockCell& cell) {
        std::printf(
            "campaign %llu item %.*s total %lld available %lld held %lld sold %lld "
            "reserve %lld removed %lld\n",
            static_cast<unsigned long long>(campaign.id().raw()),
            static_cast<int>(item.view().size()), item.view().data(),
            static_cast<long long>(cell.total().units()),
            static_cast<long long>(cell.available().units()),
            static_cast<long long>(cell.held().units()),
            static_cast<long long>(cell.sold().units()),
            static_cast<long long>(cell.reserve().units()),
            static_cast<long long>(cell.removed().units()));
    });
    std::printf(
        "good: commits %llu to %llu, replayed from %llu, %zu checkpoints, every digest, "
        "signature and invariant holds; signature %016llx\n",
        static_cast<unsigned long long>(verified.scan.visited.first.raw()),
        static_cast<unsigned long long>(verified.scan.visited.last.raw()),
        static_cast<unsigned long long>(verified.replayed_from.raw()), verified.checkpoints,
        static_cast<unsigned long long>(shards.signature().raw()));
}

void print_json(const Shards& shards, const Verified& verified) {
    TextBuffer out(print_buffer_bytes);
    JsonText json(out);
    json.open_object();
    json.flag("good", true);
    json.number("first_commit", verified.scan.visited.first.raw());
    json.number("last_commit", verified.scan.visited.last.raw());
    json.number("replayed_from", verified.replayed_from.raw());
    json.number("checkpoints", verified.checkpoints);
    json.decimal_text("signature", shards.signature().raw());
    json.open_array("items");
    for_each_item(shards, [&](const campaigns::Campaign& campaign, const ItemId& item,
                              const campaigns::StockCell& cell) {
        json.open_object();
        json.decimal_text("campaign_id", campaign.id().raw());
        json.plain("state", text(campaign.state()));
        json.plain("item_id", item.view());
        json.number("total", cell.total().units());
        json.number("available", cell.available().units());
        json.number("held", cell.held().units());
        json.number("sold", cell.sold().units());
        json.number("reserve", cell.reserve().units());
        json.number("removed", cell.removed().units());
        json.close_object();
    });
    json.close_array();
    json.finish();
    std::printf("%.*s\n", static_cast<int>(out.view().size()), out.view().data());
}

}  // namespace

Verdict verify(const std::string& data_dir, Output output) {
    const auto directory = open_directory(data_dir);
    if (directory == nullptr) {
        return Verdict::unusable;
    }
    Shards shards;
    const auto verified = replay(*directory, shards);
    if (verified.has_error()) {
        if (output == Output::json) {
            TextBuffer out;
            JsonText json(out);
            json.open_object();
            json.flag("good", false);
            json.text("problem", verified.error().message);
            json.finish();
            std::printf("%.*s\n", static_cast<int>(out.view().size()), out.view().data());
        }
        complain("damaged: " + verified.error().message);
        return Verdict::damaged;
    }
    if (output == Output::json) {
        print_json(shards, *verified);
    } else {
        print_text(shards, *verified);
    }
    return Verdict::good;
}

Verdict print_journal(const std::string& data_dir, const PrintSelection& selection) {
    const auto directory = open_directory(data_dir);
    if (directory == nullptr) {
        return Verdict::unusable;
    }
    TextBuffer out(2 * print_buffer_bytes);
    const auto flush = [&] {
        const auto bytes = out.view();
        const bool is_written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
        out.clear();
        return is_written;
    };
    const auto scan = storage::scan_journal(
        *directory, CommitNumber{0},
        [&](const storage::StoredCommit& stored) -> Result<storage::Walk> {
            const engine::DurableCommit commit = durable(stored);
            engine::FrameReader frames(commit.frames);
            while (const auto frame = frames.next()) {
                const bool is_asked_for =
                    frame->sequence >= selection.from &&
                    (!selection.campaign || frame->scope == selection.campaign->raw());
                if (!is_asked_for) {
                    continue;
                }
                const auto event = campaigns::CampaignMachine::decode(*frame);
                if (!event) {
                    return fault("commit " + std::to_string(commit.number.raw()) +
                                 " has an event that this program does not know");
                }
                append_event(out, commit, *frame, *event);
                out.append('\n');
            }
            // A closed pipe (`| head`) is no damage: there is nobody left to print for.
            return out.size() > print_buffer_bytes && !flush() ? storage::Walk::stop
                                                               : storage::Walk::go_on;
        });
    flush();
    if (scan.has_error()) {
        complain("damaged: " + scan.error().message);
        return Verdict::damaged;
    }
    return Verdict::good;
}

Verdict reconcile_with_mall(const std::string& data_dir, const std::string& mall_db_url,
                            Output /*output*/) {
    const auto directory = open_directory(data_dir);
    if (directory == nullptr) {
        return Verdict::unusable;
    }
    auto database = storage::open_mall_database(mall_db_url, storage::MallAccess::read_only);
    if (database.has_error()) {
        complain(database.error().message);
        return Verdict::unusable;
    }
    const auto kept = storage::KeptCommits::open(*directory);
    if (kept.has_error()) {
        complain(kept.error().message);
        return Verdict::damaged;
    }
    const auto oldest = kept->oldest();
    if (oldest.has_error()) {
        complain(oldest.error().message);
        return Verdict::damaged;
    }
    const auto whole = storage::scan_journal(
        *directory, CommitNumber{0},
        [](const storage::StoredCommit&) -> Result<storage::Walk> { return storage::Walk::go_on; });
    if (whole.has_error()) {
        complain("damaged: " + whole.error().message);
        return Verdict::damaged;
    }
    const CommitNumber last = whole->visited.last;
    const std::string journal_id = directory->journal_id().text();
    const storage::JournalToCompare journal{
        .journal_id = journal_id,
        .first_kept = oldest->raw() == 0 ? CommitNumber{1} : *oldest,
        .last = last,
        .for_each_commit = [&](const storage::JournalToCompare::Visitor& visit) -> Result<> {
            const auto scan = storage::scan_journal(
                *directory, CommitNumber{0},
                [&](const storage::StoredCommit& stored) -> Result<storage::Walk> {
                    if (auto seen = visit(durable(stored)); seen.has_error()) {
                        return seen.error();
                    }
                    return storage::Walk::go_on;
                });
            if (scan.has_error()) {
                return scan.error();
            }
            return {};
        }};
    const auto report = storage::reconcile(
        journal,
        [&](const engine::Frame& frame, const engine::DurableCommit& commit,
            std::vector<SettlementRecord>& records) {
            return append_records_of_frame(frame, commit, journal_id, records);
        },
        **database);
    if (report.has_error()) {
        complain(report.error().message);
        return Verdict::unusable;
    }
    std::printf("%s", storage::text(*report).c_str());
    return report->agrees() ? Verdict::good : Verdict::different;
}

Verdict accept_loss(const std::string& data_dir, CommitNumber last) {
    const auto directory = open_directory(data_dir);
    if (directory == nullptr) {
        return Verdict::unusable;
    }
    const auto accepted = storage::accept_loss_after(*directory, last);
    if (accepted.has_error()) {
        complain(accepted.error().message);
        return Verdict::damaged;
    }
    std::printf(
        "the journal of %s now ends at commit %llu; run `stampede verify`, then start the "
        "server\n",
        data_dir.c_str(), static_cast<unsigned long long>(accepted->end.number.raw()));
    if (const auto& gone = accepted->unreadable) {
        std::printf(
            "commits %llu to %llu cannot be read any more; the state has them, but a mall database "
            "that stands before commit %llu cannot be settled past them: settlement will stop "
            "there and say so\n",
            static_cast<unsigned long long>(gone->first.raw()),
            static_cast<unsigned long long>(gone->last.raw()),
            static_cast<unsigned long long>(gone->last.raw()));
    }
    return Verdict::good;
}

Verdict dump_tail(const std::string& data_dir) {
    const auto directory = open_directory(data_dir);
    if (directory == nullptr) {
        return Verdict::unusable;
    }
    const auto found = storage::dump_raw_tail(*directory, std::cout);
    if (found.has_error()) {
        complain(found.error().message);
        return Verdict::damaged;
    }
    std::fprintf(stderr, "%llu commits behind the last good one still carry a good digest\n",
                 static_cast<unsigned long long>(*found));
    return Verdict::good;
}

}  // namespace stampede::net
