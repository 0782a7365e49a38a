// SPDX-License-Identifier: Apache-2.0
// judge(): from a draft to a configuration, parameter by parameter in the order of the contract's
// table. A mistake never hides another: each rule is judged as far as its own inputs are sound.
#include "campaigns/campaign_draft.hpp"

#include <algorithm>
#include <utility>

#include "campaigns/draft_rules.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {

std::optional<std::int64_t> judge_number(FieldNotes& errors, std::string field,
                                         std::optional<std::int64_t> given,
                                         std::optional<std::int64_t> fallback, Range range) {
    if (!given && fallback) {
        return fallback;
    }
    if (!given) {
        errors.add(std::move(field), "is required");
        return std::nullopt;
    }
    if (*given < range.low || *given > range.high) {
        errors.add(std::move(field), "must be from " + std::to_string(range.low) + " to " +
                                         std::to_string(range.high));
        return std::nullopt;
    }
    return given;
}

void judge_title(FieldNotes& errors, std::string field, const std::optional<std::string>& given,
                 std::string& title) {
    if (!given) {
        errors.add(std::move(field), "is required");
        return;
    }
    const auto is_control = [](char character) {
        return static_cast<unsigned char>(character) < 0x20 || character == 0x7F;
    };
    if (given->find_first_not_of(' ') == std::string::npos ||
        given->size() > limits::title_bytes_max) {
        errors.add(std::move(field),
                   "must be 1 to " + std::to_string(limits::title_bytes_max) +
                       " bytes of UTF-8 (a Chinese character takes 3), not only spaces");
    } else if (std::any_of(given->begin(), given->end(), is_control)) {
        errors.add(std::move(field), "must not have control characters");
    } else {
        title = *given;
    }
}

namespace {

void judge_play(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    if (!draft.play) {
        errors.add("play", "is required");
        return;
    }
    std::string words{text(Play::seckill)};
    bool is_known_word = *draft.play == words;
    Plays::for_each([&]<class Each>() {
        words += ", " + std::string{Each::word};
        if (*draft.play == Each::word) {
            is_known_word = true;
            config.play = Each::play;
        }
    });
    if (!is_known_word) {
        errors.add("play", "must be one of " + words);
    }
}

/// Judged after all that is common: a play's rules look at items, times and limits.
void judge_terms(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    Plays::for_each([&]<class Each>() {
        const auto& given = draft.of<Each>();
        if (config.play == Each::play) {
            Each::judge(given ? &*given : nullptr, draft, config, errors);
        } else if (given && draft.play) {
            errors.add(std::string{Each::key}, "belongs to play " + std::string{Each::word});
        }
    });
}

void judge_times(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    const auto judge_time = [&](const char* field, std::optional<Instant> given, Instant& time) {
        if (!given) {
            errors.add(field, "is required");
        } else if (*given < Instant{0} || *given >= draft_bounds::latest_end) {
            errors.add(field, "must lie between the years 1970 and 2093");
        } else {
            time = *given;
            return true;
        }
        return false;
    };
    const bool starts = judge_time("starts_at", draft.starts_at, config.starts_at);
    const bool ends = judge_time("ends_at", draft.ends_at, config.ends_at);
    if (starts && ends && config.ends_at <= config.starts_at) {
        errors.add("ends_at", "must be after starts_at");
    }
}

void judge_durations(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    using namespace draft_bounds;
    const auto hold = judge_number(errors, "hold_seconds", draft.hold_seconds, 300,
                                   {hold_seconds_min, hold_seconds_max});
    if (hold) {
        config.hold = Duration::seconds(*hold);
    }
    const auto min_pay =
        judge_number(errors, "min_pay_seconds", draft.min_pay_seconds,
                     std::min<std::int64_t>(60, hold.value_or(60)), {0, hold_seconds_max});
    if (min_pay && hold && *min_pay > *hold) {
        errors.add("min_pay_seconds",
                   "must not be more than hold_seconds (" + std::to_string(*hold) + ")");
    } else if (min_pay) {
        config.min_pay = Duration::seconds(*min_pay);
    }
    const auto warmup =
        judge_number(errors, "warmup_seconds", draft.warmup_seconds, 300, {0, warmup_seconds_max});
    if (warmup) {
        config.warmup = Duration::seconds(*warmup);
    }
}

void judge_policies(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    config.stock_source =
        judge_word(errors, "stock_source", draft.stock_source,
                   std::array{StockSource::carved_out, StockSource::mirrored}, config.stock_source);
    config.late_payment =
        judge_word(errors, "late_payment", draft.late_payment,
                   std::array{LatePayment::reacquire_or_refund, LatePayment::refund,
                              LatePayment::hold_for_operator},
                   config.late_payment);
    config.restock = judge_word(errors, "restock", draft.restock,
                                std::array{Restock::to_activity, Restock::to_mall, Restock::none},
                                config.restock);
    config.quota_on_refund = judge_word(errors, "quota_on_refund", draft.quota_on_refund,
                                        std::array{QuotaOnRefund::give_back, QuotaOnRefund::keep},
                                        config.quota_on_refund);
    config.ticket = judge_word(errors, "ticket", draft.ticket,
                               std::array{Ticket::off, Ticket::required}, config.ticket);
    config.resell_after_end = draft.resell_after_end.value_or(config.resell_after_end);
    config.show_available = draft.show_available.value_or(config.show_available);
    config.waitlist = draft.waitlist.value_or(false);
    if (config.waitlist && config.limits.per_order_min > 1) {
        errors.add("waitlist",
                   "needs limits.per_order_min 1: a unit that returns is held by itself");
    }
    if (config.waitlist && config.play != Play::seckill) {
        errors.add("waitlist", "belongs to play seckill: others have no hold without a record");
    }
}

// Any order's amount, and what the whole campaign can take, must be countable in fen.
void judge_sums(const CampaignConfig& config, FieldNotes& errors) {
    std::int64_t takings = 0;
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        const ItemConfig& item = config.items[at];
        std::int64_t order_amount = 0;
        if (__builtin_mul_overflow(item.price.fen(), config.limits.per_order_max, &order_amount) ||
            __builtin_mul_overflow(order_amount, std::int64_t{limits::lines_per_order_max},
                                   &order_amount)) {
            errors.add(element_path("items", at, "price"),
                       "times limits.per_order_max is more money than can be counted");
        }
        std::int64_t item_takings = 0;
        if (__builtin_mul_overflow(item.price.fen(), item.stock.units(), &item_takings) ||
            __builtin_add_overflow(takings, item_takings, &takings)) {
            errors.add(element_path("items", at, "stock"),
                       "times price, summed over the items, is more money than can be counted");
            return;
        }
    }
}

