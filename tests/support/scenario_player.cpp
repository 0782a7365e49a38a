// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scenario_player.hpp"

#include <xxhash.h>

#include <algorithm>
#include <stdexcept>

#include "campaigns/rules.hpp"

namespace stampede::tests {

namespace {

using campaigns::Actor;
using campaigns::Answer;
using campaigns::CampaignConfig;
using campaigns::Command;
using campaigns::TicketClaims;
using campaigns::TicketProof;

std::uint64_t digest(const std::string& text) {
    return XXH3_64bits(text.data(), text.size());
}

/// The line without its key: what a request's body says.
std::uint32_t body_digest(const Words& words) {
    std::string body;
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (words[at] == "key") {
            ++at;
            continue;
        }
        body += words[at] + " ";
    }
    return static_cast<std::uint32_t>(digest(body));
}

BuyerId read_buyer(const std::string& word) {
    return BuyerId{static_cast<std::uint64_t>(read_number(word))};
}

campaigns::OrderLine read_order_line(const std::string& word) {
    const auto times = word.rfind('x');
    if (times == std::string::npos) {
        return {ItemId{word}, Quantity{1}};
    }
    return {ItemId{word.substr(0, times)}, Quantity{read_number(word.substr(times + 1))}};
}

/// Of a play that draws: the same each time a table is played.
campaigns::SeedBytes seed_of(CampaignId campaign) {
    campaigns::SeedBytes seed{};
    seed.fill(static_cast<std::uint8_t>(0x40 + campaign.raw() % 0x80));
    return seed;
}

std::string expected_text(const Words& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

}  // namespace

ScenarioPlayer::ScenarioPlayer() : rig_(read_instant("12:00:00")) {}

// Definitions ------------------------------------------------------------------------------------

void ScenarioPlayer::begin_campaign(const Words& words) {
    close_block();
    open_block_ = words.at(1);
    block_is_campaign_ = true;
    CampaignConfig config;
    config.title = "Opening night";
    config.starts_at = read_instant("20:00:00");
    config.ends_at = read_instant("22:00:00");
    configs_[open_block_] = config;
}

void ScenarioPlayer::begin_config(const Words& words) {
    close_block();
    const Options options(words, 2);
    options.only({"like"});
    open_block_ = words.at(1);
    block_is_campaign_ = false;
    configs_[open_block_] = *config(options.text("like"));
}

void ScenarioPlayer::add_to_config(const Words& words) {
    if (open_block_.empty()) {
        throw std::invalid_argument("an indented line outside a campaign or config");
    }
    read_config_line(configs_[open_block_], words);
}

void ScenarioPlayer::close_block() {
    const std::string name = std::exchange(open_block_, {});
    if (name.empty() || !block_is_campaign_) {
        return;
    }
    const CampaignId id{static_cast<std::uint64_t>(read_number(name))};
    first_campaign_ = first_campaign_.value_or(id);
    // Named and filled, since GCC 12 takes a temporary's shared pointer for uninitialised.
    campaigns::DraftCampaign draft;
    draft.campaign = id;
    draft.config = config(name);
    draft.actor = Actor{"editor"};
    const Answer drafted = rig_.execute(draft, std::nullopt);
    campaigns::ChangeCampaign publish;
    publish.campaign = id;
    publish.actor = Actor{"publisher"};
    publish.fresh_seed = seed_of(id);
    const Answer published = rig_.execute(publish, std::nullopt);
    if (drafted.code != campaigns::Code::ok || published.code != campaigns::Code::ok) {
        throw std::invalid_argument("campaign " + name + " cannot be published");
    }
}

std::shared_ptr<const CampaignConfig> ScenarioPlayer::config(const std::string& name) const {
    const auto found = configs_.find(name);
    if (found == configs_.end()) {
        throw std::invalid_argument("no campaign or config has the name " + name);
    }
    return std::make_shared<const CampaignConfig>(found->second);
}

CampaignId ScenarioPlayer::campaign_of(const Options& options) const {
    if (options.has("campaign")) {
        return CampaignId{static_cast<std::uint64_t>(options.number("campaign"))};
    }
    if (!first_campaign_) {
        throw std::invalid_argument("no campaign has been defined");
    }
    return *first_campaign_;
}

// Lines ------------------------------------------------------------------------------------------

std::optional<std::string> ScenarioPlayer::run(const ScenarioLine& line, Checks checks) {
    close_block();
    std::optional<std::string> wrong;
    if (line.words[0] == "events") {
        wrong = run_events(line);
    } else if (const auto act = acts().find(line.words[0]); act != acts().end()) {
        const Facts got = (this->*act->second)(line);
        if (!line.expected || line.expected->empty()) {
            return "this line must say what it expects; it got: " + got.str();
        }
        if (const auto difference = disagreement(*line.expected, got)) {
            return *difference + ": expected " + expected_text(*line.expected) + ", got " +
                   got.str();
        }
    } else if (line.expected || !run_step(line)) {
        return "no such line: " + line.words[0];
    }
    collect_told();
    return wrong || checks == Checks::few ? wrong : rig_.broken();
}

std::optional<std::string> ScenarioPlayer::finish() {
    close_block();
    if (!told_.empty()) {
        return "settlement was told more than the table expects, first " +
               told(told_.front(), orders_);
    }
    return std::nullopt;
}

bool ScenarioPlayer::run_step(const ScenarioLine& line) {
    const Words& words = line.words;
    if (words[0] == "turn") {
        rig_.turn();
        return true;
    }
    if (words[0] == "selling" && words.size() == 2) {
        rig_.selling = words[1] == "stopped" ? Selling::stopped : Selling::open;
        return true;
    }
    if (words[0] == "clock" && words.size() == 2) {
        rig_.expiries = words[1] == "frozen" ? engine::Expiries::frozen : engine::Expiries::run;
        return true;
    }
    return run_time(words) || run_restart(words);
}

bool ScenarioPlayer::run_time(const Words& words) {
    const bool is_absolute = words[0] == "at" && words.size() > 1;
    if (!is_absolute && !words[0].starts_with('+')) {
        return false;
    }
    const Instant then =
        is_absolute ? read_instant(words[1]) : rig_.now() + read_duration(words[0].substr(1));
    if (then < rig_.now()) {
        throw std::invalid_argument("time never goes back");
    }
    // "first": the commands of this millisecond come before its deadlines.
    if (words.back() == "first") {
        rig_.move_to_before_deadlines(then);
    } else {
        rig_.move_to(then);
    }
    return true;
}

bool ScenarioPlayer::run_restart(const Words& words) {
    if (words[0] != "crash" && words[0] != "checkpoint") {
        return false;
    }
    const Options options(words, 1);
    options.only({"grace"});
    const Duration grace = read_duration(options.text("grace", "60s"));
    if (words[0] == "crash") {
        rig_.crash(grace);
    } else {
        rig_.restart_from_checkpoint(grace);
    }
    return true;
}

void ScenarioPlayer::collect_told() {
    for (SettlementRecord& record : rig_.take_told()) {
        if (auto* event = std::get_if<EventRow>(&record)) {
            told_.push_back(std::move(*event));
        }
    }
}

/// "events => none", "events => REFUND_REQUIRED A … ; STOCK_DELTA …", "events count => STOCK_DELTA
/// times 1000 units 2000".
std::optional<std::string> ScenarioPlayer::run_events(const ScenarioLine& line) {
    collect_told();
    if (line.words.size() == 2 && line.words[1] == "count") {
        return run_event_sum(line);
    }
    std::string got;
    for (const EventRow& event : std::exchange(told_, {})) {
        got += (got.empty() ? "" : " ; ") + told(event, orders_);
    }
    got = got.empty() ? "none" : got;
    const std::string expected = expected_text(line.expected.value_or(Words{}));
    return got == expected ? std::nullopt : std::optional{"expected " + expected + ", got " + got};
}

std::optional<std::string> ScenarioPlayer::run_event_sum(const ScenarioLine& line) {
    Facts got;
    std::map<std::string, std::size_t> times_of;
    std::size_t times = 0;
    std::int64_t units = 0;
    for (const EventRow& event : std::exchange(told_, {})) {
        got.code = got.code.empty() || got.code == event.kind ? event.kind : "several";
        ++times_of[event.kind];
        ++times;
        const Words words = split_words(told(event, orders_));
        const auto at = std::ranges::find(words, "units");
        units += at == words.end() ? 0 : read_number(*std::next(at));
    }
    for (const auto& [kind, count] : times_of) {
        got.values[kind] = std::to_string(count);
    }
    got.values["times"] = std::to_string(times);
    got.values["units"] = std::to_string(units);
    const auto difference = disagreement(line.expected.value_or(Words{}), got);
    return difference ? std::optional{*difference + ", got " + got.str()} : std::nullopt;
}

// Asking -----------------------------------------------------------------------------------------

Facts ScenarioPlayer::ask(const ScenarioLine& line, const Command& command, const Options& options,
                          const std::string& path, std::uint64_t owner) {
    std::optional<engine::RequestIdentity> identity;
    if (options.has("key")) {
        identity = engine::RequestIdentity{
            .owner = owner,
            .key_digest = digest(line.words[0] + " " + path + " " + options.text("key")),
            .body_digest = body_digest(line.words)};
    }
    answer_ = rig_.execute(command, identity);
    if (!line.name.empty() && answer_->order) {
        orders_.give(line.name, answer_->order->order_id);
    }
    Facts facts = facts_of(*answer_, orders_);
    if (const auto* bargain = answer_->about<campaigns::BargainView>()) {
        add_bargain(facts, *bargain);
    }
    if (const auto* rally = answer_->about<campaigns::RallyView>()) {
        add_rally(facts, *rally);
    }
    return facts;
}

TicketClaims ScenarioPlayer::claims(const std::string& name) const {
    if (name == "forged") {
        TicketClaims forged;
        forged.proof = TicketProof::forged;
        return forged;
    }
    const auto found = tickets_.find(name);
    if (found == tickets_.end()) {
        throw std::invalid_argument("no ticket has the name " + name);
    }
    return found->second;
}

Facts ScenarioPlayer::buy(const ScenarioLine& line) {
    static const Words names{"partial", "key", "level", "segments", "ticket", "campaign"};
    const auto options_at =
        std::find_first_of(line.words.begin() + 2, line.words.end(), names.begin(), names.end());
    const Options options(line.words, static_cast<std::size_t>(options_at - line.words.begin()),
                          {"partial"});
    options.only(names);
    campaigns::Buy buy;
    buy.campaign = campaign_of(options);
    buy.buyer = {.id = read_buyer(line.words.at(1)),
                 .level = static_cast<std::uint8_t>(options.number("level")),
                 .segments = static_cast<std::uint64_t>(options.number("segments"))};
    for (auto at = line.words.begin() + 2; at != options_at; ++at) {
        buy.lines.push_back(read_order_line(*at));
    }
    buy.allow_partial =
        options.has("partial") ? campaigns::AllowPartial::yes : campaigns::AllowPartial::no;
    if (options.has("ticket")) {
        buy.ticket = claims(options.text("ticket"));
    }
    return ask(line, buy, options, std::to_string(buy.campaign.raw()), buy.buyer.id.raw());
}

Facts ScenarioPlayer::take_ticket(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "level", "segments", "campaign"});
    campaigns::IssueTicket issue;
    issue.campaign = campaign_of(options);
    issue.buyer = {.id = read_buyer(line.words.at(1)),
                   .level = static_cast<std::uint8_t>(options.number("level")),
                   .segments = static_cast<std::uint64_t>(options.number("segments"))};
    issue.item_id = ItemId{line.words.at(2)};
    const Facts facts =
        ask(line, issue, options, std::to_string(issue.campaign.raw()), issue.buyer.id.raw());
    if (!line.name.empty() && answer_->ticket) {
        tickets_[line.name] = {.proof = TicketProof::genuine,
                               .campaign = issue.campaign,
                               .item_id = answer_->ticket->item_id,
                               .buyer = issue.buyer.id,
                               .not_before = answer_->ticket->not_before,
                               .expires = answer_->ticket->expires,
                               .nonce = answer_->ticket->nonce};
    }
    return facts;
}

