// SPDX-License-Identifier: Apache-2.0
// What an API key may do at the mall's door. `admin` is every role at once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "campaigns/command.hpp"

namespace stampede::net {

enum class Role : std::uint8_t {
    mall = 1,        // the mall's back end: payments, refunds, events
    viewer = 2,      // reads campaigns, ledgers, orders
    editor = 4,      // writes drafts
    publisher = 8,   // opens, pauses, ends; stock; emergencies
    treasurer = 16,  // late payments; emergencies
};
inline constexpr std::array<std::pair<std::string_view, Role>, 5> role_names{{
    {"mall", Role::mall},
    {"viewer", Role::viewer},
    {"editor", Role::editor},
    {"publisher", Role::publisher},
    {"treasurer", Role::treasurer},
}};

class Roles {
  public:
    constexpr Roles() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): one role is a set of one
    constexpr Roles(Role role) : bits_(static_cast<std::uint8_t>(role)) {}
    /// A role's name, or `admin`.
    [[nodiscard]] static constexpr std::optional<Roles> parse(std::string_view name);
    [[nodiscard]] constexpr bool any_of(Roles wanted) const { return (bits_ & wanted.bits_) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    [[nodiscard]] constexpr Roles with(Roles more) const {
        Roles both;
        both.bits_ = bits_ | more.bits_;
        return both;
    }
    friend constexpr bool operator==(Roles, Roles) = default;

  private:
    std::uint8_t bits_ = 0;
};
[[nodiscard]] constexpr Roles operator|(Roles left, Roles right) {
    return left.with(right);
}
[[nodiscard]] constexpr Roles operator|(Role left, Role right) {
    return Roles{left} | right;
}

inline constexpr Roles every_role =
    Role::mall | Role::viewer | Role::editor | Role::publisher | Role::treasurer;

constexpr std::optional<Roles> Roles::parse(std::string_view name) {
    if (name == "admin") {
        return every_role;
    }
    for (const auto& [text, role] : role_names) {
        if (text == name) {
            return Roles{role};
        }
    }
    return std::nullopt;
}

/// Who calls: the key's name goes into the journal with what he does.
struct ApiCaller {
    campaigns::Actor name;
    Roles roles;
};

/// Knows the API keys. Called from the mall's door thread; keys may be reloaded behind it.
class ApiKeys {
  public:
    ApiKeys() = default;
    ApiKeys(const ApiKeys&) = delete;
    ApiKeys& operator=(const ApiKeys&) = delete;
    virtual ~ApiKeys() = default;
    /// Empty for a key that is not known.
    [[nodiscard]] virtual std::optional<ApiCaller> find(std::string_view key) const = 0;
};

/// --dev: the key `dev` has every role.
class DevApiKeys final : public ApiKeys {
  public:
    [[nodiscard]] std::optional<ApiCaller> find(std::string_view key) const override {
        if (key != "dev") {
            return std::nullopt;
        }
        return ApiCaller{campaigns::Actor{"dev"}, every_role};
    }
};

}  // namespace stampede::net
