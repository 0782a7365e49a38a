// SPDX-License-Identifier: Apache-2.0
// `stampede bargain-plan`: net/bargain_plan.hpp over a stopped server's journal, or over a file.
#include "net/bargain_plan.hpp"
#include "net/fairness_commands.hpp"

namespace stampede::net {

namespace {

struct DrawnCuts {
    using Reader = BargainPlanReader;
    static constexpr const char* of_nothing = "bargains";
    static const BargainPlan* found(const Reader& reader) {
        return reader.has_bargains() && reader.plan().seed ? &reader.plan() : nullptr;
    }
    static std::string summary(const BargainPlan& plan) {
        return std::to_string(plan.bargains.size()) + " bargains, " +
               std::to_string(plan.cut_count()) + " cuts, each follows from the seed";
    }
    static Result<BargainPlan> parse(std::string_view text) { return parse_plan(text); }
    static void append(TextBuffer& out, const BargainPlan& plan) { append_plan(out, plan); }
};

}  // namespace

Verdict verify_bargain_plans(const std::string& data_dir, std::optional<CampaignId> campaign) {
    return verify_journal<DrawnCuts>(data_dir, campaign);
}

Verdict verify_published_plan(const std::string& file) {
    return verify_published<DrawnCuts>(file);
}

Verdict print_bargain_plan(const std::string& data_dir, CampaignId campaign) {
    return print_drawn<DrawnCuts>(data_dir, campaign);
}

}  // namespace stampede::net
