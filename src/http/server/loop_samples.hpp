// The numbers of all loops of the process, and of what belongs to them.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/measured.hpp>

namespace aio::http::detail {

// Asks each loop that runs. Errors: std::bad_alloc.
Coro<aio::detail::MetricSamples> measure_all_loops();

}  // namespace aio::http::detail
