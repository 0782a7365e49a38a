// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document against the routes of both doors: whatever it names exists, under the method
// that it says, at the doors that its tags say; and its bodies' fields are the ones that are taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "net/command_decoder.hpp"
#include "net/live_subject.hpp"
#include "net/mall_route.hpp"
#include "net/openapi_text.hpp"

namespace stampede::net {
namespace {

struct Operation {
    std::string path;    // ids filled in
    std::string method;  // upper case
    bool buyers = false;
    bool mall = false;
    bool live = false;
};

std::string with_ids(std::string path) {
    for (const auto& [hole, id] : {std::pair<std::string, std::string>{"{campaign_id}", "7"},
                                   std::pair<std::string, std::string>{"{order_id}", "10"},
                                   std::pair<std::string, std::string>{"{group_id}", "10"},
                                   std::pair<std::string, std::string>{"{bargain_id}", "10"},
                                   std::pair<std::string, std::string>{"{rally_id}", "10"}}) {
        for (auto at = path.find(hole); at != std::string::npos; at = path.find(hole)) {
            path.replace(at, hole.size(), id);
        }
    }
    return path;
}

/// The document is indented by two: paths at 2, methods at 4, tags at 6.
std::vector<Operation> operations() {
    std::istringstream text{std::string{openapi_text()}};
    std::vector<Operation> found;
    std::string path;
    bool in_paths = false;
    for (std::string line; std::getline(text, line);) {
        if (!line.empty() && line[0] != ' ') {
            in_paths = line == "paths:";
        }
        if (!in_paths) {
            continue;
        }
        if (line.starts_with("  /")) {
            path = with_ids(line.substr(2, line.rfind(':') - 2));
        }
        for (const std::string method : {"get", "post", "put", "delete"}) {
            if (line == "    " + method + ":") {
                std::string upper = method;
                for (char& character : upper) {
                    character = static_cast<char>(character - ('a' - 'A'));
                }
                found.push_back({path, upper});
            }
        }
        if (line.starts_with("      tags:")) {
            found.back().buyers = line.find("buyers") != std::string::npos;
            found.back().mall = line.find("mall") != std::string::npos;
            found.back().live = line.find("live") != std::string::npos;
        }
    }
    return found;
}

TEST(OpenApi, is_the_document_of_the_reference) {
    std::ifstream file(STAMPEDE_SOURCE_DIR "/docs/reference/openapi.yaml");
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(openapi_text(), text.str());
}

TEST(OpenApi, names_only_what_its_doors_have) {
    const auto all = operations();
    EXPECT_GE(all.size(), 30u);
    for (const auto& operation : all) {
        EXPECT_TRUE(operation.buyers || operation.mall || operation.live) << operation.path;
        // The one list that is a buyer's own alone says so in its query.
        EXPECT_EQ(route_buyers(operation.method, operation.path, "mine=true").has_value() ||
                      route_buyers(operation.method, operation.path).has_value(),
                  operation.buyers)
            << operation.method << ' ' << operation.path;
        EXPECT_EQ(route_mall(operation.method, operation.path).has_value(), operation.mall)
            << operation.method << ' ' << operation.path;
        EXPECT_EQ(route_live(operation.method, operation.path, "").has_value(), operation.live)
            << operation.method << ' ' << operation.path;
    }
}

TEST(OpenApi, names_all_that_its_doors_have) {
    const auto all = operations();
    const auto count = [&](std::string_view method, std::string_view path) {
        return std::count_if(all.begin(), all.end(), [&](const Operation& operation) {
            return operation.method == method && operation.path == path;
        });
    };
    for (const auto& path : mall_paths()) {
        std::string filled{path.path};
        const std::string id = filled.find("/orders/{}") != std::string::npos ? "10" : "7";
        for (std::string next = id; filled.find("{}") != std::string::npos; next = "10") {
            filled.replace(filled.find("{}"), 2, next);
        }
        EXPECT_EQ(count(path.method, filled), 1) << path.method << ' ' << path.path;
    }
    for (const auto& [method, path] : {std::pair{"GET", "/v1/time"},
                                       {"GET", "/v1/campaigns/7"},
                                       {"POST", "/v1/campaigns/7/tickets"},
                                       {"POST", "/v1/campaigns/7/orders"},
                                       {"GET", "/v1/campaigns/7/orders"},
                                       {"GET", "/v1/campaigns/7/orders/10"},
                                       {"POST", "/v1/campaigns/7/orders/10/cancel"},
                                       {"POST", "/v1/campaigns/7/waitlist"},
                                       {"GET", "/v1/campaigns/7/waitlist"},
                                       {"DELETE", "/v1/campaigns/7/waitlist"},
                                       {"POST", "/v1/campaigns/7/groups"},
                                       {"GET", "/v1/campaigns/7/groups"},
                                       {"GET", "/v1/campaigns/7/groups/10"},
                                       {"POST", "/v1/campaigns/7/groups/10/members"},
                                       {"POST", "/v1/campaigns/7/bargains"},
                                       {"GET", "/v1/campaigns/7/bargains"},
                                       {"GET", "/v1/campaigns/7/bargains/10"},
                                       {"POST", "/v1/campaigns/7/bargains/10/cuts"},
                                       {"POST", "/v1/campaigns/7/bargains/10/orders"},
                                       {"POST", "/v1/campaigns/7/rallies"},
                                       {"GET", "/v1/campaigns/7/rallies"},
                                       {"GET", "/v1/campaigns/7/rallies/10"},
                                       {"POST", "/v1/campaigns/7/rallies/10/helps"},
                                       {"GET", "/v1/campaigns/7/live"}}) {
        EXPECT_EQ(count(method, path), 1) << method << ' ' << path;
    }
    for (const auto& kind : subject_kinds) {
        const auto path = "/v1/campaigns/7/" + std::string{kind.collection} + "/10/live";
        EXPECT_EQ(count("GET", path), 1) << path;
        EXPECT_NE(openapi_text().find("name: " + std::string{kind.parameter} + ", in: query"),
                  std::string_view::npos)
            << kind.parameter << " beside the campaign";
    }
}

}  // namespace
}  // namespace stampede::net
