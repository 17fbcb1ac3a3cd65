// The longest step of the last seconds. Internal to src.
#pragma once

#include <aio/core/loop_statistics.hpp>

#include <optional>

namespace aio::detail {

class TaskBase;

class StepMeter {
public:
    // A step of `task` has ended, or, if that is null, a callback of that name. Without memory for a name it is not counted.
    void note(TimePoint end, Duration took, const char* callback, TaskBase* task) noexcept;
    // Of the last one to two seconds.
    std::optional<LongestStep> longest(TimePoint now) const;

private:
    void turn(TimePoint now) noexcept;

    TimePoint second_{};  // when the present one began
    std::optional<LongestStep> now_, before_;
};

}  // namespace aio::detail
