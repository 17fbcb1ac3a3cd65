// The error for a duration that is not a number.
#include <aio/core/time.hpp>

#include <aio/base/error.hpp>

namespace aio::detail {

void throw_duration_not_a_number() { throw ValueError("Duration: NaN (not a number) is no delay or timeout"); }

}  // namespace aio::detail
