// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden_journal.hpp"

#include <algorithm>
#include <istream>
#include <ostream>
#include <stdexcept>

#include "tests/support/scenario_text.hpp"

namespace stampede::tests {

namespace {

std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte >> 4)];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte & std::byte{15})];
    }
    return text;
}

std::vector<std::byte> from_hex(const std::string& text) {
    std::vector<std::byte> bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(at, 2), nullptr, 16)));
    }
    return bytes;
}

}  // namespace

GoldenJournal read_golden_journal(std::istream& in) {
    GoldenJournal journal;
    StateLayout layout{1};
    for (std::string line; std::getline(in, line);) {
        const Words words = split_words(line);
        if (words.empty() || line.starts_with('#')) {
            continue;
        }
        if (words[0] == "layout" && words.size() == 2) {
            layout = StateLayout{static_cast<std::uint16_t>(read_number(words[1]))};
        } else if (words[0] == "commit" && words.size() == 5) {
            journal.commits.push_back(
                {CommitNumber{static_cast<std::uint64_t>(read_number(words[1]))},
                 Instant{read_number(words[2])}, Signature{std::stoull(words[3], nullptr, 16)},
                 layout, from_hex(words[4])});
        } else if (words[0] == "ledger") {
            journal.ledger.push_back(line.substr(words[0].size() + 1));
        } else {
            throw std::invalid_argument("not a line of a golden journal: " + line);
        }
    }
    return journal;
}

void write_golden_journal(const GoldenJournal& journal, std::ostream& out) {
    if (!journal.commits.empty()) {
        out << "layout " << journal.commits.front().layout.raw() << '\n';
    }
    for (const ModelJournal::Kept& kept : journal.commits) {
        const std::uint64_t signature = kept.signature.raw();
        out << "commit " << kept.number.raw() << ' ' << kept.journal_time.ms() << ' ' << std::hex
            << signature << std::dec << ' ' << hex(kept.frames) << '\n';
    }
    for (const std::string& line : journal.ledger) {
        out << "ledger " << line << '\n';
    }
}

std::vector<std::string> ledger_lines(const SaleRig::Set& set) {
    std::vector<std::string> lines;
    set.for_each_machine([&](ShardIndex /*shard*/, const campaigns::CampaignMachine& machine) {
        machine.for_each_campaign([&](const campaigns::Campaign& campaign) {
            for (std::uint16_t item = 0; item < campaign.item_count(); ++item) {
                const auto parts = campaign.cell(item).parts();
                std::string line = std::to_string(campaign.id().raw()) + " " +
                                   std::string{campaign.config().items[item].item_id.view()};
                for (const std::int64_t part :
                     {parts.available, parts.held, parts.sold, parts.reserve, parts.removed}) {
                    line += " " + std::to_string(part);
                }
                lines.push_back(line);
            }
        });
    });
    std::ranges::sort(lines);
    return lines;
}

}  // namespace stampede::tests
