// SPDX-License-Identifier: Apache-2.0
// The `stampede` command: which words mean what. The work is done elsewhere; see each command's
// file. Exit codes are in docs/reference/commands.md.
#include <sys/auxv.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include "engine/thread_name.hpp"
#include "net/buyer_token.hpp"
#include "net/journal_commands.hpp"
#include "net/key_file.hpp"
#include "net/server.hpp"
#include "net/server_options.hpp"

namespace stampede::net {

namespace {

constexpr int not_done = 1;
constexpr int usage_error = 2;

int complain(const std::string& message, int exit_code = not_done) {
    std::fprintf(stderr, "stampede: %s\n", message.c_str());
    return exit_code;
}

struct Words {
    std::string data_dir;
    bool json = false;
    std::uint64_t campaign = 0;
    std::uint64_t from = 0;
    std::string mall_db;
    std::string published;
    std::uint64_t accept_loss_after = 0;
    bool dump = false;
    std::string key_file;
    std::string key_id = "k1";
    std::string api_key_name;
    std::vector<std::string> roles;
    std::uint64_t buyer = 0;
    std::uint16_t level = 0;
    std::string segments = "0";
    std::int64_t valid_s = 3600;
};

void add_data_dir(CLI::App& command, Words& words) {
    command.add_option("--data-dir", words.data_dir, "the server's data directory")
        ->required()
        ->type_name("DIR");
}

/// `keys new` makes the file, or adds a key to it.
int keys_new(const Words& words) {
    if (words.api_key_name.empty()) {
        const bool is_new = ::access(words.key_file.c_str(), F_OK) != 0;
        const Result<> made = is_new ? create_key_file(words.key_file)
                                     : add_buyer_token_key(words.key_file, words.key_id);
        if (made.has_error()) {
            return complain(made.error().message);
        }
        std::printf("%s %s\n", is_new ? "made" : "added a buyer-token key to",
                    words.key_file.c_str());
        return 0;
    }
    Roles roles;
    for (const std::string& name : words.roles) {
        const auto role = Roles::parse(name);
        if (!role) {
            return complain(
                "--role " + name + " is none of mall, viewer, editor, publisher, treasurer, admin",
                usage_error);
        }
        roles = roles | *role;
    }
    if (roles.empty()) {
        return complain("an API key needs at least one --role", usage_error);
    }
    const auto key = add_api_key(words.key_file, words.api_key_name, roles);
    if (key.has_error()) {
        return complain(key.error().message);
    }
    std::printf("%.*s\n", static_cast<int>(key->reveal().size()), key->reveal().data());
    std::fprintf(stderr, "this key is shown once; the file keeps its digest alone\n");
    return 0;
}

int token(const Words& words) {
    const auto keys = load_keys(words.key_file);
    if (keys.has_error()) {
        return complain(keys.error().message);
    }
    if (keys->buyer_token_keys.empty()) {
        return complain(words.key_file + " has no buyer-token key; see `stampede keys new`");
    }
    BuyerClaims claims;
    claims.buyer.id = BuyerId{words.buyer};
    claims.buyer.level = static_cast<std::uint8_t>(words.level);
    claims.buyer.segments = std::stoull(words.segments, nullptr, 16);
    claims.expires =
        Instant{(static_cast<std::int64_t>(std::time(nullptr)) + words.valid_s) * 1000};
    const BuyerTokenKey* key = words.key_id.empty() ? &keys->buyer_token_keys.front()
                                                    : keys->find_buyer_token_key(words.key_id);
    if (key == nullptr) {
        return complain("no buyer-token key has the id " + words.key_id);
    }
    std::printf("%s\n", mint_buyer_token(*key, claims).c_str());
    return 0;
}

/// Its flags come from the table that also makes file keys and environment names.
void add_serve(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "serve", "runs the server; `stampede serve --help` lists every key of its configuration");
    command->set_help_flag();
    command->prefix_command();
    command->callback([command, &exit_code] {
        const auto options = read_server_options(command->remaining(), environ);
        if (options.has_error()) {
            std::fprintf(stderr, "stampede: %s\n", options.error().message.c_str());
            exit_code = usage_error;
            return;
        }
        if (options->help) {
            std::fputs(server_options_help().c_str(), stdout);
            return;
        }
        exit_code = serve(*options);
    });
}

void add_journal_commands(CLI::App& app, Words& words, int& exit_code) {
    auto* verify_command = app.add_subcommand(
        "verify",
        "replays what a stopped server's directory keeps and checks every digest, "
        "signature and invariant; exit 3 names the first bad record");
    add_data_dir(*verify_command, words);
    verify_command->add_flag("--json", words.json, "one JSON object instead of lines");
    verify_command->callback([&] {
        exit_code =
            static_cast<int>(verify(words.data_dir, words.json ? Output::json : Output::text));
    });

    auto* journal = app.add_subcommand("journal", "reads the journal of a stopped server");
    journal->require_subcommand(1);
    auto* print = journal->add_subcommand("print", "the events, one JSON object a line");
    add_data_dir(*print, words);
    print->add_option("--campaign", words.campaign, "only this campaign")->type_name("ID");
    print->add_option("--from", words.from, "only from this sequence of its shard on")
        ->type_name("SEQ");
    print->callback([&] {
        PrintSelection selection;
        if (words.campaign != 0) {
            selection.campaign = CampaignId{words.campaign};
        }
        selection.from = Sequence{words.from};
        exit_code = static_cast<int>(print_journal(words.data_dir, selection));
    });

    auto* reconcile = app.add_subcommand(
        "reconcile",
        "compares the journal of a stopped server with the mall's database; exit 4 "
        "lists what is missing, extra or different");
    add_data_dir(*reconcile, words);
    reconcile->add_option("--mall-db", words.mall_db, "sqlite:PATH")->required()->type_name("URL");
    reconcile->callback([&] {
        exit_code =
            static_cast<int>(reconcile_with_mall(words.data_dir, words.mall_db, Output::text));
    });

    auto* repair = app.add_subcommand(
        "repair", "after damage: shows what is left behind the last good commit, or gives it up");
    add_data_dir(*repair, words);
    auto* accept = repair->add_option("--accept-loss-after", words.accept_loss_after,
                                      "gives up every commit after N; verify names the N");
    auto* dump = repair->add_flag("--dump-tail", words.dump,
                                  "prints the raw log behind the last good commit");
    accept->excludes(dump);
    repair->callback([&, accept] {
        if (accept->count() > 0) {
            exit_code = static_cast<int>(
                accept_loss(words.data_dir, CommitNumber{words.accept_loss_after}));
        } else if (words.dump) {
            exit_code = static_cast<int>(dump_tail(words.data_dir));
        } else {
            exit_code = usage_error;
            std::fputs("stampede: repair needs --dump-tail or --accept-loss-after N\n", stderr);
        }
    });
}

/// Of a command that recomputes what was drawn from a campaign's revealed seed.
struct Fairness {
    const char* name;
    const char* about;
    const char* verify_about;
    const char* print_about;
    Verdict (*verify)(const std::string& data_dir, std::optional<CampaignId> campaign);
    Verdict (*verify_published)(const std::string& file);
    Verdict (*print)(const std::string& data_dir, CampaignId campaign);
};
constexpr Fairness bargain_plan{
    "bargain-plan",
    "the cuts of bargains, recomputed from the campaign's revealed seed",
    "recomputes every cut, from a stopped server's journal or from what was published; exit 5 "
    "names the first cut that does not follow from the seed, exit 3 a damaged journal, exit 1 "
    "what cannot be read or has no seed yet",
    "one campaign's plan as lines of JSON, to be published; the seed is in it once the campaign "
    "has ended",
    &verify_bargain_plans,
    &verify_published_plan,
    &print_bargain_plan};
constexpr Fairness lottery{
    "lottery",
    "the draws of lottery groups, repeated from the campaign's revealed seed",
    "draws every lottery again, from a stopped server's journal or from what was published; exit "
    "5 names the first order that won or lost otherwise, exit 3 a damaged journal, exit 1 what "
    "cannot be read or has no seed yet",
    "one campaign's draws as lines of JSON, to be published; the seed is in it once the campaign "
    "has ended",
    &verify_lotteries,
    &verify_published_lottery,
    &print_lottery};

/// Whoever was promised a seed can check what was made of it.
void add_fairness(CLI::App& app, const Fairness& command, Words& words, int& exit_code) {
    auto* group = app.add_subcommand(command.name, command.about);
    group->require_subcommand(1);
    auto* verify = group->add_subcommand("verify", command.verify_about);
    auto* journal = verify->add_option("--data-dir", words.data_dir, "the server's data directory")
                        ->type_name("DIR");
    auto* only = verify->add_option("--campaign", words.campaign, "only this campaign")
                     ->type_name("ID")
                     ->needs(journal);
    verify
        ->add_option("--published", words.published, "what `print` wrote after the campaign's end")
        ->type_name("FILE")
        ->excludes(journal);
    verify->callback([&words, &command, &exit_code, journal, only] {
        if (journal->count() == 0 && words.published.empty()) {
            std::fprintf(stderr, "stampede: %s verify needs --data-dir or --published\n",
                         command.name);
            exit_code = usage_error;
        } else if (journal->count() > 0) {
            exit_code = static_cast<int>(command.verify(
                words.data_dir,
                only->count() > 0 ? std::optional{CampaignId{words.campaign}} : std::nullopt));
        } else {
            exit_code = static_cast<int>(command.verify_published(words.published));
        }
    });
    auto* print = group->add_subcommand("print", command.print_about);
    add_data_dir(*print, words);
    print->add_option("--campaign", words.campaign, "the campaign")->required()->type_name("ID");
    print->callback([&words, &command, &exit_code] {
        exit_code = static_cast<int>(command.print(words.data_dir, CampaignId{words.campaign}));
    });
}

void add_key_commands(CLI::App& app, Words& words, int& exit_code) {
    auto* keys = app.add_subcommand("keys", "the key file: buyer-token keys and API keys");
    keys->require_subcommand(1);
    auto* make = keys->add_subcommand(
        "new",
        "makes the key file (mode 0600), adds a buyer-token key to it, or with --api-key "
        "adds an API key and shows it once");
    make->add_option("--key-file", words.key_file, "the file")->required()->type_name("FILE");
    make->add_option("--id", words.key_id, "id of a further buyer-token key");
    make->add_option("--api-key", words.api_key_name, "name of an API key to add")
        ->type_name("NAME");
    make->add_option("--role", words.roles,
                     "role of the API key: mall, viewer, editor, publisher, treasurer, admin; "
                     "may be repeated");
    make->callback([&] { exit_code = keys_new(words); });

    auto* token_command =
        app.add_subcommand("token", "a signed buyer token on stdout, for trying things");
    token_command->add_option("--key-file", words.key_file, "the file")
        ->required()
        ->type_name("FILE");
    token_command->add_option("--buyer", words.buyer, "the buyer's id")
        ->required()
        ->type_name("ID")
        ->check(CLI::Range(std::uint64_t{1}, limits::buyer_id_max));
    token_command->add_option("--level", words.level, "0..255")->check(CLI::Range(0, 255));
    token_command
        ->add_option("--segments", words.segments, "segment bits, hexadecimal; bit 0: a new buyer")
        ->check([](const std::string& text) {
            const bool is_hex =
                !text.empty() && text.size() <= 16 &&
                text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
            return is_hex ? std::string{} : std::string{"up to 16 hexadecimal digits"};
        });
    token_command->add_option("--id", words.key_id, "which buyer-token key signs")
        ->capture_default_str();
    token_command->add_option("--valid-seconds", words.valid_s, "how long it holds")
        ->capture_default_str();
    token_command->callback([&] { exit_code = token(words); });
}

/// The tables of a sale are read at random, and each read walks the page tables first: pages of
/// 2 MiB save most of that. glibc asks for them only when told before the process begins, hence the
/// second start; one arena, since only the first one grows by such pages. Where the environment
/// already says something about malloc, the operator has decided. Where the loader takes the
/// setting out again (a setuid program, file capabilities) there is no second start, and never a
/// third.
void take_huge_pages(char** arguments) {
    constexpr const char* variable = "GLIBC_TUNABLES";
    constexpr const char* itself = "/proc/self/exe";
    // the kernel gives the path that was started as a number
    const auto* const started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    if (::getauxval(AT_SECURE) != 0 || started == nullptr || std::string_view{started} == itself) {
        return;
    }
    const char* const given = std::getenv(variable);
    if (given != nullptr && std::string_view{given}.find("glibc.malloc.") != std::string::npos) {
        return;
    }
    std::string tunables = given == nullptr ? std::string{} : std::string{given} + ":";
    tunables += "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1";
    if (::setenv(variable, tunables.c_str(), 1) == 0) {
        static_cast<void>(::execv(itself, arguments));  // else: on with small pages
    }
}

}  // namespace

int run(int count, char** arguments) {
    take_huge_pages(arguments);
    engine::name_this_thread(engine::main_thread);  // the second start is of "exe"
    CLI::App app{
        "Stampede: a flash-sale engine that decides in memory, makes each decision durable "
        "before it answers,\nand settles confirmed orders into the mall's database, each "
        "exactly once."};
    app.set_version_flag("--version", std::string{"stampede "} + STAMPEDE_VERSION);
    app.require_subcommand(1);
    app.footer("Try: stampede serve --dev --data-dir ./data");
    int exit_code = 0;
    Words words;
    add_serve(app, exit_code);
    add_journal_commands(app, words, exit_code);
    add_fairness(app, bargain_plan, words, exit_code);
    add_fairness(app, lottery, words, exit_code);
    add_key_commands(app, words, exit_code);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : usage_error;  // 0: help, or the version
    }
    return exit_code;
}

}  // namespace stampede::net

int main(int count, char** arguments) {
    return stampede::net::run(count, arguments);
}
