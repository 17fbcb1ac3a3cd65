// Timeout: the timer that cancels the block's task, and which CancelledError becomes a TimeoutError at its end; then
// the half of wait_for() for deadlines that have already passed. The templates that run the block are in the header.
#include <aio/core/timeout.hpp>

#include <aio/core/wait.hpp>

namespace aio {

Timeout::~Timeout() { cancel_timer(); }

void Timeout::cancel_timer() noexcept {
    timer_.cancel();
    timer_ = Handle();
}

void Timeout::enter() {
    if (state_ != State::created) throw RuntimeError("Timeout: it has already been entered; make another one");
    task_ = current_task();
    if (!task_) throw RuntimeError("Timeout should be used inside a task");
    cancelling_ = task_.cancelling();
    state_ = State::entered;
    if (when_ != TimePoint::max()) reschedule(when_);
}

void Timeout::reschedule(std::optional<When> when) {
    if (state_ != State::entered) {
        throw RuntimeError(state_ == State::created ? "Timeout.reschedule: the Timeout has not been entered"
                                                    : "Timeout.reschedule: the Timeout is expired or finished");
    }
    EventLoop& loop = get_running_loop();
    const TimePoint deadline = when.value_or(TimePoint::max());
    Handle timer;
    if (deadline != TimePoint::max()) {
        auto expire = [this] { on_timeout(); };
        timer = deadline <= loop.time() ? loop.call_soon(expire) : loop.call_at(deadline, expire);
    }
    cancel_timer();
    timer_ = timer;
    when_ = deadline;
}

void Timeout::on_timeout() noexcept {
    task_.cancel();
    state_ = State::expiring;
    timer_ = Handle();
}

void Timeout::exit(std::exception_ptr error) {
    cancel_timer();
    if (state_ == State::expiring) {
        state_ = State::expired;
        // Ours alone: nobody else asked for a cancellation since the block was entered (semantics 28).
        const bool ours = task_.uncancel() <= cancelling_;
        if (ours && error && *error.__cxa_exception_type() == typeid(CancelledError)) throw TimeoutError();
    } else {
        state_ = State::exited;
    }
    task_ = AnyTask();
    if (error) std::rethrow_exception(error);
}

namespace detail {

std::optional<TimePoint> deadline_after(std::optional<Duration> delay) {
    if (!delay || *delay == Duration::max()) return std::nullopt;
    return after(get_running_loop().time(), *delay);
}

Coro<> cancel_and_wait(FutureRef<FutureBase> future) {
    check_loop("wait_for", *future, current.loop);
    Future<> ended;
    DoneSignal* signal = new DoneSignal(ended);
    future->add_callback(*signal);
    future->cancel();
    std::exception_ptr error;
    try {
        co_await ended;
    } catch (...) {
        error = std::current_exception();
    }
    if (future->remove_callback(*signal)) signal->discard();
    if (error) std::rethrow_exception(error);
}

}  // namespace detail

}  // namespace aio
