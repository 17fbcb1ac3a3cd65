// The functions of libc by which threads wait for each other, in place of libc's. On a thread that belongs to no run
// there is no other thread: locks have nothing to do there.
#include "schedules/report.hpp"
#include "schedules/scheduler.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

using namespace aio::schedules;

#define AIO_CODE __builtin_return_address(0)

constexpr Nanoseconds kSecond = 1'000'000'000;

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

// The timerfd of the loop that runs on this thread, on the run's clock. The kernel's is set only to ring at once.
thread_local struct Alarm {
    int fd = -1;
    Nanoseconds when = kNever;

    void ring_if_due() {
        if (when == kNever || when > now()) return;
        constexpr itimerspec kAtOnce = {{}, {0, 1}};
        when = kNever;
        if (::syscall(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &kAtOnce, nullptr) != 0)
            fail("set a timer that is closed");
        // The kernel's interrupt comes a moment later.
        pollfd rung = {fd, POLLIN, 0};
        ::poll(&rung, 1, -1);
    }
} alarm_of_loop;

int poll_events(int epoll, epoll_event* events, int most, bool may_sleep, const void* code) {
    before_kernel("epoll_wait", code);
    const auto look = [=] {
        if (of_a_run()) alarm_of_loop.ring_if_due();
        return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, most, 0, nullptr, std::size_t{8}));
    };
    const int found = look();
    if (found != 0 || !may_sleep || !of_a_run()) return found;
    wait_for_events(epoll, alarm_of_loop.when, code);
    return look();
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
    if (fd == alarm_of_loop.fd) alarm_of_loop = {};
    const int result = static_cast<int>(::syscall(SYS_close, fd));
    if (of_a_run()) kernel_changed();
    return result;
}

// A loop waits without a timeout, or not at all.
int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) {
    if (timeout_ms > 0) std::abort();
    return poll_events(epoll, events, most, timeout_ms < 0, AIO_CODE);
}
int timerfd_settime(int fd, int flags, const itimerspec* when, itimerspec* before) noexcept {
    if (!of_a_run()) return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, when, before));
    alarm_of_loop = {fd, nanoseconds(when->it_value)};
    return 0;
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
