// The date of a cookie's Expires, in every form that was ever sent. Source: RFC 6265 section 5.1.1.
#pragma once

#include "http/wire/date.hpp"

#include <optional>
#include <string_view>

namespace aio::http::wire {

// Tokens in any order: the first that looks like a clock is the clock, and so on. Nothing unless all four are there.
std::optional<UnixTime> parse_cookie_date(std::string_view text) noexcept;

}  // namespace aio::http::wire
