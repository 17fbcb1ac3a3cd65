// Destruction that does not overflow the stack: a frame holds handles of tasks, whose frames hold handles of others.
//
// Dropping the last handle destroys at once, where it is dropped, as C++ does. Only when the stack is deep already
// (kOrdinaryDepth below where the loop runs) is what else is dropped put aside, and destroyed one after the other by
// the drop that came there first. So a line of a million tasks is destroyed with an ordinary stack, and the common case
// pays one comparison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace aio::detail {

class FutureBase;
struct Ready;
struct TaskLink;

[[gnu::always_inline]] inline std::uintptr_t stack_position() noexcept {
    std::uintptr_t position;
#if defined(__x86_64__)
    asm("mov %%rsp, %0" : "=r"(position));
#elif defined(__aarch64__)
    asm("mov %0, sp" : "=r"(position));
#else
    position = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
#endif
    return position;
}

class Destruction {
public:
    static constexpr std::size_t kOrdinaryDepth = 256 * 1024;

    bool deep() const noexcept { return stack_position() < floor_; }
    // Notes where this thread's ordinary stack is: the loop's, when it begins to run.
    void begin_here() noexcept { floor_ = stack_position() - kOrdinaryDepth; }
    // Precondition: deep(). Destroys `dropped`, which nothing refers to any more, now or when those before it are gone.
    void destroy(FutureBase& dropped) noexcept;

private:
    FutureBase* next() noexcept;

    std::uintptr_t floor_ = UINTPTR_MAX;  // not noted yet: the first destroy() does
    bool destroying_ = false;
    // Tasks are linked through their TaskLink, since one that never ended may still be made ready; the others through Ready.
    TaskLink* tasks_ = nullptr;
    TaskLink* last_task_ = nullptr;
    Ready* others_ = nullptr;
    Ready* last_other_ = nullptr;
};

extern constinit thread_local Destruction destruction [[gnu::tls_model("initial-exec")]];

}  // namespace aio::detail
