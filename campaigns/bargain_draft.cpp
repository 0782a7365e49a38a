// SPDX-License-Identifier: Apache-2.0
// The parameters of 砍价: judged item by item, since each may have its own; what cannot work is
// refused here, what may be meant is warned of. In the configuration's bytes:
//
//   helps per campaign, per day: flag, and if 1 number (4) each | mutual_help (1) | launches (4) |
//   open launches (4) | close_with_campaign flag |
//   zone: count (2), each: from, offset_s (4) |
//   items (as many as the campaign has): start, floor | helpers flag, and if 1 number (4) |
//     mode (1) | uniform min, max | low_bp (4), high_bp (4) |
//     stages: count (1), each: upto (4), min, max | first_cut | new_helper_bonus_bp (4) |
//     valid ms, pay ms | buy_at (1), stock_at (1)
#include <algorithm>
#include <string>
#include <utility>

#include "campaigns/bargain.hpp"
#include "campaigns/campaign_draft.hpp"
#include "campaigns/draft_rules.hpp"
#include "campaigns/field_reader.hpp"
#include "campaigns/helper_terms.hpp"

namespace stampede::campaigns {

namespace {

constexpr std::int64_t helpers_most = limits::helpers_per_bargain_max;
constexpr std::size_t item_bytes_max =
    2 * 8 + 5 + 1 + 2 * 8 + 2 * 4 + 1 + limits::cut_stages_max * (4 + 2 * 8) + 8 + 4 + 2 * 8 + 2;

/// A word of the item's own, or the one for every item.
template <class Value>
void inherit(std::optional<Value>& own, const std::optional<Value>& common) {
    if (!own) {
        own = common;
    }
}

BargainItemDraft with_common(BargainItemDraft own, const BargainItemDraft& common) {
    inherit(own.start_price, common.start_price);
    inherit(own.floor_price, common.floor_price);
    if (!own.helpers && !own.undisclosed) {
        own.helpers = common.helpers;
        own.undisclosed = common.undisclosed;
    }
    inherit(own.cuts, common.cuts);
    inherit(own.first_cut, common.first_cut);
    inherit(own.new_helper_bonus_bp, common.new_helper_bonus_bp);
    inherit(own.valid_seconds, common.valid_seconds);
    inherit(own.pay_seconds, common.pay_seconds);
    inherit(own.buy_at, common.buy_at);
    inherit(own.stock_at, common.stock_at);
    return own;
}

/// The parameters of one item, with the place where a mistake in them is told.
class ItemJudge {
  public:
    ItemJudge(const CampaignConfig& config, const ItemConfig& item, const BargainItemDraft& draft,
              std::string place, FieldNotes& errors)
        : config_(config),
          item_(item),
          draft_(draft),
          place_(std::move(place)),
          errors_(errors),
          notes_before_(errors.size()) {}

    [[nodiscard]] BargainItemTerms judge() {
        judge_prices();
        judge_helpers();
        judge_cuts();
        judge_times();
        terms_.buy_at = judge_word(errors_, field("buy_at"), draft_.buy_at,
                                   std::array{BuyAt::floor, BuyAt::any_price}, terms_.buy_at);
        terms_.stock_at = judge_word(errors_, field("stock_at"), draft_.stock_at,
                                     std::array{StockAt::floor, StockAt::launch, StockAt::order},
                                     terms_.stock_at);
        if (errors_.size() == notes_before_) {
            judge_together();
        }
        return terms_;
    }

  private:
    [[nodiscard]] std::string field(std::string_view name) const {
        return place_ + '.' + std::string{name};
    }
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name,
                                                     std::optional<std::int64_t> given,
                                                     std::optional<std::int64_t> fallback,
                                                     Range range) {
        return judge_number(errors_, field(name), given, fallback, range);
    }

