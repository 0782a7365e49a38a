// SPDX-License-Identifier: Apache-2.0
#include "net/follower_live_reads.hpp"

#include "net/live_subjects.hpp"
#include "net/sale_shards.hpp"

namespace stampede::net {

CommitNumber FollowerLiveReads::look(std::span<LiveLook> looks) {
    CommitNumber stands_at;
    follower_.read([&](const engine::Replayable& state) {
        // The composition root gave the follower shards and nothing else.
        const auto& shards = static_cast<const Shards&>(state);
        stands_at = shards.last_applied();
        for (LiveLook& look : looks) {
            const Route route{Route::By::scope, look.subject.campaign.raw()};
            const ShardIndex shard = shards.shard_of(route);
            const CommitNumber touched = shards.read(route, [](const auto&) {});
            look.unchanged = look.seen != CommitNumber{} && touched <= look.seen;
            if (!look.unchanged) {
                look.sequence = shards.sequence(shard);
                show(shards.machine(shard).find(look.subject.campaign), look);
            }
        }
    });
    return stands_at;
}

}  // namespace stampede::net
