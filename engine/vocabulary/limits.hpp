// SPDX-License-Identifier: Apache-2.0
// Every bound of the engine in one place, related to each other where one rests on another. Over a
// bound the answer is an explicit refusal before any effect. docs/reference/limits.md lists them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stampede::limits {

// Shards and commits -----------------------------------------------------------------------------
inline constexpr std::size_t shard_count = 256;
inline constexpr std::size_t shard_bits = 10;  // room for shards in an order id
inline constexpr std::size_t commit_bytes_max = 256 * 1024;
inline constexpr std::size_t event_bytes_max = 192 * 1024;  // a campaign's whole configuration
inline constexpr std::size_t events_per_decision_max = 8;
inline constexpr std::size_t records_per_event_max = 512;
inline constexpr std::size_t chore_steps_per_turn_max = 4;
inline constexpr std::size_t deadline_records_per_turn_max = 768;   // holds, seats, records
inline constexpr std::size_t deadline_event_bytes_max = 64 * 1024;  // or of one chore

// Campaigns --------------------------------------------------------------------------------------
inline constexpr std::size_t campaigns_per_shard_max = 1024;
inline constexpr std::size_t items_per_campaign_max = 1000;
inline constexpr std::size_t lines_per_order_max = 20;
inline constexpr std::size_t title_bytes_max = 120;
inline constexpr std::size_t slots_per_day_max = 24;
inline constexpr std::size_t slot_windows_max = 4096;   // expanded over the campaign's life
inline constexpr std::size_t audience_list_max = 4096;  // allowlist, and blocklist, in a draft
inline constexpr std::size_t blocklist_max = 8192;      // with what operators add later
inline constexpr std::size_t waiters_per_campaign_max = 10'000;
inline constexpr std::size_t orders_per_campaign_max = 1u << 28;
inline constexpr std::size_t mismatches_per_campaign_max = 1u << 16;
inline constexpr std::size_t unknown_payments_per_shard_max = 1u << 16;
inline constexpr std::size_t payments_per_order_max = 64;
inline constexpr std::size_t refunds_per_order_max = 64;
inline constexpr std::size_t helpers_per_bargain_max = 500;
inline constexpr std::size_t cut_stages_max = 16;
inline constexpr std::size_t bargains_per_campaign_max = 1u << 26;
inline constexpr std::size_t helps_per_campaign_max = 1u << 28;
inline constexpr std::size_t helpers_per_rally_max = 100'000;
inline constexpr std::size_t reward_tiers_max = 10;
inline constexpr std::size_t rallies_per_campaign_max = 1u << 26;
inline constexpr std::size_t group_size_max = 500;  // seats; one event ends them all
inline constexpr std::size_t group_tiers_max = 10;  // steps of a ladder
inline constexpr std::int64_t stock_max = (std::int64_t{1} << 31) - 1;
inline constexpr std::int64_t price_fen_max = 100'000'000'000;  // a thousand million yuan
inline constexpr std::uint64_t campaign_id_max = std::uint64_t{1} << 53;
inline constexpr std::uint64_t buyer_id_max = (std::uint64_t{1} << 63) - 1;

// Requests ---------------------------------------------------------------------------------------
inline constexpr std::size_t buyers_body_bytes_max = 4 * 1024;
inline constexpr std::size_t buyers_header_bytes_max = 8 * 1024;
inline constexpr std::size_t request_target_bytes_max = 1024;
inline constexpr std::size_t mall_body_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t idempotency_key_bytes_max = 64;
inline constexpr std::size_t payments_per_batch_max = 1000;
inline constexpr std::size_t pipelined_requests_max = 128;
inline constexpr std::size_t connections_max = 65536;
inline constexpr std::size_t mall_mailbox_depth = 4096;
inline constexpr std::size_t page_rows_max = 1000;
inline constexpr std::size_t groups_listed_max = 100;            // of a buyers' list
inline constexpr std::size_t members_per_listed_group_max = 10;  // a group itself shows them all
inline constexpr std::size_t own_records_listed_max = 100;       // orders, groups, bargains

// Live door --------------------------------------------------------------------------------------
inline constexpr std::size_t live_connections_max = 65536;
inline constexpr std::size_t live_subjects_per_connection_max = 16;
inline constexpr std::size_t live_subjects_max = 32768;  // different ones, over all connections
inline constexpr std::size_t live_looks_per_second_max = 10;  // at one subject
inline constexpr std::size_t live_looks_per_turn_max = 512;
inline constexpr std::size_t live_sends_per_turn_max = 100;
inline constexpr std::int64_t live_sends_per_subject_second = 5000;  // in the long run
inline constexpr std::size_t live_input_bytes_max = 1024;  // of a watcher between two heartbeats
inline constexpr int live_socket_buffer_bytes = 16 * 1024;

// Settlement -------------------------------------------------------------------------------------
// Past either, new holds are answered BUSY until the mall's database has caught up.
inline constexpr std::uint64_t settlement_backlog_commits_max = 50'000'000;
inline constexpr std::uint64_t settlement_backlog_bytes_max = std::uint64_t{4} << 30;

static_assert(helpers_per_bargain_max <= records_per_event_max,
              "A bargain and its helpers are read within one answer.");
static_assert(deadline_records_per_turn_max >= records_per_event_max,
              "A turn must be able to fire any one deadline.");
static_assert(event_bytes_max + 1024 <= commit_bytes_max,
              "The largest event and its envelope must fit one commit.");
static_assert(shard_count <= (std::size_t{1} << shard_bits),
              "Every shard must be expressible in an order id.");
static_assert(group_size_max <= records_per_event_max, "One event ends a whole group.");
static_assert(pipelined_requests_max >= 64, "The contract promises 64 pipelined requests.");
static_assert(mall_mailbox_depth >= 2 * payments_per_batch_max,
              "A full batch must not fill the mailbox by itself.");

}  // namespace stampede::limits
