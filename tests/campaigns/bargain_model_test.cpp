// SPDX-License-Identifier: Apache-2.0
// 砍价 in the engine against the slow model over random walks: every answer's code, every bargain,
// every order and the stock agree after every act; behind the live state a twin follows that is fed
// with commits alone, and crashes rebuild everything from the journal or from a checkpoint.
// MODEL_SEEDS, MODEL_FIRST_SEED and MODEL_ACTS make it run long, or one walk again.
#include <gtest/gtest.h>
#include <xxhash.h>

#include <random>
#include <set>

#include "campaigns/bargains.hpp"
#include "tests/support/model_length.hpp"
#include "tests/support/naive_bargain.hpp"
#include "tests/support/sale_rig.hpp"

namespace stampede::tests {
namespace {

using campaigns::Answer;
using campaigns::BargainTerms;
using campaigns::Code;
using campaigns::StockAt;
using campaigns::Verb;

constexpr CampaignId campaign_id{7};
constexpr std::int64_t start_ms = 1'795'262'400'000;

class Chance {
  public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    std::int64_t below(std::int64_t bound) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
    }
    bool one_in(std::int64_t count) { return below(count) == 0; }
    std::int64_t any_of(std::initializer_list<std::int64_t> values) {
        return *(values.begin() + below(static_cast<std::int64_t>(values.size())));
    }

