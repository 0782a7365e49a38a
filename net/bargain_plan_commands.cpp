// SPDX-License-Identifier: Apache-2.0
// `stampede bargain-plan`: net/bargain_plan.hpp over a stopped server's journal, or over a file.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "net/bargain_plan.hpp"
#include "net/journal_commands.hpp"
#include "net/sale_shards.hpp"
#include "storage/data_directory.hpp"
#include "storage/recovery.hpp"

namespace stampede::net {

namespace {

using storage::DataDirectory;
using Readers = std::map<CampaignId, BargainPlanReader>;

constexpr std::size_t published_bytes_max = std::size_t{1} << 30;

Verdict complain(Verdict verdict, const std::string& message) {
    std::fprintf(stderr, "stampede: %s\n", message.c_str());
    return verdict;
}

/// Every event of the journal, by campaign; the verdict is good when all of it could be read.
Verdict read_plans(const std::string& data_dir, std::optional<CampaignId> only, Readers& readers) {
    const auto directory = DataDirectory::open(
        data_dir, {.when_absent = storage::WhenAbsent::refuse, .room_to_start_bytes = 0});
    if (directory.has_error()) {
        return complain(Verdict::unusable, directory.error().message);
    }
    std::optional<Fault> not_kept;
    const auto scan = storage::scan_journal(
        **directory, CommitNumber{0},
        [&](const storage::StoredCommit& stored) -> Result<storage::Walk> {
            engine::FrameReader frames(stored.commit.frames);
            while (const auto frame = frames.next()) {
                const CampaignId campaign{frame->scope};
                if (campaign.raw() == 0 || (only && campaign != *only)) {
                    continue;
                }
                const auto event = campaigns::CampaignMachine::decode(*frame);
                if (!event) {
                    return fault("commit " + std::to_string(stored.commit.number.raw()) +
                                 " has an event that this program does not know");
                }
                BargainPlanReader& reader = readers.try_emplace(campaign, campaign).first->second;
                if (const auto read = reader.read(*event); read.has_error() && !not_kept) {
                    not_kept = fault("campaign " + std::to_string(campaign.raw()) + ": " +
                                     read.error().message);
                }
            }
            return storage::Walk::go_on;
        });
    if (scan.has_error()) {
        return complain(Verdict::damaged, "damaged: " + scan.error().message);
    }
    return not_kept ? complain(Verdict::unusable, not_kept->message) : Verdict::good;
}

/// One line for a plan that holds.
Verdict judge(const BargainPlan& plan) {
    const std::string name = "campaign " + std::to_string(plan.campaign.raw());
    if (const auto unfair = first_unfair(plan)) {
        return complain(Verdict::unfair, name + ": " + *unfair);
    }
    std::printf("%s: %zu bargains, %zu cuts, each follows from the seed\n", name.c_str(),
                plan.bargains.size(), plan.cut_count());
    return Verdict::good;
}

}  // namespace

Verdict verify_bargain_plans(const std::string& data_dir, std::optional<CampaignId> campaign) {
    Readers readers;
    if (const Verdict read = read_plans(data_dir, campaign, readers); read != Verdict::good) {
        return read;
    }
    Verdict worst = Verdict::good;
    std::size_t plans = 0;
    for (const auto& [id, reader] : readers) {
        if (reader.has_bargains() && reader.plan().seed) {
            ++plans;
            const Verdict verdict = judge(reader.plan());
            worst = verdict == Verdict::good ? worst : verdict;
        }
    }
    if (plans == 0 && campaign) {
        return complain(Verdict::unusable, "campaign " + std::to_string(campaign->raw()) +
                                               " is not here, was never published, or has no "
                                               "bargains");
    }
    return worst;
}

Verdict verify_published_plan(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in || text.size() > published_bytes_max) {
        return complain(Verdict::unusable, file + " cannot be read");
    }
    const auto plan = parse_plan(text);
    if (plan.has_error()) {
        return complain(Verdict::unusable, file + ", " + plan.error().message);
    }
    if (!plan->seed) {
        return complain(Verdict::unusable,
                        file + " has no seed: it is told when the campaign has ended");
    }
    return judge(*plan);
}

Verdict print_bargain_plan(const std::string& data_dir, CampaignId campaign) {
    Readers readers;
    if (const Verdict read = read_plans(data_dir, campaign, readers); read != Verdict::good) {
        return read;
    }
    const auto reader = readers.find(campaign);
    if (reader == readers.end() || !reader->second.has_bargains() || !reader->second.plan().seed) {
        return complain(Verdict::unusable, "campaign " + std::to_string(campaign.raw()) +
                                               " is not here, was never published, or has no "
                                               "bargains");
    }
    TextBuffer out;
    append_plan(out, reader->second.plan());
    const auto bytes = out.view();
    return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()
               ? Verdict::good
               : complain(Verdict::unusable, "the plan cannot be written");
}

}  // namespace stampede::net
