// How coroutines run: the control block inside every coroutine's promise, and the step of a task.
//
// One block serves both roles of a coroutine, so that scheduling one as a task costs no second allocation:
//   - awaited in place (`co_await f()`), it knows its awaiter (continuation_) and belongs to its task;
//   - scheduled (`create_task(f())`), it is the task: a future with a context, a name, a count of cancels.
//
// Nothing here relies on tail calls: g++ 12 makes none below -O2 or under sanitizers, and a loop of a million
// symmetric transfers would overflow the stack. Instead a coroutine that is awaited starts *on top of* its
// awaiter, in await_ready(): if it ends without suspending, the awaiter never suspends either. Past
// kMaxInlineDepth, and whenever a coroutine that was suspended ends, the next frame to resume goes into
// `current.next` and control returns to the loop in step(), the trampoline:
//
//     step(): resume(leaf) ─▶ f suspends on a future ─▶ back in step(), nothing next: the step is over
//             resume(leaf) ─▶ f ends, next = its awaiter g ─▶ step() resumes g ─▶ ...
#pragma once

#include <aio/base/assert.hpp>
#include <aio/core/context.hpp>
#include <aio/core/future_base.hpp>
#include <aio/core/time.hpp>

#include <bit>
#include <coroutine>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace aio::detail {

class FutureWaiter;
class Waiter;
struct TaskExtras;

inline constexpr unsigned kMaxInlineDepth = 48;
// Of a task: its first step has not suspended. Cancelled before that step, it ends without running its body. (A task is
// never run inline, so that the bit is free.)
inline constexpr std::uint8_t kUnstarted = kInline;

class TaskBase : public FutureBase, public TaskLink {
public:
    TaskBase() noexcept : FutureBase(ForCoroutine{}) {}
    ~TaskBase() {
        if ((flags & (kExtras | kThrew)) || state > State::finished) [[unlikely]]
            dispose();
    }

    // Destroying it leaves the promise alive while something refers to it: promise_memory.hpp.
    std::coroutine_handle<TaskBase> frame() noexcept { return std::coroutine_handle<TaskBase>::from_promise(*this); }
    static TaskBase& of(std::coroutine_handle<> frame) noexcept {
        return std::coroutine_handle<TaskBase>::from_address(frame.address()).promise();
    }

    // --- as a task -------------------------------------------------------------------------------------

    // Turns this suspended coroutine into a task of `loop` with two references, the loop's and the caller's,
    // and schedules its first step.
    void schedule_as_task(LoopCore& loop) noexcept {
        become_task(loop);
        loop.ready.push(this);
    }
    void become_task(LoopCore& loop) noexcept {
        become_task(loop, ++loop.next_task_id);
        if (inherits_context()) [[unlikely]]
            inherit_context();
    }
    // The same for one that inherits no context, with an id taken from the loop before.
    void become_task(LoopCore& loop, std::uint64_t id) noexcept {
        AIO_ASSERT(!(flags & kTask));
        loop_ = &loop;
        new (&callbacks_) CallbackList;
        references = 2;
        kind = Kind::task;  // as it was, like the next two; known to the compiler, the four are one store
        state = State::pending;
        flags = kTask | kUnstarted;
        cancel_requests = 0;
        id_ = id;
        next = nullptr;
    }
    // Whether what becomes a task now may have a context to inherit. Mostly a task without variables creates another.
    static bool inherits_context() noexcept {
        const TaskBase* creator = current.task;
        return !creator || (creator->flags & kExtras) || current.context;
    }

