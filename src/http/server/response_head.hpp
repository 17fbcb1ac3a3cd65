// The head of a response as it is sent.
#pragma once

#include <aio/http/server/response.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::detail {

inline constexpr std::string_view kServerName = "aiocpp/" AIOCPP_VERSION;

struct Framing {
    std::optional<std::uint64_t> size;  // Content-Length
    bool chunked = false;
    bool has_type = true;   // Content-Type is written if the response has one
    int minor_version = 1;  // of the request: what Connection has to say
    bool keep_alive = true;
};

// What goes out: the head, and `body` behind it. Valid until the next call on this thread.
std::string_view head_and_body(const Response& response, const Framing& framing, std::string_view body = {});

}  // namespace aio::http::detail
