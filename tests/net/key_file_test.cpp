// SPDX-License-Identifier: Apache-2.0
// The key file: private or refused, every mistake named, replaced whole.
#include "net/key_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <vector>

namespace stampede::net {
namespace {

class KeyFile : public testing::Test {
  protected:
    KeyFile() {
        std::string pattern = (std::filesystem::temp_directory_path() / "keys-XXXXXX").string();
        directory_ = mkdtemp(pattern.data());
        path_ = directory_ + "/keys.toml";
    }
    ~KeyFile() override { std::filesystem::remove_all(directory_); }

    void write(const std::string& text, mode_t mode = 0600) const {
        std::ofstream{path_} << text;
        chmod(path_.c_str(), mode);
    }
    [[nodiscard]] std::string read() const {
        std::ostringstream text;
        text << std::ifstream{path_}.rdbuf();
        return text.str();
    }
    [[nodiscard]] mode_t mode() const {
        struct stat status{};
        stat(path_.c_str(), &status);
        return status.st_mode & 07777;
    }
    /// The fault that loading ends in.
    [[nodiscard]] std::string complaint() const {
        const auto keys = load_keys(path_);
        return keys.has_value() ? "none" : keys.error().message;
    }

    std::string directory_;
    std::string path_;
};

const std::string good_secret = "secret = \"MDEyMzQ1Njc4OWFiY2RlZg==\"\n";
const std::string good_ticket = "[ticket]\nmaster = \"MDEyMzQ1Njc4OWFiY2RlZg==\"\n";

TEST_F(KeyFile, is_made_private_and_ready_for_use) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    EXPECT_EQ(mode(), 0600u);
    const auto keys = load_keys(path_);
    ASSERT_TRUE(keys.has_value()) << keys.error().message;
    ASSERT_EQ(keys->buyer_token_keys.size(), 1u);
    EXPECT_EQ(keys->buyer_token_keys[0].id, "k1");
    EXPECT_EQ(keys->buyer_token_keys[0].secret.size(), 32u);
    EXPECT_EQ(keys->ticket_master.size(), 32u);
    EXPECT_TRUE(keys->api_keys.empty());
    BuyerClaims claims;
    claims.buyer.id = BuyerId{1};
    claims.expires = Instant{1000};
    BuyerTokenVerifier verifier{keys->buyer_token_keys};
    EXPECT_EQ(
        verifier.verify(mint_buyer_token(keys->buyer_token_keys[0], claims), Instant{0}).verdict,
        TokenVerdict::genuine);
}

TEST_F(KeyFile, is_not_replaced_by_making_one) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    const std::string text = read();
    EXPECT_FALSE(create_key_file(path_).has_value());
    EXPECT_EQ(read(), text);
}

/// Runs `change` in a process that dies in the middle of writing a file.
void die_in(const std::function<void()>& change) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit no_dump{0, 0};
        const rlimit half_of_it{100, 100};  // then SIGXFSZ
        setrlimit(RLIMIT_CORE, &no_dump);
        setrlimit(RLIMIT_FSIZE, &half_of_it);
        change();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) << "it did not die, " << status;
}

TEST_F(KeyFile, is_not_there_before_it_is_whole) {
    die_in([&] { static_cast<void>(create_key_file(path_)); });
    EXPECT_NE(complaint().find("No such file"), std::string::npos) << complaint();
    const auto made = create_key_file(path_);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(complaint(), "none");
    EXPECT_EQ(mode(), 0600u);
}

TEST_F(KeyFile, is_the_old_one_until_the_new_one_is_whole) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    const std::string text = read();
    die_in([&] { static_cast<void>(add_buyer_token_key(path_, "k2")); });
    EXPECT_EQ(read(), text);
    ASSERT_TRUE(add_buyer_token_key(path_, "k2").has_value());
    EXPECT_EQ(load_keys(path_)->buyer_token_keys.size(), 2u);
    const auto files = std::filesystem::directory_iterator(directory_);
    EXPECT_EQ(std::distance(begin(files), end(files)), 1) << "what the death left is gone";
}

