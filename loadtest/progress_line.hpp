// SPDX-License-Identifier: Apache-2.0
// What a person sees while a run goes on: one line that rewrites itself on a terminal, an
// occasional plain line in a log. Always stderr, so that stdout holds the report alone.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace stampede::loadtest {

class ProgressLine {
  public:
    explicit ProgressLine(std::string name)
        : name_(std::move(name)),
          terminal_(::isatty(STDERR_FILENO) == 1),
          start_(clock::now()),
          last_(start_) {}
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    ~ProgressLine() { finish(); }

    void show(std::uint64_t answered) {
        const auto now = clock::now();
        const double since = std::chrono::duration<double>(now - last_).count();
        if (since < (terminal_ ? 0.25 : 5.0)) {
            return;
        }
        const double rate = static_cast<double>(answered - last_answered_) / since;
        std::fprintf(stderr, "%s%s: %6.1f s, %llu answers, %.0f/s%s", terminal_ ? "\r\033[K" : "",
                     name_.c_str(), std::chrono::duration<double>(now - start_).count(),
                     static_cast<unsigned long long>(answered), rate, terminal_ ? "" : "\n");
        std::fflush(stderr);
        shown_ = true;
        last_ = now;
        last_answered_ = answered;
    }
    void say(const char* what) {
        finish();
        std::fprintf(stderr, "%s: %s\n", name_.c_str(), what);
    }
    void finish() {
        if (terminal_ && shown_) {
            std::fputs("\r\033[K", stderr);
            shown_ = false;
        }
    }

  private:
    using clock = std::chrono::steady_clock;
    std::string name_;
    bool terminal_;
    bool shown_ = false;
    clock::time_point start_;
    clock::time_point last_;
    std::uint64_t last_answered_ = 0;
};

}  // namespace stampede::loadtest
