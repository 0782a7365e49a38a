// SPDX-License-Identifier: Apache-2.0
// A buyer-token key from a file: either one line `<key id>:<secret>`, or the server's own key file
// (TOML with [[buyer_token_key]] id and secret), of which the first key is taken.
#include <fstream>
#include <sstream>

#include "loadtest/buyer_token.hpp"
#include "loadtest/field_reader.hpp"

namespace stampede::loadtest {

Result<BuyerKey> read_buyer_key_file(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream content;
    content << file.rdbuf();
    if (!file) {
        return fault("cannot read the key file " + path);
    }
    const std::string text = content.str();
    try {  // the TOML library reports by exception; this is start-up
        const toml::table table = toml::parse(text, path);
        const toml::node_view key = table["buyer_token_key"][0];
        const auto id = key["id"].value<std::string>();
        const auto secret = key["secret"].value<std::string>();
        if (id && secret) {
            return parse_buyer_key(*id + ':' + *secret);
        }
        return fault("the key file " + path + " has no [[buyer_token_key]] with id and secret");
    } catch (const toml::parse_error&) {
        return parse_buyer_key(text.substr(0, text.find('\n')));
    }
}

}  // namespace stampede::loadtest
