// SPDX-License-Identifier: Apache-2.0
// Asio's bodies, compiled once: everything else sees its declarations only
// (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
