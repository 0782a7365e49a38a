// SPDX-License-Identifier: Apache-2.0
// Who follows what, and who has not been told the newest of it. A topic is a subject that somebody
// follows: it is looked at no oftener than a stated rate, however many follow it; what is seen is
// written once, and all its watchers are sent those same bytes. A watch holds which version it was
// told last and nothing else, so a watcher who is late gets the newest state and never a backlog.
//
// No sockets and no clock: time comes in. Owned by the quiet doors' thread.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/vocabulary/time.hpp"
#include "net/live_reads.hpp"
#include "net/steady_time.hpp"

namespace stampede::net {

class LiveTopic;
class LiveWatcher;

/// One event as it goes out, shared by all who are sent it.
struct LiveFrame {
    std::string chunk;  // as a chunk of HTTP: its length, the line, the line ends
    std::size_t line_at = 0;
    std::size_t line_bytes = 0;
    /// The JSON object alone.
    [[nodiscard]] std::string_view line() const {
        return std::string_view{chunk}.substr(line_at, line_bytes);
    }
    [[nodiscard]] static std::shared_ptr<const LiveFrame> of(std::string_view line);
};

using UnlinksItself = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
template <class Tag>
using ListHook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>, UnlinksItself>;

/// One watcher's interest in one topic. Stays where it is while it is joined.
struct LiveWatch : ListHook<struct ByTelling> {
    LiveWatcher* watcher = nullptr;
    LiveTopic* topic = nullptr;
    std::uint64_t told = 0;     // the version that it was sent last; 0 for none
    std::uint64_t offered = 0;  // the version that it had its turn for, sent or not
};

class LiveTopic : public ListHook<struct ByLook>, public ListHook<struct ByNews> {
  public:
    explicit LiveTopic(const LiveSubject& subject) : subject_(subject) {}

    [[nodiscard]] const LiveSubject& subject() const { return subject_; }
    /// OK, or that there is no such subject.
    [[nodiscard]] campaigns::Code code() const { return code_; }
    [[nodiscard]] BuyerId buyer() const { return buyer_; }
    /// The commit of the state that was looked at last; 0 before the first look.
    [[nodiscard]] CommitNumber seen() const { return seen_; }
    /// Counts the changes that were seen; 0 before the first look.
    [[nodiscard]] std::uint64_t version() const { return version_; }
    [[nodiscard]] const std::shared_ptr<const LiveFrame>& frame() const { return frame_; }

  private:
    friend class LiveBoard;
    using Watches =
        boost::intrusive::list<LiveWatch, boost::intrusive::base_hook<ListHook<struct ByTelling>>,
                               boost::intrusive::constant_time_size<false>>;

    const LiveSubject subject_;
    campaigns::Code code_ = campaigns::Code::ok;
    BuyerId buyer_;
    CommitNumber seen_;
    SteadyTime look_at_{};  // not before
    SteadyTime tell_at_{};  // not before
    std::uint64_t version_ = 0;
    std::uint64_t round_ = 0;  // all are to be offered this version, or a newer one
    std::string fields_;       // of the newest frame
    std::shared_ptr<const LiveFrame> frame_;
    Watches watches_;  // those whose turn was longest ago first
    std::size_t watch_count_ = 0;
};

class LiveBoard {
  public:
    /// `look_every`: a topic is not looked at again before.
    explicit LiveBoard(Duration look_every);

    [[nodiscard]] std::size_t topic_count() const { return topics_.size(); }

    /// `watch` follows `subject` until leave(), which must come before either ends. Whoever joins
    /// is shown by his own first turn what there is; tell() is about what comes.
    void join(LiveWatch& watch, const LiveSubject& subject);
    void leave(LiveWatch& watch);

    /// Looks at topics that have not been looked at for longest, at most `budget` of them, as far
    /// as their time has come and the state has moved. `wall` is written into what is new. Returns
    /// how many new versions there are.
    std::size_t look(LiveReads& reads, SteadyTime now, Instant wall, std::size_t budget);

    /// Gives up to `budget` watches their turn, those of one topic and of another by turns:
    /// `offer(watch)` sends if its watcher can take something; it may leave. A topic that has been
    /// told to all who follow it rests, the longer the more they are.
    template <class Offer>
    void tell(SteadyTime now, std::size_t budget, Offer&& offer) {
        const LiveTopic* first_resting = nullptr;
        while (budget > 0 && !with_news_.empty() && &with_news_.front() != first_resting) {
            LiveTopic& topic = with_news_.front();
            with_news_.splice(with_news_.end(), with_news_, with_news_.begin());
            if (topic.tell_at_ > now) {
                first_resting = first_resting == nullptr ? &topic : first_resting;
                continue;
            }
            if (topic.watches_.empty() || topic.watches_.front().offered >= topic.round_) {
                end_round(topic, now);
                first_resting = nullptr;
                continue;
            }
            LiveWatch& watch = topic.watches_.front();
            watch.offered = topic.version_;
            topic.watches_.splice(topic.watches_.end(), topic.watches_, topic.watches_.begin());
            --budget;
            first_resting = nullptr;
            if (watch.told != topic.version_) {
                offer(watch);
            }
        }
    }
    [[nodiscard]] bool has_news() const { return !with_news_.empty(); }

  private:
    static constexpr std::size_t looks_at_once = 64;
    using ByLookList =
        boost::intrusive::list<LiveTopic, boost::intrusive::base_hook<ListHook<struct ByLook>>,
                               boost::intrusive::constant_time_size<false>>;
    using ByNewsList =
        boost::intrusive::list<LiveTopic, boost::intrusive::base_hook<ListHook<struct ByNews>>,
                               boost::intrusive::constant_time_size<false>>;
    struct Hash {
        std::size_t operator()(const LiveSubject& subject) const { return hash_value(subject); }
    };

    [[nodiscard]] bool take_in(LiveTopic& topic, const LiveLook& look, Instant wall);
    void end_round(LiveTopic& topic, SteadyTime now);

    const Duration look_every_;
    boost::unordered_flat_map<LiveSubject, std::unique_ptr<LiveTopic>, Hash> topics_;
    ByLookList by_look_;  // those looked at longest ago first
    ByNewsList with_news_;
    std::vector<LiveLook> looks_;  // kept for its memory
    TextBuffer line_;
};

/// The line for a subject that does not exist, or no longer.
[[nodiscard]] std::shared_ptr<const LiveFrame> refusal_frame(campaigns::Code code, Instant wall);

}  // namespace stampede::net
