// SPDX-License-Identifier: Apache-2.0
// What the mall's door says beyond answers: ledgers, pages of campaigns, orders and events, the
// state of settlement. Pure; each function appends one whole JSON object.
#pragma once

#include <span>
#include <string_view>

#include "campaigns/answer.hpp"
#include "engine/vocabulary/time.hpp"
#include "net/answer_json.hpp"
#include "net/mall_reads.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

/// {"code":"OK","campaign_id":…,"sequence":…,"items":[…],"server_ms":…}.
void append_ledger(TextBuffer& out, CampaignId campaign, const LedgerView& ledger,
                   Instant server_time);
/// {"code":"OK",…the order's fields…,"server_ms":…}.
void append_mall_order(TextBuffer& out, const campaigns::OrderView& order, Instant server_time);
/// {"code":"OK","orders":[…],"next":…}; no `next` on the last page.
void append_orders_page(TextBuffer& out, const OrdersPage& page, Instant server_time);
/// {"code":"OK","campaigns":[…],"next":…}.
void append_campaigns_page(TextBuffer& out, const CampaignsPage& page, Instant server_time);
/// {"code":"OK","events":[…],"next":…}: `next` always, to go on from.
void append_events_page(TextBuffer& out, const EventsPage& page, Instant server_time);
void append_settlement(TextBuffer& out, const SettlementView& settlement, Instant server_time);
/// {"code":…,"server_ms":…}: a refusal with nothing beside it.
void append_code(TextBuffer& out, campaigns::Code code, Instant server_time);

}  // namespace stampede::net