    void judge_prices() {
        CutRules& cuts = terms_.cuts;
        const auto start = number("start_price", draft_.start_price, item_.price.fen(),
                                  {1, limits::price_fen_max});
        const auto floor =
            number("floor_price", draft_.floor_price, std::nullopt, {0, limits::price_fen_max});
        if (floor && *floor == 0 && !config_.zero_price) {
            errors_.add(field("floor_price"), "must be 1 or more unless zero_price is true");
        }
        if (start && floor && *start <= *floor) {
            errors_.add(field("start_price"), "must be more than floor_price");
        }
        const auto first = number("first_cut", draft_.first_cut, 0, {0, limits::price_fen_max});
        cuts.start_price = Money{start.value_or(0)};
        cuts.floor_price = Money{floor.value_or(0)};
        cuts.first_cut = Money{first.value_or(0)};
    }

    void judge_helpers() {
        const bool undisclosed = draft_.undisclosed.value_or(false);
        if (undisclosed && draft_.helpers) {
            errors_.add(field("helpers"), "is disclosed; leave it out, or undisclosed");
        } else if (!undisclosed) {
            const auto helpers = number("helpers", draft_.helpers, std::nullopt, {1, helpers_most});
            if (helpers) {
                terms_.cuts.helpers = static_cast<std::uint32_t>(*helpers);
            }
        }
        const auto bonus = number("new_helper_bonus_bp", draft_.new_helper_bonus_bp, 0,
                                  {0, bargain_bounds::bonus_bp_max});
        terms_.cuts.new_helper_bonus_bp = static_cast<std::uint32_t>(bonus.value_or(0));
    }

    [[nodiscard]] std::optional<CutRange> judge_range(const std::string& path,
                                                      std::optional<std::int64_t> low,
                                                      std::optional<std::int64_t> high,
                                                      std::pair<const char*, const char*> names,
                                                      std::int64_t most) {
        const auto min =
            judge_number(errors_, path + '.' + names.first, low, std::nullopt, {1, most});
        const auto max =
            judge_number(errors_, path + '.' + names.second, high, std::nullopt, {1, most});
        if (!min || !max) {
            return std::nullopt;
        }
        if (*min > *max) {
            errors_.add(path + '.' + names.first,
                        "must not be more than " + std::string{names.second});
            return std::nullopt;
        }
        return CutRange{Money{*min}, Money{*max}};
    }

