// SPDX-License-Identifier: Apache-2.0
#include "campaigns/campaign.hpp"

#include <algorithm>

#include "campaigns/record_fields.hpp"

namespace stampede::campaigns {

std::size_t orders_expected(const CampaignConfig& config) {
    std::int64_t stock = 0;
    for (const ItemConfig& item : config.items) {
        stock += item.stock.units();
    }
    // Twice the stock: holds lapse and are taken again. Tables grow past it, in small steps.
    constexpr std::int64_t most = 16 * 1024 * 1024;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(2 * stock, 64, most));
}

Campaign::Campaign(CampaignId id, std::shared_ptr<const CampaignConfig> config, const Actor& editor)
    : id_(id), book_(orders_expected(*config)) {
    header_.editor = editor;
    set_config(std::move(config));
    reset_cells();
    play_ = begin_play(*config_);
    own_signature_.put_in(header_digest());
}

void Campaign::set_config(std::shared_ptr<const CampaignConfig> config) {
    config_ = std::move(config);
    const std::vector<std::byte> bytes = encode(*config_);
    config_digest_ = record_digest(0x434f, bytes);
}

void Campaign::reset_cells() {
    for (std::uint16_t item = 0; item < cells_.size(); ++item) {
        own_signature_.take_out(cell_digest(item));
    }
    cells_.clear();
    for (const ItemConfig& item : config_->items) {
        cells_.emplace_back(item.stock, item.reserve);
    }
    for (std::uint16_t item = 0; item < cells_.size(); ++item) {
        own_signature_.put_in(cell_digest(item));
    }
}

bool Campaign::has_not_begun() const {
    return header_.state == CampaignState::draft || header_.state == CampaignState::scheduled ||
           header_.state == CampaignState::warming;
}

bool Campaign::is_before_start(Instant at) const {
    return has_not_begun() || (header_.state == CampaignState::paused && at < config_->starts_at);
}

std::uint64_t Campaign::cell_digest(std::uint16_t item) const {
    return digest_of(0x4345, item, cells_[item].parts());
}

std::uint64_t Campaign::header_digest() const {
    std::array<std::byte, 256> bytes;
    ByteWriter out(bytes);
    out.put(id_);
    out.put(header_.state);
    out.put(header_.version);
    out.put(header_.editor);
    out.put(header_.ended_at);
    out.put(header_.ending_since);
    out.put(header_.killed);
    out.put(header_.sweep_next);
    out.put(header_.handback_next);
    out.put(config_digest_);
    out.put(record_digest(0x424c, std::as_bytes(std::span{blocked_})));
    return record_digest(0x4845, out.written());
}

Signature Campaign::signature() const {
    Signature sum = own_signature_;
    sum.put_in(book_.signature().raw());
    sum.put_in(waitlist_.signature().raw());
    if (play_ != nullptr) {
        sum.put_in(play_->signature().raw());
    }
    const std::uint64_t words[] = {id_.raw(), sum.raw()};
    return Signature{record_digest(0x4341, std::as_bytes(std::span{words}))};
}

std::optional<Instant> Campaign::ended_at() const {
    return header_.ended_at.ms() == 0 ? std::nullopt : std::optional{header_.ended_at};
}

bool Campaign::is_blocked(BuyerId buyer) const {
    return std::ranges::binary_search(config_->audience.blocklist, buyer) ||
           std::ranges::binary_search(blocked_, buyer);
}

Phase Campaign::phase(Instant now) const {
    if (header_.killed && header_.state != CampaignState::archived) {
        return Phase::killed;
    }
    switch (header_.state) {
        case CampaignState::draft:
        case CampaignState::archived:
            return Phase::unknown;
        case CampaignState::killed:
        case CampaignState::ended:
        case CampaignState::settled:
            return Phase::ended;
        case CampaignState::scheduled:
        case CampaignState::warming:
        case CampaignState::live:
        case CampaignState::paused:
        case CampaignState::ending:
            break;
    }
    if (header_.state == CampaignState::ending || now >= config_->ends_at) {
        return Phase::ending;
    }
    if (header_.state == CampaignState::paused) {
        return Phase::paused;
    }
    return now < config_->starts_at ? Phase::not_started : Phase::open;
}

std::optional<std::uint32_t> Campaign::slot_at(Instant at) const {
    const auto& windows = config_->windows;
    if (windows.empty()) {
        return 0;
    }
    const auto after = std::ranges::upper_bound(windows, at, {}, &SlotWindow::from);
    if (after == windows.begin() || at >= std::prev(after)->to) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(std::prev(after) - windows.begin());
}

std::uint32_t Campaign::slot_of_hold(Instant at) const {
    const auto after = std::ranges::upper_bound(config_->windows, at, {}, &SlotWindow::from);
    return after == config_->windows.begin()
               ? 0
               : static_cast<std::uint32_t>(std::prev(after) - config_->windows.begin());
}

std::uint32_t Campaign::slot_on_show(Instant at) const {
    const auto& windows = config_->windows;
    const auto next = std::ranges::upper_bound(windows, at, {}, &SlotWindow::from);
    const bool is_open = next != windows.begin() && at < std::prev(next)->to;
    const bool none_follows = next == windows.end() && next != windows.begin();
    const auto shown = is_open || none_follows ? std::prev(next) : next;
    return static_cast<std::uint32_t>(shown - windows.begin());
}

Quantity Campaign::in_reach(std::uint16_t item, std::uint32_t slot) const {
    const StockCell& cell = cells_[item];
    const Quantity slot_stock = config_->items[item].slot_stock;
    if (slot_stock == Quantity{0}) {
        return cell.available();
    }
    // What earlier slots left unsold is in this one's reach: so much until the end of the slot.
    const Quantity until_now{slot_stock.units() * (std::int64_t{slot} + 1)};
    const Quantity taken = cell.held() + cell.sold();
    return taken >= until_now ? Quantity{0} : std::min(cell.available(), until_now - taken);
}

