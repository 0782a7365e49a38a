// SPDX-License-Identifier: Apache-2.0
// 好友助力 in the engine against the slow model over random walks: every answer's code, every
// rally, every reward and the stock agree after every act; behind the live state a twin follows
// that is fed with commits alone, and crashes rebuild everything from the journal or from a
// checkpoint. MODEL_SEEDS, MODEL_FIRST_SEED and MODEL_ACTS make it run long, or one walk again.
#include <gtest/gtest.h>

#include <set>

#include "tests/simulation/chance.hpp"
#include "tests/support/model_length.hpp"
#include "tests/support/naive_friend_help.hpp"
#include "tests/support/sale_rig.hpp"

namespace stampede::tests {
namespace {

using campaigns::Answer;
using campaigns::Code;
using campaigns::FriendHelpTerms;
using campaigns::RallyView;
using campaigns::Verb;

constexpr CampaignId campaign_id{7};
constexpr std::int64_t start_ms = 1'795'262'400'000;
constexpr std::uint64_t buyers = 6;

std::int64_t any_of(Chance& chance, std::initializer_list<std::int64_t> values) {
    return *(values.begin() + chance.below(values.size()));
}

NaiveFriendHelpRules any_rules(Chance& chance) {
    NaiveFriendHelpRules rules;
    rules.starts_ms = start_ms + any_of(chance, {0, 5'000});
    rules.ends_ms = start_ms + any_of(chance, {600'000, 7'200'000, 200'000'000});
    rules.stock = {any_of(chance, {1, 2, 20}), any_of(chance, {2, 3, 20})};
    rules.tiers = {{.helpers = 1 + chance.below(2), .item = 0, .units = 1}};
    if (chance.percent(70)) {
        rules.tiers.push_back({.helpers = 3, .item = 1, .units = any_of(chance, {1, 2})});
    }
    rules.valid_ms = any_of(chance, {300'000, 900'000, 86'400'000});
    rules.launches = any_of(chance, {1, 2, 9});
    rules.helps = any_of(chance, {0, 0, 2, 5});
    rules.helps_per_day = any_of(chance, {0, 0, 1, 3});
    rules.new_only = chance.percent(30);
    return rules;
}

std::shared_ptr<const campaigns::CampaignConfig> config_of(const NaiveFriendHelpRules& rules) {
    auto config = std::make_shared<campaigns::CampaignConfig>();
    config->play = campaigns::FriendHelp::play;
    config->title = "Walk";
    config->starts_at = Instant{rules.starts_ms};
    config->ends_at = Instant{rules.ends_ms};
    for (std::size_t item = 0; item < rules.stock.size(); ++item) {
        const char* const name = item == 0 ? "a" : "b";
        config->items.push_back({.item_id = ItemId{name},
                                 .title = name,
                                 .price = Money{1000},
                                 .list_price = Money{1000},
                                 .stock = Quantity{rules.stock[item]},
                                 .reserve = Quantity{0}});
    }
    FriendHelpTerms terms;
    const auto limit = [](std::int64_t of) {
        return of == 0 ? std::nullopt : std::optional{static_cast<std::uint32_t>(of)};
    };
    std::int64_t promised = 0;
    for (const auto& tier : rules.tiers) {
        terms.tiers.push_back({.helpers_needed = static_cast<std::uint32_t>(tier.helpers),
                               .item = static_cast<std::uint16_t>(tier.item),
                               .quantity = Quantity{tier.units}});
        promised += tier.units * rules.launches;
    }
    config->limits.per_buyer = promised;
    terms.helps = {.per_campaign = limit(rules.helps), .per_day = limit(rules.helps_per_day)};
    terms.helper_new_only = rules.new_only;
    terms.launches_per_buyer = static_cast<std::uint32_t>(rules.launches);
    terms.valid = Duration::milliseconds(rules.valid_ms);
    terms.days.spans = {{.from = Instant{0}, .offset_s = 28'800}};
    config->terms = std::move(terms);
    campaigns::index_items(*config);
    return config;
}

/// One walk: the engine and the model side by side.
class FriendHelpWalk {
  public:
    FriendHelpWalk(std::uint64_t seed, std::set<Code>& codes)
        : chance_(seed),
          rules_(any_rules(chance_)),
          rig_(Instant{start_ms}),
          model_(rules_),
          codes_(codes) {
        campaigns::DraftCampaign draft;
        draft.campaign = campaign_id;
        draft.config = config_of(rules_);
        rig_.execute(draft, std::nullopt);
        campaigns::ChangeCampaign publish;
        publish.campaign = campaign_id;
        publish.fresh_seed.fill(static_cast<std::uint8_t>(seed % 255 + 1));
        rig_.execute(publish, std::nullopt);
        wait(0);
    }

    std::optional<std::string> step() {
        act();
        if (!wrong_) {
            compare_state();
        }
        return wrong_ ? std::optional{told_ + *wrong_} : std::nullopt;
    }

  private:
    void note(const std::string& what) {
        if (!wrong_) {
            wrong_ = what;
        }
    }
    template <class Value>
    void compare(const std::string& what, const Value& engine, const Value& model) {
        if (engine != model) {
            note(what + ": engine " + std::to_string(static_cast<std::int64_t>(engine)) +
                 ", model " + std::to_string(static_cast<std::int64_t>(model)));
        }
    }
    void compare_codes(const std::string& what, Code engine, Code model) {
        codes_.insert(engine);
        told_ += what + " => " + std::string{text(engine)} + "\n";
        if (engine != model) {
            note(what + ": engine " + std::string{text(engine)} + ", model " +
                 std::string{text(model)});
        }
    }
    void wait(std::int64_t ms) {
        told_ += "wait " + std::to_string(ms) + "\n";
        rig_.move_to(rig_.now() + Duration::milliseconds(ms));
        rig_.turn_until_quiet();
        model_.move_to(rig_.now().ms());
    }
    [[nodiscard]] std::uint64_t any_buyer() { return 1 + chance_.below(buyers); }
    /// A position, mostly of the newest.
    [[nodiscard]] std::optional<std::size_t> any_newest(std::size_t count) {
        if (count == 0) {
            return std::nullopt;
        }
        const auto back = static_cast<std::size_t>(chance_.below(4));
        return back < count ? count - 1 - back : 0;
    }

    /// With a key now and then: the same key again must give the same answer and change nothing.
    Answer ask(const campaigns::Command& command, BuyerId owner) {
        if (!chance_.percent(25)) {
            return rig_.execute(command, std::nullopt);
        }
        const engine::RequestIdentity identity{
            .owner = owner.raw(), .key_digest = ++keys_, .body_digest = 1};
        const Answer first = rig_.execute(command, identity);
        if (first.receipt.sequence.raw() != 0) {
            const Answer again = rig_.execute(command, identity);
            const auto* then = first.about<RallyView>();
            const auto* now = again.about<RallyView>();
            if (!again.replayed || again.code != first.code || now == nullptr ||
                again.receipt.sequence != first.receipt.sequence ||
                now->rally_id != then->rally_id || now->helpers != then->helpers) {
                note("the same key gave another answer");
            }
        }
        return first;
    }

    void act() {
        const std::uint64_t which = chance_.below(100);
        if (which < 15) {
            launch();
        } else if (which < 60) {
            help();
        } else if (which < 65) {
            refund();
        } else if (which < 77) {
            wait(any_of(chance_, {0, 1, 1'000, 299'999, 300'000, 899'999, 50'000'000}));
        } else if (which < 84) {
            restart();
        } else {
            operate();
        }
    }

    void launch() {
        const std::uint64_t buyer = any_buyer();
        campaigns::LaunchRally command;
        command.campaign = campaign_id;
        command.buyer.id = BuyerId{buyer};
        const Answer answer = ask(command, BuyerId{buyer});
        compare_codes("launch " + std::to_string(buyer), answer.code, model_.launch(buyer));
        if (answer.code == Code::ok && !wrong_) {
            rallies_.push_back(answer.about<RallyView>()->rally_id);
        }
    }

    void help() {
        const auto rally = any_newest(rallies_.size());
        if (!rally) {
            return;
        }
        const std::uint64_t helper = any_buyer();
        const bool is_new = chance_.percent(70);
        campaigns::HelpRally command;
        command.campaign = campaign_id;
        command.buyer.id = BuyerId{helper};
        command.buyer.segments = is_new ? 1 : 2;
        command.rally = rallies_[*rally];
        const std::size_t orders_before = model_.orders().size();
        const Answer answer = ask(command, BuyerId{helper});
        compare_codes("help " + std::to_string(helper) + " of " + std::to_string(*rally),
                      answer.code, model_.help(helper, is_new, *rally));
        if (model_.orders().size() > orders_before) {
            orders_.push_back(rig_.find(campaign_id)->book().last_id());
        }
        if (const auto* view = answer.about<RallyView>(); view != nullptr && !wrong_) {
            compare_rally("answer about ", *rally, *view);
        }
    }

    void refund() {
        const auto order = any_newest(orders_.size());
        if (!order) {
            return;
        }
        campaigns::RecordRefund command;
        command.order = orders_[*order];
        command.refund_id = RefundId{"r" + std::to_string(++refunds_)};
        command.quantity = Quantity{rules_.tiers[model_.orders()[*order].tier].units};
        compare_codes("refund " + std::to_string(*order), rig_.execute(command, std::nullopt).code,
                      model_.refund(*order));
    }

    void restart() {
        told_ += "restart\n";
        if (chance_.percent(50)) {
            rig_.crash(Duration::seconds(0));
        } else {
            rig_.restart_from_checkpoint(Duration::seconds(0));
        }
    }

    void operate() {
        const std::uint64_t which = chance_.below(100);
        if (which < 15) {
            change(Verb::pause);
        } else if (which < 45) {
            change(Verb::resume);
        } else if (which < 50) {
            change(chance_.percent(50) ? Verb::end : Verb::kill);
        } else if (which < 65) {
            stock();
        } else if (which < 70) {
            block();
        } else {
            may_sell_ = !may_sell_ || !chance_.percent(30);
            rig_.selling = may_sell_ ? Selling::open : Selling::stopped;
            model_.set_may_sell(may_sell_);
        }
    }
    void change(Verb verb) {
        campaigns::ChangeCampaign command;
        command.campaign = campaign_id;
        command.verb = verb;
        compare_codes("verb " + std::to_string(static_cast<int>(verb)),
                      rig_.execute(command, std::nullopt).code, model_.change(verb));
        wait(0);
    }
    void stock() {
        const std::size_t item = chance_.below(2);
        campaigns::AdjustStock command;
        command.campaign = campaign_id;
        command.item_id = ItemId{item == 0 ? "a" : "b"};
        command.delta = any_of(chance_, {-3, -1, 1, 2});
        compare_codes("stock " + std::to_string(command.delta),
                      rig_.execute(command, std::nullopt).code,
                      model_.add_stock(item, command.delta));
    }
    void block() {
        const std::uint64_t buyer = any_buyer();
        campaigns::BlockBuyers command;
        command.campaign = campaign_id;
        command.buyers = {BuyerId{buyer}};
        compare_codes("block " + std::to_string(buyer), rig_.execute(command, std::nullopt).code,
                      Code::ok);
        model_.block(buyer);
    }

    void compare_rally(const std::string& where, std::size_t at, const RallyView& view) {
        const std::string name = where + std::to_string(at) + " ";
        const NaiveFriendHelp::Rally& model = model_.rallies()[at];
        compare(name + "state", view.state, model.state);
        compare(name + "helpers", std::size_t{view.helpers}, model.helps.size());
        compare(name + "until", view.deadline.ms(), model.deadline_ms);
        for (std::size_t tier = 0; tier < view.tiers.size(); ++tier) {
            const auto reward = model.rewards.find(tier);
            compare(
                name + "reward " + std::to_string(tier), view.tiers[tier].state,
                reward == model.rewards.end() ? campaigns::RewardState::waiting : reward->second);
        }
    }

    void compare_state() {
        if (const auto broken = rig_.broken()) {
            return note(*broken);
        }
        const campaigns::Campaign& campaign = *rig_.find(campaign_id);
        for (std::size_t at = 0; at < rallies_.size(); ++at) {
            compare_rally("rally ", at, *campaigns::find_rally(campaign, rallies_[at]));
        }
        compare("orders", std::size_t{campaign.book().order_count()}, model_.orders().size());
        for (std::size_t at = 0; at < orders_.size(); ++at) {
            const auto view = campaign.view(campaign.book().find_order(orders_[at]));
            const auto& model = model_.orders()[at];
            compare("order " + std::to_string(at), view.state,
                    model.was_refunded ? campaigns::OrderState::refunded
                                       : campaigns::OrderState::confirmed);
            compare("buyer of order " + std::to_string(at), view.buyer.raw(),
                    model_.rallies()[model.rally].starter);
        }
        for (std::uint16_t item = 0; item < 2; ++item) {
            const campaigns::StockCell& cell = campaign.cell(item);
            const std::string name = item == 0 ? "a " : "b ";
            compare(name + "available", cell.available().units(), model_.available(item));
            compare(name + "held", cell.held().units(), std::int64_t{0});
            compare(name + "sold", cell.sold().units(), model_.sold(item));
            compare(name + "removed", cell.removed().units(), model_.removed(item));
        }
        if (!campaign.has_not_begun()) {
            compare("campaign", campaign.state(), model_.state());
        }
    }

    Chance chance_;
    NaiveFriendHelpRules rules_;
    SaleRig rig_;
    NaiveFriendHelp model_;
    std::set<Code>& codes_;
    std::vector<campaigns::RallyId> rallies_;
    std::vector<OrderId> orders_;
    std::uint64_t keys_ = 0;
    std::uint64_t refunds_ = 0;
    bool may_sell_ = true;
    std::string told_;
    std::optional<std::string> wrong_;
};

TEST(FriendHelpModel, agrees_with_the_engine_on_every_random_walk_past_every_code) {
    constexpr std::uint64_t enough_for_every_code = 300;
    const std::uint64_t first = from_environment("MODEL_FIRST_SEED", 1);
    const std::uint64_t seeds = from_environment("MODEL_SEEDS", enough_for_every_code);
    const std::uint64_t acts = from_environment("MODEL_ACTS", 80);
    std::set<Code> codes;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        FriendHelpWalk walk(seed, codes);
        for (std::uint64_t act = 0; act < acts; ++act) {
            const auto wrong = walk.step();
            ASSERT_FALSE(wrong.has_value())
                << "again with MODEL_FIRST_SEED=" << seed << " MODEL_SEEDS=1\n"
                << *wrong;
        }
    }
    if (seeds < enough_for_every_code) {
        return;
    }
    // A walk that never gets anywhere would agree with everything.
    for (const Code code :
         {Code::ok, Code::already_done, Code::not_started, Code::ended, Code::paused, Code::killed,
          Code::sold_out, Code::new_buyers_only, Code::blocked, Code::busy, Code::wrong_state,
          Code::stock_cut_too_large, Code::refund_exceeds_paid, Code::help_self, Code::help_repeat,
          Code::help_limit, Code::launch_exists, Code::launch_limit, Code::bargain_ended}) {
        EXPECT_TRUE(codes.contains(code)) << text(code);
    }
}

}  // namespace
}  // namespace stampede::tests
