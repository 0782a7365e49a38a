// SPDX-License-Identifier: Apache-2.0
// Options from the three places, their precedence, and what each mistake is told.
#include "net/server_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "net/metrics.hpp"

namespace stampede::net {
namespace {

using testing::Contains;
using testing::HasSubstr;

class Options : public testing::Test {
  protected:
    Result<ServerOptions> read(const std::vector<std::string>& flags,
                               const std::vector<const char*>& variables = {}) {
        std::vector<const char*> environment = variables;
        environment.push_back(nullptr);
        return read_server_options(flags, environment.data());
    }
    std::string fault_of(const std::vector<std::string>& flags,
                         const std::vector<const char*>& variables = {}) {
        const auto options = read(flags, variables);
        return options.has_error() ? options.error().message : "accepted";
    }
    std::string file(const std::string& text) {
        const std::string path = testing::TempDir() + "/stampede-options.toml";
        std::ofstream(path) << text;
        return path;
    }
};

TEST_F(Options, have_defaults) {
    const auto options = read({"--data-dir", "d"});
    ASSERT_TRUE(options.has_value());
    EXPECT_EQ(options->buyers, "127.0.0.1:8080");
    EXPECT_EQ(options->mall_api, "127.0.0.1:8081");
    EXPECT_EQ(options->live, "127.0.0.1:8082");
    EXPECT_EQ(options->recovery_grace, Duration::seconds(60));
    EXPECT_EQ(options->anchor, "trailing");
    EXPECT_FALSE(options->dev);
    EXPECT_TRUE(options->mall_db.empty());
}

TEST_F(Options, come_from_the_file) {
    const auto path = file(
        "data_dir = \"d\"\nbuyers = \"0.0.0.0:80\"\nfour_eyes = true\nconnections_max = 100\n"
        "recovery_grace = 0\nballast_bytes = \"1G\"\ndisk_reserve_bytes = \"1536M\"\n"
        "trusted_peers = [\"10.0.0.1\", \"[fd00::1]\"]\ncors_origins = [\"https://a.example\"]\n");
    const auto options = read({"--config", path});
    ASSERT_TRUE(options.has_value()) << options.error().message;
    EXPECT_EQ(options->buyers, "0.0.0.0:80");
    EXPECT_TRUE(options->four_eyes);
    EXPECT_EQ(options->connections_max, 100u);
    EXPECT_EQ(options->recovery_grace, Duration::seconds(0));
    EXPECT_EQ(options->ballast_bytes, std::uint64_t{1} << 30);
    EXPECT_THAT(options->trusted_peers, testing::ElementsAre("10.0.0.1", "[fd00::1]"));
    EXPECT_THAT(options->cors_origins, testing::ElementsAre("https://a.example"));
}

TEST_F(Options, let_the_environment_win_over_the_file_and_flags_over_both) {
    const auto path =
        file("data_dir = \"from-file\"\nlive = \"127.0.0.1:1\"\nanchor = \"strict\"\n");
    const std::string config = "STAMPEDE_CONFIG=" + path;
    const auto options = read({"--live=127.0.0.1:3"},
                              {config.c_str(), "STAMPEDE_DATA_DIR=from-environment",
                               "STAMPEDE_LIVE=127.0.0.1:2", "STAMPEDE_RECOVERY_GRACE=1500ms"});
    ASSERT_TRUE(options.has_value()) << options.error().message;
    EXPECT_EQ(options->data_dir, "from-environment");
    EXPECT_EQ(options->live, "127.0.0.1:3");
    EXPECT_EQ(options->anchor, "strict");
    EXPECT_EQ(options->recovery_grace, Duration::milliseconds(1500));
}

TEST_F(Options, name_the_nearest_key_for_a_typo) {
    EXPECT_EQ(fault_of({"--data-dri", "d"}), "--data-dri: no such flag; did you mean --data-dir?");
    EXPECT_EQ(fault_of({"--conections-max=5"}),
              "--conections-max: no such flag; did you mean --connections-max?");
    EXPECT_EQ(fault_of({"--frobnicate"}), "--frobnicate: no such flag");
    EXPECT_THAT(fault_of({"--config", file("\nrecovery_gracee = 5\n")}),
                HasSubstr("line 2: recovery_gracee: no such key; did you mean recovery_grace?"));
    const auto options = read({"--data-dir", "d"}, {"STAMPEDE_DATA_DRI=x", "STAMPEDE_LOAD_KEY=x"});
    ASSERT_TRUE(options.has_value());
    ASSERT_EQ(options->warnings.size(), 1u);
    EXPECT_EQ(options->warnings[0],
              "environment: STAMPEDE_DATA_DRI: no such key; did you mean STAMPEDE_DATA_DIR?");
}

TEST_F(Options, refuse_each_wrong_value_by_its_key) {
    const struct {
        const char *flag, *detail;
    } wrong[] = {
        {"--buyers=localhost:80", "--buyers: "},
        {"--mall-api=127.0.0.1", "--mall-api: "},
        {"--live=127.0.0.1:70000", "--live: "},
        {"--loops=2", "--loops: must be an integer from 1 to 1"},
        {"--event-loop=kqueue", "--event-loop: must be one of auto io_uring epoll"},
        {"--connections-max=0", "--connections-max: must be an integer from 1"},
        {"--connections-max=many", "--connections-max: must be an integer"},
        {"--connections-per-peer-max=-1", "--connections-per-peer-max: must be"},
        {"--trusted-peers=10.0.0.1,gateway", "--trusted-peers: \"gateway\" is no address"},
        {"--cors-origins=shop.example", "--cors-origins: \"shop.example\" is no origin"},
        {"--recovery-grace=2h", "--recovery-grace: must be a time from 0s to 3600s"},
        {"--recovery-grace=soon", "--recovery-grace: must be a time"},
        {"--anchor=loose", "--anchor: must be one of trailing strict"},
        {"--disk-reserve-bytes=1M", "--disk-reserve-bytes: must be a size from 16M"},
        {"--ballast-bytes=1T", "--ballast-bytes: must be a size"},
        {"--ballast-bytes=99999999999999999999G", "--ballast-bytes: must be a size"},
        {"--ballast-bytes=200M",
         "--disk-reserve-bytes: must be at least 1.5 times --ballast-bytes"},
        {"--disk-reserve-bytes=64M", "--disk-reserve-bytes: must be at least 1.5 times"},
        {"--checkpoint-every=0", "--checkpoint-every: must be a time from 1s"},
        {"--checkpoint-every-bytes=5", "--checkpoint-every-bytes: must be a size"},
        {"--settlement-backlog-commits-max=1", "--settlement-backlog-commits-max: must be"},
        {"--mall-db=mall.db", "--mall-db: must be sqlite:PATH"},
        {"--log-level=loud", "--log-level: must be one of"},
    };
    for (const auto& row : wrong) {
        EXPECT_THAT(fault_of({"--data-dir", "d", row.flag}), HasSubstr(row.detail)) << row.flag;
    }
    EXPECT_THAT(fault_of({}), HasSubstr("--data-dir: missing"));
    EXPECT_THAT(fault_of({"--data-dir", "d"}, {"STAMPEDE_DEV=maybe"}),
                HasSubstr("STAMPEDE_DEV: must be true or false"));
    EXPECT_THAT(fault_of({"--config", file("data_dir = [1]")}),
                HasSubstr("data_dir: must be a text"));
    EXPECT_THAT(fault_of({"--config", file("data_dir = ")}), HasSubstr("line 1"));
    EXPECT_THAT(fault_of({"--config", "/nowhere/at/all.toml"}), HasSubstr("/nowhere/at/all.toml"));
}

TEST_F(Options, keep_the_trying_mode_on_this_machine) {
    const auto options = read({"--dev", "--data-dir", "d"});
    ASSERT_TRUE(options.has_value());
    EXPECT_EQ(options->mall_db, "sqlite:d/mall.db");
    EXPECT_THAT(fault_of({"--dev", "--data-dir", "d", "--buyers", "0.0.0.0:8080"}),
                HasSubstr("0.0.0.0:8080 is not a loopback address"));
    EXPECT_TRUE(read({"--dev", "--data-dir", "d", "--live", "[::1]:1"}).has_value());
}

TEST_F(Options, are_all_in_the_help_and_in_the_reference) {
    EXPECT_TRUE(read({"--help"})->help);
    std::ifstream reference(STAMPEDE_SOURCE_DIR "/docs/reference/configuration.md");
    std::vector<std::string> lines;
    for (std::string line; std::getline(reference, line);) {
        lines.push_back(line);
    }
    const auto rows = server_options_markdown();
    for (const auto& row : rows) {
        EXPECT_THAT(lines, Contains(row));
        const auto flag = row.substr(3, row.find('`', 3) - 3);
        EXPECT_THAT(server_options_help(), HasSubstr("  " + flag));
    }
    const auto flags_in_reference = std::count_if(
        lines.begin(), lines.end(), [](const auto& line) { return line.starts_with("| `--"); });
    EXPECT_EQ(static_cast<std::size_t>(flags_in_reference), rows.size());
}

/// Names after "# TYPE " in the text, and first cells in the document's table.
TEST(Metrics, are_the_documented_ones) {
    const ServerCounters counters;
    std::istringstream text(metrics_text(counters, DoorNumbers{}));
    std::vector<std::string> exposed;
    for (std::string word, line; std::getline(text, line);) {
        std::istringstream words(line);
        std::string hash, type, name, kind;
        words >> hash >> type >> name >> kind;
        if (type == "TYPE") {
            exposed.push_back("| `" + name + "` | " + kind + " |");
        }
    }
    std::ifstream reference(STAMPEDE_SOURCE_DIR "/docs/reference/metrics.md");
    std::vector<std::string> documented;
    for (std::string line; std::getline(reference, line);) {
        if (line.starts_with("| `stampede_") && line.find("` | ") != std::string::npos) {
            const auto kind_at = line.find(" | ") + 3;
            documented.push_back(line.substr(0, line.find(" | ", kind_at) + 2));
        }
    }
    // Alarms stand in a table of their own, whose first cell is no bare name.
    std::erase_if(documented, [](const auto& row) {
        return row.find("counter") == std::string::npos && row.find("gauge") == std::string::npos &&
               row.find("histogram") == std::string::npos;
    });
    EXPECT_GT(exposed.size(), 20u);
    EXPECT_THAT(documented, testing::UnorderedElementsAreArray(exposed));
}

TEST(Metrics, show_what_was_counted) {
    ServerCounters counters;
    counters.loop.requests.add(3);
    counters.loop.answers_refused.add();
    counters.journal.sync.observe_us(70);
    counters.journal.sync.observe_us(30'000'000);
    const auto text = metrics_text(counters, DoorNumbers{});
    EXPECT_THAT(text, HasSubstr("stampede_requests_total 3"));
    EXPECT_THAT(text, HasSubstr("stampede_answers_total{outcome=\"refused\"} 1"));
    EXPECT_THAT(text, HasSubstr("stampede_journal_sync_seconds_count 2"));
    EXPECT_THAT(text, HasSubstr("stampede_journal_sync_seconds_bucket{le=\"0.0001\"} 1"));
    EXPECT_THAT(text, HasSubstr("stampede_journal_sync_seconds_bucket{le=\"10\"} 1"));
    EXPECT_THAT(text, HasSubstr("stampede_journal_sync_seconds_bucket{le=\"+Inf\"} 2"));
}

}  // namespace
}  // namespace stampede::net