Facts ScenarioPlayer::cancel(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "campaign"});
    const campaigns::CancelOrder cancel{campaign_of(options), read_buyer(line.words.at(1)),
                                        orders_.find(line.words.at(2))};
    return ask(line, cancel, options, line.words[2], cancel.buyer.raw());
}

Facts ScenarioPlayer::wait(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "level", "segments", "campaign"});
    campaigns::JoinWaitlist join;
    join.campaign = campaign_of(options);
    join.buyer = {.id = read_buyer(line.words.at(1)),
                  .level = static_cast<std::uint8_t>(options.number("level")),
                  .segments = static_cast<std::uint64_t>(options.number("segments"))};
    join.item_id = ItemId{line.words.at(2)};
    return ask(line, join, options, std::to_string(join.campaign.raw()), join.buyer.id.raw());
}

Facts ScenarioPlayer::leave(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "campaign"});
    const campaigns::LeaveWaitlist leave{campaign_of(options), read_buyer(line.words.at(1)),
                                         ItemId{line.words.at(2)}};
    return ask(line, leave, options, std::to_string(leave.campaign.raw()), leave.buyer.raw());
}

/// Names the order that the waiting led to: "A = place 42 1001 => OK place 0 open_order A".
Facts ScenarioPlayer::show_place(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"campaign"});
    const campaigns::Campaign* campaign = rig_.find(campaign_of(options));
    if (campaign == nullptr) {
        return {.code = "CAMPAIGN_UNKNOWN", .values = {}, .flags = {}};
    }
    const Answer place = campaigns::place_in_line(*campaign, read_buyer(line.words.at(1)),
                                                  ItemId{line.words.at(2)}, rig_.now());
    if (!line.name.empty() && place.open_order) {
        orders_.give(line.name, *place.open_order);
    }
    return facts_of(place, orders_);
}

