// SPDX-License-Identifier: Apache-2.0
// `stampede bargain-plan` and `stampede lottery` over a real data directory: one whose operator was
// honest, one whose operator wrote a cut or a winner of his own into an otherwise sound journal,
// and one whose disk lost a byte.
#include <gmock/gmock.h>

#include <fstream>

#include "campaigns/bargain.hpp"
#include "campaigns/event_codec.hpp"
#include "campaigns/group_buy.hpp"
#include "engine/frame.hpp"
#include "tests/end_to_end/sale.hpp"
#include "tests/support/journal_rig.hpp"
#include "tests/support/scenario.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;

constexpr const char* sale_with_bargains = R"(
campaign 7
    item 1001 stock 9
    bargain start 9900 floor 1000 helpers 7 bonus_bp 500 first_cut 50
campaign 8
    item 2001 stock 9
at 20:00:00
B = launch 42 1001 => OK
help 51-57 B => CUT bargain reached
C = launch 43 1001 => OK
help 51 C segments 1 => CUT
help 52-53 C => CUT needed 4
end => OK
at 3d00:00:00
bargain B => lapsed
bargain C => expired
state => ended
events count => STOCK_DELTA times 2 units 18
)";

std::vector<ModelJournal::Kept> journal_of_sale() {
    std::vector<ModelJournal::Kept> journal;
    const auto wrong = run_scenario_text(sale_with_bargains, "bargains", journal);
    EXPECT_EQ(wrong, std::nullopt);
    return journal;
}

/// The commits as a server would have left them on the disk.
void write_directory(const fs::path& path, const std::vector<ModelJournal::Kept>& commits) {
    auto directory = storage::DataDirectory::open(path, created_when_absent());
    ASSERT_TRUE(directory.has_value());
    SumMachine nothing;
    const auto recovered = storage::recover(**directory, nothing);
    ASSERT_TRUE(recovered.has_value());
    auto journal = storage::RocksdbJournal::open(**directory, *recovered, small_journal());
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    for (const ModelJournal::Kept& commit : commits) {
        (*journal)->submit(commit.commit());
        ASSERT_TRUE(eventually([&] { return (*journal)->durable() >= commit.number; }));
    }
    (*journal)->stop();
}

CommandResult run(const char* command, const std::vector<std::string>& words) {
    std::vector<std::string> arguments{command};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return run_stampede(arguments);
}
CommandResult plan(const std::vector<std::string>& words) {
    return run("bargain-plan", words);
}
CommandResult lottery(const std::vector<std::string>& words) {
    return run("lottery", words);
}

/// Makes the third cut of the journal a fen smaller.
void bend_a_cut(std::vector<ModelJournal::Kept>& commits) {
    constexpr std::size_t amount_at = engine::frame_envelope_bytes + 16;  // bargain, helper
    int cuts = 0;
    for (ModelJournal::Kept& commit : commits) {
        engine::FrameReader frames(commit.frames);
        std::size_t start = 0;
        while (const auto frame = frames.next()) {
            const bool is_cut =
                frame->play == static_cast<std::uint8_t>(campaigns::Play::bargain) &&
                frame->kind == campaigns::BargainCut::kind;
            if (is_cut && ++cuts == 3) {
                auto& low = commit.frames.at(start + amount_at);
                low = std::byte(static_cast<std::uint8_t>(low) ^ 1U);
                return;
            }
            start += engine::frame_envelope_bytes + frame->payload.size();
        }
    }
    FAIL() << "no third cut";
}

TEST(BargainPlanCommand, finds_every_cut_of_an_honest_journal) {
    const TemporaryDirectory scratch;
    const std::string dir = (scratch.path() / "data").string();
    write_directory(dir, journal_of_sale());
    const CommandResult all = plan({"verify", "--data-dir", dir});
    EXPECT_EQ(all.status, 0) << all.err;
    EXPECT_THAT(all.out, HasSubstr("campaign 7: 2 bargains, 10 cuts, each follows from the seed"));
    EXPECT_EQ(plan({"verify", "--data-dir", dir, "--campaign", "7"}).status, 0);

    // What the operator publishes says the same to whoever has nothing else.
    const CommandResult printed = plan({"print", "--data-dir", dir, "--campaign", "7"});
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_THAT(printed.out, HasSubstr("\"seed\":\""));
    const std::string file = (scratch.path() / "plan.jsonl").string();
    std::ofstream(file) << printed.out;
    const CommandResult published = plan({"verify", "--published", file});
    EXPECT_EQ(published.status, 0) << published.err;
    EXPECT_EQ(published.out, all.out);
}

TEST(BargainPlanCommand, names_the_cut_that_an_operator_bent) {
    const TemporaryDirectory scratch;
    const std::string dir = (scratch.path() / "data").string();
    std::vector<ModelJournal::Kept> commits = journal_of_sale();
    bend_a_cut(commits);
    write_directory(dir, commits);
    const CommandResult verified = plan({"verify", "--data-dir", dir});
    EXPECT_EQ(verified.status, 5) << verified.out;
    EXPECT_THAT(verified.err, HasSubstr("cut 3"));
    EXPECT_THAT(verified.err, HasSubstr("from the seed follows"));

    const CommandResult printed = plan({"print", "--data-dir", dir, "--campaign", "7"});
    const std::string file = (scratch.path() / "plan.jsonl").string();
    std::ofstream(file) << printed.out;
    EXPECT_EQ(plan({"verify", "--published", file}).status, 5);
}

