// SPDX-License-Identifier: Apache-2.0
// What a server says to a data directory that is damaged, full, too new, or none at all: it refuses
// in words, names the commit where there is one, and changes nothing.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <thread>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;

/// Every file with its bytes, but the empty lock file, whose time changes with each try.
std::map<std::string, std::string> contents(const fs::path& directory) {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file() && entry.path().filename() != "LOCK") {
            contents[fs::relative(entry.path(), directory).string()] = read_file(entry.path());
        }
    }
    return contents;
}

const std::vector<std::string>& flags() {
    static const std::vector<std::string> flags{"--dev", "--ballast-bytes", "0"};
    return flags;
}

/// `serve` and `verify` must both refuse, and leave every byte as it was.
void expect_refused(const fs::path& data_dir, const std::string& says, int verify_status) {
    const auto before = contents(data_dir);
    {
        ServerProcess server(data_dir, flags());
        EXPECT_FALSE(server.is_ready()) << "it served a directory that it should refuse";
        EXPECT_EQ(server.wait(), 1);
        EXPECT_THAT(server.log(), ContainsRegex(says));
    }
    const CommandResult verified = run_stampede({"verify", "--data-dir", data_dir.string()});
    EXPECT_EQ(verified.status, verify_status) << verified.out << verified.err;
    EXPECT_THAT(verified.err, ContainsRegex(says));
    const auto after = contents(data_dir);
    EXPECT_EQ(before.size(), after.size());
    for (const auto& [name, bytes] : before) {
        const auto found = after.find(name);
        EXPECT_TRUE(found != after.end() && found->second == bytes) << name << " was changed";
    }
}

/// A stopped server's directory with a few hundred commits; some carry a text that is nowhere else.
class StoppedSale {
  public:
    static constexpr int payments = 300;

    StoppedSale() {
        Sale sale({"--ballast-bytes", "0"});
        const std::string id = sale.publish(Draft{.stock = 1000});
        for (int at = 0; at < payments; ++at) {
            const std::string order = sale.buyer(static_cast<std::uint64_t>(at + 1))
                                          .post(orders_path(id), order_of(1))
                                          .text("order_id");
            EXPECT_EQ(sale.pay(order, marker(at), 9900).code(), "CONFIRMED");
        }
        sale.stop_and_verify();
        fs::copy(sale.data_dir(), pristine(), fs::copy_options::recursive);
    }
    [[nodiscard]] fs::path pristine() const { return scratch_ / "pristine"; }
    /// A fresh copy to be damaged.
    [[nodiscard]] fs::path copy() {
        const fs::path damaged = scratch_ / "damaged";
        fs::remove_all(damaged);
        fs::copy(pristine(), damaged, fs::copy_options::recursive);
        return damaged;
    }
    /// The payment id in the commit that is to be damaged.
    static std::string marker(int at) { return "payment-number-" + std::to_string(at) + "-end"; }

    /// Where the journal's files hold a text.
    struct Place {
        fs::path file;
        std::size_t offset = 0;
    };
    [[nodiscard]] static std::vector<Place> find(const fs::path& data_dir,
                                                 const std::string& text) {
        std::vector<Place> places;
        for (const auto& entry : fs::directory_iterator(data_dir / "journal")) {
            const std::string bytes = read_file(entry.path());
            for (std::size_t at = bytes.find(text); at != std::string::npos;
                 at = bytes.find(text, at + 1)) {
                places.push_back({entry.path(), at});
            }
        }
        return places;
    }

  private:
    ScratchDirectory scratch_;
};

void overwrite(const StoppedSale::Place& place, const std::string& bytes) {
    std::fstream file(place.file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(place.offset));
    file << bytes;
    file.close();
    ASSERT_TRUE(file) << "cannot damage " << place.file;
}

