// What is dropped though it is open is reported to the loop's exception handler; not when an exception passes by, which
// is trouble enough and explains it.
#pragma once

#include <aio/core/event_loop.hpp>

#include <exception>
#include <new>

namespace aio::http::detail {

// A member of what may be dropped open.
class Unclosed {
public:
    // `describe()` gives the message.
    template <class F>
    void report(const F& describe) const noexcept {
        EventLoop* const loop = running_loop();
        if (!loop || std::uncaught_exceptions() > unwinding_) return;
        try {
            ExceptionContext context;
            context.message = describe();
            loop->call_exception_handler(context);
        } catch (const std::bad_alloc&) {
            // Nothing to say it with.
        }
    }
    template <class F>
    void report_in_debug_mode(const F& describe) const noexcept {
        const EventLoop* const loop = running_loop();
        if (loop && loop->get_debug()) report(describe);
    }

private:
    int unwinding_ = std::uncaught_exceptions();  // exceptions in flight when it was made
};

}  // namespace aio::http::detail
