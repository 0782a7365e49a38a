// SPDX-License-Identifier: Apache-2.0
// The calendar is the standard library's; here are only the digits.
#include "net/rfc3339.hpp"

#include <chrono>

namespace stampede::net {
namespace {

namespace chrono = std::chrono;

/// Reads fixed-width fields off the front of a text; once wrong, always wrong.
class Fields {
  public:
    explicit Fields(std::string_view text) : rest_(text) {}

    [[nodiscard]] int digits(std::size_t count) {
        int number = 0;
        if (rest_.size() < count) {
            wrong_ = true;
            return 0;
        }
        for (const char digit : rest_.substr(0, count)) {
            wrong_ = wrong_ || digit < '0' || digit > '9';
            number = number * 10 + (digit - '0');
        }
        rest_.remove_prefix(count);
        return wrong_ ? 0 : number;
    }
    void one_of(std::string_view characters) {
        if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) {
            wrong_ = true;
            return;
        }
        rest_.remove_prefix(1);
    }
    [[nodiscard]] bool next_is(char character) const {
        return !rest_.empty() && rest_.front() == character;
    }
    /// Milliseconds of a fraction of any length, its point included; 0 without one.
    [[nodiscard]] int fraction_ms() {
        if (!next_is('.')) {
            return 0;
        }
        rest_.remove_prefix(1);
        int ms = 0;
        std::size_t count = 0;
        while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
            if (count < 3) {
                ms = ms * 10 + (rest_[count] - '0');
            }
            ++count;
        }
        wrong_ = wrong_ || count == 0;
        for (std::size_t missing = count; missing < 3; ++missing) {
            ms *= 10;
        }
        rest_.remove_prefix(count);
        return ms;
    }
    [[nodiscard]] bool well_formed_to_the_end() const { return !wrong_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool wrong_ = false;
};

/// Minutes east of Greenwich; 24 hours when it is no offset.
constexpr int no_offset = 24 * 60;

int read_offset(Fields& fields) {
    if (fields.next_is('Z') || fields.next_is('z')) {
        fields.one_of("Zz");
        return 0;
    }
    const int sign = fields.next_is('-') ? -1 : 1;
    fields.one_of("+-");
    const int hours = fields.digits(2);
    fields.one_of(":");
    const int minutes = fields.digits(2);
    return hours > 23 || minutes > 59 ? no_offset : sign * (hours * 60 + minutes);
}

}  // namespace

std::optional<Instant> parse_rfc3339(std::string_view text) {
    Fields fields(text);
    const int year = fields.digits(4);
    fields.one_of("-");
    const auto month = static_cast<unsigned>(fields.digits(2));
    fields.one_of("-");
    const auto day = static_cast<unsigned>(fields.digits(2));
    fields.one_of("Tt");
    const int hour = fields.digits(2);
    fields.one_of(":");
    const int minute = fields.digits(2);
    fields.one_of(":");
    const int second = fields.digits(2);
    const int ms = fields.fraction_ms();
    const int offset = read_offset(fields);
    const chrono::year_month_day date{chrono::year{year}, chrono::month{month}, chrono::day{day}};
    if (!fields.well_formed_to_the_end() || offset == no_offset || !date.ok() || year < 1970 ||
        hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    const auto moment = chrono::sys_days{date} + chrono::hours{hour} +
                        chrono::minutes{minute - offset} + chrono::seconds{second} +
                        chrono::milliseconds{ms};
    return Instant{moment.time_since_epoch().count()};
}

}  // namespace stampede::net
