// AIO_ASSERT(condition): an invariant of the library. If the condition is false, its text and place are printed on stderr and
// the process is aborted. Nothing else depends on the check, so release builds omit it.
//
// On in the presets dev, asan and tsan, and wherever CMake's option AIOCPP_ASSERTIONS is ON; users of such a build see the
// same definition, through the CMake package and pkg-config. Off, the condition is compiled and never evaluated.
//
// It is no way to report a user's mistake: that is an exception.
#pragma once

#include <source_location>

namespace aio::detail {

[[noreturn]] void assertion_failed(const char* condition,
                                   const std::source_location& where = std::source_location::current()) noexcept;

#ifdef AIOCPP_ASSERTIONS
inline constexpr bool kAssertions = true;
#else
inline constexpr bool kAssertions = false;
#endif

}  // namespace aio::detail

#ifdef AIOCPP_ASSERTIONS
#define AIO_ASSERT(condition) \
    (static_cast<bool>(condition) ? static_cast<void>(0) : ::aio::detail::assertion_failed(#condition))
#else
#define AIO_ASSERT(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#endif
