// SPDX-License-Identifier: Apache-2.0
// Result carries either a value or a Fault: the world failed (a disk, a file, a peer, a damaged
// byte). What a buyer hears is a campaigns::Code; what we broke ourselves is a check().
#pragma once

#include <boost/system/result.hpp>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace stampede {

struct Fault {
    /// One sentence for a person: what failed, where, and what to do about it.
    std::string message;
};

// Found by argument-dependent lookup when Result::value() is called on a fault; ours never is.
[[noreturn]] inline void throw_exception_from_error(const Fault& fault,
                                                    const boost::source_location& /*where*/) {
    throw std::runtime_error(fault.message);
}

template <class Value = void>
using Result = boost::system::result<Value, Fault>;

[[nodiscard]] inline Fault fault(std::string message) {
    return Fault{std::move(message)};
}

}  // namespace stampede
