// SPDX-License-Identifier: Apache-2.0
#include "net/live_board.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/vocabulary/check.hpp"
#include "net/json_text.hpp"

namespace stampede::net {

using campaigns::Code;

std::shared_ptr<const LiveFrame> LiveFrame::of(std::string_view line) {
    std::array<char, 20> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), line.size() + 1, 16).ptr;
    auto frame = std::make_shared<LiveFrame>();
    frame->chunk.reserve(line.size() + 16);
    frame->chunk.append(digits.data(), end).append("\r\n");
    frame->line_at = frame->chunk.size();
    frame->line_bytes = line.size();
    frame->chunk.append(line).append("\n\r\n");
    return frame;
}

std::shared_ptr<const LiveFrame> refusal_frame(Code code, Instant wall) {
    TextBuffer line(128);
    JsonText json(line);
    json.open_object();
    json.plain("code", text(code));
    json.number("server_ms", wall.ms());
    json.finish();
    return LiveFrame::of(line.view());
}

LiveBoard::LiveBoard(Duration look_every) : look_every_(look_every), looks_(looks_at_once) {}

void LiveBoard::join(LiveWatch& watch, const LiveSubject& subject) {
    check(watch.topic == nullptr, "a watch follows one topic");
    auto& topic = topics_[subject];
    if (topic == nullptr) {
        topic = std::make_unique<LiveTopic>(subject);
        by_look_.push_front(*topic);
    }
    watch.topic = topic.get();
    watch.told = 0;
    watch.offered = 0;
    ++topic->watch_count_;
    topic->watches_.push_front(watch);
}

void LiveBoard::leave(LiveWatch& watch) {
    LiveTopic* const topic = std::exchange(watch.topic, nullptr);
    check(topic != nullptr, "a watch that follows nothing left");
    watch.unlink();
    if (--topic->watch_count_ == 0) {
        const LiveSubject subject = topic->subject_;
        topics_.erase(subject);  // its hooks leave the lists by themselves
    }
}

std::size_t LiveBoard::look(LiveReads& reads, SteadyTime now, Instant wall, std::size_t budget) {
    std::size_t news = 0;
    const CommitNumber applied = reads.applied();
    while (budget > 0) {
        // The list's front was looked at longest ago and has seen the least: behind the first that
        // need not be looked at stands none that must.
        std::size_t count = 0;
        for (auto topic = by_look_.begin();
             topic != by_look_.end() && count < std::min(budget, looks_at_once); ++topic) {
            if (topic->look_at_ > now || (topic->version_ != 0 && topic->seen_ >= applied)) {
                break;
            }
            looks_[count].subject = topic->subject_;
            looks_[count].seen = topic->seen_;
            ++count;
        }
        if (count == 0) {
            break;
        }
        budget -= count;
        const CommitNumber seen = reads.look(std::span{looks_}.first(count));
        for (std::size_t at = 0; at < count; ++at) {
            LiveTopic& topic = by_look_.front();
            topic.seen_ = seen;
            topic.look_at_ = now + look_every_;
            by_look_.splice(by_look_.end(), by_look_, by_look_.begin());
            news += take_in(topic, looks_[at], wall) ? 1U : 0U;
        }
    }
    return news;
}

/// True when what was seen is new.
bool LiveBoard::take_in(LiveTopic& topic, const LiveLook& look, Instant wall) {
    const bool is_alike =
        look.unchanged || (look.code == topic.code_ && look.fields.view() == topic.fields_);
    if (topic.version_ != 0 && is_alike) {
        return false;
    }
    topic.code_ = look.code;
    topic.buyer_ = look.buyer;
    topic.fields_ = look.fields.view();
    if (look.code == Code::ok) {
        line_.clear();
        JsonText json(line_);
        json.open_object();
        json.plain("code", text(Code::ok));
        line_.append(look.fields.view());
        json.number("sequence", look.sequence.raw());
        json.number("server_ms", wall.ms());
        json.finish();
        topic.frame_ = LiveFrame::of(line_.view());
    } else {
        topic.frame_ = refusal_frame(look.code, wall);
    }
    ++topic.version_;
    if (!topic.ListHook<struct ByNews>::is_linked()) {
        topic.round_ = topic.version_;
        with_news_.push_back(topic);
    }
    return true;
}

/// Everybody has had his turn; since it began there may be a newer version.
void LiveBoard::end_round(LiveTopic& topic, SteadyTime now) {
    const auto watchers = static_cast<std::int64_t>(topic.watch_count_);
    topic.tell_at_ =
        now + Duration::milliseconds(watchers * 1000 / limits::live_sends_per_subject_second);
    if (topic.round_ == topic.version_) {
        topic.ListHook<struct ByNews>::unlink();
    } else {
        topic.round_ = topic.version_;
    }
}

}  // namespace stampede::net
