// The limit of json() of requests, responses and WebSocket messages.
#pragma once

#include <aio/base/error.hpp>

#include <cstddef>

namespace aio::http {

// The greatest depth of arrays and objects in a document from a peer. Copying, comparing and writing a nlohmann::json
// recurse once per level, so that a few kilobytes of "[" would overflow the stack. CPython's
// json has about the same limit.
inline constexpr std::size_t kMaxJSONDepth = 1000;

// A document is deeper than kMaxJSONDepth. Servers answer 400.
class JSONDepthError : public ValueError {
public:
    using ValueError::ValueError;
};

}  // namespace aio::http
