// SPDX-License-Identifier: Apache-2.0
// What the mall learns from an event: rows of confirmed orders, and events that it must act on. A
// pure function of one durable event: the same journal always gives the same records with the same
// ids, which is what makes "each exactly once" and `stampede reconcile` possible.
//
//   OrderConfirmed     the order's row and its items
//   PaymentRefundDue   REFUND_REQUIRED; `refund_due` when the order counts that payment
//   OrderRefunded      refunded units and amount, `refunded` when wholly; STOCK_DELTA if to_mall
//   StockHandedBack    STOCK_DELTA for each item with units
//   PaymentMismatched  PAYMENT_MISMATCH
//   all others         nothing
#pragma once

#include <span>
#include <vector>

#include "campaigns/event.hpp"
#include "campaigns/event_codec.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/settlement_record.hpp"

namespace stampede::campaigns {

/// Appends the records of one event. `campaign` is the frame's scope; raw 0: outside any.
void append_settlement_records(const Event& event, CampaignId campaign, const EventOrigin& origin,
                               std::vector<SettlementRecord>& records);

/// The same from a frame's payload. False when it is not such an event; nothing is appended then.
[[nodiscard]] bool append_settlement_records(EventNumber number, std::span<const std::byte> payload,
                                             CampaignId campaign, const EventOrigin& origin,
                                             std::vector<SettlementRecord>& records);

}  // namespace stampede::campaigns
