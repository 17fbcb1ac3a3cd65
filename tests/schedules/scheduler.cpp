// The calls of the hooks: operations on the simulated locks, conditions and clock.
#include "schedules/scheduler.hpp"

#include "schedules/memory.hpp"
#include "schedules/report.hpp"
#include "schedules/threads.hpp"

namespace aio::schedules {

namespace {

// The kernel is one object: an eventfd and the epoll that watches it depend on each other.
constinit int kernel = 0;

Scheduler& scheduler() noexcept { return Scheduler::instance(); }

// Other threads may run; then the caller makes the operation.
void decide(const Operation& operation) {
    Thread& me = *Scheduler::current();
    if (me.initialisers == 0) scheduler().decide(me, operation);
    if (memory::dangling(operation.object)) fail(std::string(operation.name) + " in memory that is not allocated");
}
void make(const Operation& operation) {
    decide(operation);
    scheduler().done(*Scheduler::current(), operation);
}

}  // namespace

const std::vector<Decision>& run_once(void (*body)(), const std::vector<std::uint8_t>& choices) {
    return Scheduler::instance().run(body, choices);
}
RunSize last_run_size() noexcept { return scheduler().size(); }

bool of_a_run() noexcept { return Scheduler::current() != nullptr; }
bool scheduled() noexcept { return of_a_run() && Scheduler::current()->initialisers == 0; }

void before(const Operation& operation) {
    const memory::Outside mine;
    make(operation);
}

// --- locks ---------------------------------------------------------------------------------------------------------

void lock(const void* mutex, const void* code) {
    const memory::Outside mine;
    const Operation operation{"lock", mutex, Access::write, code};
    Thread& me = *Scheduler::current();
    decide(operation);
    if (scheduler().held(mutex)) {
        me.waits = Waits::lock;
        me.object = mutex;
        scheduler().block(me);
        if (memory::dangling(mutex)) fail("lock in memory that is not allocated any more");
    }
    scheduler().hold(mutex);
    scheduler().done(me, operation);
}

bool try_lock(const void* mutex, const void* code) {
    const memory::Outside mine;
    make({"try_lock", mutex, Access::write, code});
    if (scheduler().held(mutex)) return false;
    scheduler().hold(mutex);
    return true;
}

void unlock(const void* mutex, const void* code) {
    const memory::Outside mine;
    make({"unlock", mutex, Access::write, code});
    scheduler().let_go(mutex);
}

// --- conditions ----------------------------------------------------------------------------------------------------

bool wait(const void* condition, const void* mutex, Nanoseconds deadline, const void* code) {
    const memory::Outside mine;
    const Operation operation{"wait", condition, Access::write, code};
    Thread& me = *Scheduler::current();
    make(operation);
    scheduler().let_go(mutex);
    scheduler().done(me, {"unlock", mutex, Access::write, code});
    me.waits = Waits::condition;
    me.object = condition;
    me.mutex = mutex;
    me.deadline = deadline;
    me.notified = me.timed_out = false;
    scheduler().block(me);
    const bool in_time = !me.timed_out;
    if (scheduler().held(mutex)) {  // after a timeout
        me.waits = Waits::lock;
        me.object = mutex;
        scheduler().block(me);
    }
    // The condition may be destroyed once all waiters are notified.
    if (memory::dangling(mutex)) fail("wait with a lock in memory that is not allocated any more");
    scheduler().hold(mutex);
    scheduler().done(me, {in_time ? "woken" : "timed out", condition, Access::write, code});
    scheduler().done(me, {"lock", mutex, Access::write, code});
    return in_time;
}

void notify(const void* condition, bool everybody, const void* code) {
    const memory::Outside mine;
    make({everybody ? "notify_all" : "notify_one", condition, Access::write, code});
    scheduler().notify(condition, everybody);
}

// --- waiting for the rest of the world -----------------------------------------------------------------------------

void yield(const void* code) {
    const memory::Outside mine;
    Thread& me = *Scheduler::current();
    scheduler().done(me, {"yield", &me, Access::read, code});
    me.version = history().writes();
    me.waits = Waits::change;
    scheduler().block(me);
}

void sleep_until(Nanoseconds deadline, const void* code) {
    const memory::Outside mine;
    Thread& me = *Scheduler::current();
    me.waits = Waits::time;
    me.deadline = deadline;
    scheduler().block(me);
    scheduler().done(me, {"sleep", &me, Access::read, code});
}

bool wait_for_events(int epoll, Nanoseconds deadline, const void* code) {
    const memory::Outside mine;
    Thread& me = *Scheduler::current();
    me.waits = Waits::events;
    me.epoll = epoll;
    me.deadline = deadline;
    me.timed_out = false;
    me.version = scheduler().kernel_version() - 1;
    scheduler().block(me);
    scheduler().done(me, {me.timed_out ? "timed out" : "events", &kernel, Access::write, code});
    return !me.timed_out;
}

void kernel_changed() noexcept { scheduler().kernel_changed(); }
Nanoseconds now() noexcept { return scheduler().now(); }
const void* kernel_object() noexcept { return &kernel; }

// --- threads -------------------------------------------------------------------------------------------------------

int create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
    const memory::Outside mine;
    return scheduler().create(Scheduler::current(), handle, attributes, start, argument);
}

void join(pthread_t handle, const void* code) {
    const memory::Outside mine;
    Thread& me = *Scheduler::current();
    Thread* other = scheduler().find(handle);
    if (!other) fail("join of a thread that the run did not start");
    if (!other->ended) {
        me.waits = Waits::join;
        me.other = other;
        scheduler().block(me);
    }
    other->joined = true;
    history().joins(me.id, other->id);
    note_step(me.id, {"join", other, Access::read, code}, other->id);
}

void enter_initialiser() noexcept { ++Scheduler::current()->initialisers; }
void leave_initialiser() noexcept { --Scheduler::current()->initialisers; }

}  // namespace aio::schedules