    void judge_cuts() {
        CutsDraft cuts = draft_.cuts.value_or(CutsDraft{});
        cuts.planned = cuts.planned || !draft_.cuts;
        const int modes = (cuts.planned ? 1 : 0) + (cuts.uniform ? 1 : 0) +
                          (cuts.proportional ? 1 : 0) + (cuts.staged ? 1 : 0);
        if (modes != 1) {
            errors_.add(field("cuts"),
                        "must be \"planned\", or an object with one of uniform, proportional, "
                        "staged");
        } else if (cuts.planned) {
            terms_.cuts.mode = CutMode::planned;
            if (draft_.undisclosed.value_or(false)) {
                errors_.add(field("cuts"), "planned cuts need the number of helpers");
            }
        } else if (cuts.uniform) {
            terms_.cuts.mode = CutMode::uniform;
            const auto range =
                judge_range(field("cuts.uniform"), cuts.uniform->min, cuts.uniform->max,
                            {"min", "max"}, limits::price_fen_max);
            terms_.cuts.uniform = range.value_or(CutRange{});
        } else if (cuts.proportional) {
            terms_.cuts.mode = CutMode::proportional;
            const auto range = judge_range(field("cuts.proportional"), cuts.proportional->min,
                                           cuts.proportional->max, {"low_bp", "high_bp"}, 10'000);
            terms_.cuts.low_bp = static_cast<std::uint32_t>(range ? range->min.fen() : 0);
            terms_.cuts.high_bp = static_cast<std::uint32_t>(range ? range->max.fen() : 0);
        } else {
            judge_stages(*cuts.staged);
        }
    }

    void judge_stages(const std::vector<CutStageDraft>& stages) {
        terms_.cuts.mode = CutMode::staged;
        if (stages.empty() || stages.size() > limits::cut_stages_max) {
            errors_.add(field("cuts.staged"),
                        "must have 1 to " + std::to_string(limits::cut_stages_max) + " stages");
            return;
        }
        std::int64_t before = 0;
        for (std::size_t at = 0; at < stages.size(); ++at) {
            const std::string path = element_path(field("cuts.staged"), at);
            const auto upto = judge_number(errors_, path + ".upto", stages[at].upto, std::nullopt,
                                           {1, helpers_most});
            if (upto && *upto <= before) {
                errors_.add(path + ".upto", "must rise from stage to stage");
            }
            before = upto.value_or(before);
            const auto range = judge_range(path, stages[at].min, stages[at].max, {"min", "max"},
                                           limits::price_fen_max);
            terms_.cuts.stages.push_back(
                {static_cast<std::uint32_t>(before), range.value_or(CutRange{})});
        }
    }

    void judge_times() {
        using namespace bargain_bounds;
        const auto valid = number("valid_seconds", draft_.valid_seconds, 86'400,
                                  {valid_seconds_min, valid_seconds_max});
        const auto pay =
            number("pay_seconds", draft_.pay_seconds, 900, {pay_seconds_min, pay_seconds_max});
        terms_.valid = Duration::seconds(valid.value_or(0));
        terms_.pay = Duration::seconds(pay.value_or(0));
        if (pay && terms_.pay <= config_.min_pay) {
            errors_.add(field("pay_seconds"),
                        "must be more than min_pay_seconds: nothing could be ordered");
        }
    }

    /// What each number allows and all of them together do not.
    void judge_together() {
        const CutRules& cuts = terms_.cuts;
        const std::int64_t to_cut = (cuts.start_price - cuts.floor_price - cuts.first_cut).fen();
        const std::int64_t needed = cuts.helpers.value_or(1);
        if (to_cut < needed) {
            errors_.add(field(cuts.first_cut > Money{0} ? "first_cut" : "helpers"),
                        "leaves " + std::to_string(to_cut) + " fen above floor_price for " +
                            std::to_string(needed) + " helpers; each must cut 1 or more");
        } else if (cuts.helpers && least_of_all(cuts) > to_cut) {
            errors_.add(field("cuts"), "the least cuts of " + std::to_string(*cuts.helpers) +
                                           " helpers are more than the " + std::to_string(to_cut) +
                                           " fen above floor_price");
        }
        if (terms_.buy_at == BuyAt::any_price && terms_.valid < config_.hold) {
            errors_.add(field("valid_seconds"),
                        "must not be less than hold_seconds where buy_at is any_price");
        }
    }

    const CampaignConfig& config_;
    const ItemConfig& item_;
    const BargainItemDraft& draft_;
    std::string place_;
    FieldNotes& errors_;
    std::size_t notes_before_;
    BargainItemTerms terms_;

  public:
    /// The sum of the least (or the most) that each helper may cut; 0 where cuts have no range.
    [[nodiscard]] static std::int64_t least_of_all(const CutRules& cuts) {
        return sum_of_all(cuts, &CutRange::min);
    }
    [[nodiscard]] static std::int64_t sum_of_all(const CutRules& cuts, Money CutRange::* end) {
        std::int64_t sum = 0;
        for (std::uint32_t ordinal = 1; ordinal <= cuts.helpers.value_or(0); ++ordinal) {
            if (cuts.mode == CutMode::uniform) {
                sum += (cuts.uniform.*end).fen();
            } else if (cuts.mode == CutMode::staged) {
                sum += (range_of_stage(cuts, ordinal).*end).fen();
            }
        }
        return sum;
    }
};

void judge_items(const BargainItemDraft& common, const CampaignDraft& campaign,
                 const CampaignConfig& config, BargainTerms& terms, FieldNotes& errors) {
    bool common_words_are_wrong = false;  // told once, not for every item
    for (std::size_t at = 0; at < config.items.size() && !errors.is_full(); ++at) {
        const std::optional<BargainItemDraft>& own = campaign.items->at(at).bargain;
        const bool has_own = own.has_value();
        if (!has_own && common_words_are_wrong) {
            continue;
        }
        const BargainItemDraft item = has_own ? with_common(*own, common) : common;
        std::string place = has_own ? element_path("items", at, "bargain") : "bargain";
        const std::size_t notes_before = errors.size();
        terms.items.push_back(
            ItemJudge(config, config.items[at], item, std::move(place), errors).judge());
        common_words_are_wrong =
            common_words_are_wrong || (!has_own && errors.size() > notes_before);
    }
}

void judge_launches(const BargainDraft& draft, BargainTerms& terms, FieldNotes& errors) {
    const auto number = [&](const char* field, std::optional<std::int64_t> given) {
        const auto judged =
            judge_number(errors, field, given, 1, {1, bargain_bounds::launches_max});
        return static_cast<std::uint32_t>(judged.value_or(1));
    };
    terms.launches_per_buyer = number("bargain.launches_per_buyer", draft.launches_per_buyer);
    terms.open_launches_per_buyer =
        number("bargain.open_launches_per_buyer", draft.open_launches_per_buyer);
    terms.close_with_campaign = draft.close_with_campaign.value_or(false);
}

void lint_item(const CampaignConfig& config, const BargainItemTerms& terms,
               const std::string& place, FieldNotes& warnings) {
    const CutRules& cuts = terms.cuts;
    const auto field = [&](std::string_view name) { return place + '.' + std::string{name}; };
    if (!cuts.helpers) {
        warnings.add(field("undisclosed"),
                     "is true: platforms ban bargains whose number of helpers is not told");
    }
    const std::int64_t to_cut = (cuts.start_price - cuts.floor_price - cuts.first_cut).fen();
    const std::int64_t most = ItemJudge::sum_of_all(cuts, &CutRange::max);
    if (most > 0 && most < to_cut) {
        warnings.add(field("cuts"), "the last helper cuts at least " +
                                        std::to_string(to_cut - most) +
                                        " fen more than his most: he takes what is left");
    }
    if (terms.pay < config.hold) {
        warnings.add(field("pay_seconds"),
                     "is less than hold_seconds: holds end with the time to pay");
    }
    if (terms.stock_at == StockAt::order) {
        warnings.add(field("stock_at"),
                     "is order: a bargain at its floor may find nothing left to buy");
    }
}

void put_item(ByteWriter& out, const BargainItemTerms& terms) {
    const CutRules& cuts = terms.cuts;
    out.put(cuts.start_price);
    out.put(cuts.floor_price);
    put_optional(out, cuts.helpers);
    out.put(cuts.mode);
    out.put(cuts.uniform.min);
    out.put(cuts.uniform.max);
    out.put(cuts.low_bp);
    out.put(cuts.high_bp);
    out.put(static_cast<std::uint8_t>(cuts.stages.size()));
    for (const CutStage& stage : cuts.stages) {
        out.put(stage.upto);
        out.put(stage.range.min);
        out.put(stage.range.max);
    }
    out.put(cuts.first_cut);
    out.put(cuts.new_helper_bonus_bp);
    out.put(terms.valid);
    out.put(terms.pay);
    out.put(terms.buy_at);
    out.put(terms.stock_at);
}

BargainItemTerms get_item(FieldReader& in) {
    BargainItemTerms terms;
    CutRules& cuts = terms.cuts;
    cuts.start_price = in.price();
    cuts.floor_price = in.price();
    cuts.helpers = get_optional(in);
    in.must(cuts.helpers.value_or(1) >= 1 && cuts.helpers.value_or(1) <= helpers_most);
    cuts.mode = in.one_of(CutMode::planned, CutMode::staged);
    cuts.uniform.min = in.price();
    cuts.uniform.max = in.price();
    cuts.low_bp = in.get<std::uint32_t>();
    cuts.high_bp = in.get<std::uint32_t>();
    const std::size_t stages = in.count<std::uint8_t>(0, limits::cut_stages_max);
    for (std::size_t at = 0; at < stages; ++at) {
        CutStage stage;
        stage.upto = in.get<std::uint32_t>();
        stage.range.min = in.price();
        stage.range.max = in.price();
        cuts.stages.push_back(stage);
    }
    in.must(cuts.mode != CutMode::staged || !cuts.stages.empty());
    cuts.first_cut = in.price();
    cuts.new_helper_bonus_bp = in.get<std::uint32_t>();
    terms.valid = in.duration();
    terms.pay = in.duration();
    terms.buy_at = in.one_of(BuyAt::floor, BuyAt::any_price);
    terms.stock_at = in.one_of(StockAt::floor, StockAt::order);
    return terms;
}

}  // namespace

BargainItemTerms judge_bargain_terms(const BargainItemDraft& draft, const std::string& place,
                                     FieldNotes& errors) {
    CampaignConfig any;
    any.zero_price = true;
    any.hold = Duration::seconds(0);
    any.min_pay = Duration::seconds(0);
    ItemConfig item;
    item.price = Money{0};
    return ItemJudge(any, item, draft, place, errors).judge();
}

void BargainPlay::judge(const Draft* given, const CampaignDraft& campaign, CampaignConfig& config,
                        FieldNotes& errors) {
    const bool is_given_by_item = campaign.items && !campaign.items->empty() &&
                                  std::ranges::all_of(*campaign.items, [](const ItemDraft& item) {
                                      return item.bargain.has_value();
                                  });
    if (given == nullptr && !is_given_by_item) {
        errors.add("bargain", "is required for play bargain");
        return;
    }
    const Draft nothing;
    const Draft& draft = given == nullptr ? nothing : *given;
    BargainTerms terms;
    judge_items(draft.every_item, campaign, config, terms, errors);
    judge_helping("bargain", {draft.helps_per_buyer, draft.helps_per_buyer_per_day, draft.days},
                  terms.helps, terms.days, errors);
    terms.mutual_help =
        judge_word(errors, "bargain.mutual_help", draft.mutual_help,
                   std::array{MutualHelp::block, MutualHelp::allow}, terms.mutual_help);
    judge_launches(draft, terms, errors);
    if (config.limits.per_order_min > 1) {
        errors.add("limits.per_order_min", "must be 1: a bargain sells one unit");
    }
    if (config.ticket == Ticket::required) {
        errors.add("ticket", "must be off: nothing is bought when a bargain is launched");
    }
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        if (config.items[at].slot_stock > Quantity{0}) {
            errors.add(element_path("items", at, "slot_stock"),
                       "must be left out: stock_at says when a bargain takes its unit");
        }
    }
    config.terms = std::move(terms);
}

