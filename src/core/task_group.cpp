// TaskGroup: members, the first failure, and the end of the block.
#include <aio/core/task_group.hpp>

#include <aio/base/assert.hpp>

#include "core/cancellation.hpp"
#include "core/ring.hpp"

#include <memory>
#include <new>
#include <typeinfo>
#include <utility>
#include <vector>

namespace aio {

namespace {

bool is_cancellation(const std::exception_ptr& error) noexcept {
    return error && *error.__cxa_exception_type() == typeid(CancelledError);
}

// A message means that the cancellation was not this group's own. Precondition: a CancelledError.
bool has_message(const std::exception_ptr& cancellation) noexcept {
    AIO_ASSERT(is_cancellation(cancellation));
    try {
        std::rethrow_exception(cancellation);
    } catch (const BaseException& error) {
        return *error.what() != '\0';
    }
}

bool is_base_error(const std::exception_ptr& error) noexcept {
    const std::type_info* type = error.__cxa_exception_type();
    return type && (*type == typeid(KeyboardInterrupt) || *type == typeid(SystemExit));
}

}  // namespace

// One task of the group: its done callback, and its place in the list.
class TaskGroup::Member final : public detail::Callback {
public:
    static void* operator new(std::size_t bytes) { return detail::frame_pool.allocate(bytes); }
    static void operator delete(void* member, std::size_t bytes) noexcept {
        detail::frame_pool.deallocate(member, bytes);
    }
    virtual ~Member() = default;

    void run() override {
        if (!group) {
            delete this;
        } else {
            group->member_done(*this);
        }
    }
    void discard() noexcept override {
        if (group) group->drop(*this);
        delete this;
    }
    const char* name() const noexcept override { return "TaskGroup"; }

