// SPDX-License-Identifier: Apache-2.0
// A request that is broken, unauthorised or shed: HTTP 4xx or 5xx with an application/problem+json
// body (RFC 9457). What a buyer may be told in the ordinary course of a sale is a campaigns::Code
// under 200 instead.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stampede::net {

/// One wrong field of a draft, named as in "items[0].price".
struct FieldError {
    std::string field;
    std::string message;
};

struct Problem {
    std::uint16_t status = 400;
    std::string_view code = "MALFORMED";  // a literal; docs/reference/codes.md
    std::string detail;                   // what and where, for a person
    std::vector<FieldError> errors{};
    std::string_view allow{};    // 405: the methods that this path has; a literal
    std::int64_t retry_ms = 0;   // 429 and 503
    std::int64_t server_ms = 0;  // 0: not said
};

// Found by argument-dependent lookup when a Judged's value() is called on a problem; ours never is.
[[noreturn]] inline void throw_exception_from_error(const Problem& problem,
                                                    const boost::source_location& /*where*/) {
    throw std::runtime_error(problem.detail);
}

/// A decoded value, or why the request is refused.
template <class Value = void>
using Judged = boost::system::result<Value, Problem>;

[[nodiscard]] inline Problem malformed(std::string detail) {
    return Problem{400, "MALFORMED", std::move(detail)};
}
[[nodiscard]] inline Problem not_found(std::string detail) {
    return Problem{404, "NOT_FOUND", std::move(detail)};
}
[[nodiscard]] inline Problem method_not_allowed(std::string_view allow) {
    Problem problem{405, "METHOD_NOT_ALLOWED", "this path has " + std::string{allow}};
    problem.allow = allow;
    return problem;
}

}  // namespace stampede::net