void judge_size(const CampaignConfig& config, FieldNotes& errors) {
    const std::size_t bytes = encode(config).size();
    if (bytes > config_bytes_max) {
        errors.add("", "takes " + std::to_string(bytes) + " bytes, at most " +
                           std::to_string(config_bytes_max) +
                           " fit: shorten titles, lists or slots, or split the campaign");
    }
}

// `now` is when the draft came in; a clock that ran past the start makes it no mistake.
void warn_of_the_past(const CampaignConfig& config, Instant now, std::vector<FieldNote>& warnings) {
    if (config.ends_at <= now) {
        warnings.push_back({"ends_at", "has passed: the sale ends as soon as it is published"});
    } else if (config.starts_at <= now) {
        warnings.push_back({"starts_at", "has passed: the sale opens as soon as it is published"});
    }
}

}  // namespace

DraftVerdict judge(const CampaignDraft& draft, Instant now) {
    CampaignConfig config;
    FieldNotes errors;
    judge_play(draft, config, errors);
    judge_title(errors, "title", draft.title, config.title);
    config.zero_price = draft.zero_price.value_or(false);
    judge_items(draft, config, errors);
    judge_times(draft, config, errors);
    judge_slots(draft, config, errors);
    judge_limits(draft, config, errors);
    judge_durations(draft, config, errors);
    judge_audience(draft, config, errors);
    judge_policies(draft, config, errors);
    judge_sums(config, errors);
    judge_terms(draft, config, errors);
    if (errors.empty()) {
        judge_size(config, errors);
    }
    DraftVerdict verdict;
    verdict.errors = errors.take();
    if (verdict.errors.empty()) {
        index_items(config);
        verdict.warnings = lint(config);
        warn_of_the_past(config, now, verdict.warnings);
        verdict.config = std::make_shared<const CampaignConfig>(std::move(config));
    }
    return verdict;
}

}  // namespace stampede::campaigns
