// SPDX-License-Identifier: Apache-2.0
// What does a purchase cost inside the engine: ledger, decide, evolve, frame, with a million buyers
// and with eight, each with a key of its own? And of that, the encoding alone, the frame in the
// open commit alone, a second click, a refusal; and what replaying costs the follower. No disk: a
// commit is durable at once.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "campaigns/event_codec.hpp"
#include "net/sale_shards.hpp"

namespace stampede {
namespace {

using campaigns::CampaignConfig;
using net::Shards;

constexpr CampaignId campaign{1};
constexpr Instant opening{1'795'262'400'000};
constexpr Duration sale_length = Duration::seconds(7200);

class InstantJournal final : public engine::Journal {
  public:
    void submit(const engine::Commit& commit) override {
        durable_ = commit.number;
        if (keeps) {
            kept.push_back(Kept{commit, {commit.frames.begin(), commit.frames.end()}});
        }
    }
    [[nodiscard]] CommitNumber durable() const override { return durable_; }
    [[nodiscard]] bool has_room_to_sell() const override { return true; }

    struct Kept {
        engine::Commit commit;
        std::vector<std::byte> frames;
    };
    std::vector<Kept> kept;
    bool keeps = false;

  private:
    CommitNumber durable_;
};

std::shared_ptr<const CampaignConfig> bottomless(std::int64_t stock) {
    auto config = std::make_shared<CampaignConfig>();
    config->title = "Bottomless";
    config->starts_at = opening;
    config->ends_at = opening + sale_length;
    config->hold = Duration::seconds(3600);
    config->items.push_back({.item_id = ItemId{"1001"},
                             .title = "Kettle",
                             .price = Money{9900},
                             .list_price = Money{19900},
                             .stock = Quantity{stock},
                             .reserve = Quantity{0}});
    campaigns::index_items(*config);
    return config;
}

/// A sale that is open, behind a journal without a disk.
class Sale {
  public:
    explicit Sale(std::int64_t stock, bool keeps_commits = false) {
        journal_.keeps = keeps_commits;
        shards_.start(journal_, opening);
        operate(campaigns::DraftCampaign{campaign, bottomless(stock), {}});
        operate(campaigns::ChangeCampaign{campaign, campaigns::Verb::publish, {}});
    }

    /// The n-th arrival: buyer, key and all.
    campaigns::Code buy(std::uint64_t number, std::uint64_t buyers) {
        const std::uint64_t scattered = number * 0x9E3779B97F4A7C15ULL % buyers;
        campaigns::Buy& buy = std::get<campaigns::Buy>(command_);
        buy.buyer.id = BuyerId{10'000'000'000 + scattered};
        const engine::RequestIdentity identity{buy.buyer.id.raw(), number * 0xD6E8FEB86659FD93ULL,
                                               42};
        if (!shards_.has_room(command_)) {
            shards_.end_turn();
        }
        return shards_.execute(command_, identity, moment(number)).answer.code;
    }
    void end_turn() { shards_.end_turn(); }
    [[nodiscard]] const std::vector<InstantJournal::Kept>& kept() const { return journal_.kept; }

  private:
    static engine::Moment moment(std::uint64_t number) {
        // About 400 orders a millisecond, as on one core.
        return {.now = opening + Duration::milliseconds(static_cast<std::int64_t>(number / 400)),
                .random = number};
    }
    void operate(const campaigns::Command& command) {
        check(shards_.execute(command, std::nullopt, moment(0)).answer.code == campaigns::Code::ok,
              "the sale could not be opened");
        shards_.end_turn();
    }

    Shards shards_;
    InstantJournal journal_;
    campaigns::Command command_ = [] {
        campaigns::Buy buy;
        buy.campaign = campaign;
        buy.lines.push_back({ItemId{"1001"}, Quantity{1}});
        return buy;
    }();
};

/// Millions of buyers, each once: the tables grow as in a sale.
void a_purchase(benchmark::State& state) {
    const auto buyers = static_cast<std::uint64_t>(state.range(0));
    Sale sale{state.range(0)};
    for (auto _ : state) {
        for (std::uint64_t number = 0; number < buyers; ++number) {
            check(sale.buy(number, std::uint64_t{1} << 62) == campaigns::Code::held, "a refusal");
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(a_purchase)->Arg(1'000'000)->Arg(8'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

void replaying_a_purchase(benchmark::State& state) {
    constexpr std::uint64_t orders = 1'000'000;
    Sale sale{orders, true};
    for (std::uint64_t number = 0; number < orders; ++number) {
        sale.buy(number, std::uint64_t{1} << 62);
        if (number % 100 == 99) {
            sale.end_turn();
        }
    }
    sale.end_turn();
    Shards follower;
    for (auto _ : state) {
        for (const InstantJournal::Kept& kept : sale.kept()) {
            engine::Commit commit = kept.commit;
            commit.frames = kept.frames;
            check(follower.apply(commit).has_value(), "a commit that cannot be replayed");
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(orders));
}
BENCHMARK(replaying_a_purchase)->Iterations(1)->Unit(benchmark::kMillisecond);

void a_second_click(benchmark::State& state) {
    Sale sale{1'000'000};
    sale.buy(1, 1'000'000);
    for (auto _ : state) {
        benchmark::DoNotOptimize(sale.buy(1, 1'000'000));
    }
}
BENCHMARK(a_second_click);

void a_refusal_when_sold_out(benchmark::State& state) {
    Sale sale{1};
    std::uint64_t number = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(sale.buy(++number, std::uint64_t{1} << 62));
    }
}
BENCHMARK(a_refusal_when_sold_out);

campaigns::Event a_hold() {
    campaigns::StockHeld held{OrderId{0x5000'0000'0001},
                              BuyerId{10'000'000'001},
                              opening + Duration::seconds(3600),
                              0,
                              {}};
    held.lines.push_back({0, Quantity{1}, Money{9900}});
    return campaigns::SeckillEvent{held};
}

void encoding_a_hold(benchmark::State& state) {
    const campaigns::Event event = a_hold();
    std::array<std::byte, 256> bytes{};
    for (auto _ : state) {
        ByteWriter out(bytes);
        campaigns::encode(event, out);
        benchmark::DoNotOptimize(bytes);
    }
}
BENCHMARK(encoding_a_hold);

void a_frame_in_the_open_commit(benchmark::State& state) {
    const campaigns::Event event = a_hold();
    engine::OpenCommit open{CommitNumber{0}};
    const engine::Frame envelope{.shard = ShardIndex{0},
                                 .play = 1,
                                 .kind = 1,
                                 .sequence = Sequence{7},
                                 .at = opening,
                                 .scope = 1,
                                 .request = engine::RequestIdentity{1, 2, 3},
                                 .payload = {}};
    for (auto _ : state) {
        if (open.room() < 1024) {
            benchmark::DoNotOptimize(open.seal(Signature{}, StateLayout{}));
        }
        open.append(envelope, [&](ByteWriter& out) { campaigns::encode(event, out); });
    }
}
BENCHMARK(a_frame_in_the_open_commit);

}  // namespace
}  // namespace stampede
