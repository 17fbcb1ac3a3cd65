// The one way the library speaks: a hook that gets every report and warning. By default it writes to stderr.
#pragma once

#include <string_view>

namespace aio {

enum class LogLevel { debug, info, warning, error };

using Logger = void (*)(LogLevel level, std::string_view message);

// Replaces the hook for the whole process and returns the previous one; null restores the default, which
// writes "aiocpp: <message>" lines to stderr. The hook may be called from any thread.
Logger set_logger(Logger logger) noexcept;

namespace detail {
void log(LogLevel level, std::string_view message) noexcept;
}

}  // namespace aio
