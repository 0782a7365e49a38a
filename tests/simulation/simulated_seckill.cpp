// SPDX-License-Identifier: Apache-2.0
// Flash sales of the simulation: a few units, more buyers, now and then a line of who waits.
#include "tests/simulation/simulated_play.hpp"

namespace stampede::tests {

namespace {

using namespace campaigns;

class SimulatedSeckill final : public SimulatedPlay {
  public:
    using SimulatedPlay::SimulatedPlay;

    void draw_up(CampaignConfig& config, Chance& chance) override {
        config.waitlist = chance.percent(50);
        config.min_pay = config.hold;
    }

    [[nodiscard]] Asked wish(BuyerId /*buyer*/, Chance& chance) const override {
        Asked asked;
        asked.item = any_item(chance);
        asked.sold_out_is_plain = !orders().config().waitlist;
        if (orders().config().waitlist && chance.percent(40)) {
            asked.method = chance.percent(85) ? "POST" : "DELETE";
            asked.act = Asked::Act::own_acts;
            asked.path = "/waitlist";
            asked.body = R"({"item_id":")" +
                         std::string{orders().config().items[asked.item].item_id.view()} + "\"}";
            return asked;
        }
        asked.path = "/orders";
        asked.body = item_body(asked.item, chance.between(1, orders().config().limits.per_buyer));
        return asked;
    }

    void see(const Event& event, const Seen& /*seen*/) override {
        if (const auto* family = std::get_if<WaitlistEvent>(&event)) {
            if (const auto* promoted = std::get_if<WaiterPromoted>(family)) {
                orders().hold({.id = promoted->order,
                               .buyer = promoted->buyer,
                               .pay_by = promoted->pay_by,
                               .lines = {{.item = promoted->item,
                                          .quantity = Quantity{1},
                                          .unit_price = promoted->unit_price}}});
            }
        }
    }

    [[nodiscard]] std::optional<std::string> contradiction(BuyerId /*buyer*/,
                                                           const Asked& /*asked*/, const Told& told,
                                                           Instant /*now*/) const override {
        if (told.code == "WAITLISTED" && told.number("place") < 1) {
            return std::string{"a place in line that is none"};
        }
        return std::nullopt;
    }
};

}  // namespace

std::unique_ptr<SimulatedPlay> simulated_seckill(JournalOrders& orders) {
    return std::make_unique<SimulatedSeckill>(orders);
}

}  // namespace stampede::tests