  private:
    std::mt19937_64 random_;
};

NaiveBargainRules any_rules(Chance& chance) {
    NaiveBargainRules rules;
    rules.starts_ms = start_ms + chance.any_of({0, 5'000});
    rules.ends_ms = start_ms + chance.any_of({600'000, 7'200'000, 200'000'000});
    rules.stock = chance.any_of({1, 2, 5, 50});
    rules.hold_ms = chance.any_of({60'000, 300'000});
    rules.min_pay_ms = chance.any_of({0, 60'000});
    rules.helpers = chance.any_of({0, 1, 2, 3});
    rules.floor_price = chance.any_of({0, 100});
    rules.start_price = rules.floor_price + chance.any_of({5, 900});
    rules.first_cut = chance.any_of({0, 0, 2});
    rules.valid_ms = chance.any_of({300'000, 900'000, 86'400'000});
    rules.pay_ms = chance.any_of({61'000, 300'000, 900'000});
    rules.per_buyer = chance.any_of({1, 1, 3});
    rules.holds_per_buyer = chance.any_of({2, 5});
    rules.launches = chance.any_of({1, 3, 9});
    rules.open_launches = chance.any_of({1, 2});
    rules.helps = chance.any_of({0, 0, 2, 4});
    rules.helps_per_day = chance.any_of({0, 0, 1, 2});
    rules.mutual_allowed = chance.one_in(3);
    rules.any_price = chance.one_in(3);
    rules.closes_with_campaign = chance.one_in(3);
    rules.refunds_late = chance.one_in(4);
    rules.stock_at = chance.one_in(3)   ? StockAt::launch
                     : chance.one_in(3) ? StockAt::order
                                        : StockAt::floor;
    return rules;
}

std::shared_ptr<const campaigns::CampaignConfig> config_of(const NaiveBargainRules& rules,
                                                           Chance& chance) {
    auto config = std::make_shared<campaigns::CampaignConfig>();
    config->play = campaigns::Play::bargain;
    config->title = "Walk";
    config->starts_at = Instant{rules.starts_ms};
    config->ends_at = Instant{rules.ends_ms};
    config->items.push_back({.item_id = ItemId{"a"},
                             .title = "a",
                             .price = Money{1000},
                             .list_price = Money{1000},
                             .stock = Quantity{rules.stock},
                             .reserve = Quantity{0}});
    config->limits.per_buyer = rules.per_buyer;
    config->limits.holds_per_buyer = rules.holds_per_buyer;
    config->hold = Duration::milliseconds(rules.hold_ms);
    config->min_pay = Duration::milliseconds(rules.min_pay_ms);
    config->zero_price = true;
    config->late_payment = rules.refunds_late ? campaigns::LatePayment::refund
                                              : campaigns::LatePayment::reacquire_or_refund;
    BargainTerms terms;
    const auto limit = [](std::int64_t of) {
        return of == 0 ? std::nullopt : std::optional{static_cast<std::uint32_t>(of)};
    };
    terms.helps = {.per_campaign = limit(rules.helps), .per_day = limit(rules.helps_per_day)};
    terms.mutual_help =
        rules.mutual_allowed ? campaigns::MutualHelp::allow : campaigns::MutualHelp::block;
    terms.launches_per_buyer = static_cast<std::uint32_t>(rules.launches);
    terms.open_launches_per_buyer = static_cast<std::uint32_t>(rules.open_launches);
    terms.close_with_campaign = rules.closes_with_campaign;
    terms.days.spans = {{.from = Instant{0}, .offset_s = 28'800}};
    campaigns::BargainItemTerms& item = terms.items.emplace_back();
    item.cuts.start_price = Money{rules.start_price};
    item.cuts.floor_price = Money{rules.floor_price};
    item.cuts.helpers = limit(rules.helpers);
    item.cuts.first_cut = Money{rules.first_cut};
    item.cuts.new_helper_bonus_bp = static_cast<std::uint32_t>(chance.any_of({0, 5'000}));
    item.cuts.mode = static_cast<campaigns::CutMode>(chance.any_of({0, 1, 2, 3}));
    if (rules.helpers == 0 && item.cuts.mode == campaigns::CutMode::planned) {
        item.cuts.mode = campaigns::CutMode::uniform;
    }
    item.cuts.uniform = {Money{1}, Money{chance.any_of({2, 400})}};
    item.cuts.low_bp = 100;
    item.cuts.high_bp = static_cast<std::uint32_t>(chance.any_of({100, 9'000}));
    item.cuts.stages = {{1, {Money{1}, Money{5}}}, {2, {Money{100}, Money{300}}}};
    item.valid = Duration::milliseconds(rules.valid_ms);
    item.pay = Duration::milliseconds(rules.pay_ms);
    item.buy_at = rules.any_price ? campaigns::BuyAt::any_price : campaigns::BuyAt::floor;
    item.stock_at = rules.stock_at;
    config->terms = std::move(terms);
    campaigns::index_items(*config);
    return config;
}

/// One walk: the engine and the model side by side.
class BargainWalk {
  public:
    BargainWalk(std::uint64_t seed, std::set<Code>& codes)
        : chance_(seed),
          rules_(any_rules(chance_)),
          rig_(Instant{start_ms}),
          model_(rules_),
          codes_(codes) {
        campaigns::DraftCampaign draft;
        draft.campaign = campaign_id;
        draft.config = config_of(rules_, chance_);
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

    [[nodiscard]] std::uint64_t any_buyer() {
        return static_cast<std::uint64_t>(1 + chance_.below(5));
    }
    /// A position, mostly of the newest.
    [[nodiscard]] std::optional<std::size_t> any_of(std::size_t count) {
        if (count == 0) {
            return std::nullopt;
        }
        const auto back = static_cast<std::size_t>(chance_.below(4));
        return back < count ? count - 1 - back : 0;
    }

    /// With a key now and then; the same key again must give the same answer.
    Answer ask(const campaigns::Command& command, const std::string& path, BuyerId owner) {
        if (!chance_.one_in(4)) {
            return rig_.execute(command, std::nullopt);
        }
        const std::string key = path + std::to_string(owner.raw()) + "#" + std::to_string(keys_++);
        const engine::RequestIdentity identity{.owner = owner.raw(),
                                               .key_digest = XXH3_64bits(key.data(), key.size()),
                                               .body_digest = 1};
        const Answer first = rig_.execute(command, identity);
        if (first.receipt.sequence.raw() != 0 && campaigns::CampaignMachine::is_remembered(first)) {
            const Answer again = rig_.execute(command, identity);
            if (!again.replayed || again.code != first.code ||
                again.receipt.sequence != first.receipt.sequence) {
                note("the same key gave " + std::string{text(again.code)} + " after " +
                     std::string{text(first.code)});
            }
            compare_replays(first, again);
        }
        return first;
    }
    void compare_replays(const Answer& first, const Answer& again) {
        const auto* then = first.about<campaigns::BargainView>();
        const auto* now = again.about<campaigns::BargainView>();
        if ((then == nullptr) != (now == nullptr)) {
            note("a replayed answer forgot its bargain");
        } else if (then != nullptr) {
            compare("replayed price", now->current_price.fen(), then->current_price.fen());
            compare("replayed cuts", now->cuts.size(), then->cuts.size());
            compare("replayed cut", now->cut.value_or(campaigns::CutView{}).amount.fen(),
                    then->cut.value_or(campaigns::CutView{}).amount.fen());
        }
    }

    void act() {
        switch (chance_.below(16)) {
            case 0:
            case 1:
                launch();
                break;
            case 2:
            case 3:
            case 4:
            case 5:
            case 6:
                cut();
                break;
            case 7:
            case 8:
                order();
                break;
            case 9:
                pay();
                break;
            case 10:
                cancel();
                break;
            case 11:
            case 12:
                wait(chance_.any_of({0, 1, 1'000, 59'999, 60'000, 300'000, 899'999, 50'000'000}));
                break;
            case 13:
                restart();
                break;
            default:
                operate();
        }
    }

    void launch() {
        const std::uint64_t buyer = any_buyer();
        campaigns::LaunchBargain command;
        command.campaign = campaign_id;
        command.buyer.id = BuyerId{buyer};
        command.item_id = ItemId{"a"};
        const Answer answer = ask(command, "launch", BuyerId{buyer});
        compare_codes("launch " + std::to_string(buyer), answer.code, model_.launch(buyer));
        if (answer.code == Code::ok && !wrong_) {
            bargains_.push_back(answer.about<campaigns::BargainView>()->bargain_id);
        }
    }

    void cut() {
        const auto bargain = any_of(bargains_.size());
        if (!bargain) {
            return;
        }
        const std::uint64_t helper = any_buyer() + static_cast<std::uint64_t>(chance_.below(4));
        campaigns::CutBargain command;
        command.campaign = campaign_id;
        command.buyer.id = BuyerId{helper};
        command.buyer.segments = static_cast<std::uint64_t>(chance_.below(2));
        command.bargain = bargains_[*bargain];
        const Code expected = model_.may_cut(helper, *bargain);
        const Answer answer = ask(command, "cut" + std::to_string(*bargain), BuyerId{helper});
        compare_codes("cut " + std::to_string(helper) + " of " + std::to_string(*bargain),
                      answer.code, expected);
        if (answer.code == Code::cut && !wrong_) {
            const auto* view = answer.about<campaigns::BargainView>();
            if (const auto wrong = model_.cut(helper, *bargain, view->cut->amount.fen())) {
                note(*wrong);
            }
        }
    }

    void order() {
        const auto bargain = any_of(bargains_.size());
        if (!bargain) {
            return;
        }
        const std::uint64_t buyer =
            chance_.one_in(6) ? any_buyer() : model_.bargains()[*bargain].starter;
        campaigns::OrderBargain command;
        command.campaign = campaign_id;
        command.buyer.id = BuyerId{buyer};
        command.bargain = bargains_[*bargain];
        const Answer answer = ask(command, "order" + std::to_string(*bargain), BuyerId{buyer});
        compare_codes("order " + std::to_string(*bargain), answer.code,
                      model_.order(buyer, *bargain));
        if (answer.code == Code::held || answer.code == Code::confirmed) {
            orders_.push_back(answer.order->order_id);
        }
    }

    void pay() {
        const auto order = any_of(orders_.size());
        if (!order) {
            return;
        }
        const std::string payment =
            "p" + std::to_string(*order) + "-" + std::to_string(chance_.below(2));
        campaigns::RecordPayment command;
        command.order = orders_[*order];
        command.payment_id = PaymentId{payment};
        command.amount = Money{model_.orders()[*order].amount};
        const Answer answer = rig_.execute(command, std::nullopt);
        compare_codes("pay " + std::to_string(*order), answer.code, model_.pay(*order, payment));
    }

    void cancel() {
        const auto order = any_of(orders_.size());
        if (!order) {
            return;
        }
        const std::uint64_t buyer = model_.bargains()[model_.orders()[*order].bargain].starter;
        const campaigns::CancelOrder command{campaign_id, BuyerId{buyer}, orders_[*order]};
        compare_codes("cancel " + std::to_string(*order), rig_.execute(command, std::nullopt).code,
                      model_.cancel_order(*order));
        wait(0);
    }

    void restart() {
        told_ += "restart\n";
        if (chance_.one_in(2)) {
            rig_.crash(Duration::seconds(0));
        } else {
            rig_.restart_from_checkpoint(Duration::seconds(0));
        }
    }

    void operate() {
        switch (chance_.below(12)) {
            case 0:
            case 1:
                change(Verb::pause);
                break;
            case 2:
            case 3:
            case 4:
                change(Verb::resume);
                break;
            case 5:
                change(chance_.one_in(2) ? Verb::end : Verb::kill);
                break;
            case 6:
            case 7:
                stock();
                break;
            case 8:
                block();
                break;
            case 9:
                if (const auto bargain = any_of(bargains_.size())) {
                    campaigns::CancelBargain command;
                    command.campaign = campaign_id;
                    command.bargain = bargains_[*bargain];
                    compare_codes("cancel bargain " + std::to_string(*bargain),
                                  ask(command, "cb" + std::to_string(*bargain), BuyerId{}).code,
                                  model_.cancel_bargain(*bargain));
                    wait(0);
                }
                break;
            default:
                may_sell_ = !may_sell_ || !chance_.one_in(3);
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
        campaigns::AdjustStock command;
        command.campaign = campaign_id;
        command.item_id = ItemId{"a"};
        command.delta = chance_.any_of({-1, 1, 3});
        compare_codes("stock " + std::to_string(command.delta),
                      rig_.execute(command, std::nullopt).code, model_.add_stock(command.delta));
    }
    void block() {
        const std::uint64_t buyer = any_buyer();
        if (!chance_.one_in(2)) {
            return;
        }
        campaigns::BlockBuyers command;
        command.campaign = campaign_id;
        command.buyers = {BuyerId{buyer}};
        compare_codes("block " + std::to_string(buyer), rig_.execute(command, std::nullopt).code,
                      Code::ok);
        model_.block(buyer);
    }

    void compare_state() {
        if (const auto broken = rig_.broken()) {
            return note(*broken);
        }
        const campaigns::Campaign& campaign = *rig_.find(campaign_id);
        const campaigns::Bargains& engine = campaigns::bargains_of(campaign);
        for (std::size_t at = 0; at < bargains_.size(); ++at) {
            const std::string name = "bargain " + std::to_string(at) + " ";
            const NaiveBargain::Bargain& model = model_.bargains()[at];
            const auto view = engine.view_of(campaign, engine.book().find(bargains_[at]));
            compare(name + "state", view.state, model.state);
            compare(name + "price", view.current_price.fen(), model_.price(model));
            compare(name + "cuts", view.cuts.size(),
                    model.cuts.size() + (rules_.first_cut > 0 ? 1 : 0));
            compare(name + "until", view.deadline.ms(), model_.until_ms(model));
        }
        for (std::size_t at = 0; at < orders_.size(); ++at) {
            const auto view = campaign.view(campaign.book().find_order(orders_[at]));
            const std::string name = "order " + std::to_string(at) + " ";
            compare(name + "state", view.state, model_.orders()[at].state);
            compare(name + "pay_by", view.pay_by.ms(), model_.orders()[at].pay_by_ms);
        }
        const campaigns::StockCell& cell = campaign.cell(0);
        compare("available", cell.available().units(), model_.available());
        compare("held", cell.held().units(), model_.held());
        compare("sold", cell.sold().units(), model_.sold());
        compare("removed", cell.removed().units(), model_.removed());
        if (!campaign.has_not_begun()) {
            compare("campaign", campaign.state(), model_.state());
        }
    }

    Chance chance_;
    NaiveBargainRules rules_;
    SaleRig rig_;
    NaiveBargain model_;
    std::set<Code>& codes_;
    std::vector<campaigns::BargainId> bargains_;
    std::vector<OrderId> orders_;
    std::uint64_t keys_ = 0;
    bool may_sell_ = true;
    std::string told_;
    std::optional<std::string> wrong_;
};

TEST(BargainModel, agrees_with_the_engine_on_every_random_walk_past_every_code) {
    const std::uint64_t first = from_environment("MODEL_FIRST_SEED", 1);
    const std::uint64_t seeds = from_environment("MODEL_SEEDS", 800);
    const std::uint64_t acts = from_environment("MODEL_ACTS", 80);
    std::set<Code> codes;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        BargainWalk walk(seed, codes);
        for (std::uint64_t act = 0; act < acts; ++act) {
            const auto wrong = walk.step();
            ASSERT_FALSE(wrong.has_value())
                << "again with MODEL_FIRST_SEED=" << seed << " MODEL_SEEDS=1\n"
                << *wrong;
        }
    }
    if (seeds < 800) {
        return;
    }
    // A walk that never gets anywhere would agree with everything.
    for (const Code code : {Code::ok,
                            Code::held,
                            Code::confirmed,
                            Code::cancelled,
                            Code::cut,
                            Code::already_done,
                            Code::late_confirmed,
                            Code::refund_required,
                            Code::not_started,
                            Code::ended,
                            Code::paused,
                            Code::killed,
                            Code::sold_out,
                            Code::limit_buyer,
                            Code::blocked,
                            Code::order_closed,
                            Code::busy,
                            Code::wrong_state,
                            Code::stock_cut_too_large,
                            Code::help_self,
                            Code::help_repeat,
                            Code::help_limit,
                            Code::help_mutual,
                            Code::launch_exists,
                            Code::launch_limit,
                            Code::floor_not_reached,
                            Code::bargain_ended,
                            Code::bargain_unknown}) {
        EXPECT_TRUE(codes.contains(code)) << text(code);
    }
}

}  // namespace
}  // namespace stampede::tests
