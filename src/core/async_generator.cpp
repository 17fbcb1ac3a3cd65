// The switch from a consumer into its generator and back, the end of aclose(), and EventLoop::shutdown_asyncgens(),
// which closes the generators that are still open. co_yield and next() are in the header; run.cpp calls the shutdown.
#include <aio/core/async_generator.hpp>

#include <aio/core/event_loop.hpp>

#include "core/loop_state.hpp"

namespace aio {

namespace detail {

void GeneratorPromise::resume_for(std::coroutine_handle<> consumer) {
    if (running_) throw RuntimeError("AsyncGenerator: it is already running: another task is inside it");
    if (!started_) {
        LoopState& loop = LoopState::of(*current.task->loop());
        if (loop.generators_shut_down) {
            throw RuntimeError("AsyncGenerator: it cannot start after the loop's shutdown_asyncgens()");
        }
        started_ = true;
        link_before(loop.generators);
    }
    running_ = true;
    continuation_ = &TaskBase::of(consumer);
    current.next = frame();
}

void GeneratorPromise::consumer_resumed() {
    if (!ended()) return;
    if (started_) {
        started_ = false;
        unlink();
    }
    running_ = false;
    if (flags & kThrew) {
        flags &= static_cast<std::uint8_t>(~kThrew);
        std::exception_ptr error = std::exchange(exception_, nullptr);
        std::destroy_at(&exception_);
        std::rethrow_exception(error);
    }
}

void CloseGenerator::Awaiter::await_resume() {
    if (!promise_ || !promise_->started()) return;
    if (!promise_->ended()) throw RuntimeError("AsyncGenerator: it ignored GeneratorExit and yielded again");
    try {
        promise_->consumer_resumed();
    } catch (const GeneratorExit&) {
        // As asked.
    }
}

}  // namespace detail

Coro<> EventLoop::shutdown_asyncgens() {
    state_->generators_shut_down = true;
    while (state_->generators.next != &state_->generators) {
        auto& generator = detail::GeneratorPromise::from_link(*state_->generators.next);
        // Off the list first: a generator that fails or refuses must not be closed twice.
        generator.unlink();
        generator.previous = generator.next = &generator;
        std::exception_ptr error;
        try {
            co_await detail::CloseGenerator{&generator};
        } catch (...) {
            error = std::current_exception();
        }
        if (error) {
            ExceptionContext context;
            context.message = "an error occurred during closing of an asynchronous generator";
            context.exception = error;
            call_exception_handler(context);
        }
    }
}

}  // namespace aio
