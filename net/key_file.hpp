// SPDX-License-Identifier: Apache-2.0
// The key file: every secret of a server, in one TOML file that only its owner can read (mode 0600,
// refused otherwise). API keys are kept as digests, so the file cannot be used to call us.
//
//   [[buyer_token_key]]            up to 8 live at once; a token names the one it was signed with
//   id = "k1"
//   secret = "<base64, 16 bytes at least>"
//   [ticket]
//   master = "<base64, 16 bytes at least>"
//   [[api_key]]
//   name = "mall-backend"
//   sha256 = "<64 hex digits>"
//   roles = ["mall", "viewer"]
//
// Start-up, the reloading thread and the commands `keys new` and `token` read it; what was read is
// never changed, only replaced.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/vocabulary/result.hpp"
#include "net/buyer_token.hpp"
#include "net/mac.hpp"
#include "net/roles.hpp"
#include "net/secret.hpp"

namespace stampede::net {

inline constexpr std::size_t api_keys_max = 64;

struct StoredApiKey {
    ApiCaller caller;
    Mac::Digest digest{};  // SHA-256 of the key's text
};

struct Keys {
    std::vector<BuyerTokenKey> buyer_token_keys;
    Secret ticket_master;
    std::vector<StoredApiKey> api_keys;

    /// Empty when no key of that id is live.
    [[nodiscard]] const BuyerTokenKey* find_buyer_token_key(std::string_view id) const;
};

/// Faults name the file, the place in it and what is wrong: unreadable, readable by others, a typo.
[[nodiscard]] Result<Keys> load_keys(const std::string& path);

/// Under `path` stands the old file or the new one, whatever happens; who changes it at the same
/// time waits. Makes the file, with a ticket master and one buyer token key `k1`; refuses to
/// replace one.
[[nodiscard]] Result<> create_key_file(const std::string& path);
/// Adds a buyer token key; the file is replaced whole, or not at all.
[[nodiscard]] Result<> add_buyer_token_key(const std::string& path, std::string_view id);
/// Adds an API key and returns its text, which is nowhere else and cannot be shown again.
[[nodiscard]] Result<Secret> add_api_key(const std::string& path, std::string_view name,
                                         Roles roles);

/// The keys in use. current() is for any thread; reload() for one at a time.
class KeyStore {
  public:
    explicit KeyStore(std::string path) : path_(std::move(path)) {}

    /// Reads the file again; on a fault the keys in use stay.
    [[nodiscard]] Result<> reload();
    /// Null before the first reload() that succeeded. A thread that prepared anything from it
    /// prepares anew when the pointer differs.
    [[nodiscard]] std::shared_ptr<const Keys> current() const { return keys_.load(); }

  private:
    std::string path_;
    std::atomic<std::shared_ptr<const Keys>> keys_;
};

/// API keys as the mall's door asks for them.
class KeyStoreApiKeys final : public ApiKeys {
  public:
    explicit KeyStoreApiKeys(const KeyStore& store) : store_(store) {}
    [[nodiscard]] std::optional<ApiCaller> find(std::string_view key) const override;

  private:
    const KeyStore& store_;
};

}  // namespace stampede::net