TEST(DamagedJournal, is_refused_naming_the_commit_wherever_it_is_damaged) {
    StoppedSale sale;
    using Damage = std::function<void(const StoppedSale::Place&)>;
    const std::vector<std::pair<std::string, Damage>> kinds{
        {"one bit flipped",
         [](const auto& place) { overwrite(place, std::string(1, static_cast<char>('p' ^ 1))); }},
        {"zeroed", [](const auto& place) { overwrite(place, std::string(64, '\0')); }},
        {"garbled", [](const auto& place) { overwrite(place, std::string(64, '\xA5')); }},
        {"cut",
         [](const auto& place) {
             std::error_code error;
             fs::resize_file(place.file, place.offset, error);
             ASSERT_FALSE(error);
         }},
    };
    for (const int at : {0, 1, StoppedSale::payments / 2, StoppedSale::payments - 1}) {
        for (const auto& [name, damage] : kinds) {
            SCOPED_TRACE(name + " in payment " + std::to_string(at));
            const fs::path data_dir = sale.copy();
            const auto places = StoppedSale::find(data_dir, StoppedSale::marker(at));
            ASSERT_FALSE(places.empty()) << "the journal does not hold the payment as text";
            for (const auto& place : places) {
                damage(place);
            }
            expect_refused(data_dir, "commit [0-9]+", 3);
        }
    }
}

TEST(DamagedJournal, is_refused_when_its_files_are_gone) {
    StoppedSale sale;
    for (const char* what : {"journal", "anchor"}) {
        SCOPED_TRACE(what);
        const fs::path data_dir = sale.copy();
        fs::remove_all(data_dir / what);
        expect_refused(data_dir, what, 3);
    }
}

TEST(DamagedJournal, goes_on_after_a_persons_decision_to_accept_the_loss) {
    StoppedSale sale;
    const fs::path data_dir = sale.copy();
    const auto places = StoppedSale::find(data_dir, StoppedSale::marker(StoppedSale::payments - 1));
    for (const auto& place : places) {
        overwrite(place, std::string(64, '\0'));
    }
    const CommandResult damaged = run_stampede({"verify", "--data-dir", data_dir.string()});
    EXPECT_EQ(damaged.status, 3);
    const auto at = damaged.err.find("commit ");
    ASSERT_NE(at, std::string::npos) << damaged.err;
    const long long bad = std::stoll(damaged.err.substr(at + std::strlen("commit ")));
    const CommandResult accepted = run_stampede({"repair", "--data-dir", data_dir.string(),
                                                 "--accept-loss-after", std::to_string(bad - 1)});
    ASSERT_EQ(accepted.status, 0) << accepted.err;
    const CommandResult verified = run_stampede({"verify", "--data-dir", data_dir.string()});
    EXPECT_EQ(verified.status, 0) << verified.err;
    // The mall's database has the order that was given up: it is ahead, and must not be served on.
    fs::remove(data_dir / "mall.db");
    ServerProcess server(data_dir, flags());
    EXPECT_TRUE(server.is_ready()) << server.log();
}

