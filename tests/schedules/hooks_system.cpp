// The functions of libc by which threads wait for each other, in place of libc's. On a thread that belongs to no run
// there is no other thread: locks have nothing to do there.
#include "schedules/report.hpp"
#include "schedules/scheduler.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

using namespace aio::schedules;

#define AIO_CODE __builtin_return_address(0)

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kMillisecond = 1'000'000;

Nanoseconds nanoseconds(const timespec& time) noexcept {
    if (time.tv_sec > kNever / kSecond - 1) return kNever - 1;  // finite, however far
    return time.tv_sec * kSecond + time.tv_nsec;
}
Nanoseconds after(Nanoseconds delay) noexcept { return delay > kNever - 1 - now() ? kNever - 1 : now() + delay; }

template <class F>
F* real(const char* name) noexcept {
    return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

// The kernel's object, before a system call that another thread may notice.
void before_kernel(const char* name, const void* code) {
    if (scheduled()) before({name, kernel_object(), Access::write, code});
}

int wait_until(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* deadline, const void* code) {
    if (!of_a_run()) std::abort();
    return wait(condition, mutex, deadline ? nanoseconds(*deadline) : kNever, code) ? 0 : ETIMEDOUT;
}

int poll_events(int epoll, epoll_event* events, int most, Nanoseconds delay, const void* code) {
    before_kernel("epoll_wait", code);
    const auto look = [=] {
        return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, most, 0, nullptr, std::size_t{8}));
    };
    const int found = look();
    if (found != 0 || delay == 0 || !of_a_run()) return found;
    const Nanoseconds deadline = delay < 0 ? kNever : after(delay);
    return wait_for_events(epoll, deadline, code) ? look() : 0;
}

}  // namespace

extern "C" {

// One processor: no thread looks for what another one is about to write, instead of sleeping.
int get_nprocs() noexcept { return 1; }

// --- locks and conditions ----------------------------------------------------------------------------------------

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    if (of_a_run()) lock(mutex, AIO_CODE);
    return 0;
}
int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
    return !of_a_run() || try_lock(mutex, AIO_CODE) ? 0 : EBUSY;
}
int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    if (of_a_run()) unlock(mutex, AIO_CODE);
    return 0;
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return wait_until(condition, mutex, nullptr, AIO_CODE);
}
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* deadline) {
    return wait_until(condition, mutex, deadline, AIO_CODE);
}
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t, const timespec* deadline) {
    return wait_until(condition, mutex, deadline, AIO_CODE);
}
int pthread_cond_signal(pthread_cond_t* condition) noexcept {
    if (of_a_run()) notify(condition, false, AIO_CODE);
    return 0;
}
int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
    if (of_a_run()) notify(condition, true, AIO_CODE);
    return 0;
}

// --- threads -----------------------------------------------------------------------------------------------------

int pthread_create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
    if (!of_a_run()) std::abort();
    return create(handle, attributes, start, argument);
}
int pthread_join(pthread_t handle, void** result) {
    static const auto really_join = real<int(pthread_t, void**)>("pthread_join");
    if (of_a_run()) join(handle, AIO_CODE);
    return really_join(handle, result);
}
// A name costs three system calls, and is not shown anywhere here.
int pthread_setname_np(pthread_t, const char*) noexcept { return 0; }

int sched_yield() noexcept {
    if (of_a_run()) yield(AIO_CODE);
    return 0;
}

// --- the kernel --------------------------------------------------------------------------------------------------

ssize_t write(int fd, const void* data, size_t bytes) {
    before_kernel("write", AIO_CODE);
    const ssize_t written = ::syscall(SYS_write, fd, data, bytes);
    if (of_a_run()) {
        if (written < 0 && errno == EBADF) fail("write to a descriptor that is closed");
        kernel_changed();
    }
    return written;
}

int close(int fd) {
    before_kernel("close", AIO_CODE);
    const int result = static_cast<int>(::syscall(SYS_close, fd));
    if (of_a_run()) kernel_changed();
    return result;
}

int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) {
    return poll_events(epoll, events, most, timeout_ms < 0 ? -1 : timeout_ms * kMillisecond, AIO_CODE);
}
int epoll_pwait2(int epoll, epoll_event* events, int most, const timespec* timeout, const sigset_t*) {
    return poll_events(epoll, events, most, timeout ? nanoseconds(*timeout) : -1, AIO_CODE);
}

// --- time --------------------------------------------------------------------------------------------------------

int clock_gettime(clockid_t clock, timespec* time) noexcept {
    if (!of_a_run()) return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
    *time = {now() / kSecond, now() % kSecond};
    return 0;
}
int nanosleep(const timespec* time, timespec*) {
    if (!of_a_run()) std::abort();
    sleep_until(after(nanoseconds(*time)), AIO_CODE);
    return 0;
}
int clock_nanosleep(clockid_t, int flags, const timespec* time, timespec*) {
    if (!of_a_run()) std::abort();
    sleep_until(flags & TIMER_ABSTIME ? nanoseconds(*time) : after(nanoseconds(*time)), AIO_CODE);
    return 0;
}

}  // extern "C"

// --- static initialisers -----------------------------------------------------------------------------------------

namespace __cxxabiv1 {

extern "C" {

int __cxa_guard_acquire(__guard* guard) {
    static int (*acquire)(__guard*) = nullptr;
    if (!acquire) acquire = real<int(__guard*)>("__cxa_guard_acquire");
    const int mine = acquire(guard);
    if (mine && of_a_run()) enter_initialiser();
    return mine;
}
void __cxa_guard_release(__guard* guard) noexcept {
    static void (*release)(__guard*) = nullptr;
    if (!release) release = real<void(__guard*)>("__cxa_guard_release");
    release(guard);
    if (of_a_run()) leave_initialiser();
}
void __cxa_guard_abort(__guard* guard) noexcept {
    static void (*give_up)(__guard*) = nullptr;
    if (!give_up) give_up = real<void(__guard*)>("__cxa_guard_abort");
    give_up(guard);
    if (of_a_run()) leave_initialiser();
}

}  // extern "C"

}  // namespace __cxxabiv1
