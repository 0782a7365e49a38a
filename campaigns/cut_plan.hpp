// SPDX-License-Identifier: Apache-2.0
// How much one cut (砍) takes off, for all modes: a pure function of the rules, of what is left
// above the floor, of the helper's ordinal, and of 64 bits that follow from the campaign's
// committed seed. Hence anyone who has the seed can recompute every cut. What must hold: with n
// helpers exactly the n-th reaches the floor; every cut is at least 1 fen; the sum is exact.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>

#include "campaigns/committed_seed.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/money.hpp"

namespace stampede::campaigns {

/// Numbers lie in the journal; never reuse one.
enum class CutMode : std::uint8_t { planned = 0, uniform = 1, proportional = 2, staged = 3 };
[[nodiscard]] std::string_view text(CutMode mode);

/// Both ends are drawn.
struct CutRange {
    Money min;
    Money max;
    friend bool operator==(const CutRange&, const CutRange&) = default;
};
/// Holds for helpers after those of the stage before it, up to the `upto`-th.
struct CutStage {
    std::uint32_t upto = 0;
    CutRange range;
    friend bool operator==(const CutStage&, const CutStage&) = default;
};

struct CutRules {
    Money start_price;
    Money floor_price;
    /// How many helpers reach the floor; absent (undisclosed): whoever takes the last fen does.
    std::optional<std::uint32_t> helpers;
    CutMode mode = CutMode::planned;
    CutRange uniform;
    std::uint32_t low_bp = 0;  // proportional: of what is left above the floor
    std::uint32_t high_bp = 0;
    boost::container::static_vector<CutStage, limits::cut_stages_max> stages;  // the last goes on
    Money first_cut;                        // the starter's own at launch; 0: none
    std::uint32_t new_helper_bonus_bp = 0;  // on top of a new helper's cut, out of the later ones
    friend bool operator==(const CutRules&, const CutRules&) = default;
};
/// Of `staged` cuts: what the helper of this ordinal may take.
[[nodiscard]] CutRange range_of_stage(const CutRules& rules, std::uint32_t ordinal);

enum class HelperNovelty : bool { known = false, new_buyer = true };

/// Where a bargain stands when the next helper comes.
struct CutTurn {
    Money rest;                 // current price - floor price, > 0
    std::uint32_t ordinal = 1;  // of this helper: 1, 2, ...
    HelperNovelty novelty = HelperNovelty::known;
};

/// Helpers after `helped` until the floor is reached for sure.
[[nodiscard]] std::uint32_t helpers_missing(const CutRules& rules, std::uint32_t helped);

/// 1 fen <= cut <= rest; with n helpers at least 1 fen is left for each of those to come, and the
/// last takes the rest.
[[nodiscard]] Money cut_amount(const CutRules& rules, const CutTurn& turn, std::uint64_t bits);

/// The bits of one cut: the purpose is "cut", the subject the bargain.
[[nodiscard]] std::uint64_t bits_of_cut(const CommittedSeed& seed, std::uint64_t bargain,
                                        std::uint32_t ordinal);

}  // namespace stampede::campaigns