Facts ScenarioPlayer::pay(const ScenarioLine& line) {
    const Options options(line.words, 4);
    options.only({"key", "new"});
    const auto is_new =
        options.has("new") ? std::optional{options.text("new") == "yes"} : std::optional<bool>{};
    const campaigns::RecordPayment payment{.order = orders_.find(line.words.at(1)),
                                           .payment_id = PaymentId{line.words.at(2)},
                                           .amount = Money{read_number(line.words.at(3))},
                                           .paid_at = rig_.now(),
                                           .buyer_is_new = is_new};
    return ask(line, payment, options, "payments");
}

Facts ScenarioPlayer::refund(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "quantity", "amount", "payment", "item"});
    campaigns::RecordRefund refund;
    refund.order = orders_.find(line.words.at(1));
    refund.refund_id = RefundId{line.words.at(2)};
    refund.quantity = Quantity{options.number("quantity")};
    refund.amount = Money{options.number("amount")};
    if (options.has("payment")) {
        refund.payment_id = PaymentId{options.text("payment")};
    }
    if (options.has("item")) {
        refund.item_id = ItemId{options.text("item")};
    }
    return ask(line, refund, options, "refunds");
}

// Operators --------------------------------------------------------------------------------------

Facts ScenarioPlayer::draft(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"key", "as", "by"});
    const CampaignId id{static_cast<std::uint64_t>(read_number(line.words.at(1)))};
    first_campaign_ = first_campaign_.value_or(id);
    campaigns::DraftCampaign draft;
    draft.campaign = id;
    draft.config = config(options.text("as", line.words[1]));
    draft.actor = Actor{options.text("by", "editor")};
    return ask(line, draft, options, "campaigns");
}

