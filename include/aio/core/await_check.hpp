// What does nothing until it is awaited, and says so when it is dropped before.
//
// A coroutine knows itself whether it was awaited. Of lock.acquire() and its like, which are a pointer or two, each must have
// a mark for it: that is there in builds without NDEBUG, and tells in debug mode. Classes with a mark are named otherwise for
// the linker (AIO_AWAIT_ONCE), so that such a build may use a library that was built with NDEBUG.
#pragma once

#include <utility>

#ifdef NDEBUG
#define AIO_AWAIT_ONCE
#else
#define AIO_AWAIT_ONCE [[gnu::abi_tag("checked")]]
#endif

namespace aio::detail {

// In debug mode logs "'Lock.acquire()' was never awaited", and where it was dropped.
void report_never_awaited(const char* call) noexcept;

#ifdef NDEBUG
struct AwaitCheck {
    constexpr explicit AwaitCheck(const char*) noexcept {}
    constexpr void awaited() const noexcept {}
};
#else
class AIO_AWAIT_ONCE AwaitCheck {
public:
    explicit AwaitCheck(const char* call) noexcept : call_(call) {}
    // The copy is to be awaited, and the original may.
    AwaitCheck(const AwaitCheck& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    AwaitCheck& operator=(AwaitCheck other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~AwaitCheck() {
        if (call_) [[unlikely]]
            report_never_awaited(call_);
    }
    void awaited() const noexcept { call_ = nullptr; }

private:
    mutable const char* call_;
};
#endif

}  // namespace aio::detail
