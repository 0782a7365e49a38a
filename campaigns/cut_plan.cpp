// SPDX-License-Identifier: Apache-2.0
#include "campaigns/cut_plan.hpp"

#include <algorithm>

#include "campaigns/weighted_draw.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {

namespace {

constexpr std::int64_t whole_bp = 10'000;

std::int64_t drawn(std::int64_t min, std::int64_t max, std::uint64_t bits) {
    const auto span = static_cast<std::uint64_t>(max - min) + 1;
    return min + static_cast<std::int64_t>(number_below(bits, span));
}

/// Before anything is clipped.
std::int64_t wished(const CutRules& rules, const CutTurn& turn, std::uint32_t missing,
                    std::uint64_t bits) {
    const std::int64_t rest = turn.rest.fen();
    switch (rules.mode) {
        case CutMode::planned:
            // Even around the mean share of those to come: whoever is early takes no more on
            // average than whoever is late.
            return drawn(1, std::max<std::int64_t>(2 * rest / missing - 1, 1), bits);
        case CutMode::uniform:
            return drawn(rules.uniform.min.fen(), rules.uniform.max.fen(), bits);
        case CutMode::proportional:
            return rest * drawn(rules.low_bp, rules.high_bp, bits) / whole_bp;
        case CutMode::staged: {
            const CutRange range = range_of_stage(rules, turn.ordinal);
            return drawn(range.min.fen(), range.max.fen(), bits);
        }
    }
    unreachable();
}

}  // namespace

CutRange range_of_stage(const CutRules& rules, std::uint32_t ordinal) {
    check(!rules.stages.empty(), "staged cuts without a stage");
    const auto stage = std::ranges::find_if(
        rules.stages, [&](const CutStage& each) { return ordinal <= each.upto; });
    return stage == rules.stages.end() ? rules.stages.back().range : stage->range;
}

std::string_view text(CutMode mode) {
    switch (mode) {
        case CutMode::planned:
            return "planned";
        case CutMode::uniform:
            return "uniform";
        case CutMode::proportional:
            return "proportional";
        case CutMode::staged:
            return "staged";
    }
    unreachable();
}

std::uint32_t helpers_missing(const CutRules& rules, std::uint32_t helped) {
    const std::uint32_t most =
        rules.helpers.value_or(static_cast<std::uint32_t>(limits::helpers_per_bargain_max));
    check(helped < most, "a helper more than a bargain takes");
    return most - helped;
}

Money cut_amount(const CutRules& rules, const CutTurn& turn, std::uint64_t bits) {
    check(turn.rest > Money{0} && turn.ordinal >= 1, "a cut below the floor");
    const std::uint32_t missing = helpers_missing(rules, turn.ordinal - 1);
    if (missing == 1) {
        return turn.rest;
    }
    std::int64_t wish = wished(rules, turn, missing, bits);
    if (turn.novelty == HelperNovelty::new_buyer) {
        wish += wish * rules.new_helper_bonus_bp / whole_bp;
    }
    // Where n is told, each helper to come keeps a fen; else nobody is promised one.
    const std::int64_t kept = rules.helpers ? std::int64_t{missing} - 1 : 0;
    check(turn.rest.fen() > kept, "helpers are promised more than there is");
    return Money{std::clamp<std::int64_t>(wish, 1, turn.rest.fen() - kept)};
}

std::uint64_t bits_of_cut(const CommittedSeed& seed, std::uint64_t bargain, std::uint32_t ordinal) {
    return seed.bits("cut", bargain, ordinal);
}

}  // namespace stampede::campaigns