TEST_F(KeyFile, left_under_two_names_by_a_death_is_still_the_file) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    std::filesystem::create_hard_link(path_, path_ + ".new");
    die_in([&] { static_cast<void>(add_buyer_token_key(path_, "k2")); });
    EXPECT_EQ(complaint(), "none");
}

TEST_F(KeyFile, keeps_every_key_that_was_added_at_the_same_time) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    std::vector<std::thread> people;
    for (int person = 0; person < 4; ++person) {
        people.emplace_back([&, person] {
            for (int key = 0; key < 5; ++key) {
                const std::string name = std::to_string(person) + "-" + std::to_string(key);
                EXPECT_TRUE(add_api_key(path_, name, every_role).has_value()) << name;
            }
        });
    }
    for (std::thread& person : people) {
        person.join();
    }
    EXPECT_EQ(load_keys(path_)->api_keys.size(), 20u);
}

TEST_F(KeyFile, is_made_by_one_of_those_who_try_at_the_same_time) {
    std::atomic<int> made{0};
    std::vector<std::thread> people;
    for (int person = 0; person < 4; ++person) {
        people.emplace_back([&] { made += create_key_file(path_).has_value() ? 1 : 0; });
    }
    for (std::thread& person : people) {
        person.join();
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(complaint(), "none");
}

TEST_F(KeyFile, is_refused_when_others_can_read_it) {
    for (const mode_t open_mode : {0640u, 0604u, 0660u, 0666u, 0644u, 0620u, 0601u}) {
        write(good_ticket, open_mode);
        EXPECT_NE(complaint().find("chmod 600"), std::string::npos) << open_mode << complaint();
    }
    for (const mode_t private_mode : {0600u, 0400u, 0700u}) {
        write(good_ticket);
        chmod(path_.c_str(), private_mode);
        EXPECT_EQ(complaint(), "none") << private_mode;
        chmod(path_.c_str(), 0600);
    }
}

TEST_F(KeyFile, is_refused_when_it_is_no_file) {
    EXPECT_NE(complaint().find("No such file"), std::string::npos) << complaint();
    std::filesystem::create_directory(path_);
    chmod(path_.c_str(), 0700);
    EXPECT_NE(complaint().find("not a regular file"), std::string::npos) << complaint();
    std::filesystem::remove(path_);
    const std::string real = directory_ + "/real.toml";
    std::ofstream{real} << good_ticket;
    chmod(real.c_str(), 0600);
    symlink(real.c_str(), path_.c_str());
    EXPECT_NE(complaint(), "none") << "a link could be pointed elsewhere";
}

TEST_F(KeyFile, names_every_mistake) {
    const std::string hex(64, 'a');
    const auto api_key = [&](const std::string& lines) {
        return good_ticket + "[[api_key]]\n" + lines;
    };
    const std::vector<std::pair<std::string, std::string>> mistakes{
        {"[ticket\n", "line 1"},
        {"", "[ticket] is missing"},
        {"[ticket]\n", "'master' is missing"},
        {"[ticket]\nmaster = \"short\"\n", "not base64"},
        {"[ticket]\nmaster = \"c2hvcnQ=\"\n", "at least 16"},
        {"[ticket]\nmaster = 5\n", "not a text"},
        {"tickets = 1\n" + good_ticket, "'tickets' is not known"},
        {"buyer_token_key = 1\n" + good_ticket, "[[buyer_token_key]]"},
        {"[[buyer_token_key]]\nid = \"a:b\"\n" + good_secret + good_ticket, "'id' must be"},
        {"[[buyer_token_key]]\nid = \"k\"\n" + good_ticket, "'secret' is missing"},
        {"[[buyer_token_key]]\nid = \"k\"\nscret = \"\"\n" + good_ticket, "'scret' is not known"},
        {"[[buyer_token_key]]\nid = \"k\"\n" + good_secret + "[[buyer_token_key]]\nid = \"k\"\n" +
             good_secret + good_ticket,
         "buyer_token_key[1]: the id 'k' is used twice"},
        {api_key("name = \"\"\nsha256 = \"" + hex + "\"\nroles = [\"mall\"]\n"), "'name' must be"},
        {api_key("name = \"n\"\nsha256 = \"abc\"\nroles = [\"mall\"]\n"), "64 lower-case hex"},
        {api_key("name = \"n\"\nsha256 = \"" + std::string(64, 'A') + "\"\nroles = [\"mall\"]\n"),
         "64 lower-case hex"},
        {api_key("name = \"n\"\nsha256 = \"" + hex + "\"\nroles = []\n"), "list of roles"},
        {api_key("name = \"n\"\nsha256 = \"" + hex + "\"\nroles = [\"king\"]\n"),
         "'king' is no role"},
        {api_key("name = \"n\"\nsha256 = \"" + hex + "\"\nrole = \"mall\"\n"),
         "'role' is not known"},
    };
    for (const auto& [text, complaint_part] : mistakes) {
        write(text);
        EXPECT_NE(complaint().find(complaint_part), std::string::npos)
            << "for\n"
            << text << "\ngot: " << complaint();
        EXPECT_EQ(complaint().find("MDEyMzQ1"), std::string::npos) << "a secret in a message";
    }
}

TEST_F(KeyFile, takes_a_second_live_key_and_no_ninth) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    for (int number = 2; number <= 8; ++number) {
        ASSERT_TRUE(add_buyer_token_key(path_, "k" + std::to_string(number)).has_value());
    }
    const std::string text = read();
    EXPECT_FALSE(add_buyer_token_key(path_, "k9").has_value());
    EXPECT_FALSE(add_buyer_token_key(path_, "k1").has_value());
    EXPECT_FALSE(add_buyer_token_key(path_, "bad:id").has_value());
    EXPECT_EQ(read(), text) << "a refused change must leave the file alone";
    EXPECT_EQ(mode(), 0600u);
    const auto keys = load_keys(path_);
    ASSERT_TRUE(keys.has_value());
    EXPECT_EQ(keys->buyer_token_keys.size(), 8u);
    EXPECT_NE(keys->find_buyer_token_key("k8"), nullptr);
    EXPECT_EQ(keys->find_buyer_token_key("k9"), nullptr);
}

