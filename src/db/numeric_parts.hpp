// The parts of a Numeric as integers.
// Source: PostgreSQL 17, src/backend/utils/adt/numeric.c: numeric_send(), numeric_recv(), for its limits.
#pragma once

#include <aio/db/numeric.hpp>

#include <cstdint>
#include <optional>

namespace aio::db::detail {

inline constexpr std::uint16_t kNumericBase = 10000;
inline constexpr int kMostScale = 16383;         // digits behind the point
inline constexpr int kMostBeforePoint = 131072;  // and before it

// Nothing: it is not an integer, or has more than 64 bits.
std::optional<WideInteger> to_wide_integer(const NumericParts& parts) noexcept;
// Of a finite number: how many digits behind the point it needs.
int needed_scale(const NumericParts& parts) noexcept;

}  // namespace aio::db::detail
