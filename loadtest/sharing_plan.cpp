// SPDX-License-Identifier: Apache-2.0
// Links spread as they do among friends: one share reaches few or, rarely, many, some of whom share
// on. Each link has a stream of random numbers of its own, so that one share's changes leave the
// other links' friends where they were.
#include <algorithm>

#include "engine/vocabulary/check.hpp"
#include "loadtest/crowd_plan.hpp"
#include "loadtest/seeded_random.hpp"
#include "loadtest/zipf.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t item_purpose = 2;
constexpr std::uint64_t link_purpose = 9;
// A share that runs wild ends here; the plan is made before the run and must end.
constexpr std::size_t clicks_per_link_max = 1000;
constexpr unsigned passes_deep_max = 5;

class SharingPlan {
  public:
    explicit SharingPlan(const Scenario& scenario)
        : scenario_(scenario),
          sharing_(*scenario.sharing),
          is_bargain_(scenario.sale.play == Play::bargain),
          degrees_(sharing_.degree_max - sharing_.degree_min + 1, sharing_.degree_exponent) {}

    void add_link(LinkIndex link, nanoseconds at, ItemIndex item);
    std::vector<PlannedAct> take_acts() { return std::move(acts_); }

  private:
    struct Share {
        LinkIndex link;
        ItemIndex item;
        nanoseconds at;
        unsigned depth;
    };

    [[nodiscard]] BuyerId buyer(std::uint64_t number) const {
        return BuyerId{scenario_.crowd.first_buyer.raw() + number};
    }
    [[nodiscard]] nanoseconds pause(SeededRandom& random) const {
        return nanoseconds{static_cast<std::int64_t>(
            random.exponential(static_cast<double>(sharing_.click_after.count())))};
    }
    [[nodiscard]] ActKind follow() const {
        return is_bargain_ ? ActKind::cut : ActKind::join_group;
    }
    void add(ActKind kind, BuyerId who, const Share& share, nanoseconds at);
    void spread(const Share& share, SeededRandom& random, std::size_t& clicks);
    [[nodiscard]] BuyerId friend_of(const Share& share, nanoseconds at, SeededRandom& random);

    const Scenario& scenario_;
    const Sharing& sharing_;
    bool is_bargain_;
    Zipf degrees_;
    std::vector<PlannedAct> acts_;
};

void SharingPlan::add(ActKind kind, BuyerId who, const Share& share, nanoseconds at) {
    PlannedAct act;
    act.kind = kind;
    act.buyer = who;
    act.item = share.item;
    act.at = at;
    act.link = share.link;
    acts_.push_back(act);
}

void SharingPlan::add_link(LinkIndex link, nanoseconds at, ItemIndex item) {
    auto random = SeededRandom::for_purpose(scenario_.seed ^ (std::uint64_t{link.raw()} + 1) << 20,
                                            link_purpose);
    const Share share{link, item, at, 0};
    const BuyerId starter = buyer(link.raw());
    add(is_bargain_ ? ActKind::launch : ActKind::open_group, starter, share, at);
    if (random.happens(sharing_.clicks_own)) {
        add(follow(), starter, share, at + pause(random));
    }
    if (is_bargain_ && random.happens(sharing_.orders_early)) {
        add(ActKind::bargain_order, starter, share, at + pause(random));
    }
    std::size_t clicks = 0;
    spread(share, random, clicks);
}

// A friend may be a starter, and may then be helped in return.
BuyerId SharingPlan::friend_of(const Share& share, nanoseconds at, SeededRandom& random) {
    if (sharing_.starters > 1 && random.happens(sharing_.friend_starts)) {
        const auto other = static_cast<std::uint32_t>(
            (share.link.raw() + 1 + random.below(sharing_.starters - 1)) % sharing_.starters);
        if (random.happens(sharing_.clicks_back)) {
            const Share back{LinkIndex{other}, share.item, at, share.depth};
            add(follow(), buyer(share.link.raw()), back, at + pause(random));
        }
        return buyer(other);
    }
    return buyer(sharing_.starters + random.below(scenario_.crowd.buyers - sharing_.starters));
}

void SharingPlan::spread(const Share& share, SeededRandom& random, std::size_t& clicks) {
    const std::size_t degree = sharing_.degree_min + degrees_.choose(random);
    const bool rushed = random.happens(sharing_.rush);
    std::vector<Share> passed_on;
    for (std::size_t number = 0; number < degree && clicks < clicks_per_link_max; ++number) {
        const nanoseconds at = share.at + (rushed ? sharing_.click_after : pause(random));
        add(follow(), friend_of(share, at, random), share, at);
        ++clicks;
        if (share.depth < passes_deep_max && random.happens(sharing_.passes_on)) {
            passed_on.push_back({share.link, share.item, at, share.depth + 1});
        }
    }
    for (const Share& next : passed_on) {
        spread(next, random, clicks);
    }
}

}  // namespace

std::vector<PlannedAct> plan_sharing(const Scenario& scenario) {
    check(scenario.sharing.has_value(), "only a scenario with sharing has links");
    const std::uint32_t starters = scenario.sharing->starters;
    const std::vector<nanoseconds> arrivals =
        plan_arrivals(*scenario.arrivals, starters, scenario.seed);
    auto items = SeededRandom::for_purpose(scenario.seed, item_purpose);
    const Zipf choice{scenario.sale.items.size(), scenario.crowd.zipf};
    SharingPlan plan{scenario};
    for (std::uint32_t link = 0; link < std::min<std::size_t>(arrivals.size(), starters); ++link) {
        plan.add_link(LinkIndex{link}, arrivals[link],
                      ItemIndex{static_cast<std::uint32_t>(choice.choose(items))});
    }
    return plan.take_acts();
}

}  // namespace stampede::loadtest
