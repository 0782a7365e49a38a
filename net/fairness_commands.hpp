// SPDX-License-Identifier: Apache-2.0
// What `stampede bargain-plan` and `stampede lottery` share: what was drawn from a campaign's seed
// is read from a stopped server's journal or from what was published, judged, and printed. A
// `Drawn` says what is drawn:
//
//   using Reader;                                   Result<> read(const Event&)
//   static const auto* found(const Reader&);        what was drawn; null: the campaign draws
//   nothing static std::string summary(const Plan&);        of what holds, after the campaign's
//   name static constexpr const char* of_nothing;        why there is nothing to judge static auto
//   parse(std::string_view);            Result<Plan> static void append(TextBuffer&, const Plan&);
//
// and first_unfair(plan) is found by the compiler. Only for a directory that no server has open.
#pragma once

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "net/journal_commands.hpp"
#include "net/sale_shards.hpp"
#include "net/text_buffer.hpp"
#include "storage/data_directory.hpp"
#include "storage/recovery.hpp"

namespace stampede::net {

inline Verdict complain(Verdict verdict, const std::string& message) {
    std::fprintf(stderr, "stampede: %s\n", message.c_str());
    return verdict;
}

/// Every event of the journal, to the reader of its campaign; the verdict is good when all of it
/// could be read.
template <class Reader>
Verdict read_campaigns(const std::string& data_dir, std::optional<CampaignId> only,
                       std::map<CampaignId, Reader>& readers) {
    const auto directory = storage::DataDirectory::open(
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
                Reader& reader = readers.try_emplace(campaign, campaign).first->second;
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

template <class Drawn>
Verdict nothing_drawn(CampaignId campaign) {
    return complain(Verdict::unusable, "campaign " + std::to_string(campaign.raw()) +
                                           " is not here, was never published, or has no " +
                                           Drawn::of_nothing);
}

/// One line for what holds.
template <class Drawn, class Plan>
Verdict judge(const Plan& plan) {
    const std::string name = "campaign " + std::to_string(plan.campaign.raw());
    if (const auto unfair = first_unfair(plan)) {
        return complain(Verdict::unfair, name + ": " + *unfair);
    }
    std::printf("%s: %s\n", name.c_str(), Drawn::summary(plan).c_str());
    return Verdict::good;
}

template <class Drawn>
Verdict verify_journal(const std::string& data_dir, std::optional<CampaignId> campaign) {
    std::map<CampaignId, typename Drawn::Reader> readers;
    if (const Verdict read = read_campaigns(data_dir, campaign, readers); read != Verdict::good) {
        return read;
    }
    Verdict worst = Verdict::good;
    std::size_t found = 0;
    for (const auto& [id, reader] : readers) {
        if (const auto* plan = Drawn::found(reader)) {
            ++found;
            const Verdict verdict = judge<Drawn>(*plan);
            worst = verdict == Verdict::good ? worst : verdict;
        }
    }
    return found == 0 && campaign ? nothing_drawn<Drawn>(*campaign) : worst;
}

template <class Drawn>
Verdict verify_published(const std::string& file) {
    constexpr std::size_t published_bytes_max = std::size_t{1} << 30;
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in || text.size() > published_bytes_max) {
        return complain(Verdict::unusable, file + " cannot be read");
    }
    const auto plan = Drawn::parse(text);
    if (plan.has_error()) {
        return complain(Verdict::unusable, file + ", " + plan.error().message);
    }
    if (!plan->seed) {
        return complain(Verdict::unusable,
                        file + " has no seed: it is told when the campaign has ended");
    }
    return judge<Drawn>(*plan);
}

template <class Drawn>
Verdict print_drawn(const std::string& data_dir, CampaignId campaign) {
    std::map<CampaignId, typename Drawn::Reader> readers;
    if (const Verdict read = read_campaigns(data_dir, std::optional{campaign}, readers);
        read != Verdict::good) {
        return read;
    }
    const auto reader = readers.find(campaign);
    const auto* plan = reader == readers.end() ? nullptr : Drawn::found(reader->second);
    if (plan == nullptr) {
        return nothing_drawn<Drawn>(campaign);
    }
    TextBuffer out;
    Drawn::append(out, *plan);
    const auto bytes = out.view();
    return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()
               ? Verdict::good
               : complain(Verdict::unusable, "it cannot be written");
}

}  // namespace stampede::net
