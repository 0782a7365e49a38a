// SPDX-License-Identifier: Apache-2.0
// `stampede lottery`: net/lottery_draws.hpp over a stopped server's journal, or over a file.
#include "net/fairness_commands.hpp"
#include "net/lottery_draws.hpp"

namespace stampede::net {

namespace {

struct DrawnLotteries {
    using Reader = LotteryDrawsReader;
    static constexpr const char* of_nothing = "lottery";
    static const LotteryDraws* found(const Reader& reader) {
        return reader.has_draws() && reader.draws().seed ? &reader.draws() : nullptr;
    }
    static std::string summary(const LotteryDraws& draws) {
        return std::to_string(draws.groups.size()) + " draws among " +
               std::to_string(draws.member_count()) + " members, each follows from the seed";
    }
    static Result<LotteryDraws> parse(std::string_view text) { return parse_draws(text); }
    static void append(TextBuffer& out, const LotteryDraws& draws) { append_draws(out, draws); }
};

}  // namespace

Verdict verify_lotteries(const std::string& data_dir, std::optional<CampaignId> campaign) {
    return verify_journal<DrawnLotteries>(data_dir, campaign);
}

Verdict verify_published_lottery(const std::string& file) {
    return verify_published<DrawnLotteries>(file);
}

Verdict print_lottery(const std::string& data_dir, CampaignId campaign) {
    return print_drawn<DrawnLotteries>(data_dir, campaign);
}

}  // namespace stampede::net
