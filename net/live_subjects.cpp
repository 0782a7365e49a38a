// SPDX-License-Identifier: Apache-2.0
// One function for each kind. None says how many units are left: of a hot sale that number changes
// with every commit, and ten thousand watchers would be told so. Nor who the members and helpers
// are: an event says how far it is, and whoever wants the whole record reads it.
#include "net/live_subjects.hpp"

#include <algorithm>

#include "campaigns/bargains.hpp"
#include "campaigns/group_buy_state.hpp"
#include "net/answer_json.hpp"
#include "net/json_text.hpp"

namespace stampede::net {

namespace {

using campaigns::Campaign;
using campaigns::CampaignState;
using campaigns::Code;

void show_campaign(const Campaign& campaign, LiveLook& look) {
    JsonText json(look.fields);
    json.plain("subject", "campaign");
    json.decimal_text("campaign_id", campaign.id().raw());
    json.plain("state", text(campaign.state()));
    bool sold_out = true;
    for (std::uint16_t item = 0; item < campaign.item_count(); ++item) {
        sold_out = sold_out && campaign.cell(item).available() == Quantity{0};
    }
    json.flag("sold_out", sold_out);
    json.open_array("items");
    for (std::uint16_t item = 0; item < campaign.item_count(); ++item) {
        json.open_object();
        json.plain("item_id", campaign.config().items[item].item_id.view());
        json.flag("sold_out", campaign.cell(item).available() == Quantity{0});
        json.close_object();
    }
    json.close_array();
}

void show_order(const Campaign& campaign, LiveLook& look) {
    const auto index = campaign.book().find_order(OrderId{look.subject.id});
    if (index == campaigns::no_record) {
        look.code = Code::order_unknown;
        return;
    }
    const campaigns::OrderView view = campaign.view(index);
    look.buyer = view.buyer;
    JsonText json(look.fields);
    json.plain("subject", "order");
    append_order_fields(json, view, Door::buyers);
}

/// What the shared card of a mini-program is updated with (动态消息): "3/10 people", and whether
/// the state is final.
struct SharedCard {
    std::uint32_t members = 0;
    std::optional<std::uint32_t> room;
    bool is_over = false;
};
void append_card(JsonText& json, const SharedCard& card) {
    json.number("member_count", card.members);
    if (card.room.has_value()) {
        json.number("room_limit", *card.room);
    }
    json.number("target_state", card.is_over ? 1 : 0);
}

void show_group(const Campaign& campaign, LiveLook& look) {
    using campaigns::GroupState;
    const auto view = campaigns::find_group(campaign, campaigns::GroupId{look.subject.id});
    if (!view.has_value()) {
        look.code = Code::group_unknown;
        return;
    }
    JsonText json(look.fields);
    json.plain("subject", "group");
    json.open_object("group");
    json.plain("group_id", Base36{view->group_id.raw()}.view());
    json.plain("item_id", view->item_id.view());
    json.plain("state", text(view->state));
    if (view->end != campaigns::GroupEnd::none) {
        json.plain("reason", text(view->end));
    }
    json.number("size", view->size);
    json.number("locked", view->locked);
    json.number("paid", view->paid);
    json.number("virtual", view->virtual_seats);
    json.number("deadline_ms", view->deadline.ms());
    json.close_object();
    // Virtual seats are people nowhere, so not on a card either.
    append_card(json,
                {.members = std::uint32_t{view->locked} + view->paid,
                 .room = view->size,
                 .is_over = view->state != GroupState::forming && view->state != GroupState::full});
}

void show_bargain(const Campaign& campaign, LiveLook& look) {
    using campaigns::BargainState;
    const auto index =
        campaign.config().play == campaigns::Play::bargain
            ? campaigns::bargains_of(campaign).book().find(campaigns::BargainId{look.subject.id})
            : campaigns::no_record;
    if (index == campaigns::no_record) {
        look.code = Code::bargain_unknown;
        return;
    }
    const campaigns::BargainView view = campaigns::bargains_of(campaign).view_of(campaign, index);
    const auto helpers = static_cast<std::uint32_t>(
        std::ranges::count(view.cuts, false, &campaigns::CutView::first));
    JsonText json(look.fields);
    json.plain("subject", "bargain");
    json.open_object("bargain");
    json.plain("bargain_id", Base36{view.bargain_id.raw()}.view());
    json.plain("item_id", view.item_id.view());
    json.plain("state", text(view.state));
    json.number("start_price", view.start_price.fen());
    json.number("floor_price", view.floor_price.fen());
    json.number("current_price", view.current_price.fen());
    json.number("helpers", helpers);
    if (view.helpers_needed.has_value()) {
        json.number("helpers_needed", *view.helpers_needed);
    }
    json.number("deadline_ms", view.deadline.ms());
    json.close_object();
    append_card(json, {.members = helpers,
                       .room = view.helpers_needed.has_value()
                                   ? std::optional{helpers + *view.helpers_needed}
                                   : std::nullopt,
                       .is_over = view.state != BargainState::open});
}

}  // namespace

void show(const Campaign* campaign, LiveLook& look) {
    look.code = Code::ok;
    look.fields.clear();
    if (campaign == nullptr || campaign->state() == CampaignState::draft) {
        look.code = Code::campaign_unknown;
        return;
    }
    switch (look.subject.kind) {
        case SubjectKind::campaign:
            show_campaign(*campaign, look);
            return;
        case SubjectKind::order:
            show_order(*campaign, look);
            return;
        case SubjectKind::group:
            show_group(*campaign, look);
            return;
        case SubjectKind::bargain:
            show_bargain(*campaign, look);
            return;
    }
}

}  // namespace stampede::net
