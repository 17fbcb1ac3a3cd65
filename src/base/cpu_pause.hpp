// A moment's rest for a thread that looks for what another one is about to write. Internal to src.
#pragma once

namespace aio::detail {

inline void cpu_pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace aio::detail
