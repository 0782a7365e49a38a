// SPDX-License-Identifier: Apache-2.0
// The three calls that an operator makes, with the server's complaints passed on whole.
#include "loadtest/sale_setup.hpp"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <charconv>
#include <ctime>
#include <random>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::steady_clock;

Result<Instant> server_time(MallDoor& buyers) {
    const Result<DoorReply> reply = buyers.get("/v1/time");
    if (!reply.has_value()) {
        return reply.error();
    }
    const boost::json::value body = reply->json();
    const boost::json::object* object = body.if_object();
    const boost::json::value* ms = object == nullptr ? nullptr : object->if_contains("server_ms");
    if (ms == nullptr || !ms->is_int64()) {
        return fault("GET /v1/time answered without server_ms: " + reply->body);
    }
    return Instant{ms->get_int64()};
}

// A key that no earlier run used: creating a campaign twice would be noticed, not replayed.
std::string fresh_key(std::string_view purpose) {
    std::random_device device;
    const std::uint64_t number = (std::uint64_t{device()} << 32) | device();
    return std::string{purpose} + '-' + Base36{number}.str();
}

std::string refusal(std::string_view what, const DoorReply& reply) {
    return std::string{what} + " was refused with " + std::to_string(reply.status) + ": " +
           reply.body;
}

Instant instant_of(const boost::json::value& text) {
    std::tm parts{};
    const char* rest = ::strptime(text.get_string().c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) {
        return Instant{0};
    }
    std::int64_t ms = std::int64_t{::timegm(&parts)} * 1000;
    if (*rest == '.') {
        std::int64_t scale = 100;
        for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) {
            ms += (*rest - '0') * scale;
        }
    }
    if (*rest == '+' || *rest == '-') {
        int hours = 0;
        int minutes = 0;
        if (std::sscanf(rest + 1, "%d:%d", &hours, &minutes) == 2) {
            ms -= (*rest == '+' ? 1 : -1) * (hours * 60 + minutes) * std::int64_t{60'000};
        }
    }
    return Instant{ms};
}

}  // namespace

std::string rfc3339(Instant now) {
    const std::time_t seconds = now.ms() / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 40> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string ms = std::to_string(1000 + now.ms() % 1000);
    return std::string{text.data(), size} + '.' + ms.substr(1) + 'Z';
}

std::string resolve_time(std::string_view text, Instant now) {
    if (!text.starts_with('+')) {
        return std::string{text};
    }
    std::int64_t count = 0;
    const auto [unit, error] = std::from_chars(text.data() + 1, text.data() + text.size(), count);
    const std::string_view rest{unit, static_cast<std::size_t>(text.data() + text.size() - unit)};
    std::int64_t unit_ms = 0;
    if (rest == "ms") {
        unit_ms = 1;
    } else if (rest == "s") {
        unit_ms = 1000;
    } else if (rest == "m") {
        unit_ms = 60'000;
    } else if (rest == "h") {
        unit_ms = 3'600'000;
    }
    if (error != std::errc{} || unit_ms == 0) {
        return std::string{text};
    }
    return rfc3339(now + Duration::milliseconds(count * unit_ms));
}

Result<StartedSale> start_sale(const Scenario& scenario, MallDoor& mall, MallDoor& buyers) {
    const Result<Instant> now = server_time(buyers);
    if (!now.has_value()) {
        return now.error();
    }
    const steady_clock::time_point here = steady_clock::now();
    boost::json::value draft = boost::json::parse(*scenario.draft_json);
    boost::json::object& fields = draft.as_object();
    for (const char* name : {"starts_at", "ends_at"}) {
        if (boost::json::value* time = fields.if_contains(name); time && time->is_string()) {
            *time = resolve_time(std::string_view{time->get_string()}, *now);
        }
    }
    const Result<DoorReply> created =
        mall.post("/v1/campaigns", boost::json::serialize(draft), fresh_key("create"));
    if (!created.has_value()) {
        return created.error();
    }
    const boost::json::value answer = created->json();
    const boost::json::object* object = answer.if_object();
    const boost::json::value* id = object == nullptr ? nullptr : object->if_contains("id");
    if (created->status != 201 || id == nullptr || !id->is_string()) {
        return fault(refusal("creating the campaign", *created));
    }
    StartedSale sale;
    sale.campaign_id = std::string{id->get_string()};
    const Result<DoorReply> published =
        mall.post("/v1/campaigns/" + sale.campaign_id + "/publish", "{}", fresh_key("publish"));
    if (!published.has_value()) {
        return published.error();
    }
    if (published->status != 200) {
        return fault(refusal("publishing the campaign", *published));
    }
    const boost::json::value* starts = fields.if_contains("starts_at");
    const Instant start = starts && starts->is_string() ? instant_of(*starts) : *now;
    sale.starts = here + std::chrono::milliseconds{(start - *now).ms()};
    return sale;
}

}  // namespace stampede::loadtest