Facts ScenarioPlayer::revise(const ScenarioLine& line) {
    const Options options(line.words, 1);
    options.only({"key", "version", "as", "by", "campaign"});
    campaigns::ReviseCampaign revise;
    revise.campaign = campaign_of(options);
    revise.version = static_cast<std::uint32_t>(options.number("version"));
    revise.config = config(options.text("as"));
    revise.actor = Actor{options.text("by", "editor")};
    return ask(line, revise, options, "campaigns");
}

Facts ScenarioPlayer::change(const ScenarioLine& line) {
    using campaigns::Verb;
    static const std::map<std::string, Verb> verbs{
        {"publish", Verb::publish}, {"pause", Verb::pause}, {"resume", Verb::resume},
        {"end", Verb::end},         {"kill", Verb::kill},   {"archive", Verb::archive}};
    const Options options(line.words, 1, {"four_eyes"});
    options.only({"key", "by", "campaign", "four_eyes"});
    return ask(
        line,
        campaigns::ChangeCampaign{.campaign = campaign_of(options),
                                  .verb = verbs.at(line.words[0]),
                                  .actor = Actor{options.text("by", "publisher")},
                                  .four_eyes = options.has("four_eyes") ? campaigns::FourEyes::on
                                                                        : campaigns::FourEyes::off,
                                  .fresh_seed = seed_of(campaign_of(options))},
        options, line.words[0]);
}

Facts ScenarioPlayer::stock(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "by", "campaign", "reason"});
    return ask(line,
               campaigns::AdjustStock{.campaign = campaign_of(options),
                                      .item_id = ItemId{line.words.at(1)},
                                      .delta = read_number(line.words.at(2)),
                                      .reason = campaigns::Reason{options.text("reason", "count")},
                                      .actor = Actor{options.text("by", "publisher")}},
               options, "stock");
}

Facts ScenarioPlayer::block(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"key", "by", "campaign"});
    return ask(line,
               campaigns::BlockBuyers{.campaign = campaign_of(options),
                                      .buyers = {read_buyer(line.words.at(1))},
                                      .actor = Actor{options.text("by", "publisher")}},
               options, "blocklist");
}

Facts ScenarioPlayer::release(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"key", "by"});
    return ask(line,
               campaigns::ReleaseOrder{orders_.find(line.words.at(1)),
                                       Actor{options.text("by", "publisher")}},
               options, line.words[1]);
}

Facts ScenarioPlayer::resolve(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "by"});
    return ask(line,
               campaigns::ResolveOrder{orders_.find(line.words.at(1)),
                                       line.words.at(2) == "confirm" ? campaigns::Decision::confirm
                                                                     : campaigns::Decision::refund,
                                       Actor{options.text("by", "treasurer")}},
               options, line.words[1]);
}

