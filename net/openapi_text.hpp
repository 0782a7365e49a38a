// SPDX-License-Identifier: Apache-2.0
// docs/reference/openapi.yaml as it was when the server was built; made by net/CMakeLists.txt.
#pragma once

#include <string_view>

namespace stampede::net {

[[nodiscard]] std::string_view openapi_text();

}  // namespace stampede::net