Quantity Campaign::free_units(std::uint16_t item, std::uint32_t slot) const {
    const Quantity reach = in_reach(item, slot);
    if (waitlist_.empty()) {
        return reach;
    }
    const Quantity waiting{static_cast<std::int64_t>(waitlist_.waiting(item))};
    return reach > waiting ? reach - waiting : Quantity{0};
}

std::optional<Instant> Campaign::next_opening(Instant now) const {
    const auto& windows = config_->windows;
    if (windows.empty()) {
        return now < config_->starts_at ? std::optional{config_->starts_at} : std::nullopt;
    }
    const auto next = std::ranges::upper_bound(windows, now, {}, &SlotWindow::from);
    return next == windows.end() ? std::nullopt : std::optional{next->from};
}

bool Campaign::has_mass_work() const {
    const bool is_killed = header_.state == CampaignState::killed;
    if (play_ != nullptr && (is_killed || header_.state == CampaignState::ending) &&
        play_->has_chore(*this)) {
        return true;
    }
    const bool gives_back = config_->stock_source == StockSource::carved_out;
    if (is_killed) {
        return header_.sweep_next < book_.order_count() ||
               (gives_back && header_.handback_next < cells_.size());
    }
    return header_.state == CampaignState::ending && book_.open_holds() == 0 &&
           (play_ == nullptr || !play_->has_open_records());
}

void Campaign::commit_seed(const SeedBytes& seed) {
    check(!seed_, "a campaign's seed is chosen once");
    seed_.emplace(seed);
    own_signature_.put_in(record_digest(0x5345, std::as_bytes(std::span{seed})));
}

bool Campaign::seed_is_public() const {
    if (header_.ended_at.ms() == 0 || play_ == nullptr) {
        return false;
    }
    // A kill ends nothing at once: until its sweep has come by, records look open.
    return header_.killed || !play_->has_open_records();
}

OrderState Campaign::judged_state(RecordIndex index) const {
    const OrderRecord& order = book_.order(index);
    if (header_.killed && order.state == OrderState::held) {
        return OrderState::cancelled;
    }
    if (header_.killed && order.state == OrderState::paid) {
        // Where nothing was paid, nothing goes back.
        return order.amount > Money{0} ? OrderState::refund_due : OrderState::cancelled;
    }
    return order.state;
}

OrderView Campaign::view(RecordIndex index) const {
    const OrderRecord& order = book_.order(index);
    OrderView view;
    view.order_id = order.id;
    view.campaign = id_;
    view.buyer = order.buyer;
    view.state = judged_state(index);
    view.play = config_->play;
    if (order.owner != no_record) {
        view.record_id = play_->record_id(order.owner);
    }
    if (order.counted_payment != no_record) {
        const PaymentRecord& payment = book_.payment(order.counted_payment);
        const bool goes_back = payment.status == PaymentStatus::refund_due ||
                               payment.status == PaymentStatus::refunded;
        if (goes_back) {
            view.refund_reason = payment.reason;
        }
    }
    view.waits_for_operator = order.waits_for_operator;
    view.amount = order.amount;
    view.refunded_amount = order.refunded_amount;
    view.created_at = order.created_at;
    view.pay_by = order.pay_by;
    view.receipt = order.receipt;
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        const LineRecord& line = book_.line(order, at);
        view.lines.push_back({.item_id = config_->items[line.item].item_id,
                              .quantity = Quantity{line.quantity},
                              .unit_price = line.unit_price,
                              .refunded = Quantity{line.refunded}});
    }
    return view;
}

void Campaign::arm_lifecycle(Effects& effects) const {
    const auto arm = [&](Instant at) {
        effects.arm(Deadline{.at = at,
                             .scope = id_.raw(),
                             .subject = 0,
                             .kind = static_cast<std::uint8_t>(DeadlineKind::lifecycle)},
                    Duration::milliseconds(0), Grace::none);
    };
    arm(config_->starts_at - config_->warmup);
    arm(config_->starts_at);
    arm(config_->ends_at);
    if (config_->waitlist) {
        // What came back between two slots, and what the next one brings, is for those in line.
        for (const SlotWindow& window : config_->windows) {
            arm(window.from);
        }
    }
}

void Campaign::ask_for_mass_work(Effects& effects) const {
    if (has_mass_work() || !waitlist_.empty()) {
        effects.needs_chores(id_.raw());
    }
}

void Campaign::rearm(Effects& effects) const {
    switch (header_.state) {
        case CampaignState::scheduled:
        case CampaignState::warming:
        case CampaignState::live:
        case CampaignState::paused:
            arm_lifecycle(effects);
            break;
        case CampaignState::draft:
        case CampaignState::ending:
        case CampaignState::ended:
        case CampaignState::settled:
        case CampaignState::archived:
        case CampaignState::killed:
            break;
    }
    // A play's records before the holds that are clipped to their ends, as they were armed first.
    if (play_ != nullptr) {
        play_->rearm(*this, effects);
    }
    for (RecordIndex at = 0; at < book_.order_count() && book_.open_holds() > 0; ++at) {
        const OrderRecord& order = book_.order(at);
        if (order.state == OrderState::held) {
            effects.arm(Deadline{.at = order.pay_by,
                                 .scope = id_.raw(),
                                 .subject = order.id.raw(),
                                 .kind = static_cast<std::uint8_t>(DeadlineKind::hold)},
                        config_->hold, Grace::after_restart);
        }
    }
    ask_for_mass_work(effects);
}

}  // namespace stampede::campaigns
