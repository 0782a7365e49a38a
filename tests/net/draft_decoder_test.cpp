// SPDX-License-Identifier: Apache-2.0
// Bodies of drafts: what JSON can get wrong is named by path beside what the rules refuse, slots
// find their instants in any zone, and what comes out can be sent in again.
#include "net/draft_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/vocabulary/limits.hpp"
#include "net/config_json.hpp"
#include "net/json_tree.hpp"
#include "net/nearest_name.hpp"
#include "net/time_of_day.hpp"
#include "net/time_zone.hpp"

namespace stampede::net {
namespace {

using campaigns::CampaignConfig;
using campaigns::DraftVerdict;
using campaigns::FieldNote;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant now{1'795'000'000'000};

constexpr std::string_view contract_example =
    R"({"play":"seckill","title":"Opening night","starts_at":"2026-11-21T20:00:00+08:00",
 "ends_at":"2026-11-21T22:00:00+08:00",
 "items":[{"item_id":"1001","title":"Kettle","price":9900,"list_price":19900,"stock":1000}],
 "limits":{"per_buyer":1},"hold_seconds":300})";

// The contract's example with fields added before its end; `extra` starts with a comma.
std::string example_with(std::string_view extra) {
    std::string body{contract_example};
    body.insert(body.size() - 1, extra);
    return body;
}

DraftBody decoded(std::string_view body, DraftUse use = DraftUse::create) {
    const auto draft = decode_draft(body, use);
    EXPECT_TRUE(draft.has_value()) << (draft.has_value() ? "" : draft.error().detail);
    return draft.has_value() ? *draft : DraftBody{};
}

DraftVerdict judged(std::string_view body) {
    return judge_draft(decoded(body), now);
}

std::string told(const std::vector<FieldNote>& notes) {
    std::string text;
    for (const FieldNote& note : notes) {
        text += note.field + " " + note.message + "\n";
    }
    return text;
}

testing::Matcher<const FieldNote&> note(std::string field, std::string message) {
    return testing::AllOf(Field(&FieldNote::field, std::move(field)),
                          Field(&FieldNote::message, HasSubstr(std::move(message))));
}

std::string json_of(const CampaignConfig& config) {
    TextBuffer out;
    JsonText json(out);
    json.open_object();
    append_config_fields(json, config);
    json.finish();
    return std::string{out.view()};
}

TEST(DraftDecoder, takes_the_example_of_the_contract) {
    const DraftVerdict verdict = judged(contract_example);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    EXPECT_THAT(verdict.warnings, IsEmpty()) << told(verdict.warnings);
    EXPECT_EQ(verdict.config->title, "Opening night");
    EXPECT_EQ(verdict.config->starts_at, Instant{1'795'262'400'000});
    EXPECT_EQ(verdict.config->ends_at - verdict.config->starts_at, Duration::seconds(7200));
    EXPECT_EQ(verdict.config->items[0].stock, Quantity{1000});
    EXPECT_EQ(verdict.config->hold, Duration::seconds(300));
}

TEST(DraftDecoder, gives_a_draft_with_ten_mistakes_ten_messages) {
    const DraftVerdict verdict = judged(R"({
        "play": "seckil",
        "title": 7,
        "starts_at": "tomorrow",
        "ends_at": "2026-11-21T22:00:00+08:00",
        "items": [{"item_id": "a b", "titel": "Kettle", "title": "Kettle",
                   "price": 9900.5, "stock": -1}],
        "hold_seconds": 5,
        "hold_seconds": 300,
        "limits": [],
        "timezone": "Asia/Shangai",
        "waitlist": {}
    })");
    EXPECT_EQ(verdict.config, nullptr);
    EXPECT_THAT(
        verdict.errors,
        testing::UnorderedElementsAre(
            note("play", "one of"), note("title", "text"), note("starts_at", "RFC 3339"),
            note("items[0].item_id", "A-Z"), note("items[0].titel", "did you mean title?"),
            note("items[0].price", "whole number"), note("items[0].stock", "0 to"),
            note("hold_seconds", "twice"), note("limits", "object"),
            note("timezone", "did you mean Asia/Shanghai?"), note("waitlist", "true or false")))
        << told(verdict.errors);
}

struct Mistake {
    std::string extra;
    std::string field;
    std::string message;
};

