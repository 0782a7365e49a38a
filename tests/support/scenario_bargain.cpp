// SPDX-License-Identifier: Apache-2.0
// The lines of a scenario table that are about 砍价: its parameters, launch, help, take, and a look
// at a bargain.
#include <sstream>
#include <stdexcept>

#include "campaigns/bargains.hpp"
#include "tests/support/scenario_player.hpp"

namespace stampede::tests {

namespace {

using campaigns::BargainItemTerms;
using campaigns::BargainTerms;
using campaigns::BargainView;
using campaigns::CutMode;
using campaigns::CutRules;

std::vector<std::int64_t> numbers_of(const std::string& text, char between) {
    std::vector<std::int64_t> numbers;
    std::istringstream in(text);
    for (std::string one; std::getline(in, one, between);) {
        numbers.push_back(read_number(one));
    }
    return numbers;
}

/// "planned", "uniform:1:5", "proportional:100:200", "staged:2:50:60,5:1:9".
void read_cuts(CutRules& rules, const std::string& word) {
    const std::string mode = word.substr(0, word.find(':'));
    const std::string rest = mode.size() == word.size() ? "" : word.substr(mode.size() + 1);
    if (mode == "planned") {
        rules.mode = CutMode::planned;
    } else if (mode == "uniform") {
        const auto range = numbers_of(rest, ':');
        rules.mode = CutMode::uniform;
        rules.uniform = {Money{range.at(0)}, Money{range.at(1)}};
    } else if (mode == "proportional") {
        const auto range = numbers_of(rest, ':');
        rules.mode = CutMode::proportional;
        rules.low_bp = static_cast<std::uint32_t>(range.at(0));
        rules.high_bp = static_cast<std::uint32_t>(range.at(1));
    } else if (mode == "staged") {
        rules.mode = CutMode::staged;
        std::istringstream in(rest);
        for (std::string one; std::getline(in, one, ',');) {
            const auto stage = numbers_of(one, ':');
            rules.stages.push_back({static_cast<std::uint32_t>(stage.at(0)),
                                    {Money{stage.at(1)}, Money{stage.at(2)}}});
        }
    } else {
        throw std::invalid_argument("no such mode of cuts: " + word);
    }
}

template <class Enum, std::size_t Count>
Enum read_word(const std::string& word, const std::array<Enum, Count>& all) {
    for (const Enum one : all) {
        if (campaigns::text(one) == word) {
            return one;
        }
    }
    throw std::invalid_argument("not a value of this parameter: " + word);
}

void read_item(BargainItemTerms& terms, const Options& options) {
    CutRules& cuts = terms.cuts;
    cuts.start_price = Money{options.number("start", cuts.start_price.fen())};
    cuts.floor_price = Money{options.number("floor", cuts.floor_price.fen())};
    if (options.has("helpers")) {
        const std::int64_t helpers = options.number("helpers");
        cuts.helpers =
            helpers == 0 ? std::nullopt : std::optional{static_cast<std::uint32_t>(helpers)};
    }
    if (options.has("cuts")) {
        read_cuts(cuts, options.text("cuts"));
    }
    cuts.first_cut = Money{options.number("first_cut", cuts.first_cut.fen())};
    cuts.new_helper_bonus_bp =
        static_cast<std::uint32_t>(options.number("bonus_bp", cuts.new_helper_bonus_bp));
    terms.valid = Duration::seconds(options.number("valid_seconds", terms.valid.ms() / 1000));
    terms.pay = Duration::seconds(options.number("pay_seconds", terms.pay.ms() / 1000));
    if (options.has("buy_at")) {
        terms.buy_at = read_word(options.text("buy_at"),
                                 std::array{campaigns::BuyAt::floor, campaigns::BuyAt::any_price});
    }
    if (options.has("stock_at")) {
        terms.stock_at = read_word(options.text("stock_at"),
                                   std::array{campaigns::StockAt::floor, campaigns::StockAt::launch,
                                              campaigns::StockAt::order});
    }
}

std::optional<std::uint32_t> limit_of(const Options& options, const std::string& name,
                                      std::optional<std::uint32_t> otherwise) {
    return options.has(name) ? std::optional{static_cast<std::uint32_t>(options.number(name))}
                             : otherwise;
}

void read_campaign_wide(BargainTerms& terms, const Options& options) {
    terms.helps.per_campaign = limit_of(options, "helps_per_buyer", terms.helps.per_campaign);
    terms.helps.per_day = limit_of(options, "helps_per_buyer_per_day", terms.helps.per_day);
    if (options.has("mutual_help")) {
        terms.mutual_help =
            read_word(options.text("mutual_help"),
                      std::array{campaigns::MutualHelp::block, campaigns::MutualHelp::allow});
    }
    terms.launches_per_buyer =
        limit_of(options, "launches_per_buyer", terms.launches_per_buyer).value_or(1);
    terms.open_launches_per_buyer =
        limit_of(options, "open_launches_per_buyer", terms.open_launches_per_buyer).value_or(1);
    terms.close_with_campaign = terms.close_with_campaign || options.has("close_with_campaign");
}

const Words item_words{"start",    "floor",         "helpers",     "cuts",   "first_cut",
                       "bonus_bp", "valid_seconds", "pay_seconds", "buy_at", "stock_at"};

}  // namespace

void add_bargain(Facts& facts, const BargainView& view) {
    facts.values["bargain"] = text(view.state);
    facts.values["item"] = std::string{view.item_id.view()};
    facts.values["price"] = std::to_string(view.current_price.fen());
    facts.values["needed"] =
        view.helpers_needed ? std::to_string(*view.helpers_needed) : "undisclosed";
    facts.values["cuts"] = std::to_string(view.cuts.size());
    facts.values["until"] = write_instant(view.deadline);
    Money sum;
    for (const campaigns::CutView& cut : view.cuts) {
        sum += cut.amount;
    }
    if (sum != view.start_price - view.current_price) {
        facts.flags.insert("drifted");  // wrong, whatever a line is about
    }
    if (view.cut) {
        facts.values["cut"] = std::to_string(view.cut->amount.fen());
    }
}

/// "bargain start 9900 floor 1000 helpers 7 …" for every item so far; "bargain of 1002 start …" for
/// one of them.
void read_bargain(campaigns::CampaignConfig& config, const Words& words) {
    config.play = campaigns::Play::bargain;
    if (!std::holds_alternative<BargainTerms>(config.terms)) {
        BargainTerms terms;
        terms.days.spans = {{.from = Instant{0}, .offset_s = 8 * 3600}};
        config.terms = std::move(terms);
    }
    auto& terms = std::get<BargainTerms>(config.terms);
    const Options options(words, 1, {"close_with_campaign"});
    Words known = item_words;
    if (options.has("of")) {
        known.emplace_back("of");
        options.only(known);
        read_item(terms.items.at(*campaigns::find_item(config, options.text("of"))), options);
        return;
    }
    for (const char* name :
         {"helps_per_buyer", "helps_per_buyer_per_day", "mutual_help", "launches_per_buyer",
          "open_launches_per_buyer", "close_with_campaign"}) {
        known.emplace_back(name);
    }
    options.only(known);
    read_campaign_wide(terms, options);
    terms.items.resize(config.items.size());
    for (BargainItemTerms& item : terms.items) {
        read_item(item, options);
    }
}

campaigns::BargainId ScenarioPlayer::bargain_called(const std::string& name) const {
    const auto found = bargains_.find(name);
    if (found != bargains_.end()) {
        return found->second;
    }
    if (name.starts_with("id:")) {
        return campaigns::BargainId{static_cast<std::uint64_t>(read_number(name.substr(3)))};
    }
    throw std::invalid_argument("no bargain has the name " + name);
}

campaigns::Buyer ScenarioPlayer::buyer_of(const std::string& id, const Options& options) {
    return {.id = BuyerId{static_cast<std::uint64_t>(read_number(id))},
            .level = static_cast<std::uint8_t>(options.number("level")),
            .segments = static_cast<std::uint64_t>(options.number("segments"))};
}

Facts ScenarioPlayer::launch(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "level", "segments", "campaign"});
    campaigns::LaunchBargain command;
    command.campaign = campaign_of(options);
    command.buyer = buyer_of(line.words.at(1), options);
    command.item_id = ItemId{line.words.at(2)};
    Facts facts = ask(line, command, options, "bargains", command.buyer.id.raw());
    if (const auto* view = answer_->about<BargainView>(); view != nullptr && !line.name.empty()) {
        bargains_[line.name] = view->bargain_id;
    }
    return facts;
}

