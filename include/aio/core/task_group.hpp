// TaskGroup: tasks that end before the block that started them ends.
//
//     co_await aio::with_task_group([&](aio::TaskGroup& group) {
//         group.create_task(fetch("a"));
//         group.create_task(fetch("b"));
//     });                                        // both have ended here
//
// A body that awaits is a coroutine: [&](aio::TaskGroup& group) -> aio::Coro<> { ... }.
//
// When a task fails, its siblings and the block are cancelled, all are waited for, and an ExceptionGroup with all
// errors is thrown. A task that is cancelled by itself is no error. Cancelling the task that runs the block cancels all
// tasks of the group. Source: asyncio.TaskGroup, CPython 3.13 taskgroups.py.
#pragma once

#include <aio/base/exception_group.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/timeout.hpp>

#include <exception>
#include <memory>
#include <vector>

namespace aio {

class TaskGroup;

namespace detail {
class LimitedGather;
template <class T, class F>
Coro<T> run_in_group(F body);
}  // namespace detail

// The tasks of a block: asyncio.TaskGroup. with_task_group() makes one.
class TaskGroup {
public:
    TaskGroup() = default;
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Starts a task of this group, from an awaitable or the call of a coroutine function. Result: the Task.
    // Errors: RuntimeError when the group was not entered, is finished, or is being cancelled; the coroutine is then
    // dropped without a report.
    template <class A>
        requires detail::TaskSource<A>
    auto create_task(A&& awaitable, TaskOptions options = {}) {
        auto coro = detail::as_coro(std::forward<A>(awaitable));
        return add(std::move(coro), options);
    }
    template <class F, class First, class... Rest>
        requires(!std::same_as<std::remove_cvref_t<First>, TaskOptions> &&
                 detail::CoroutineFunction<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>)
    auto create_task(F&& function, First&& first, Rest&&... rest) {
        return add(detail::call_in_frame(std::decay_t<F>(std::forward<F>(function)),
                                         std::decay_t<First>(std::forward<First>(first)),
                                         std::decay_t<Rest>(std::forward<Rest>(rest))...),
                   {});
    }

    // Cancels the tasks and the block; the block then ends without an error (3.15). No effect when it ended.
    void cancel();

    // The calls of with_task_group() around the block. enter(): RuntimeError when entered before, or outside a task.
    // exit() waits for all tasks and throws as with_task_group(); `error` is the exception of the block, or null.
    void enter();
    Coro<> exit(std::exception_ptr error);

private:
    class Member;
    friend class Member;
    friend class detail::LimitedGather;
    template <class T, class F>
    friend Coro<T> detail::run_in_group(F body);

    // The end of a group in steps that allocate nothing: whatever happens, its tasks are waited for.
    //     begin_exit(error); while (has_members()) await members_ended(), telling cancelled_while_waiting() of a
    //     CancelledError; finish_exit(error).
    void begin_exit(const std::exception_ptr& error) noexcept;
    bool has_members() const noexcept { return members_ != nullptr; }
    void list_members(std::vector<detail::FutureBase*>& into) const;
    class MembersWaiter final : public detail::Waiter {
    public:
        explicit MembersWaiter(TaskGroup* group) noexcept : group_(group) {}
        ~MembersWaiter() {
            if (group_->waiter_ == this) group_->waiter_ = nullptr;
        }
        bool await_ready() const noexcept { return !group_->has_members(); }
        void await_suspend(std::coroutine_handle<> frame) noexcept {
            suspend(frame);
            group_->waiter_ = this;
        }
        void await_resume() { check_cancelled(); }
        bool cancel_wait(std::string_view message) noexcept override;
        void list_awaited(std::vector<detail::FutureBase*>& into) const override { group_->list_members(into); }
        const char* name() const noexcept override { return "the tasks of a TaskGroup"; }
        void members_ended() noexcept { wake(); }

    private:
        TaskGroup* group_;
    };
    struct MembersEnded {
        using native_awaitable = void;
        TaskGroup* group;
        MembersWaiter operator co_await() const noexcept { return MembersWaiter(group); }
    };
    MembersEnded members_ended() noexcept { return {this}; }
    void cancelled_while_waiting(std::exception_ptr cancellation) noexcept;
    void finish_exit(std::exception_ptr error);