TEST(DraftDecoder, names_each_wrong_type_and_each_stranger) {
    const std::vector<Mistake> mistakes{
        {R"(,"colour":"red")", "colour", "not a field here"},
        {R"(,"per_buyer":1)", "per_buyer", "not a field here"},
        {R"(,"version":1)", "version", "not a field here"},
        {R"(,"state":"live")", "state", "not a field here"},
        {R"(,"title":"again")", "title", "twice"},
        {R"(,"id":7)", "id", "quotes"},
        {R"(,"id":"0")", "id", "2^53"},
        {R"(,"id":"")", "id", "2^53"},
        {R"(,"id":"9007199254740993")", "id", "2^53"},
        {R"(,"id":"1x")", "id", "2^53"},
        {R"(,"min_pay_seconds":"60")", "min_pay_seconds", "whole number"},
        {R"(,"min_pay_seconds":1e1)", "min_pay_seconds", "whole number"},
        {R"(,"warmup_seconds":99999999999999999999)", "warmup_seconds", "whole number"},
        {R"(,"warmup_seconds":18446744073709551615)", "warmup_seconds", "whole number"},
        {R"(,"warmup_seconds":null)", "warmup_seconds", "whole number"},
        {R"(,"zero_price":1)", "zero_price", "true or false"},
        {R"(,"resell_after_end":"yes")", "resell_after_end", "true or false"},
        {R"(,"show_available":null)", "show_available", "true or false"},
        {R"(,"ticket":true)", "ticket", "text"},
        {R"(,"stock_source":"carved")", "stock_source", "carved_out"},
        {R"(,"late_payment":5)", "late_payment", "text"},
        {R"(,"restock":[])", "restock", "text"},
        {R"(,"quota_on_refund":{})", "quota_on_refund", "text"},
        {R"(,"timezone":"../../etc/passwd")", "timezone", "no zone"},
        {R"(,"timezone":8)", "timezone", "text"},
        {R"(,"group":{"size":3})", "group", "group_buy"},
        {R"(,"bargain":{"helpers":3})", "bargain", "play bargain"},
        {R"(,"friend_help":{"tiers":[]})", "friend_help", "play friend_help"},
        {R"(,"waitlist":1)", "waitlist", "true or false"},
        {R"(,"waitlist":"maybe")", "waitlist", "true or false"},
        {R"(,"audience":5)", "audience", "object"},
        {R"(,"audience":{"level":3})", "audience.level", "did you mean level_min?"},
        {R"(,"audience":{"new_buyer_only":true})", "audience.new_buyer_only",
         "did you mean new_buyers_only?"},
        {R"(,"audience":{"segments_any":5})", "audience.segments_any", "list"},
        {R"(,"audience":{"segments_any":[1,"2"]})", "audience.segments_any[1]", "whole number"},
        {R"(,"audience":{"allowlist":["1",2]})", "audience.allowlist[1]", "text"},
        {R"(,"audience":{"blocklist":["x"]})", "audience.blocklist[0]", "buyer id"},
        {R"(,"slots":{})", "slots", "list"},
        {R"(,"slots":[5])", "slots[0]", "object"},
        {R"(,"slots":[{"from":"8pm","to":"21:00"}])", "slots[0].from", "time of day"},
        {R"(,"slots":[{"from":"20:00","to":"24:01"}])", "slots[0].to", "time of day"},
        {R"(,"slots":[{"from":"20:00"}])", "slots[0].to", "required"},
        {R"(,"slots":[{"from":"20:00","to":"21:00","days":[1]}])", "slots[0].days", "not a field"},
        {R"(,"slots":[{"from":"20:00","to":"21:00","weekdays":"1"}])", "slots[0].weekdays", "list"},
        {R"(,"slots":[{"from":"20:00","to":"21:00","weekdays":["1"]}])", "slots[0].weekdays[0]",
         "whole number"},
        {R"(,"slots":[{"from":"10:00","to":"11:00"}])", "slots", "no session"},
    };
    for (const Mistake& mistake : mistakes) {
        const DraftVerdict verdict = judged(example_with(mistake.extra));
        EXPECT_EQ(verdict.config, nullptr) << mistake.extra;
        EXPECT_THAT(verdict.errors, ElementsAre(note(mistake.field, mistake.message)))
            << mistake.extra << "\n"
            << told(verdict.errors);
    }
}

