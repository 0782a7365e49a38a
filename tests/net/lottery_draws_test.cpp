// SPDX-License-Identifier: Apache-2.0
// The published draws of lottery groups: whoever has them can draw again from the seed, and sees
// any winner that was made.
#include "net/lottery_draws.hpp"

#include <gmock/gmock.h>

namespace stampede::net {
namespace {

using campaigns::GroupId;
using campaigns::SeedBytes;
using testing::HasSubstr;

LotteryDraws honest_draws() {
    SeedBytes seed{};
    seed.fill(7);
    LotteryDraws draws;
    draws.campaign = CampaignId{7};
    draws.seed = seed;
    draws.seed_digest = campaigns::digest_of_seed(seed);
    draws.seed_is_public = true;
    for (const std::uint64_t id : {1000U, 2000U}) {
        GroupDraw group{.id = GroupId{id}, .item_id = "1001", .winners = 2, .members = {}};
        std::vector<OrderId> orders;
        for (std::uint64_t member = 0; member < 5; ++member) {
            orders.emplace_back(id + member);
        }
        const auto won = campaigns::drawn_winners(campaigns::CommittedSeed{seed}, 2, orders);
        for (std::size_t at = 0; at < orders.size(); ++at) {
            group.members.push_back({.order = orders[at], .won = won[at]});
        }
        draws.groups.push_back(group);
    }
    return draws;
}

std::string published(const LotteryDraws& draws) {
    TextBuffer out;
    append_draws(out, draws);
    return std::string{out.view()};
}

std::string unfair(void (*bend)(LotteryDraws& draws)) {
    LotteryDraws draws = honest_draws();
    bend(draws);
    return first_unfair(draws).value_or("nothing");
}

TEST(LotteryDraws, hold_when_nobody_bent_them) {
    EXPECT_EQ(first_unfair(honest_draws()), std::nullopt);
    EXPECT_EQ(honest_draws().member_count(), 10U);
    for (const GroupDraw& group : honest_draws().groups) {
        EXPECT_EQ(std::ranges::count(group.members, true, &DrawnMember::won), 2);
    }
}

TEST(LotteryDraws, show_every_way_to_bend_them) {
    EXPECT_THAT(unfair([](LotteryDraws& draws) {
                    for (DrawnMember& member : draws.groups[1].members) {
                        member.won = !member.won;
                    }
                }),
                HasSubstr("group 1jk, order 1jk: "));
    EXPECT_THAT(unfair([](LotteryDraws& draws) { draws.groups[0].winners = 1; }),
                HasSubstr("from the seed follows that it lost"));
    EXPECT_THAT(unfair([](LotteryDraws& draws) { draws.groups[0].winners = 3; }),
                HasSubstr("from the seed follows that it won"));
    EXPECT_THAT(unfair([](LotteryDraws& draws) { (*draws.seed)[0] = 8; }),
                HasSubstr("not the one that was promised"));
}

TEST(LotteryDraws, are_the_same_after_they_were_published) {
    const std::string text = published(honest_draws());
    const auto draws = parse_draws(text);
    ASSERT_TRUE(draws.has_value()) << draws.error().message;
    EXPECT_EQ(first_unfair(*draws), std::nullopt);
    EXPECT_EQ(published(*draws), text);
    LotteryDraws secret = honest_draws();
    secret.seed_is_public = false;
    EXPECT_THAT(published(secret), testing::Not(HasSubstr("\"seed\":")));
}

TEST(LotteryDraws, name_the_line_that_is_none) {
    const std::string text = published(honest_draws());
    const std::string first = text.substr(0, text.find('\n') + 1);
    const auto fault_of = [](const std::string& bad) { return parse_draws(bad).error().message; };
    EXPECT_THAT(fault_of(""), HasSubstr("line 1"));
    EXPECT_THAT(fault_of(first + "["), HasSubstr("line 2: is no JSON object"));
    EXPECT_THAT(fault_of(first + R"({"group_id":"RS","winners":1,"members":[]})"),
                HasSubstr("line 2: group_id"));
    EXPECT_THAT(fault_of(first + R"({"group_id":"rs","winners":0,"members":[]})"),
                HasSubstr("line 2: winners"));
    EXPECT_THAT(fault_of(first + R"({"group_id":"rs","winners":1,"members":[]})"),
                HasSubstr("line 2: members"));
    EXPECT_THAT(fault_of(first + R"({"group_id":"rs","winners":1,"members":[{"order_id":"rs"}]})"),
                HasSubstr("line 2: members[0].won"));
}

}  // namespace
}  // namespace stampede::net
