// The hook that gets every report and warning of the library. By default it writes to stderr.
#pragma once

#include <string_view>

namespace aio {

// How grave a message is: the levels of Python's logging, without critical.
enum class LogLevel { debug, info, warning, error };

// A function that logs one message, which may have several lines. An exception of it is swallowed.
using Logger = void (*)(LogLevel level, std::string_view message);

// Replaces the hook for the whole process and returns the previous one; null restores the default, which
// writes "aiocpp: <message>" lines to stderr. The hook may be called from any thread.
Logger set_logger(Logger logger) noexcept;

namespace detail {
void log(LogLevel level, std::string_view message) noexcept;
}

}  // namespace aio
