// What json() of requests, responses and WebSocket messages refuses besides text that is no JSON.
#pragma once

#include <aio/base/error.hpp>

#include <cstddef>

namespace aio::http {

// How many arrays and objects may be inside one another in a document that a peer sends. Copying, comparing and writing
// a nlohmann::json recurse once per level, so that a few kilobytes of "[" would overflow the stack. CPython's json stops
// at about as many.
inline constexpr std::size_t kMaxJSONDepth = 1000;

// A document deeper than that. Servers answer 400.
class JSONDepthError : public ValueError {
public:
    using ValueError::ValueError;
};

}  // namespace aio::http
