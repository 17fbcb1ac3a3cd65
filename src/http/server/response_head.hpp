// The head of a response as it is sent.
#pragma once

#include <aio/http/response.hpp>

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

void append_head(std::string& text, const Response& response, const Framing& framing);

}  // namespace aio::http::detail