Facts ScenarioPlayer::settle(const ScenarioLine& line) {
    const Options options(line.words, 1);
    options.only({"campaign"});
    return ask(line, campaigns::MarkSettled{campaign_of(options)}, options, "");
}

// Looking ----------------------------------------------------------------------------------------

Facts ScenarioPlayer::show_order(const ScenarioLine& line) {
    const OrderId order = orders_.find(line.words.at(1));
    const campaigns::Campaign* campaign = rig_.find_by_order(order);
    Facts facts{.code = "UNKNOWN", .values = {}, .flags = {}};
    if (campaign != nullptr) {
        const campaigns::OrderView view = campaign->view(campaign->book().find_order(order));
        facts.code = text(view.state);
        add_order(facts, view, orders_);
    }
    return facts;
}

Facts ScenarioPlayer::show_ledger(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"campaign"});
    const campaigns::Campaign* campaign = rig_.find(campaign_of(options));
    if (campaign == nullptr) {
        return {.code = "UNKNOWN", .values = {}, .flags = {}};
    }
    const auto item = campaigns::find_item(campaign->config(), line.words.at(1));
    if (!item) {
        throw std::invalid_argument("no such item");
    }
    const campaigns::StockCell& cell = campaign->cell(*item);
    const auto units = [](Quantity quantity) { return std::to_string(quantity.units()); };
    return {.code = "units",
            .values = {{"total", units(cell.total())},
                       {"available", units(cell.available())},
                       {"held", units(cell.held())},
                       {"sold", units(cell.sold())},
                       {"reserve", units(cell.reserve())},
                       {"removed", units(cell.removed())}},
            .flags = {}};
}

Facts ScenarioPlayer::show_campaign(const ScenarioLine& line) {
    const Options options(line.words, 1);
    options.only({"campaign"});
    const campaigns::Campaign* campaign = rig_.find(campaign_of(options));
    if (campaign == nullptr) {
        return {.code = "UNKNOWN", .values = {}, .flags = {}};
    }
    return {.code = std::string{text(campaign->state())},
            .values = {{"version", std::to_string(campaign->version())}},
            .flags = {}};
}

const std::map<std::string, ScenarioPlayer::Act>& ScenarioPlayer::acts() {
    static const std::map<std::string, Act> table{
        {"buy", &ScenarioPlayer::buy},
        {"ticket", &ScenarioPlayer::take_ticket},
        {"cancel", &ScenarioPlayer::cancel},
        {"wait", &ScenarioPlayer::wait},
        {"leave", &ScenarioPlayer::leave},
        {"place", &ScenarioPlayer::show_place},
        {"pay", &ScenarioPlayer::pay},
        {"refund", &ScenarioPlayer::refund},
        {"draft", &ScenarioPlayer::draft},
        {"revise", &ScenarioPlayer::revise},
        {"publish", &ScenarioPlayer::change},
        {"pause", &ScenarioPlayer::change},
        {"resume", &ScenarioPlayer::change},
        {"end", &ScenarioPlayer::change},
        {"kill", &ScenarioPlayer::change},
        {"archive", &ScenarioPlayer::change},
        {"stock", &ScenarioPlayer::stock},
        {"block", &ScenarioPlayer::block},
        {"release", &ScenarioPlayer::release},
        {"resolve", &ScenarioPlayer::resolve},
        {"settle", &ScenarioPlayer::settle},
        {"order", &ScenarioPlayer::show_order},
        {"ledger", &ScenarioPlayer::show_ledger},
        {"state", &ScenarioPlayer::show_campaign},
        {"launch", &ScenarioPlayer::launch},
        {"help", &ScenarioPlayer::help},
        {"take", &ScenarioPlayer::take},
        {"cancel_bargain", &ScenarioPlayer::cancel_bargain},
        {"bargain", &ScenarioPlayer::show_bargain},
        {"launch_rally", &ScenarioPlayer::launch_rally},
        {"help_rally", &ScenarioPlayer::help_rally},
        {"rally", &ScenarioPlayer::show_rally},
        {"rallies", &ScenarioPlayer::list_rallies},
        {"open", &ScenarioPlayer::open_group},
        {"join", &ScenarioPlayer::join_group},
        {"fail", &ScenarioPlayer::fail_group},
        {"group", &ScenarioPlayer::show_group},
        {"list", &ScenarioPlayer::list_groups},
        {"mine", &ScenarioPlayer::list_groups},
    };
    return table;
}

}  // namespace stampede::tests