    template <class T>
    Task<T> add(Coro<T> coro, TaskOptions options) {
        if (const char* reason = refusal()) {
            coro.release()->frame().destroy();
            throw RuntimeError(reason);
        }
        Member* member = reserve();
        Task<T> task = start(std::move(coro), options, member);
        join(member, *task.base());
        return task;
    }
    template <class T>
    Task<T> start(Coro<T> coro, TaskOptions options, Member* member) {
        try {
            return aio::create_task(std::move(coro), options);
        } catch (...) {
            unreserve(member);
            throw;
        }
    }

    const char* refusal() const noexcept;
    Member* reserve();
    void unreserve(Member* member) noexcept;
    void join(Member* member, detail::FutureBase& task) noexcept;
    void member_done(Member& member);
    void drop(Member& member) noexcept;
    void abort() noexcept;
    void cancel_member(detail::FutureBase& task) noexcept;
    void break_rings() noexcept;
    void note_failure(std::unique_ptr<Member> member, const std::exception_ptr& error) noexcept;
    [[noreturn]] void raise_group(std::exception_ptr last);

    AnyTask parent_;
    Member* members_ = nullptr;  // a doubly-linked list
    Member* failed_ = nullptr;   // in the order in which they failed
    Member* last_failed_ = nullptr;
    MembersWaiter* waiter_ = nullptr;
    std::exception_ptr base_error_;    // KeyboardInterrupt, SystemExit: wins bare
    std::exception_ptr cancellation_;  // of the parent, to be thrown at the end
    bool entered_ = false, exiting_ = false, aborting_ = false;
    bool parent_cancel_requested_ = false, cancel_called_ = false;
};

namespace detail {

template <class F>
using group_call = decltype(call_body(std::declval<std::remove_reference_t<F>&>(), std::declval<TaskGroup&>()));

template <class F>
struct GroupResult {
    using type = body_result<F, TaskGroup>;
};
template <class F>
    requires std::is_void_v<group_call<F>>
struct GroupResult<F> {
    using type = void;
};

template <class T, class F>
Coro<T> run_in_group(F body) {
    TaskGroup group;
    group.enter();
    std::exception_ptr error;
    ValueSlot<T> result;
    try {
        if constexpr (std::is_void_v<group_call<F>>) {
            call_body(body, group);
        } else if constexpr (std::is_void_v<T>) {
            co_await call_body(body, group);
        } else if constexpr (std::is_reference_v<T>) {
            result.value = &co_await call_body(body, group);
        } else {
            result.value.emplace(co_await call_body(body, group));
        }
    } catch (...) {
        error = std::current_exception();
    }
    const bool failed = error != nullptr;
    group.begin_exit(error);
    while (group.has_members()) {
        std::exception_ptr cancellation;
        try {
            co_await group.members_ended();
        } catch (const CancelledError&) {
            cancellation = std::current_exception();
        }
        if (cancellation) group.cancelled_while_waiting(std::move(cancellation));
    }
    group.finish_exit(std::move(error));
    if constexpr (!std::is_void_v<T>) {
        if (failed) throw RuntimeError("with_task_group: the group was cancelled, and its body has no result");
    }
    co_return result.take();
}

}  // namespace detail

// Runs `body(group)`, a function that returns a Coro, or one that only starts tasks and returns void, and waits for all
// tasks of the group. Result: the body's.
// Errors: ExceptionGroup "unhandled errors in a TaskGroup" with the errors of the tasks in the order in which they
// failed, and that of the body last; CancelledError when there is no error but the awaiting task was cancelled;
// KeyboardInterrupt or SystemExit of a task or the body, alone; RuntimeError when TaskGroup::cancel() ended a body that
// should return a value.
// Cancel: cancels the body and all tasks, and waits for them.
template <class F>
auto with_task_group(F&& body) {
    AIO_CHECK_LAMBDA(F);
    constexpr bool callable = std::invocable<F&, TaskGroup&> || std::invocable<F&>;
    static_assert(callable,
                  "the body of a group is a function: [&](aio::TaskGroup& group) { group.create_task(...); }");
    if constexpr (callable) {
        using Returned = detail::group_call<F>;
        constexpr bool fits = detail::is_coro<Returned> || std::is_void_v<Returned>;
        static_assert(fits, "the body of a group is a coroutine, or returns nothing");
        if constexpr (fits)
            return detail::run_in_group<typename detail::GroupResult<F>::type, F>(std::forward<F>(body));
    }
}

}  // namespace aio
