// SPDX-License-Identifier: Apache-2.0
// Drafts come in three ways: new, as a whole new version of a campaign, or as a clone of one.
#include "net/mall_commands.hpp"

#include <utility>

#include "net/draft_decoder.hpp"
#include "net/mac.hpp"

namespace stampede::net {

namespace {

using campaigns::CampaignState;
using campaigns::Command;

MallCommands one(Command command) {
    MallCommands commands;
    commands.commands.push_back(std::move(command));
    return commands;
}

/// One command that `make` builds from what was decoded, or why it was not.
template <class Decoded, class Make>
Judged<MallCommands> one_of(Judged<Decoded> decoded, Make make) {
    if (decoded.has_error()) {
        return decoded.error();
    }
    return one(make(*decoded));
}

Judged<MallCommands> create(std::string_view body, const CommandContext& context) {
    auto draft = decode_draft(body, DraftUse::create);
    if (draft.has_error()) {
        return draft.error();
    }
    auto verdict = judge_draft(*draft, context.now);
    if (verdict.config == nullptr) {
        return draft_problem(verdict.errors);
    }
    auto commands = one(campaigns::DraftCampaign{draft->id.value_or(CampaignId{}),
                                                 std::move(verdict.config), context.caller.name});
    commands.needs_campaign_id = !draft->id.has_value();
    commands.warnings = std::move(verdict.warnings);
    return commands;
}

Judged<MallCommands> clone(MallDecoder& decoder, std::string_view body,
                           const CommandContext& context, const CampaignView& source) {
    const auto id = decoder.clone(body);
    if (id.has_error()) {
        return id.error();
    }
    auto commands = one(
        campaigns::DraftCampaign{id->value_or(CampaignId{}), source.config, context.caller.name});
    commands.needs_campaign_id = !id->has_value();
    commands.warnings = campaigns::lint(*source.config);
    return commands;
}

Judged<MallCommands> revise(CampaignId campaign, std::string_view body,
                            const CommandContext& context, const CampaignView& current) {
    const auto draft = decode_draft(body, DraftUse::revise);
    if (draft.has_error()) {
        return draft.error();
    }
    const bool running =
        current.state == CampaignState::live || current.state == CampaignState::paused;
    auto verdict =
        running ? judge_live_draft(*draft, *current.config) : judge_draft(*draft, context.now);
    if (verdict.config == nullptr) {
        return draft_problem(verdict.errors);
    }
    auto commands = one(campaigns::ReviseCampaign{campaign, draft->version,
                                                  std::move(verdict.config), context.caller.name});
    commands.warnings = std::move(verdict.warnings);
    return commands;
}

Judged<MallCommands> batch(MallDecoder& decoder, std::string_view body) {
    const auto payments = decoder.payments(body);
    if (payments.has_error()) {
        return payments.error();
    }
    MallCommands commands;
    commands.commands.assign(payments->begin(), payments->end());
    return commands;
}

/// For the seed of a campaign's draws, where publishing one needs it.
campaigns::SeedBytes fresh_seed() {
    campaigns::SeedBytes seed{};
    const Secret random = Secret::random(seed.size());
    const std::string_view bytes = random.reveal();
    for (std::size_t at = 0; at < seed.size(); ++at) {
        seed[at] = static_cast<std::uint8_t>(bytes[at]);
    }
    return seed;
}

}  // namespace

bool needs_current_campaign(MallEndpoint endpoint) {
    return endpoint == MallEndpoint::revise_campaign || endpoint == MallEndpoint::clone_campaign;
}

Judged<MallCommands> decode_mall_commands(MallDecoder& decoder, const MallRoute& route,
                                          std::string_view body, const CommandContext& context,
                                          const CampaignView* current) {
    const auto actor = context.caller.name;
    check(!needs_current_campaign(route.endpoint) || current != nullptr,
          "the caller reads the campaign first");
    switch (route.endpoint) {
        case MallEndpoint::create_campaign:
            return create(body, context);
        case MallEndpoint::clone_campaign:
            return clone(decoder, body, context, *current);
        case MallEndpoint::revise_campaign:
            return revise(route.campaign, body, context, *current);
        case MallEndpoint::change_campaign:
            if (const auto nothing = decoder.nothing(body); nothing.has_error()) {
                return nothing.error();
            }
            return one(campaigns::ChangeCampaign{route.campaign, route.verb, actor,
                                                 context.four_eyes, fresh_seed()});
        case MallEndpoint::adjust_stock:
            return one_of(decoder.stock(body), [&](campaigns::AdjustStock stock) {
                stock.campaign = route.campaign;
                stock.actor = actor;
                return stock;
            });
        case MallEndpoint::block_buyers:
            return one_of(decoder.buyers(body), [&](std::vector<BuyerId>& buyers) {
                return campaigns::BlockBuyers{route.campaign, std::move(buyers), actor};
            });
        case MallEndpoint::fail_group:
            if (const auto nothing = decoder.nothing(body); nothing.has_error()) {
                return nothing.error();
            }
            return one(campaigns::FailGroup{route.campaign, route.group, actor});
        case MallEndpoint::cancel_bargain:
            if (const auto nothing = decoder.nothing(body); nothing.has_error()) {
                return nothing.error();
            }
            return one(campaigns::CancelBargain{route.campaign, route.bargain, actor});
        case MallEndpoint::release_order:
            if (const auto nothing = decoder.nothing(body); nothing.has_error()) {
                return nothing.error();
            }
            return one(campaigns::ReleaseOrder{route.order, actor});
        case MallEndpoint::resolve_order:
            return one_of(decoder.decision(body), [&](campaigns::Decision decision) {
                return campaigns::ResolveOrder{route.order, decision, actor};
            });
        case MallEndpoint::record_payment:
            return one_of(decoder.payment(body), [](auto& payment) { return payment; });
        case MallEndpoint::record_payments:
            return batch(decoder, body);
        case MallEndpoint::record_refund:
            return one_of(decoder.refund(body), [](auto& refund) { return refund; });
        case MallEndpoint::thaw_clock:
        case MallEndpoint::list_campaigns:
        case MallEndpoint::read_campaign:
        case MallEndpoint::read_ledger:
        case MallEndpoint::list_orders:
        case MallEndpoint::read_order:
        case MallEndpoint::list_events:
        case MallEndpoint::read_settlement:
        case MallEndpoint::read_metrics:
        case MallEndpoint::read_health:
        case MallEndpoint::read_readiness:
        case MallEndpoint::read_openapi:
            break;
    }
    unreachable("an endpoint that is no command");
}

}  // namespace stampede::net