TEST(DraftDecoder, does_not_call_missing_what_it_could_not_read) {
    const DraftVerdict verdict = judged(R"({"play":"seckill","title":"T","starts_at":5,
        "ends_at":"2026-11-21T22:00:00+08:00","items":[5,{"item_id":1,"title":"A","price":true,
        "stock":"9"}]})");
    EXPECT_THAT(verdict.errors,
                ElementsAre(note("starts_at", "text"), note("items[0]", "object"),
                            note("items[1].item_id", "text"), note("items[1].price", "whole"),
                            note("items[1].stock", "whole")))
        << told(verdict.errors);
}

TEST(DraftDecoder, asks_for_what_is_missing) {
    EXPECT_THAT(
        judged("{}").errors,
        ElementsAre(note("play", "required"), note("title", "required"), note("items", "required"),
                    note("starts_at", "required"), note("ends_at", "required")));
}

TEST(DraftDecoder, refuses_what_is_no_json_object_and_says_where) {
    const std::vector<std::pair<std::string, std::string>> broken{
        {"", "too early"},
        {"{\"title\":", "too early"},
        {"{\n \"title\": nul}", "line 2"},
        {"[]", "must be a JSON object"},
        {"{} {}", "follows"},
        {"{\"title\":\"\xff\"}", "line 1"},
        {"{'title':1}", "line 1"},
        {std::string(64, '['), "deeper"},
        {"{\"items\":[" + std::string(200'000, '0').replace(1, 0, "") + "]}", "JSON"},
    };
    for (const auto& [body, message] : broken) {
        const auto draft = decode_draft(body, DraftUse::create);
        ASSERT_FALSE(draft.has_value()) << body;
        EXPECT_EQ(draft.error().status, 400);
        EXPECT_THAT(draft.error().detail, HasSubstr(message));
    }
    std::string many = "[";
    for (std::size_t at = 0; at < json_tree_values_max; ++at) {
        many += "1,";
    }
    const auto draft = decode_draft(many + "1]", DraftUse::create);
    ASSERT_FALSE(draft.has_value());
    EXPECT_THAT(draft.error().detail, HasSubstr("more than 65536 values"));
}

TEST(DraftDecoder, stops_at_a_thousand_mistakes) {
    std::string strangers = "{";
    for (int at = 0; at < 30'000; ++at) {
        strangers += "\"strange_" + std::to_string(at) + "\":0,";
    }
    EXPECT_EQ(judged(strangers + R"("title":"T"})").errors.size(),
              campaigns::FieldNotes::notes_max);
}

TEST(DraftDecoder, takes_id_when_creating_and_wants_version_when_revising) {
    EXPECT_EQ(decoded(example_with(R"(,"id":"9007199254740992")")).id,
              CampaignId{limits::campaign_id_max});
    EXPECT_FALSE(decoded(contract_example).id.has_value());

    const DraftBody revision =
        decoded(example_with(R"(,"id":"7","version":3,"state":"live")"), DraftUse::revise);
    EXPECT_THAT(revision.errors, IsEmpty()) << told(revision.errors);
    EXPECT_EQ(revision.version, 3U);
    EXPECT_THAT(decoded(contract_example, DraftUse::revise).errors,
                ElementsAre(note("version", "required")));
    EXPECT_THAT(decoded(example_with(R"(,"version":0)"), DraftUse::revise).errors,
                ElementsAre(note("version", "GET")));
}

TEST(DraftDecoder, judges_a_live_edit_without_stock) {
    const auto current = judged(contract_example).config;
    ASSERT_NE(current, nullptr);
    std::string body{example_with(R"(,"version":1)")};
    body.replace(body.find(R"(,"stock":1000)"), 13, R"(,"reserve":50)");
    const DraftVerdict verdict = judge_live_draft(decoded(body, DraftUse::revise), *current);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    EXPECT_EQ(verdict.config->items[0].stock, Quantity{1000});
    EXPECT_EQ(verdict.config->items[0].reserve, Quantity{50});

    body.replace(body.find("9900"), 4, "9800");
    EXPECT_THAT(judge_live_draft(decoded(body, DraftUse::revise), *current).errors,
                ElementsAre(note("items[0].price", "live")));
}

TEST(DraftDecoder, turns_errors_into_the_problem_of_the_contract) {
    const Problem problem = draft_problem(judged("{}").errors);
    EXPECT_EQ(problem.status, 422);
    EXPECT_EQ(problem.code, "DRAFT_INVALID");
    ASSERT_EQ(problem.errors.size(), 5U);
    EXPECT_EQ(problem.errors[0].field, "play");
}

// Slots ------------------------------------------------------------------------------------------

CampaignConfig sale(std::string_view starts, std::string_view ends, std::string_view extra) {
    std::string body{contract_example};
    body.replace(body.find("2026-11-21T20:00:00+08:00"), 25, starts);
    body.replace(body.find("2026-11-21T22:00:00+08:00"), 25, ends);
    body.insert(body.size() - 1, extra);
    const DraftVerdict verdict = judged(body);
    EXPECT_NE(verdict.config, nullptr) << told(verdict.errors);
    return verdict.config == nullptr ? CampaignConfig{} : *verdict.config;
}

std::vector<std::string> sessions(const CampaignConfig& config) {
    std::vector<std::string> texts;
    for (const auto& window : config.windows) {
        texts.push_back(rfc3339_in_zone(window.from, config.timezone) + " " +
                        rfc3339_in_zone(window.to, config.timezone));
    }
    return texts;
}

TEST(Slots, are_daily_in_local_time_and_clipped_to_the_sale) {
    const CampaignConfig config =
        sale("2026-11-21T10:30:00+08:00", "2026-11-22T20:15:00+08:00",
             R"(,"slots":[{"from":"20:00","to":"20:30:30"},{"from":"10:00","to":"11:00"}])");
    EXPECT_THAT(sessions(config),
                ElementsAre("2026-11-21T10:30:00+08:00 2026-11-21T11:00:00+08:00",
                            "2026-11-21T20:00:00+08:00 2026-11-21T20:30:30+08:00",
                            "2026-11-22T10:00:00+08:00 2026-11-22T11:00:00+08:00",
                            "2026-11-22T20:00:00+08:00 2026-11-22T20:15:00+08:00"));
    EXPECT_EQ(config.slots_json, R"([{"from":"20:00:00","to":"20:30:30"},)"
                                 R"({"from":"10:00:00","to":"11:00:00"}])");
}

TEST(Slots, keep_to_their_weekdays) {
    // 2026-11-21 is a Saturday.
    const CampaignConfig config =
        sale("2026-11-21T00:00:00+08:00", "2026-11-30T00:00:00+08:00",
             R"(,"slots":[{"from":"23:00","to":"24:00","weekdays":[7,1]}])");
    EXPECT_THAT(sessions(config),
                ElementsAre("2026-11-22T23:00:00+08:00 2026-11-23T00:00:00+08:00",
                            "2026-11-23T23:00:00+08:00 2026-11-24T00:00:00+08:00",
                            "2026-11-29T23:00:00+08:00 2026-11-30T00:00:00+08:00"));
    EXPECT_THAT(config.slots_json, HasSubstr("[1,7]"));
}

TEST(Slots, follow_the_zone_over_its_clock_changes) {
    // New York springs from 02:00 to 03:00 on 2027-03-14 and falls back on 2027-11-07.
    const CampaignConfig spring = sale("2027-03-13T00:00:00-05:00", "2027-03-16T00:00:00-04:00",
                                       R"(,"timezone":"America/New_York",
                "slots":[{"from":"01:30","to":"02:30"},{"from":"02:30","to":"04:00"}])");
    EXPECT_THAT(sessions(spring),
                ElementsAre("2027-03-13T01:30:00-05:00 2027-03-13T02:30:00-05:00",
                            "2027-03-13T02:30:00-05:00 2027-03-13T04:00:00-05:00",
                            "2027-03-14T01:30:00-05:00 2027-03-14T03:00:00-04:00",
                            "2027-03-14T03:00:00-04:00 2027-03-14T04:00:00-04:00",
                            "2027-03-15T01:30:00-04:00 2027-03-15T02:30:00-04:00",
                            "2027-03-15T02:30:00-04:00 2027-03-15T04:00:00-04:00"));
    const CampaignConfig autumn = sale("2027-11-07T00:00:00-04:00", "2027-11-08T00:00:00-05:00",
                                       R"(,"timezone":"America/New_York",
                "slots":[{"from":"01:00","to":"01:30"},{"from":"01:30","to":"02:00"}])");
    EXPECT_THAT(sessions(autumn),
                ElementsAre("2027-11-07T01:00:00-04:00 2027-11-07T01:30:00-04:00",
                            "2027-11-07T01:30:00-04:00 2027-11-07T02:00:00-05:00"));
}

TEST(Slots, of_too_long_a_sale_are_refused_without_being_counted_out) {
    std::string body{contract_example};
    body.replace(body.find("2026-11-21T22:00:00+08:00"), 25, "2093-11-21T22:00:00+08:00");
    body.insert(body.size() - 1, R"(,"slots":[{"from":"10:00","to":"11:00"}])");
    EXPECT_THAT(judged(body).errors, ElementsAre(note("slots", "more than 4096 sessions")));
}

TEST(TimeOfDay, is_read_strictly) {
    EXPECT_EQ(parse_time_of_day("00:00"), 0);
    EXPECT_EQ(parse_time_of_day("23:59:59"), 86399);
    EXPECT_EQ(parse_time_of_day("24:00:00"), 86400);
    for (const char* wrong : {"", "9:00", "09:0", "24:00:01", "25:00", "10:60", "10:00:60", "10-00",
                              "10:00:", "10:00:0", "1a:00", "+1:00", "10:00 "}) {
        EXPECT_FALSE(parse_time_of_day(wrong).has_value()) << wrong;
    }
    EXPECT_EQ(time_of_day_text(86399), "23:59:59");
}

// Back to JSON -----------------------------------------------------------------------------------

TEST(ConfigJson, can_be_sent_in_again_and_gives_the_same_configuration) {
    const std::string everything = example_with(
        R"(,"slots":[{"from":"20:00","to":"20:10","weekdays":[6]}],"timezone":"Asia/Urumqi",
        "min_pay_seconds":20,"warmup_seconds":30,"audience":{"new_buyers_only":true,
        "segments_any":[0,63],"level_min":2,"allowlist":["5","1"],"blocklist":["9"]},
        "stock_source":"mirrored","late_payment":"hold_for_operator","restock":"to_mall",
        "quota_on_refund":"keep","ticket":"required","resell_after_end":true,
        "show_available":false,"zero_price":true)");
    for (const std::string& body :
         {std::string{contract_example}, [&] {
              std::string text = everything;  // 20:00 in Urumqi is 22:00 in Shanghai
              text.replace(text.find("2026-11-21T22:00:00+08:00"), 25, "2026-11-21T20:30:00+06:00");
              text.replace(text.find("Opening night"), 13, R"(“\"开业\" \\ night”)");
              return text;
          }()}) {
        const DraftVerdict first = judged(body);
        ASSERT_NE(first.config, nullptr) << told(first.errors);
        std::string json = json_of(*first.config);
        json.insert(json.size() - 1, R"(,"version":1,"id":"7")");
        const DraftBody again = decoded(json, DraftUse::revise);
        EXPECT_THAT(again.errors, IsEmpty()) << told(again.errors) << json;
        const DraftVerdict second = judge_draft(again, now);
        ASSERT_NE(second.config, nullptr) << told(second.errors) << json;
        EXPECT_EQ(encode(*second.config), encode(*first.config)) << json;
    }
}

TEST(ConfigJson, writes_times_in_the_zone_of_the_campaign) {
    const auto config = judged(example_with(R"(,"timezone":"Europe/Berlin")")).config;
    ASSERT_NE(config, nullptr);
    const std::string json = json_of(*config);
    EXPECT_THAT(json, HasSubstr(R"("starts_at":"2026-11-21T13:00:00+01:00")"));
    EXPECT_THAT(json, HasSubstr(R"("starts_at_ms":1795262400000)"));
    EXPECT_EQ(rfc3339_in_zone(Instant{1'795'262'400'250}, "Asia/Shanghai"),
              "2026-11-21T20:00:00.250+08:00");
    EXPECT_EQ(rfc3339_in_zone(Instant{1'795'262'400'000}, "Mars/Olympus"),
              "2026-11-21T12:00:00.000Z");
}

TEST(NearestName, finds_what_was_meant_and_nothing_else) {
    constexpr std::array<std::string_view, 4> names{"price", "list_price", "stock", "title"};
    EXPECT_EQ(nearest_name("prise", names), "price");
    EXPECT_EQ(nearest_name("Price", names), "price");
    EXPECT_EQ(nearest_name("tilte", names), "title");
    EXPECT_EQ(nearest_name("listprice", names), "list_price");
    EXPECT_EQ(nearest_name("list", names), "list_price");
    EXPECT_EQ(nearest_name("colour", names), "");
    EXPECT_EQ(nearest_name(std::string(100, 'p'), names), "");
}

}  // namespace
}  // namespace stampede::net