TEST(DamagedCheckpoint, costs_nothing_while_the_journal_is_whole) {
    Sale sale(
        {"--ballast-bytes", "0", "--checkpoint-every", "1s", "--checkpoint-every-bytes", "1M"});
    const std::string id = sale.publish(Draft{.stock = 10'000});
    const fs::path checkpoints = sale.data_dir() / "checkpoints";
    const auto written = [&] {
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(checkpoints)) {
            if (entry.path().extension() == ".checkpoint") {
                files.push_back(entry.path());
            }
        }
        std::sort(files.begin(), files.end());
        return files;
    };
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    for (std::uint64_t buyer = 1; written().size() < 2; ++buyer) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << "no two checkpoints";
        sale.buyer(buyer).post(orders_path(id), order_of(1), "k");
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    const HttpAnswer ledger = sale.ledger_line(id);
    sale.stop_and_verify();
    const auto files = written();
    overwrite({files.back(), fs::file_size(files.back()) / 2}, std::string(16, '\xA5'));
    EXPECT_EQ(run_stampede({"verify", "--data-dir", sale.data_dir().string()}).status, 3);
    sale.start_again();
    EXPECT_THAT(sale.server().log(), HasSubstr("checkpoint"));
    EXPECT_EQ(sale.ledger_line(id).json, ledger.json);
}

TEST(DataDirectory, of_a_newer_version_is_refused) {
    StoppedSale sale;
    const fs::path data_dir = sale.copy();
    std::string identity = read_file(data_dir / "IDENTITY");
    const auto at = identity.find("format = ");
    ASSERT_NE(at, std::string::npos);
    identity.replace(at, std::strlen("format = 1"), "format = 2");
    write_file(data_dir / "IDENTITY", identity);
    expect_refused(data_dir, "newer program", 1);
}

TEST(DataDirectory, that_is_none_is_left_alone) {
    const ScratchDirectory scratch;
    fs::create_directory(scratch / "photos");
    write_file(scratch / "photos" / "cat.jpg", "cat");
    expect_refused(scratch / "photos", "neither empty nor a data directory", 1);
    const CommandResult absent =
        run_stampede({"serve", "--data-dir", (scratch / "absent").string(), "--key-file", "none"});
    EXPECT_NE(absent.status, 0);
    EXPECT_FALSE(fs::exists(scratch / "absent"));
}

/// A small disk of its own; only root can make one.
class SmallDisk {
  public:
    explicit SmallDisk(const std::string& size) {
        const std::string options = "size=" + size;
        is_mounted_ = ::mount("tmpfs", scratch_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (is_mounted_) {
            ::umount2(scratch_.path().c_str(), MNT_DETACH);
        }
    }
    [[nodiscard]] bool is_mounted() const { return is_mounted_; }
    [[nodiscard]] fs::path path() const { return scratch_.path(); }

  private:
    ScratchDirectory scratch_;
    bool is_mounted_ = false;
};

TEST(FullDisk, is_refused_at_the_start_and_nothing_is_made) {
    const SmallDisk disk("32m");
    if (!disk.is_mounted()) {
        GTEST_SKIP() << "mounting a small disk needs root: " << std::strerror(errno);
    }
    ServerProcess server(disk.path() / "data", flags());
    EXPECT_FALSE(server.is_ready());
    EXPECT_EQ(server.wait(), 1);
    EXPECT_THAT(server.log(), HasSubstr("is full"));
    EXPECT_TRUE(fs::is_empty(disk.path()));
}

// The reserve is set above any disk's size instead: to the server that is the same.
TEST(FullDisk, stops_new_holds_while_payments_go_on) {
    Sale sale({"--ballast-bytes", "0"});
    const std::string id = sale.publish(Draft{});
    const std::string paid = sale.buyer(1).post(orders_path(id), order_of(1)).text("order_id");
    const std::string let_go = sale.buyer(2).post(orders_path(id), order_of(1)).text("order_id");
    sale.stop_and_verify();
    sale.start_again({"--disk-reserve-bytes", "1000000G"});
    const HttpAnswer busy = sale.buyer(3).post(orders_path(id), order_of(1), "k");
    EXPECT_EQ(busy.status, 503);
    EXPECT_EQ(busy.code(), "BUSY");
    EXPECT_GT(busy.number("retry_ms"), 0);
    EXPECT_FALSE(busy.header("Retry-After").empty());
    EXPECT_EQ(sale.pay(paid, "p", 9900).code(), "CONFIRMED");
    EXPECT_EQ(sale.buyer(2).post(orders_path(id) + "/" + let_go + "/cancel").code(), "CANCELLED");
    EXPECT_EQ(sale.mall()
                  .post("/v1/refunds", R"({"order_id":")" + paid +
                                           R"(","refund_id":"r","quantity":1,"amount":9900})")
                  .code(),
              "OK");
    Caller anybody{sale.server().mall_port(), {}};
    EXPECT_THAT(anybody.get("/metrics").body, HasSubstr("stampede_disk_reserve_ok 0"));
    sale.stop_and_verify();
    sale.start_again();
    EXPECT_EQ(sale.buyer(3).post(orders_path(id), order_of(1), "k").code(), "HELD")
        << "BUSY was not stored under the key";
}

}  // namespace
}  // namespace stampede::tests
