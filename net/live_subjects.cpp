// SPDX-License-Identifier: Apache-2.0
// One function for each kind. None says how many units are left: of a hot sale that number changes
// with every commit, and ten thousand watchers would be told so.
#include "net/live_subjects.hpp"

#include <algorithm>

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

}  // namespace

void show(const campaigns::CampaignMachine& machine, LiveLook& look) {
    look.code = Code::ok;
    look.fields.clear();
    const Campaign* campaign = machine.find(look.subject.campaign);
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
    }
}

}  // namespace stampede::net
