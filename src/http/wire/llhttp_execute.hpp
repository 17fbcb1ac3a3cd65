// llhttp_execute(), by the fastest machine that this processor can run. Both come from the same source, compiled with
// and without SSE 4.2 (cmake/layers.cmake).
#pragma once

#include <llhttp.h>

#ifdef AIO_LLHTTP_SSE42
extern "C" int aio_llhttp_sse42_execute(llhttp_t* parser, const char* begin, const char* end);
#endif

namespace aio::http::wire {

inline llhttp_errno_t execute(llhttp_t& parser, const char* begin, const char* end) noexcept {
#ifdef AIO_LLHTTP_SSE42
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2");
    if (has_sse42) [[likely]]
        return static_cast<llhttp_errno_t>(aio_llhttp_sse42_execute(&parser, begin, end));
#endif
    return static_cast<llhttp_errno_t>(llhttp__internal_execute(&parser, begin, end));
}

}  // namespace aio::http::wire
