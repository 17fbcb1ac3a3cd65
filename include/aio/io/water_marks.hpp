// The buffer sizes at which writing pauses and resumes. Internal.
#pragma once

#include <aio/base/error.hpp>

#include <cstddef>
#include <string>

namespace aio::detail {

struct WaterMarks {
    constexpr explicit WaterMarks(std::size_t high_mark) noexcept : high(high_mark), low(high_mark / 4) {}

    // Errors: ValueError when low is above high.
    void set(std::size_t high_mark, std::size_t low_mark) {
        if (low_mark > high_mark) {
            throw ValueError("set_write_buffer_limits: high (" + std::to_string(high_mark) +
                             ") must be at least low (" + std::to_string(low_mark) + ")");
        }
        high = high_mark;
        low = low_mark;
    }
    // Whether writing, which is paused or not, must change that now that `size` bytes wait to be sent.
    bool turn_at(std::size_t size, bool paused) const noexcept { return paused ? size <= low : size > high; }

    std::size_t high, low;
};

}  // namespace aio::detail
