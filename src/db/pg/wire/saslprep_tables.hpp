// Stringprep's tables, of Unicode 3.2: sorted ranges.
#pragma once

#include <cstdint>
#include <span>

namespace aio::pg::wire {

struct CodePoints {
    std::uint32_t first, last;
};

extern const std::span<const CodePoints> kProhibitedCodePoints;   // C.1.2, C.2.1, C.2.2, C.3 to C.9
extern const std::span<const CodePoints> kUnassignedCodePoints;   // A.1
extern const std::span<const CodePoints> kRightToLeftCodePoints;  // D.1: R and AL
extern const std::span<const CodePoints> kLeftToRightCodePoints;  // D.2: L

}  // namespace aio::pg::wire
