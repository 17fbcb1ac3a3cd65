// Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT". Source: RFC 9110 section 5.6.7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

// Seconds since 1970, UTC.
using UnixTime = std::int64_t;

// Of all that format_date() gives, in bytes.
inline constexpr std::size_t kDateSize = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1;
// What four digits of a year cannot say becomes the nearest that they can.
std::string format_date(UnixTime time);
// All three forms that have been in use: RFC 1123, RFC 850, asctime(). Nothing for anything else. The day of the week need
// not be right. A year of two digits is at most 50 years ahead.
std::optional<UnixTime> parse_date(std::string_view text) noexcept;
// The wall clock, now, made once a second and thread. Valid until the next call on this thread.
std::string_view current_date();
UnixTime unix_time() noexcept;

}  // namespace aio::http::wire