    TaskGroup* group = nullptr;
    detail::FutureRef<detail::FutureBase> task;
    Member* previous = nullptr;
    Member* next = nullptr;
};

TaskGroup::~TaskGroup() {
    // Members are left only when the loop closes under the block: their tasks must not find this group.
    while (Member* member = members_) {
        const bool registered = member->task && member->task->remove_callback(*member);
        drop(*member);
        if (registered) delete member;
    }
    while (failed_) delete std::exchange(failed_, failed_->next);
}

const char* TaskGroup::refusal() const noexcept {
    if (!entered_) return "TaskGroup.create_task: the group has not been entered";
    if (exiting_ && !members_) return "TaskGroup.create_task: the group is finished";
    if (aborting_) return "TaskGroup.create_task: the group is shutting down";
    return nullptr;
}

TaskGroup::Member* TaskGroup::reserve() {
    auto* member = new Member;
    member->group = this;
    member->next = members_;
    if (members_) members_->previous = member;
    members_ = member;
    return member;
}

void TaskGroup::unreserve(Member* member) noexcept {
    drop(*member);
    delete member;
}

void TaskGroup::join(Member* member, detail::FutureBase& task) noexcept {
    member->task = detail::FutureRef<detail::FutureBase>::share(&task);
    task.add_callback(*member);
    //     group.create_task(child(group), {.eager_start = true}); and child() calls group.cancel() before it suspends
    if (aborting_) cancel_member(task);
}

void TaskGroup::drop(Member& member) noexcept {
    if (member.previous) {
        member.previous->next = member.next;
    } else {
        members_ = member.next;
    }
    if (member.next) member.next->previous = member.previous;
    member.group = nullptr;
}

void TaskGroup::member_done(Member& done) {
    std::unique_ptr<Member> member(&done);
    drop(done);
    detail::FutureBase& task = *done.task;
    if (!members_ && waiter_) std::exchange(waiter_, nullptr)->members_ended();
    if (task.cancelled()) return;
    std::exception_ptr error = task.exception();
    if (!error) return;
    note_failure(std::move(member), error);
    if (parent_.done()) return;
    if (!aborting_ && !parent_cancel_requested_) {
        // The block may be waiting for something that will never come:
        //     with_task_group: group.create_task(fails()); co_await queue.get();
        // Cancel it once; exit() takes that request back (semantics 24, 25).
        abort();
        parent_cancel_requested_ = true;
        parent_.cancel();
    }
}

// The member carries the error: noting it needs no memory.
void TaskGroup::note_failure(std::unique_ptr<Member> member, const std::exception_ptr& error) noexcept {
    member->next = nullptr;
    (failed_ ? last_failed_->next : failed_) = member.get();
    last_failed_ = member.release();
    if (!base_error_ && is_base_error(error)) base_error_ = error;
}

void TaskGroup::abort() noexcept {
    aborting_ = true;
    const detail::CancelWave wave;
    for (Member* member = members_; member; member = member->next) {
        if (member->task) cancel_member(*member->task);
    }
}

// A member may wait for the parent, which cannot end before it:
//     worker: with_task_group: group.create_task(handle());     handle(): worker.cancel(); co_await worker;
// That ring is broken here; the parent is not cancelled once more.
void TaskGroup::cancel_member(detail::FutureBase& task) noexcept {
    if (!task.done()) detail::cancel_awaited(parent_.base(), task, {});
}

void TaskGroup::list_members(std::vector<detail::FutureBase*>& into) const {
    for (Member* member = members_; member; member = member->next) {
        if (member->task && !member->task->done()) into.push_back(member->task.get());
    }
}

void TaskGroup::break_rings() noexcept {
    try {
        std::vector<detail::FutureBase*> members;
        list_members(members);
        detail::break_rings(*parent_.base(), members);
    } catch (const std::bad_alloc&) {
        // The next request searches again.
    }
}

void TaskGroup::cancel() {
    if (!entered_ || (exiting_ && !members_)) return;
    cancel_called_ = true;
    if (!aborting_) abort();
    if (!exiting_ && !parent_cancel_requested_) {
        parent_cancel_requested_ = true;
        parent_.cancel();
    }
}

void TaskGroup::enter() {
    if (entered_) throw RuntimeError("TaskGroup: it has already been entered; make another one");
    AnyTask task = current_task();
    if (!task) throw RuntimeError("TaskGroup should be used inside a task");
    parent_ = task;
    entered_ = true;
}

bool TaskGroup::MembersWaiter::cancel_wait(std::string_view message) noexcept {
    group_->waiter_ = nullptr;
    wake_cancelled(message);
    return true;
}

void TaskGroup::begin_exit(const std::exception_ptr& error) noexcept {
    exiting_ = true;
    if (error && is_base_error(error) && !base_error_) base_error_ = error;
    if (is_cancellation(error)) cancellation_ = error;
    if (error && !aborting_) abort();
}

// The parent may be cancelled again and again while it waits for the members. Whether it was this group that asked, or
// somebody else too, is known at the end: finish_exit() counts.
void TaskGroup::cancelled_while_waiting(std::exception_ptr cancellation) noexcept {
    if (!cancellation_ || (parent_cancel_requested_ && !has_message(cancellation_)))
        cancellation_ = std::move(cancellation);
    //     task = create_task(with_task_group(...)); task.cancel();
    if (!aborting_) return abort();
    // The members were cancelled before. One may have begun to wait for the parent since then.
    break_rings();
}

void TaskGroup::finish_exit(std::exception_ptr error) {
    if (base_error_) std::rethrow_exception(base_error_);
    if (parent_cancel_requested_ && parent_.uncancel() == 0) cancellation_ = nullptr;
    if (is_cancellation(error)) error = nullptr;
    if (cancellation_ && !failed_ && !error) std::rethrow_exception(cancellation_);
    if (failed_ || error) raise_group(std::move(error));
}

Coro<> TaskGroup::exit(std::exception_ptr error) {
    begin_exit(error);
    while (has_members()) {
        std::exception_ptr cancellation;
        try {
            co_await members_ended();
        } catch (const CancelledError&) {
            cancellation = std::current_exception();
        }
        if (cancellation) cancelled_while_waiting(std::move(cancellation));
    }
    finish_exit(std::move(error));
}

void TaskGroup::raise_group(std::exception_ptr last) {
    // Cancelled from outside as well: keep the count, and let the outer see it at its next await (semantics 25).
    if (parent_.cancelling() > 0) {
        parent_.uncancel();
        parent_.cancel();
    }
    std::vector<std::exception_ptr> errors;
    std::vector<ExceptionGroup::Traceback> tracebacks;
    for (Member* member = failed_; member; member = member->next) {
        errors.push_back(member->task->exception());
        tracebacks.push_back(static_cast<const detail::TaskBase&>(*member->task).traceback());
    }
    if (last) errors.push_back(std::move(last));
    throw ExceptionGroup("unhandled errors in a TaskGroup", std::move(errors), std::move(tracebacks));
}

}  // namespace aio