    // Runs the task until its next suspension. Called by the loop only, never for a task that is done. It stays
    // the current task until the loop's next item says otherwise.
    [[gnu::always_inline]] void step() { step_handing_over(false); }
    // The same, for the last item of a pass. If it ends the task, nothing is ready, and one task waits for this one,
    // then that task is the next pass: it is returned instead of going through the ready
    // queue, and this one may be gone.
    [[gnu::always_inline]] TaskBase* step_handing_over(bool last) {
        AIO_ASSERT((flags & kTask) && !done());
        Current& cur = current;
        cur.task = this;
        if ((flags & kMustCancel) && !deliver_cancellation()) return nullptr;
        if (flags & kUnstarted) {
            frame().resume();  // it has no leaf yet
            while (cur.next) std::exchange(cur.next, nullptr).resume();
            if (!(flags & kEnded)) {
                flags &= static_cast<std::uint8_t>(~kUnstarted);
                link();
                if (!(flags & kMustCancel)) return nullptr;
            }
        } else {
            std::coroutine_handle<>::from_address(leaf_).resume();
            while (cur.next) std::exchange(cur.next, nullptr).resume();
            if (!(flags & (kEnded | kMustCancel))) return nullptr;
        }
        if ((flags & (kEnded | kMustCancel | kThrew)) != kEnded) [[unlikely]] {
            after_unusual_step();
            return nullptr;
        }
        unlink();
        TaskBase* const woken = finish_handing_over(last);
        cur.task = nullptr;  // for the destructors of the frame's parameters
        leave_loop();
        return woken;
    }

    // Into the loop's list of tasks, and out of it. TaskLink's, for those that may be in it or not.
    void link() noexcept {
        if (!next) link_before(loop_->tasks);
    }
    void unlink() noexcept {
        if (next) TaskLink::unlink();
    }

    // The loop lets go of one that is done: its frame goes, its result stays for those who have a handle. They may lose
    // it meanwhile, in the destructors of the parameters.
    void leave_loop() noexcept {
        if (references > 1) frame().destroy();
        release();
    }

    // Hides FutureBase's: the same, without asking what it is.
    void release() noexcept {
        AIO_ASSERT(references > 0);
        if (--references > 0) return;
        if (done() && !(flags & kUnretrieved)) [[likely]] {
            destroy_frame();
        } else {
            destroy();
        }
    }
    // Of one that nobody refers to any more, whatever it is.
    void destroy_frame() noexcept {
        if (destruction.deep()) [[unlikely]]
            return destruction.destroy(*this);
        frame().destroy();
    }

    bool cancel_task(std::string_view message) noexcept;
    unsigned cancelling() const noexcept;
    unsigned uncancel() noexcept;
    // Its wait for a task or future, and that one; null when it waits for something else, or not at all.
    FutureWaiter* future_waiter() const noexcept;
    FutureBase* awaited() const noexcept;

    std::string name() const;
    void set_name(std::string_view name);
    std::uint64_t id() const noexcept;
    // Runs in `context` itself instead of a copy of the creator's.
    void set_context(const Context& context);
    // This task's slot; null while it has none.
    ContextSlot* context_slot() noexcept { return (flags & kExtras) ? extras_context() : nullptr; }
    // The same, made if need be, for ContextVar::set. Errors: std::bad_alloc.
    ContextSlot& writable_context();
    Context context() const;

    // What its innermost frame waits on; null while it runs or is ready, and when it has ended.
    Waiter* waiter() const noexcept {
        return (waits_on & kWaits) ? reinterpret_cast<Waiter*>(waits_on - kWaits) : nullptr;
    }
    bool started() const noexcept { return !(flags & kUnstarted) || done(); }
    // The innermost frame that is suspended or running.
    TaskBase* innermost() noexcept {
        if (done()) return nullptr;
        if ((flags & kUnstarted) || (cancel_requests & kReturned)) return this;
        return &of(std::coroutine_handle<>::from_address(leaf_));
    }

    // Destroys the frames of a task that will never be stepped again, innermost first, as unwinding would.
    void abandon() noexcept;

    // --- as a frame ------------------------------------------------------------------------------------