/// "help 43 B", or "help 43-48 B": each of them, of whom the last is told; the others must be CUT.
Facts ScenarioPlayer::help(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "level", "segments", "campaign"});
    const auto helpers = numbers_of(line.words.at(1), '-');
    campaigns::CutBargain command;
    command.campaign = campaign_of(options);
    command.bargain = bargain_called(line.words.at(2));
    Facts facts;
    for (std::int64_t helper = helpers.front(); helper <= helpers.back(); ++helper) {
        command.buyer = buyer_of(std::to_string(helper), options);
        facts = ask(line, command, options, line.words[2], command.buyer.id.raw());
        if (helper != helpers.back() && facts.code != "CUT") {
            throw std::invalid_argument("helper " + std::to_string(helper) + ": " + facts.str());
        }
    }
    return facts;
}

/// "A = take 42 B": its starter buys at the price as it is.
Facts ScenarioPlayer::take(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "level", "segments", "campaign"});
    campaigns::OrderBargain command;
    command.campaign = campaign_of(options);
    command.buyer = buyer_of(line.words.at(1), options);
    command.bargain = bargain_called(line.words.at(2));
    return ask(line, command, options, line.words[2], command.buyer.id.raw());
}

Facts ScenarioPlayer::cancel_bargain(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"key", "by", "campaign"});
    campaigns::CancelBargain command;
    command.campaign = campaign_of(options);
    command.bargain = bargain_called(line.words.at(1));
    command.actor = campaigns::Actor{options.text("by", "publisher")};
    return ask(line, command, options, line.words[1]);
}

Facts ScenarioPlayer::show_bargain(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"campaign"});
    Facts facts{.code = "UNKNOWN", .values = {}, .flags = {}};
    const campaigns::Campaign* campaign = rig_.find(campaign_of(options));
    if (campaign == nullptr) {
        return facts;
    }
    const campaigns::Bargains& bargains = campaigns::bargains_of(*campaign);
    const campaigns::RecordIndex index = bargains.book().find(bargain_called(line.words.at(1)));
    if (index != campaigns::no_record) {
        const BargainView view = bargains.view_of(*campaign, index);
        facts.code = text(view.state);
        add_bargain(facts, view);
    }
    return facts;
}

}  // namespace stampede::tests