TEST_F(KeyFile, keeps_only_the_digest_of_an_api_key) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    const auto mall = add_api_key(path_, "mall-backend", Role::mall | Role::viewer);
    const auto admin = add_api_key(path_, "boss", every_role);
    ASSERT_TRUE(mall.has_value() && admin.has_value());
    EXPECT_EQ(read().find(mall->reveal()), std::string::npos);
    EXPECT_FALSE(add_api_key(path_, "boss", every_role).has_value()) << "the name is taken";

    KeyStore store{path_};
    const KeyStoreApiKeys api_keys{store};
    EXPECT_FALSE(api_keys.find(mall->reveal()).has_value()) << "nothing is loaded yet";
    ASSERT_TRUE(store.reload().has_value());
    const auto caller = api_keys.find(mall->reveal());
    ASSERT_TRUE(caller.has_value());
    EXPECT_EQ(caller->name.view(), "mall-backend");
    EXPECT_TRUE(caller->roles.any_of(Role::mall));
    EXPECT_FALSE(caller->roles.any_of(Role::treasurer));
    EXPECT_EQ(api_keys.find(admin->reveal())->roles, every_role);
    EXPECT_FALSE(api_keys.find("").has_value());
    EXPECT_FALSE(api_keys.find(std::string{mall->reveal()} + "x").has_value());
}

TEST_F(KeyFile, read_anew_replaces_the_keys_and_broken_keeps_them) {
    ASSERT_TRUE(create_key_file(path_).has_value());
    KeyStore store{path_};
    EXPECT_EQ(store.current(), nullptr);
    ASSERT_TRUE(store.reload().has_value());
    const auto first = store.current();
    ASSERT_TRUE(add_buyer_token_key(path_, "k2").has_value());
    ASSERT_TRUE(store.reload().has_value());
    const auto second = store.current();
    EXPECT_EQ(first->buyer_token_keys.size(), 1u) << "what a thread holds does not change";
    EXPECT_EQ(second->buyer_token_keys.size(), 2u);
    write("broken");
    EXPECT_FALSE(store.reload().has_value());
    EXPECT_EQ(store.current(), second);
}

}  // namespace
}  // namespace stampede::net