    // Where this frame awaits (or was created, until its first await).
    std::source_location where() const noexcept {
        return std::bit_cast<std::source_location>(
            reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(where_) & ~kNotYetAwaited));
    }
    // `where` is what __builtin_source_location() gives: all there is in a std::source_location, without a class
    // object that would take room in the awaiting frame.
    void set_where(const void* where) noexcept { where_ = where; }
    void set_created(const void* where, const void* created_at) noexcept {
        where_ = static_cast<const char*>(where) + kNotYetAwaited;
        created_at_ = created_at;
    }
    // Where the call of this coroutine returns to. Precondition: it was neither awaited nor scheduled.
    const void* created_at() const noexcept {
        AIO_ASSERT(!(flags & (kTask | kEnded | kThrew)));
        return created_at_;
    }
    // The frame that awaits this one in place; null for a task's root.
    TaskBase* awaiter() const noexcept { return (flags & kTask) ? nullptr : continuation_; }

    // From a promise's unhandled_exception(): keeps the exception and notes the frame in the traceback.
    void store_current_exception() noexcept;
    // Instead of a result: a RuntimeError that says so.
    void ended_without_result() noexcept;
    // The exception of a coroutine awaited in place, moved out. Inline: each frame that the unwinder has to cross on
    // its way from the throw to the awaiting coroutine costs it a tenth of a microsecond, twice.
    [[noreturn, gnu::always_inline]] void rethrow() {
        AIO_ASSERT(flags & kThrew);
        std::rethrow_exception(std::exchange(exception_, nullptr));
    }

    // The frames that the task's exception passed through, innermost first. Line 0: of one that had not awaited yet.
    std::vector<std::source_location> traceback() const;
    // Frames of another task, seen when its exception is rethrown here.
    void extend_traceback(FutureBase& source) noexcept;

    // The message of the CancelledError that this task's await is about to throw.
    std::string take_cancel_message() noexcept;
    void set_cancel_message(std::string_view message) noexcept;
    // What the await that is about to throw throws instead of CancelledError. Null: nothing else.
    void set_wait_error(std::exception_ptr error) noexcept;
    std::exception_ptr take_wait_error() noexcept;

    // Takes `extras`, made before, when nothing may fail any more.
    void adopt_extras(TaskExtras* extras) noexcept;

    // The coroutine whose await suspended this task, resumed by the next step.
    void set_leaf(std::coroutine_handle<> frame) noexcept { leaf_ = frame.address(); }
    // Until it is made ready again.
    void set_waiter(Waiter& waiter) noexcept { waits_on = reinterpret_cast<std::uintptr_t>(&waiter) + kWaits; }
    // It is stepped at once, without having been made ready.
    void forget_waiter() noexcept { next_ready = nullptr; }

protected:
    friend class CoroOwner;
    friend class Cancellation;
    // The request takes effect at its next step, or when it suspends next. A CancelledError
    // on its way keeps its message.
    void must_cancel(std::string_view message) noexcept {
        flags |= kMustCancel;
        if (!(flags & kCancelDelivered)) set_cancel_message(message);
    }
    void count_cancel() noexcept;
    TaskBase* finish_handing_over(bool last) noexcept;  // finish(), as step_handing_over() has it
    ContextSlot* extras_context() noexcept;
    void inherit_context() noexcept;
    TaskExtras& extras();     // allocates them at the first use
    void dispose() noexcept;  // of the extras and the exception

    bool deliver_cancellation() noexcept;
    void after_unusual_step();  // it ended with an exception or cancelled, or goes on although it was cancelled

    union {
        std::uint64_t id_;    // "Task-<id>"
        TaskExtras* extras_;  // with kExtras: what few tasks have; the id is in there
    };
    static constexpr std::uintptr_t kNotYetAwaited = 1;  // added to the address of the place
    const void* where_;
    static constexpr std::uintptr_t kWaits = 1;  // in waits_on, beside the address: it is no Ready's
    static_assert(sizeof(std::source_location) == sizeof(where_));
};

// Asks `first`, which `origin` (if any) waits for, to end: as origin's cancel() does, without counting it there. False
// when nothing of what is waited for took the request. Should `first` wait for `origin` in turn, that ring is broken:
// an await in it throws RuntimeError, which names its tasks.
bool cancel_awaited(TaskBase* origin, FutureBase& first, std::string_view message) noexcept;

// Links the tasks of `loop` that are not in its list yet: those that have not begun, and the one that runs.
void link_all(LoopCore& loop) noexcept;

}  // namespace aio::detail
