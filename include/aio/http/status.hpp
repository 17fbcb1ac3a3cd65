// The names of status codes. Source: IANA's registry of HTTP status codes, 2025; RFC 9110 section 15.
#pragma once

#include <string_view>

namespace aio::http {

// "Not Found" for 404; "" for a code without a name.
std::string_view reason_phrase(int status) noexcept;

// Whether a response with this status has no body, whatever its header says.
constexpr bool has_no_body(int status) noexcept { return status < 200 || status == 204 || status == 304; }

}  // namespace aio::http
