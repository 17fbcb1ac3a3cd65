// C++ types for those of MySQL's values that have no counterpart in the standard library.
#pragma once

#include <aio/db/bytes.hpp>
#include <aio/db/numeric.hpp>

#include <compare>
#include <cstdint>
#include <string>

namespace aio::mysql {

using db::Bytes;
using db::Numeric;

// A DATE, DATETIME or TIMESTAMP with all that MySQL allows: "0000-00-00" and days like 2024-02-00 have no counterpart in
// std::chrono. A default one is the zero date.
struct DateTime {
    std::uint16_t year = 0;
    std::uint8_t month = 0, day = 0;
    std::uint8_t hour = 0, minute = 0, second = 0;
    std::uint32_t microsecond = 0;

    // Whether it is MySQL's zero date, "0000-00-00 00:00:00".
    bool is_zero() const noexcept { return *this == DateTime(); }
    // "2024-02-29 12:30:00"; with the microseconds if there are any.
    std::string to_string() const;
    friend auto operator<=>(const DateTime&, const DateTime&) = default;
};

}  // namespace aio::mysql