void BargainPlay::lint(const CampaignConfig& config, FieldNotes& warnings) {
    const auto& terms = std::get<BargainTerms>(config.terms);
    for (std::size_t at = 0; at < terms.items.size(); ++at) {
        if (at == 0 || terms.items[at] != terms.items[at - 1]) {
            const std::string place =
                terms.items.size() == 1 ? "bargain" : element_path("items", at, "bargain");
            lint_item(config, terms.items[at], place, warnings);
        }
    }
    if (terms.open_launches_per_buyer > terms.launches_per_buyer) {
        warnings.add("bargain.open_launches_per_buyer", "is more than launches_per_buyer");
    }
    if (terms.mutual_help == MutualHelp::allow) {
        warnings.add("bargain.mutual_help", "is allow: buyers may help each other in pairs");
    }
}

std::size_t BargainPlay::bytes_max(const Terms& terms) {
    return 64 + days_bytes(terms.days) + terms.items.size() * item_bytes_max;
}

void BargainPlay::put(const Terms& terms, ByteWriter& out) {
    put_limits(out, terms.helps);
    out.put(terms.mutual_help);
    out.put(terms.launches_per_buyer);
    out.put(terms.open_launches_per_buyer);
    out.put(static_cast<std::uint8_t>(terms.close_with_campaign));
    put_days(out, terms.days);
    out.put(static_cast<std::uint16_t>(terms.items.size()));
    for (const BargainItemTerms& item : terms.items) {
        put_item(out, item);
    }
}

void BargainPlay::get(FieldReader& in, Terms& terms) {
    terms.helps = get_limits(in);
    terms.mutual_help = in.one_of(MutualHelp::block, MutualHelp::allow);
    terms.launches_per_buyer = in.get<std::uint32_t>();
    terms.open_launches_per_buyer = in.get<std::uint32_t>();
    terms.close_with_campaign = in.flag();
    terms.days = get_days(in);
    const std::size_t items = in.count<std::uint16_t>(1, limits::items_per_campaign_max);
    for (std::size_t at = 0; at < items && in.ok(); ++at) {
        terms.items.push_back(get_item(in));
    }
}

}  // namespace stampede::campaigns
