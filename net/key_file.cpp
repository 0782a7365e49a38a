// SPDX-License-Identifier: Apache-2.0
// Reads the key file with every mistake named, and writes it whole: a temporary file beside it,
// synced, then renamed, so that no reader ever meets half of it. Writers take turns.
#include "net/key_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <sstream>

#include <toml++/toml.h>

#include "net/base64.hpp"
#include "net/listener.hpp"

namespace stampede::net {
namespace {

constexpr std::size_t secret_bytes_min = 16;
constexpr std::size_t new_secret_bytes = 32;
constexpr off_t file_bytes_max = 256 * 1024;

Fault wrong(const std::string& path, const std::string& place, const std::string& what) {
    return fault("key file " + path + ": " + place + ": " + what);
}

Fault os_fault(const std::string& path, const char* what) {
    return fault(std::string{"cannot "} + what + " the key file " + path + ": " +
                 std::strerror(errno));
}

Result<Secret> read_private_file(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    struct stat status{};
    if (!file.is_open() || fstat(file.number(), &status) != 0) {
        return os_fault(path, "open");
    }
    if (!S_ISREG(status.st_mode)) {
        return fault("the key file " + path + " is not a regular file");
    }
    if ((status.st_mode & 0077) != 0) {
        return fault("the key file " + path +
                     " can be read by others than its owner; make it private: chmod 600 " + path);
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return fault("the key file " + path + " belongs to another user");
    }
    if (status.st_size > file_bytes_max) {
        return fault("the key file " + path + " is larger than any key file could be");
    }
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t count = read(file.number(), text.data() + have, text.size() - have);
        if (count < 0) {
            return os_fault(path, "read");
        }
        if (count == 0) {
            break;
        }
        have += static_cast<std::size_t>(count);
    }
    text.resize(have);
    return Secret{std::move(text)};
}

Result<toml::table> read_table(const std::string& path) {
    const auto text = read_private_file(path);
    if (!text.has_value()) {
        return text.error();
    }
    try {
        return toml::parse(text->reveal(), std::string_view{path});
    } catch (const toml::parse_error& error) {
        std::ostringstream where;
        where << "line " << error.source().begin.line;
        return wrong(path, where.str(), std::string{error.description()});
    }
}

/// The first key of `table` that is none of `known`.
std::optional<std::string> unknown_key(const toml::table& table,
                                       std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : table) {
        if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
            return std::string{key.str()};
        }
    }
    return std::nullopt;
}

Result<Secret> read_secret(const std::string& path, const std::string& place,
                           const toml::table& table, std::string_view key) {
    const auto text = table[key].value<std::string_view>();
    if (!text.has_value()) {
        return wrong(path, place, "'" + std::string{key} + "' is missing or not a text");
    }
    auto bytes = from_base64(*text);
    if (!bytes.has_value() || bytes->size() < secret_bytes_min) {
        return wrong(path, place,
                     "'" + std::string{key} + "' is not base64 of at least " +
                         std::to_string(secret_bytes_min) + " bytes");
    }
    return Secret{std::move(*bytes)};
}

/// The tables of an array of tables, empty when it is absent.
Result<std::vector<const toml::table*>> tables_of(const std::string& path, const toml::table& file,
                                                  std::string_view name, std::size_t count_max) {
    std::vector<const toml::table*> tables;
    const auto node = file[name];
    if (!node) {
        return tables;
    }
    const toml::array* const array = node.as_array();
    if (array == nullptr || !array->is_homogeneous<toml::table>()) {
        return wrong(path, std::string{name}, "write it as [[" + std::string{name} + "]]");
    }
    if (array->size() > count_max) {
        return wrong(path, std::string{name},
                     "at most " + std::to_string(count_max) + " may be live at once");
    }
    for (const toml::node& entry : *array) {
        tables.push_back(entry.as_table());
    }
    return tables;
}

Result<BuyerTokenKey> read_buyer_token_key(const std::string& path, const std::string& place,
                                           const toml::table& table) {
    if (const auto key = unknown_key(table, {"id", "secret"})) {
        return wrong(path, place, "'" + *key + "' is not known; known are id, secret");
    }
    const auto id = table["id"].value<std::string>();
    if (!id.has_value() || !is_key_id(*id)) {
        return wrong(path, place, "'id' must be 1 to 16 of A-Z a-z 0-9 _ -");
    }
    auto secret = read_secret(path, place, table, "secret");
    if (!secret.has_value()) {
        return secret.error();
    }
    return BuyerTokenKey{*id, std::move(*secret)};
}

