// Log messages of several parts, for noexcept functions: joined before the call, they could throw for want of memory.
#pragma once

#include <aio/core/log.hpp>

#include <initializer_list>

namespace aio::detail {

// Logs the parts joined, or the first one alone when there is no memory.
void log_parts(LogLevel level, std::initializer_list<std::string_view> parts) noexcept;

}  // namespace aio::detail
