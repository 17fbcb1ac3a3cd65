// The parts of a Numeric as integers and bytes.
// Source: PostgreSQL 17, src/backend/utils/adt/numeric.c: numeric_send(), numeric_recv().
#pragma once

#include <aio/pg/codec_functions.hpp>
#include <aio/pg/numeric.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace aio::pg::detail {

inline constexpr std::uint16_t kNumericBase = 10000;
inline constexpr int kMostScale = 16383;         // digits behind the point
inline constexpr int kMostBeforePoint = 131072;  // and before it

// Nothing: it is not an integer, or has more than 64 bits.
std::optional<WideInteger> to_wide_integer(const NumericParts& parts) noexcept;
// Of a finite number: how many digits behind the point it needs.
int needed_scale(const NumericParts& parts) noexcept;

void append_numeric(std::string& output, const NumericParts& parts);

}  // namespace aio::pg::detail
