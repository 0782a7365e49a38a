// SPDX-License-Identifier: Apache-2.0
// The journal as `stampede journal print` shows it: one JSON object a line. The program is run as a
// child with its output on a pipe; no shell is involved.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstring>

#include "loadtest/gather.hpp"

extern char** environ;

namespace stampede::loadtest {
namespace {

namespace json = boost::json;

// Ids may stand at the top of a line or inside its fields.
void collect(const json::object& object, JournalContents& contents) {
    for (const auto& [name, value] : object) {
        if (name == "order_id" && value.is_string()) {
            contents.orders.emplace(value.get_string());
        } else if (name == "receipt" && value.is_string()) {
            contents.receipts.emplace(value.get_string());
        } else if (value.is_object()) {
            collect(value.get_object(), contents);
        }
    }
}

std::string integer_text(const json::object& object, std::string_view name,
                         std::string_view absent) {
    const json::value* value = object.if_contains(name);
    if (value != nullptr && value->is_int64()) {
        return std::to_string(value->get_int64());
    }
    return std::string{absent};
}

// Splits what arrives into lines; the last one may come without its newline.
class Lines {
  public:
    explicit Lines(JournalContents& contents) : contents_(contents) {}
    void take(std::string_view bytes) {
        rest_.append(bytes);
        std::size_t start = 0;
        for (std::size_t end = rest_.find('\n'); end != std::string::npos;
             end = rest_.find('\n', start)) {
            line({rest_.data() + start, end - start});
            start = end + 1;
        }
        rest_.erase(0, start);
    }
    void finish() {
        if (!rest_.empty()) {
            line(rest_);
        }
    }
    [[nodiscard]] std::size_t odd() const { return odd_; }

  private:
    void line(std::string_view text) {
        if (!text.empty() && !take_journal_line(text, contents_)) {
            ++odd_;
        }
    }
    JournalContents& contents_;
    std::string rest_;
    std::size_t odd_ = 0;
};

struct Child {
    pid_t process = -1;
    int output = -1;
};

Result<Child> start_child(std::vector<std::string> words) {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
        return fault(std::string{"no pipe: "} + std::strerror(errno));
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    Child child;
    const int error = ::posix_spawnp(&child.process, words.front().c_str(), &actions, nullptr,
                                     arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipe_ends[1]);
    if (error != 0) {
        ::close(pipe_ends[0]);
        return fault("cannot run " + words.front() + ": " + std::strerror(error));
    }
    child.output = pipe_ends[0];
    return child;
}

}  // namespace

bool take_journal_line(std::string_view line, JournalContents& contents) {
    boost::system::error_code error;
    const json::value value = json::parse(line, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) {
        return false;
    }
    contents.lines += 1;
    collect(*object, contents);
    // An event's place is its receipt; a single node's epoch is 1.
    if (object->contains("shard") && object->contains("sequence")) {
        contents.receipts.insert(integer_text(*object, "shard", "") + '.' +
                                 integer_text(*object, "epoch", "1") + '.' +
                                 integer_text(*object, "sequence", ""));
    }
    return true;
}

Result<JournalContents> read_journal(const std::string& stampede_binary,
                                     const std::string& data_directory,
                                     const std::string& campaign_id) {
    std::vector<std::string> words{stampede_binary, "journal", "print", "--data-dir",
                                   data_directory};
    if (!campaign_id.empty()) {
        words.insert(words.end(), {"--campaign", campaign_id});
    }
    const Result<Child> child = start_child(std::move(words));
    if (!child.has_value()) {
        return child.error();
    }
    JournalContents contents;
    Lines lines{contents};
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t got = ::read(child->output, buffer.data(), buffer.size());
        if (got > 0) {
            lines.take({buffer.data(), static_cast<std::size_t>(got)});
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    ::close(child->output);
    lines.finish();
    int status = 0;
    ::waitpid(child->process, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fault(stampede_binary + " journal print failed (its words are above)");
    }
    if (lines.odd() > 0) {
        return fault(stampede_binary + " journal print gave " + std::to_string(lines.odd()) +
                     " lines that are no JSON objects");
    }
    return contents;
}

}  // namespace stampede::loadtest
