// SPDX-License-Identifier: Apache-2.0
// From a routed request of the mall's door to the commands that it stands for: one for nearly all,
// up to a thousand for a batch of payments. Pure but for the parser's memory; door's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/command.hpp"
#include "campaigns/field_notes.hpp"
#include "net/http_request.hpp"
#include "net/mall_decoder.hpp"
#include "net/mall_reads.hpp"
#include "net/mall_route.hpp"
#include "net/problem.hpp"
#include "net/roles.hpp"

namespace stampede::net {

/// Who asks and how the server is configured.
struct CommandContext {
    ApiCaller caller;
    campaigns::FourEyes four_eyes = campaigns::FourEyes::off;
    Instant now;  // for the linter's warnings alone
};

struct MallCommands {
    std::vector<campaigns::Command> commands;
    std::vector<campaigns::FieldNote> warnings;  // of a draft
    /// The operator gave no id: the caller fills the command's.
    bool needs_campaign_id = false;
};

/// What the endpoint has to know of the campaign before its body can be judged.
[[nodiscard]] bool needs_current_campaign(MallEndpoint endpoint);

/// `current`: for endpoints that need it. `body` is padded (body_padding_bytes).
[[nodiscard]] Judged<MallCommands> decode_mall_commands(MallDecoder& decoder,
                                                        const MallRoute& route,
                                                        std::string_view body,
                                                        const CommandContext& context,
                                                        const CampaignView* current);

}  // namespace stampede::net
