// SPDX-License-Identifier: Apache-2.0
// What a play does that has no rule of its own at a place: nothing, or what seckill does.
#include "campaigns/play_state.hpp"

#include "campaigns/rules.hpp"

namespace stampede::campaigns {

std::optional<RefundReason> PlayState::refuse_payment(const Campaign& /*campaign*/,
                                                      RecordIndex /*order*/,
                                                      const RecordPayment& /*payment*/) const {
    return std::nullopt;
}
Answer PlayState::decide_payment(const Campaign& campaign, RecordIndex order,
                                 const RecordPayment& payment, Late late, const Context& context,
                                 Events& events) const {
    return confirm_order(campaign, order, payment, late, context, events);
}
bool PlayState::can_reacquire(const Campaign& /*campaign*/, RecordIndex /*order*/,
                              const Context& /*context*/) const {
    return true;
}
void PlayState::after_hold_ends(const Campaign& /*campaign*/, RecordIndex /*order*/,
                                const Context& /*context*/, Events& /*events*/) const {}
void PlayState::after_refund(const Campaign& /*campaign*/, RecordIndex /*order*/,
                             const Context& /*context*/, Events& /*events*/) const {}
void PlayState::sweep_record(const Campaign& /*campaign*/, RecordIndex /*order*/,
                             Events& /*events*/) const {}
std::size_t PlayState::records_behind(const Deadline& /*deadline*/) const {
    return 0;
}
std::size_t PlayState::records_behind_hold(const Campaign& /*campaign*/,
                                           RecordIndex /*order*/) const {
    return 0;
}
void PlayState::recall_hold(const Campaign& /*campaign*/, RecordIndex /*order*/,
                            Answer& /*answer*/) const {}
void PlayState::hold_ended(Campaign& /*campaign*/, RecordIndex /*order*/, const Stamp& /*stamp*/) {}
void PlayState::order_confirmed(Campaign& /*campaign*/, RecordIndex /*order*/,
                                const Stamp& /*stamp*/) {}
void PlayState::order_refunded(Campaign& /*campaign*/, RecordIndex /*order*/,
                               const Stamp& /*stamp*/) {}

std::unique_ptr<PlayState> begin_play(const CampaignConfig& config) {
    std::unique_ptr<PlayState> state;
    Plays::for_each([&]<class Each>() {
        if (Each::play == config.play) {
            state = Each::begin(config);
        }
    });
    return state;
}

}  // namespace stampede::campaigns
