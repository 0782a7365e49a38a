// SPDX-License-Identifier: Apache-2.0
// What a run does: the sale, the crowd, when it clicks, how it pays, and what must hold afterwards.
// Read from TOML once, then immutable. `stampede-load --help` and loadtest/scenarios/ teach the
// format; every field's default stands here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/time.hpp"
#include "loadtest/arrival_plan.hpp"
#include "loadtest/play_terms.hpp"
#include "loadtest/wire.hpp"

namespace stampede::loadtest {

struct ItemOnSale {
    std::string item_id;
    Money price;
    Quantity stock;
    /// Of a bargain: what holds for this item.
    BargainTerms bargain{};
};

/// What the oracle holds the server against.
struct Sale {
    /// Empty until the campaign was created.
    std::string campaign_id;
    std::vector<ItemOnSale> items;
    Quantity per_buyer{1};
    /// Unpaid time of a hold; the draft's hold_seconds.
    Duration hold = Duration::seconds(300);
    Play play = Play::seckill;
    GroupTerms group{};
    /// What holds for items that say nothing of their own.
    BargainTerms bargain{};
};

enum class Identity : std::uint8_t { header, token };

struct Crowd {
    std::uint32_t buyers = 1000;
    BuyerId first_buyer{1'000'000'000};
    std::uint32_t connections = 256;
    /// Requests under way on one connection; more wait, and their waiting counts as latency.
    std::uint32_t pipeline_depth = 16;
    Identity identity = Identity::header;
    double zipf = 1.0;
    std::uint32_t quantity = 1;
    // Shares of the buyers, each on top of a buyer's first click.
    double same_key_again = 0;    // clicks twice, the app repeats its key
    double other_key_again = 0;   // clicks on a second device
    double drops_connection = 0;  // loses the network before the answer, asks again with the key
    double comes_back = 0;        // of those told SOLD_OUT with may_return: asks again later
    std::chrono::nanoseconds comes_back_after = std::chrono::seconds{2};
    /// How often a lost, BUSY or NOT_STARTED request is asked again with its key.
    std::uint32_t retries = 5;
};

struct Payments {
    bool wanted = false;
    double pays = 0.9;  // share of holds; the others let it lapse
    std::chrono::nanoseconds delay = std::chrono::milliseconds{200};  // mean, exponential
    double again = 0;           // the gateway notifies twice, in any order
    double second_payment = 0;  // the buyer pays twice, with two payment ids
    double wrong_amount = 0;    // a wrong amount comes first
    double late = 0;            // pays only after the hold has lapsed
    double cancels = 0;         // cancels instead of paying
    double refunds = 0;         // of the paid ones: the mall refunds in full
    std::uint32_t batch = 100;
};

/// Closed loop: every connection always has `pipeline_depth` requests under way.
struct Saturation {
    std::uint32_t connections = 256;
    std::uint32_t pipeline_depth = 1;
    std::chrono::nanoseconds warm_up = std::chrono::seconds{1};
    std::chrono::nanoseconds length = std::chrono::seconds{10};
    /// Token identity only: tokens are minted before the run and used in turn.
    std::uint32_t token_buyers = 200'000;
    /// Keep each answer for the oracle (40 bytes each); otherwise only counts are checked.
    bool keep_answers = true;
};

/// Any HTTP/1.1 target, for the floor server and peers; {buyer} and {key} are patched per request.
struct RawRequest {
    std::string method = "POST";
    std::string path = "/";
    std::vector<std::string> headers;
    std::string body;
    int expected_status = 200;
};

struct Threshold {
    std::string metric;  // one of threshold_metrics()
    enum class Bound : std::uint8_t { at_most, at_least } bound = Bound::at_most;
    double limit = 0;
};

struct Finish {
    /// How long answers may be outstanding after the last arrival.
    std::chrono::nanoseconds drain = std::chrono::seconds{10};
    /// Wait until no hold is left (paid, cancelled or lapsed), at most this long; 0 = do not wait.
    std::chrono::nanoseconds holds_lapse = std::chrono::nanoseconds{0};
    /// Wait until settlement has caught up, at most this long.
    std::chrono::nanoseconds settled = std::chrono::seconds{30};
    /// The generator's own lateness (99th percentile) above which the run proves nothing: exit 91.
    std::chrono::nanoseconds lag_max = std::chrono::milliseconds{100};
    /// Its busy share above which a saturation run measured the generator: exit 91. 1 = report
    /// only.
    double busy_max = 1.0;
};

struct Scenario {
    std::string name;
    std::uint64_t seed = 1;
    WireKind wire = WireKind::automatic;
    std::string buyers_address = "127.0.0.1:8080";
    std::string mall_address = "127.0.0.1:8081";
    /// JSON of the draft to create and publish; `starts_at` and `ends_at` may still be "+2s".
    std::optional<std::string> draft_json;
    Sale sale;
    Crowd crowd;
    /// Group-buys and bargains with a planned crowd, and only they.
    std::optional<Sharing> sharing;
    std::optional<Arrivals> arrivals;
    std::optional<Saturation> saturation;
    std::optional<RawRequest> raw;
    Payments payments;
    Finish finish;
    std::vector<Threshold> thresholds;
};

/// All mistakes, one a line, in the fault's message.
[[nodiscard]] Result<Scenario> read_scenario(std::string_view toml_text, std::string_view name);
/// A file, or the name of a built-in scenario (describe_builtin_scenarios() lists them).
[[nodiscard]] Result<Scenario> load_scenario(const std::string& path_or_name);
/// "name: first comment line" of each built-in scenario.
[[nodiscard]] std::vector<std::string> describe_builtin_scenarios();
/// The text of a built-in scenario; empty when there is none of that name.
[[nodiscard]] std::string_view builtin_scenario(std::string_view name);
/// Names that [thresholds] may bound, each with _max or _min behind it.
[[nodiscard]] const std::vector<std::string>& threshold_metrics();

}  // namespace stampede::loadtest