TEST(BargainPlanCommand, says_that_a_damaged_journal_proves_nothing) {
    const TemporaryDirectory scratch;
    const fs::path dir = scratch.path() / "data";
    write_directory(dir, journal_of_sale());
    // A byte inside the longest text that only the journal has: the campaign's title.
    int damaged = 0;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
        if (!entry.is_regular_file()) {
            continue;
        }
        std::ifstream in(entry.path(), std::ios::binary);
        std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        const auto at = bytes.find("Opening night");
        if (at != std::string::npos) {
            bytes[at] = 'o';
            std::ofstream(entry.path(), std::ios::binary) << bytes;
            ++damaged;
        }
    }
    ASSERT_GE(damaged, 1);
    const CommandResult verified = plan({"verify", "--data-dir", dir.string()});
    EXPECT_NE(verified.status, 0);
    EXPECT_NE(verified.status, 5);
    EXPECT_THAT(verified.err, HasSubstr("stampede: "));
}

TEST(BargainPlanCommand, refuses_what_it_cannot_judge) {
    const TemporaryDirectory scratch;
    const std::string dir = (scratch.path() / "data").string();
    std::vector<ModelJournal::Kept> commits = journal_of_sale();
    write_directory(dir, commits);
    EXPECT_EQ(plan({"verify"}).status, 2);
    EXPECT_EQ(plan({"verify", "--data-dir", (scratch.path() / "none").string()}).status, 1);
    EXPECT_EQ(plan({"verify", "--published", (scratch.path() / "none").string()}).status, 1);
    // A flash sale has no bargains; nobody has heard of campaign 9.
    EXPECT_EQ(plan({"verify", "--data-dir", dir, "--campaign", "8"}).status, 1);
    EXPECT_EQ(plan({"print", "--data-dir", dir, "--campaign", "9"}).status, 1);
    const CommandResult help = plan({"verify", "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("exit 5"));
}

TEST(BargainPlanCommand, keeps_the_seed_of_a_running_campaign_to_itself) {
    const TemporaryDirectory scratch;
    const std::string dir = (scratch.path() / "data").string();
    std::vector<ModelJournal::Kept> commits;
    ASSERT_EQ(run_scenario_text(R"(
campaign 7
    item 1001 stock 9
    bargain start 9900 floor 1000 helpers 7
at 20:00:00
B = launch 42 1001 => OK
help 51-53 B => CUT needed 4
)",
                                "running", commits),
              std::nullopt);
    write_directory(dir, commits);
    EXPECT_EQ(plan({"verify", "--data-dir", dir}).status, 0) << "the operator's own check";
    const CommandResult printed = plan({"print", "--data-dir", dir, "--campaign", "7"});
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_THAT(printed.out, testing::Not(HasSubstr("\"seed\":")));
    const std::string file = (scratch.path() / "plan.jsonl").string();
    std::ofstream(file) << printed.out;
    const CommandResult verified = plan({"verify", "--published", file});
    EXPECT_EQ(verified.status, 1);
    EXPECT_THAT(verified.err, HasSubstr("has no seed"));
}

// Lotteries --------------------------------------------------------------------------------------

constexpr const char* sale_with_a_lottery =
    R"(
campaign 1
    item 1001 stock 9
    group size 5 winners 1 valid_seconds 600
campaign 2
    item 2001 stock 9
    group size 2 valid_seconds 600
at 20:00:00
A = open 42 1001 => HELD
B = join 43 A => HELD
C = join 44 A => HELD
D = join 45 A => HELD
E = join 46 A => HELD
pay E p1 9900 => OK
pay D p2 9900 => OK
pay C p3 9900 => OK
pay A p4 9900 => OK
pay B p5 9900 => OK state refund_due group_state success
F = open 62 1001 => HELD
)"
    "events => "
    "REFUND_REQUIRED A group A payment p4 quantity 1 amount 9900 reason lottery_lost ; "
    "REFUND_REQUIRED B group A payment p5 quantity 1 amount 9900 reason lottery_lost ; "
    "REFUND_REQUIRED C group A payment p3 quantity 1 amount 9900 reason lottery_lost ; "
    "REFUND_REQUIRED D group A payment p2 quantity 1 amount 9900 reason lottery_lost ; "
    "GROUP_SUCCEEDED group A members 5 confirmed 1 virtual 0 price 9900 leader_buyer_id 42 "
    "leader_commission_bp 0 item 1001\n";
constexpr const char* to_its_end = R"(
end => OK
at 3d00:00:00
group F => dissolved because nobody_left
state => ended
)"
                                   "events => GROUP_FAILED group F refunds 0 reason nobody_left ; "
                                   "STOCK_DELTA item 1001 units 8 reason sale_over ; "
                                   "STOCK_DELTA item 2001 units 9 reason sale_over\n";