std::optional<Mac::Digest> parse_hex_digest(std::string_view text) {
    Mac::Digest digest{};
    if (text.size() != digest.size() * 2) {
        return std::nullopt;
    }
    const auto nibble = [](char character) {
        constexpr std::string_view digits = "0123456789abcdef";
        return digits.find(character);
    };
    for (std::size_t at = 0; at < digest.size(); ++at) {
        const std::size_t high = nibble(text[at * 2]);
        const std::size_t low = nibble(text[at * 2 + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return std::nullopt;
        }
        digest[at] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return digest;
}

std::string to_hex(const Mac::Digest& digest) {
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += "0123456789abcdef"[byte / 16];
        text += "0123456789abcdef"[byte % 16];
    }
    return text;
}

Result<StoredApiKey> read_api_key(const std::string& path, const std::string& place,
                                  const toml::table& table) {
    if (const auto key = unknown_key(table, {"name", "sha256", "roles"})) {
        return wrong(path, place, "'" + *key + "' is not known; known are name, sha256, roles");
    }
    StoredApiKey stored;
    const auto name = table["name"].value<std::string>();
    if (!name.has_value() || name->empty() || name->size() > campaigns::Actor::capacity) {
        return wrong(path, place, "'name' must be 1 to 32 bytes");
    }
    stored.caller.name = campaigns::Actor{*name};
    const auto digest = parse_hex_digest(table["sha256"].value_or(std::string_view{}));
    if (!digest.has_value()) {
        return wrong(path, place, "'sha256' must be 64 lower-case hex digits");
    }
    stored.digest = *digest;
    const toml::array* const roles = table["roles"].as_array();
    if (roles == nullptr || roles->empty()) {
        return wrong(path, place, "'roles' must be a list of roles");
    }
    for (const toml::node& entry : *roles) {
        const std::string role = entry.value_or(std::string{});
        const auto parsed = Roles::parse(role);
        if (!parsed.has_value()) {
            return wrong(path, place,
                         "'" + role +
                             "' is no role; roles are mall, viewer, editor, publisher, "
                             "treasurer, admin");
        }
        stored.caller.roles = stored.caller.roles | *parsed;
    }
    return stored;
}

std::string numbered(std::string_view name, std::size_t index) {
    return std::string{name} + "[" + std::to_string(index) + "]";
}

Result<Keys> keys_of(const std::string& path, const toml::table& file) {
    if (const auto key = unknown_key(file, {"buyer_token_key", "ticket", "api_key"})) {
        return wrong(path, "top level",
                     "'" + *key + "' is not known; known are buyer_token_key, ticket, api_key");
    }
    Keys keys;
    const auto token_keys = tables_of(path, file, "buyer_token_key", buyer_token_keys_max);
    if (!token_keys.has_value()) {
        return token_keys.error();
    }
    for (const toml::table* table : *token_keys) {
        const std::string place = numbered("buyer_token_key", keys.buyer_token_keys.size());
        auto key = read_buyer_token_key(path, place, *table);
        if (!key.has_value()) {
            return key.error();
        }
        if (keys.find_buyer_token_key(key->id) != nullptr) {
            return wrong(path, place, "the id '" + key->id + "' is used twice");
        }
        keys.buyer_token_keys.push_back(std::move(*key));
    }
    const toml::table* const ticket = file["ticket"].as_table();
    if (ticket == nullptr) {
        return wrong(path, "ticket", "the table [ticket] is missing");
    }
    auto master = read_secret(path, "ticket", *ticket, "master");
    if (!master.has_value()) {
        return master.error();
    }
    keys.ticket_master = std::move(*master);
    const auto api_keys = tables_of(path, file, "api_key", api_keys_max);
    if (!api_keys.has_value()) {
        return api_keys.error();
    }
    for (const toml::table* table : *api_keys) {
        const std::string place = numbered("api_key", keys.api_keys.size());
        auto key = read_api_key(path, place, *table);
        if (!key.has_value()) {
            return key.error();
        }
        const bool taken = std::any_of(
            keys.api_keys.begin(), keys.api_keys.end(),
            [&](const StoredApiKey& other) { return other.caller.name == key->caller.name; });
        if (taken) {
            return wrong(path, place, "the name is used twice");
        }
        keys.api_keys.push_back(std::move(*key));
    }
    return keys;
}

toml::table buyer_token_key_table(std::string_view id) {
    return toml::table{{"id", id},
                       {"secret", to_base64(Secret::random(new_secret_bytes).reveal())}};
}

Result<> write_all(int file, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t count = write(file, text.data(), text.size());
        if (count < 0) {
            return os_fault(path, "write");
        }
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return fsync(file) == 0 ? Result<>{} : Result<>{os_fault(path, "sync")};
}

std::string spell(const toml::table& table) {
    std::ostringstream out;
    out << "# Keys of a Stampede server: keep this file private. `stampede keys new` adds to it;\n"
           "# a running server reads it again on SIGHUP.\n\n"
        << table << "\n";
    return out.str();
}

/// The key file's directory, locked for whoever is about to change the file in it.
class KeyDirectory {
  public:
    [[nodiscard]] static Result<KeyDirectory> lock(const std::string& path) {
        std::string directory = std::filesystem::path{path}.parent_path().string();
        directory = directory.empty() ? "." : directory;
        Descriptor opened{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (!opened.is_open()) {
            return os_fault(path, "open the directory of");
        }
        while (flock(opened.number(), LOCK_EX) != 0) {
            if (errno != EINTR) {
                return os_fault(path, "lock the directory of");
            }
        }
        return KeyDirectory{path, std::move(opened)};
    }

    /// Refuses to replace a file.
    [[nodiscard]] Result<> create(const toml::table& table) const {
        return put(table, [&](const char* temporary) {
            return link(temporary, path_.c_str()) == 0 ? Result<>{}
                                                       : Result<>{os_fault(path_, "make")};
        });
    }
    [[nodiscard]] Result<> replace(const toml::table& table) const {
        return put(table, [&](const char* temporary) {
            return rename(temporary, path_.c_str()) == 0 ? Result<>{}
                                                         : Result<>{os_fault(path_, "replace")};
        });
    }

  private:
    KeyDirectory(std::string path, Descriptor directory)
        : path_(std::move(path)), directory_(std::move(directory)) {}

    template <class GiveName>
    Result<> put(const toml::table& table, const GiveName& give_name) const {
        const std::string temporary = path_ + ".new";
        unlink(temporary.c_str());  // a death has left it; it may be another name of the key file
        Result<> done = write_private_file(temporary, spell(table));
        if (done.has_value()) {
            done = give_name(temporary.c_str());
        }
        unlink(temporary.c_str());
        if (done.has_value() && fsync(directory_.number()) != 0) {
            done = os_fault(path_, "sync the directory of");
        }
        return done;
    }

    static Result<> write_private_file(const std::string& path, const std::string& text) {
        const Descriptor file{
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
        if (!file.is_open() || fchmod(file.number(), 0600) != 0) {
            return os_fault(path, "make");
        }
        return write_all(file.number(), text, path);
    }

    std::string path_;
    Descriptor directory_;
};

/// Adds one table to the array `name`, judges the whole, and writes it.
Result<> append_to(const std::string& path, std::string_view name, toml::table&& entry) {
    const auto directory = KeyDirectory::lock(path);
    if (!directory.has_value()) {
        return directory.error();
    }
    auto table = read_table(path);
    if (!table.has_value()) {
        return table.error();
    }
    if (!table->contains(name)) {
        table->insert(name, toml::array{});
    }
    toml::array* const array = (*table)[name].as_array();
    if (array == nullptr) {
        return wrong(path, std::string{name}, "write it as [[" + std::string{name} + "]]");
    }
    array->push_back(std::move(entry));
    if (auto judged = keys_of(path, *table); !judged.has_value()) {
        return judged.error();
    }
    return directory->replace(*table);
}

toml::array role_list(Roles roles) {
    toml::array list;
    if (roles == every_role) {
        list.push_back("admin");
        return list;
    }
    for (const auto& [name, role] : role_names) {
        if (roles.any_of(role)) {
            list.push_back(name);
        }
    }
    return list;
}

}  // namespace

const BuyerTokenKey* Keys::find_buyer_token_key(std::string_view id) const {
    const auto key = std::find_if(buyer_token_keys.begin(), buyer_token_keys.end(),
                                  [&](const BuyerTokenKey& each) { return each.id == id; });
    return key == buyer_token_keys.end() ? nullptr : &*key;
}

Result<Keys> load_keys(const std::string& path) {
    const auto table = read_table(path);
    if (!table.has_value()) {
        return table.error();
    }
    return keys_of(path, *table);
}

Result<> create_key_file(const std::string& path) {
    toml::table table;
    table.insert("buyer_token_key", toml::array{buyer_token_key_table("k1")});
    table.insert("ticket",
                 toml::table{{"master", to_base64(Secret::random(new_secret_bytes).reveal())}});
    const auto directory = KeyDirectory::lock(path);
    return directory.has_value() ? directory->create(table) : Result<>{directory.error()};
}

Result<> add_buyer_token_key(const std::string& path, std::string_view id) {
    return append_to(path, "buyer_token_key", buyer_token_key_table(id));
}

Result<Secret> add_api_key(const std::string& path, std::string_view name, Roles roles) {
    Secret key{"sk_" + to_base64url(Secret::random(new_secret_bytes).reveal())};
    toml::table entry{
        {"name", name}, {"sha256", to_hex(sha256(key.reveal()))}, {"roles", role_list(roles)}};
    if (auto added = append_to(path, "api_key", std::move(entry)); !added.has_value()) {
        return added.error();
    }
    return key;
}

Result<> KeyStore::reload() {
    auto keys = load_keys(path_);
    if (!keys.has_value()) {
        return keys.error();
    }
    keys_.store(std::make_shared<const Keys>(std::move(*keys)));
    return {};
}

std::optional<ApiCaller> KeyStoreApiKeys::find(std::string_view key) const {
    const auto keys = store_.current();
    if (keys == nullptr) {
        return std::nullopt;
    }
    const Mac::Digest digest = sha256(key);
    const auto text_of = [](const Mac::Digest& bytes) {
        return std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    };
    std::optional<ApiCaller> caller;
    for (const StoredApiKey& stored : keys->api_keys) {
        if (equal_in_constant_time(text_of(stored.digest), text_of(digest))) {
            caller = stored.caller;
        }
    }
    return caller;
}

}  // namespace stampede::net
