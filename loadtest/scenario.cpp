// SPDX-License-Identifier: Apache-2.0
// TOML to Scenario. A draft under [campaign] is passed on as JSON nearly unread: the server judges
// it, with its own messages, so the rules of a draft live in one place.
#include "loadtest/scenario.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "engine/vocabulary/limits.hpp"
#include "loadtest/field_reader.hpp"
#include "loadtest/request_template.hpp"
#include "loadtest/scenario_plays.hpp"

namespace stampede::loadtest {
namespace {

using Mistakes = std::vector<std::string>;

void read_item(FieldReader& reader, Sale& sale) {
    ItemOnSale item;
    std::int64_t price = 0;
    std::int64_t stock = 0;
    reader.text("item_id", item.item_id);
    reader.integer("price", {0, static_cast<double>(limits::price_fen_max)}, price);
    reader.integer("stock", {0, static_cast<double>(limits::stock_max)}, stock);
    if (item.item_id.empty()) {
        reader.mistake("item_id", "must name the item");
    }
    item.price = Money{price};
    item.stock = Quantity{stock};
    sale.items.push_back(std::move(item));
}

// The campaign's own fields are the server's to judge; only what the crowd needs is read.
void read_campaign(const toml::table& table, Mistakes& mistakes, Scenario& scenario) {
    FieldReader reader{&table, "campaign", mistakes};
    if (const toml::array* items = reader.array("items")) {
        for (std::size_t at = 0; at < items->size(); ++at) {
            if (const toml::table* item = items->get(at)->as_table()) {
                FieldReader fields{item, "campaign.items[" + std::to_string(at) + "]", mistakes};
                read_item(fields, scenario.sale);
            }
        }
    }
    if (scenario.sale.items.empty()) {
        reader.mistake("items", "must list at least one [[campaign.items]]");
    }
    FieldReader limits_reader{reader.table("limits"), "campaign.limits", mistakes};
    std::int64_t per_buyer = 1;
    limits_reader.integer("per_buyer", {1, 1e9}, per_buyer);
    scenario.sale.per_buyer = Quantity{per_buyer};
    std::int64_t hold_s = 300;
    reader.integer("hold_seconds", {1, 7200}, hold_s);
    scenario.sale.hold = Duration::seconds(hold_s);
    read_play(reader, mistakes, scenario.sale);
    std::ostringstream json;
    json << toml::json_formatter{table};
    scenario.draft_json = json.str();
}

// A campaign that exists already: what the oracle must know about it.
void read_sale(const toml::table& table, Mistakes& mistakes, Scenario& scenario) {
    FieldReader reader{&table, "sale", mistakes};
    reader.text("campaign_id", scenario.sale.campaign_id);
    std::int64_t per_buyer = 1;
    reader.integer("per_buyer", {1, 1e9}, per_buyer);
    scenario.sale.per_buyer = Quantity{per_buyer};
    std::int64_t hold_s = 300;
    reader.integer("hold_seconds", {1, 7200}, hold_s);
    scenario.sale.hold = Duration::seconds(hold_s);
    if (const toml::array* items = reader.array("items")) {
        for (std::size_t at = 0; at < items->size(); ++at) {
            if (const toml::table* item = items->get(at)->as_table()) {
                FieldReader fields{item, "sale.items[" + std::to_string(at) + "]", mistakes};
                read_item(fields, scenario.sale);
                static_cast<void>(fields.table("bargain"));  // read_play's
                fields.finish();
            }
        }
    }
    read_play(reader, mistakes, scenario.sale);
    if (scenario.sale.campaign_id.empty()) {
        reader.mistake("campaign_id", "must name the campaign");
    }
    if (scenario.sale.items.empty()) {
        reader.mistake("items", "must list what is on sale: item_id, price, stock");
    }
    reader.finish();
}

void read_crowd(const toml::table* table, Mistakes& mistakes, Crowd& crowd) {
    FieldReader reader{table, "crowd", mistakes};
    reader.integer("buyers", {1, 100e6}, crowd.buyers);
    std::uint64_t first = crowd.first_buyer.raw();
    reader.integer("first_buyer",
                   {static_cast<double>(smallest_buyer.raw()),
                    static_cast<double>(largest_buyer.raw() - 1'000'000'000)},
                   first);
    crowd.first_buyer = BuyerId{first};
    reader.integer("connections", {1, static_cast<double>(limits::connections_max)},
                   crowd.connections);
    reader.integer("pipeline_depth", {1, 64}, crowd.pipeline_depth);
    std::string identity = "header";
    reader.text("identity", identity);
    if (identity == "token") {
        crowd.identity = Identity::token;
    } else if (identity != "header") {
        reader.mistake("identity", "must be \"header\" or \"token\"");
    }
    reader.number("zipf", {0, 10}, crowd.zipf);
    reader.integer("quantity", {1, 1e6}, crowd.quantity);
    reader.share("same_key_again", crowd.same_key_again);
    reader.share("other_key_again", crowd.other_key_again);
    reader.share("drops_connection", crowd.drops_connection);
    reader.share("comes_back", crowd.comes_back);
    reader.milliseconds("comes_back_after_ms", crowd.comes_back_after);
    reader.integer("retries", {0, 250}, crowd.retries);
    reader.finish();
}

void read_arrivals(const toml::table& table, Mistakes& mistakes, Arrivals& arrivals) {
    FieldReader reader{&table, "arrivals", mistakes};
    std::string shape = "herd";
    reader.text("shape", shape);
    std::vector<std::string> shapes;
    for (const ArrivalShape known :
         {ArrivalShape::herd, ArrivalShape::poisson, ArrivalShape::constant, ArrivalShape::ramp,
          ArrivalShape::burst}) {
        shapes.emplace_back(name_of(known));
        if (shape == name_of(known)) {
            arrivals.shape = known;
        }
    }
    if (std::find(shapes.begin(), shapes.end(), shape) == shapes.end()) {
        const std::string nearest = nearest_word(shape, shapes);
        reader.mistake("shape", "'" + shape + "' is no shape; did you mean '" +
                                    (nearest.empty() ? shapes.front() : nearest) + "'?");
    }
    reader.milliseconds("window_ms", arrivals.window);
    reader.number("per_second", {0.001, 10e6}, arrivals.per_second);
    reader.number("to_per_second", {0, 10e6}, arrivals.to_per_second);
    reader.seconds("seconds", arrivals.length);
    reader.integer("burst_size", {1, 1e6}, arrivals.burst_size);
    if (arrivals.shape != ArrivalShape::herd && arrivals.per_second <= 0) {
        reader.mistake("per_second", "this shape needs a rate");
    }
    if (arrivals.shape != ArrivalShape::herd && arrivals.length.count() <= 0) {
        reader.mistake("seconds", "this shape needs a length");
    }
    reader.finish();
}

void read_saturation(const toml::table& table, Mistakes& mistakes, Saturation& saturation) {
    FieldReader reader{&table, "saturate", mistakes};
    reader.integer("connections", {1, static_cast<double>(limits::connections_max)},
                   saturation.connections);
    reader.integer("pipeline_depth", {1, 64}, saturation.pipeline_depth);
    reader.seconds("warm_up_seconds", saturation.warm_up);
    reader.seconds("seconds", saturation.length);
    reader.integer("token_buyers", {1, 10e6}, saturation.token_buyers);
    reader.flag("keep_answers", saturation.keep_answers);
    if (saturation.length.count() <= 0) {
        reader.mistake("seconds", "must be more than 0");
    }
    reader.finish();
}

void read_payments(const toml::table& table, Mistakes& mistakes, Payments& payments) {
    FieldReader reader{&table, "payments", mistakes};
    payments.wanted = true;
    reader.share("pays", payments.pays);
    reader.milliseconds("delay_ms", payments.delay);
    reader.share("again", payments.again);
    reader.share("second_payment", payments.second_payment);
    reader.share("wrong_amount", payments.wrong_amount);
    reader.share("late", payments.late);
    reader.share("cancels", payments.cancels);
    reader.share("refunds", payments.refunds);
    reader.integer("batch", {1, static_cast<double>(limits::payments_per_batch_max)},
                   payments.batch);
    if (payments.pays + payments.late + payments.cancels > 1.0 + 1e-9) {
        reader.mistake("pays", "pays, late and cancels together are more than all holds");
    }
    reader.finish();
}

void read_raw(const toml::table& table, Mistakes& mistakes, RawRequest& raw) {
    FieldReader reader{&table, "request", mistakes};
    reader.text("method", raw.method);
    reader.text("path", raw.path);
    reader.texts("headers", raw.headers);
    reader.text("body", raw.body);
    reader.integer("expected_status", {100, 599}, raw.expected_status);
    reader.finish();
}

void read_finish(const toml::table* table, Mistakes& mistakes, Finish& finish) {
    FieldReader reader{table, "finish", mistakes};
    reader.seconds("drain_seconds", finish.drain);
    reader.seconds("holds_lapse_seconds", finish.holds_lapse);
    reader.seconds("settled_seconds", finish.settled);
    reader.milliseconds("lag_max_ms", finish.lag_max);
    reader.number("busy_max", {0.01, 1}, finish.busy_max);
    reader.finish();
}

void read_thresholds(const toml::table* table, Mistakes& mistakes, Scenario& scenario) {
    FieldReader reader{table, "thresholds", mistakes};
    for (const std::string& metric : threshold_metrics()) {
        for (const auto bound : {Threshold::Bound::at_most, Threshold::Bound::at_least}) {
            const std::string key = metric + (bound == Threshold::Bound::at_most ? "_max" : "_min");
            double limit = 0;
            reader.number(key, {0, 1e15}, limit);
            if (reader.has(key)) {
                scenario.thresholds.push_back({metric, bound, limit});
            }
        }
    }
    reader.finish();
}

void read_top(const toml::table& file, Mistakes& mistakes, Scenario& scenario) {
    FieldReader reader{&file, "", mistakes};
    reader.text("name", scenario.name);
    reader.integer("seed", {0, 9e15}, scenario.seed);
    std::string wire = "auto";
    reader.text("event_loop", wire);
    if (wire == "io_uring") {
        scenario.wire = WireKind::io_uring;
    } else if (wire == "epoll") {
        scenario.wire = WireKind::epoll;
    } else if (wire != "auto") {
        reader.mistake("event_loop", "must be \"auto\", \"io_uring\" or \"epoll\"");
    }
    FieldReader target{reader.table("target"), "target", mistakes};
    target.text("buyers", scenario.buyers_address);
    target.text("mall_api", scenario.mall_address);
    target.finish();
    if (const toml::table* table = reader.table("campaign")) {
        read_campaign(*table, mistakes, scenario);
    }
    if (const toml::table* table = reader.table("sale")) {
        read_sale(*table, mistakes, scenario);
    }
    read_crowd(reader.table("crowd"), mistakes, scenario.crowd);
    if (const toml::table* table = reader.table("sharing")) {
        read_sharing(table, mistakes, scenario.sharing.emplace());
    }
    if (const toml::table* table = reader.table("arrivals")) {
        read_arrivals(*table, mistakes, scenario.arrivals.emplace());
    }
    if (const toml::table* table = reader.table("saturate")) {
        read_saturation(*table, mistakes, scenario.saturation.emplace());
    }
    if (const toml::table* table = reader.table("request")) {
        read_raw(*table, mistakes, scenario.raw.emplace());
    }
    if (const toml::table* table = reader.table("payments")) {
        read_payments(*table, mistakes, scenario.payments);
    }
    read_finish(reader.table("finish"), mistakes, scenario.finish);
    read_thresholds(reader.table("thresholds"), mistakes, scenario);
    reader.finish();
}

void judge_whole(const Scenario& scenario, Mistakes& mistakes) {
    const int sources = (scenario.draft_json ? 1 : 0) +
                        (!scenario.draft_json && !scenario.sale.items.empty() ? 1 : 0) +
                        (scenario.raw ? 1 : 0);
    if (mistakes.empty() && sources != 1) {
        mistakes.emplace_back(
            "needs exactly one of [campaign] (made by the run), [sale] (exists already) and "
            "[request] (any HTTP target)");
    }
    if (scenario.arrivals.has_value() == scenario.saturation.has_value()) {
        mistakes.emplace_back(
            "needs exactly one of [arrivals] (a planned crowd) and [saturate] (as fast as it "
            "goes)");
    }
    if (scenario.raw && scenario.payments.wanted) {
        mistakes.emplace_back("payments: a raw target takes no payments");
    }
    judge_play(scenario, mistakes);
}

std::string joined(const Mistakes& mistakes) {
    std::string text;
    for (const std::string& mistake : mistakes) {
        text += (text.empty() ? "" : "\n") + mistake;
    }
    return text;
}

}  // namespace

const std::vector<std::string>& threshold_metrics() {
    static const std::vector<std::string> metrics{
        "accepted_p50_ms", "accepted_p99_ms", "accepted_p999_ms", "accepted_max_ms",
        "refused_p50_ms",  "refused_p99_ms",  "refused_p999_ms",  "shed_share",
        "unknown_share",   "requests_per_s",  "accepted_per_s",   "time_to_sold_out_ms",
        "server_cpu_us",   "lag_p99_ms"};
    return metrics;
}

Result<Scenario> read_scenario(std::string_view toml_text, std::string_view name) {
    Scenario scenario;
    scenario.name = name;
    Mistakes mistakes;
    try {  // the TOML library reports by exception; this is start-up
        const toml::table file = toml::parse(toml_text, name);
        read_top(file, mistakes, scenario);
    } catch (const toml::parse_error& error) {
        return fault("line " + std::to_string(error.source().begin.line) + ": " +
                     std::string{error.description()});
    }
    judge_whole(scenario, mistakes);
    if (!mistakes.empty()) {
        return fault(joined(mistakes));
    }
    return scenario;
}

Result<Scenario> load_scenario(const std::string& path_or_name) {
    if (const std::string_view text = builtin_scenario(path_or_name); !text.empty()) {
        return read_scenario(text, path_or_name);
    }
    std::ifstream file{path_or_name};
    if (!file) {
        std::string known;
        for (const std::string& line : describe_builtin_scenarios()) {
            known += "\n  " + line;
        }
        return fault("'" + path_or_name +
                     "' is neither a readable file nor a built-in scenario:" + known);
    }
    std::ostringstream text;
    text << file.rdbuf();
    return read_scenario(text.str(), path_or_name);
}

}  // namespace stampede::loadtest