std::vector<ModelJournal::Kept> journal_of_lottery(const std::string& more) {
    std::vector<ModelJournal::Kept> journal;
    const auto wrong = run_scenario_text(sale_with_a_lottery + more, "lottery", journal);
    EXPECT_EQ(wrong, std::nullopt);
    return journal;
}

/// Gives the first draw's prize to another member.
void bend_a_draw(std::vector<ModelJournal::Kept>& commits) {
    for (ModelJournal::Kept& commit : commits) {
        engine::FrameReader frames(commit.frames);
        std::size_t start = 0;
        while (const auto frame = frames.next()) {
            const auto event = campaigns::decode_event(
                {static_cast<campaigns::Family>(frame->play), frame->kind}, frame->payload);
            const auto* of_group = std::get_if<campaigns::GroupBuy::Event>(&*event);
            if (of_group != nullptr &&
                std::holds_alternative<campaigns::GroupSucceeded>(*of_group)) {
                auto bent = std::get<campaigns::GroupSucceeded>(*of_group);
                const bool first_won = bent.members.front().confirmed;
                for (auto& member : bent.members) {
                    member.confirmed = false;
                }
                (first_won ? bent.members.back() : bent.members.front()).confirmed = true;
                const auto payload = std::span{commit.frames}.subspan(
                    start + engine::frame_envelope_bytes, frame->payload.size());
                ByteWriter out(payload);
                campaigns::encode(campaigns::Event{campaigns::GroupBuy::Event{bent}}, out);
                return;
            }
            start += engine::frame_envelope_bytes + frame->payload.size() +
                     (frame->request ? engine::frame_request_bytes : 0);
        }
    }
    FAIL() << "no draw";
}

TEST(LotteryCommand, draws_every_group_of_an_honest_journal_again) {
    const TemporaryDirectory scratch;
    const std::string dir = (scratch.path() / "data").string();
    write_directory(dir, journal_of_lottery(to_its_end));
    const CommandResult all = lottery({"verify", "--data-dir", dir});
    EXPECT_EQ(all.status, 0) << all.err;
    EXPECT_THAT(all.out, HasSubstr("campaign 1: 1 draws among 5 members, each follows"));
    EXPECT_THAT(all.out, testing::Not(HasSubstr("campaign 2"))) << "its groups draw nothing";

    const CommandResult printed = lottery({"print", "--data-dir", dir, "--campaign", "1"});
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_THAT(printed.out, HasSubstr("\"seed\":\""));
    EXPECT_THAT(printed.out, HasSubstr("\"won\":true"));
    const std::string file = (scratch.path() / "draws.jsonl").string();
    std::ofstream(file) << printed.out;
    const CommandResult published = lottery({"verify", "--published", file});
    EXPECT_EQ(published.status, 0) << published.err;
    EXPECT_EQ(published.out, all.out);
}

TEST(LotteryCommand, names_the_order_that_an_operator_let_win) {
    const TemporaryDirectory scratch;
    const std::string dir = (scratch.path() / "data").string();
    std::vector<ModelJournal::Kept> commits = journal_of_lottery(to_its_end);
    bend_a_draw(commits);
    write_directory(dir, commits);
    const CommandResult verified = lottery({"verify", "--data-dir", dir, "--campaign", "1"});
    EXPECT_EQ(verified.status, 5) << verified.out;
    EXPECT_THAT(verified.err, HasSubstr("from the seed follows that it"));

    const CommandResult printed = lottery({"print", "--data-dir", dir, "--campaign", "1"});
    const std::string file = (scratch.path() / "draws.jsonl").string();
    std::ofstream(file) << printed.out;
    EXPECT_EQ(lottery({"verify", "--published", file}).status, 5);
}

TEST(LotteryCommand, refuses_what_it_cannot_judge) {
    const TemporaryDirectory scratch;
    const std::string dir = (scratch.path() / "data").string();
    write_directory(dir, journal_of_lottery(""));
    EXPECT_EQ(lottery({"verify"}).status, 2);
    EXPECT_EQ(lottery({"verify", "--published", (scratch.path() / "none").string()}).status, 1);
    EXPECT_EQ(lottery({"verify", "--data-dir", dir, "--campaign", "2"}).status, 1);
    EXPECT_EQ(lottery({"print", "--data-dir", dir, "--campaign", "9"}).status, 1);
    EXPECT_EQ(lottery({"verify", "--data-dir", dir}).status, 0) << "the operator's own check";
    // The seed of a running campaign stays with its operator.
    const CommandResult printed = lottery({"print", "--data-dir", dir, "--campaign", "1"});
    EXPECT_THAT(printed.out, testing::Not(HasSubstr("\"seed\":")));
    const std::string file = (scratch.path() / "draws.jsonl").string();
    std::ofstream(file) << printed.out;
    EXPECT_THAT(lottery({"verify", "--published", file}).err, HasSubstr("has no seed"));
    const CommandResult help = lottery({"verify", "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("exit 5"));
}

}  // namespace
}  // namespace stampede::tests
