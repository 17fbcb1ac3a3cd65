// The window: what another process, or a thread of this one, must know to read the loops and tasks in this memory. `aiocpp ps`,
// `aiocpp pstree` and aio::debug read through it; nothing here runs when they do.
//
// A note in the program (ELF, name "aiocpp") says where `aio_window` is. A note is loaded with the program and needs no symbol:
// it is found in a stripped program, in a static and in a shared library, at any address, and in a core file. `aio_window` has
// the version, the offsets of all members that a reader needs, and the list of the loops. Reader: debug/window_reader.hpp.
//
// The price: one record for each loop, some stores when run_forever() begins and ends, two counters and the longest time without a
// poll written once for each poll, and one more reading of the clock for each poll in which the loop sleeps. Tasks cost nothing: their own links and places are read.
#pragma once

#include "core/loop_state.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace aio::detail {

// What the offsets in Window::offsets are of, in this order. A change of this list, or of the records below, is a change of
// kWindowFormat.
enum class WindowField : std::uint32_t {
    ready_next,             // Ready::next_ready, in a Ready
    ready_kind,             //
    ready_state,            //
    ready_flags,            //
    ready_cancel_requests,  //
    callback_ready,         // the Ready in a Callback
    callback_bytes,         // sizeof(Callback): where the first member of a derived class lies
    future_loop,            // FutureBase
    future_callbacks,       // or the awaiter of a coroutine that is no task
    future_leaf,            //
    object_future,          // the FutureBase in a FutureObject
    task_link,              // the TaskLink in a TaskBase
    task_id,                // or its extras
    task_where,             //
    task_bytes,             // sizeof(TaskBase)
    frame_promise,          // the promise in a coroutine frame
    link_previous,          // TaskLink
    link_next,              //
    extras_id,              // TaskExtras
    extras_name,            //
    waiter_task,            // Waiter
    waiter_future,          // FutureWaiter
    gather_outer,           // GatherBase: the address of its future
    group_parent,           // TaskGroup: the address of the task that runs the block
    group_waiter_group,     // TaskGroup::MembersWaiter: the address of its group
    loop_ready,             // LoopCore: the address of the first ready item
    loop_tasks,             //
    loop_rest_of_pass,      //
    loop_closed,            //
    loop_number,            //
    loop_asleep,            //
    loop_backend,           //
    loop_last_poll,         //
    loop_timers_in_run,     //
    loop_timers_in_heap,    // a std::vector
    timer_bytes,            // of its elements
    current_task,           // Current
    count
};

inline constexpr std::uint32_t kWindowFormat = 2;

// Of one LoopState, from its first loop on: LoopState objects are never freed.
struct WindowLoop {
    LoopState* state = nullptr;
    WindowLoop* next = nullptr;                    // made before this one
    std::atomic<const Current*> current{nullptr};  // of the thread that runs the loop; null: none does
    std::atomic<std::uint64_t> thread{0};          // gettid() of that thread
    std::atomic<std::uint64_t> polls{0};           // since the record was made, like the next
    std::atomic<std::uint64_t> passes{0};

    // Nanoseconds, and moments on the loop's clock.
    static constexpr std::int64_t kNever = INT64_MIN;
    std::atomic<std::int64_t> began{kNever};         // run_forever() did; kNever: it does not run
    std::atomic<std::int64_t> ran{0};                // in earlier calls of it
    std::atomic<std::int64_t> slept{0};              // in polls
    std::atomic<std::int64_t> asleep_since{kNever};  // kNever: it is not
    std::atomic<std::int64_t> second_began{0};       // of the next
    std::atomic<std::int64_t> longest_busy{0};       // between two polls, in this second
    std::atomic<std::int64_t> longest_busy_before{0};

    // On the loop's thread: no other one writes.
    void count(std::uint64_t passes_run) noexcept {
        add(polls, std::uint64_t{1});
        add(passes, passes_run);
    }
    void fall_asleep(TimePoint now) noexcept { set(asleep_since, nanoseconds(now)); }
    // After each poll, `last` being when the one before ended. Result: how long the loop was busy in between, without its sleep.
    Duration polled(TimePoint last, TimePoint now) noexcept {
        const std::int64_t end = nanoseconds(now), since = asleep_since.load(std::memory_order_relaxed);
        if (since != kNever) {
            add(slept, end - since);
            set(asleep_since, kNever);
        }
        const std::int64_t from = std::max(nanoseconds(last), began.load(std::memory_order_relaxed));
        const std::int64_t busy = (since != kNever ? since : end) - from;
        if (end - second_began.load(std::memory_order_relaxed) >= 1'000'000'000) [[unlikely]] {
            const bool just_over = end - second_began.load(std::memory_order_relaxed) < 2'000'000'000;
            set(longest_busy_before, just_over ? longest_busy.load(std::memory_order_relaxed) : 0);
            set(longest_busy, std::int64_t{0});
            set(second_began, end);
        }
        if (busy > longest_busy.load(std::memory_order_relaxed)) set(longest_busy, busy);
        return std::chrono::nanoseconds(busy);
    }
    void begin(TimePoint now) noexcept { set(began, nanoseconds(now)); }
    void end(TimePoint now) noexcept {
        add(ran, nanoseconds(now) - began.load(std::memory_order_relaxed));
        for (auto* each : {&began, &asleep_since}) set(*each, kNever);
    }
    // For a new loop.
    void reset() noexcept {
        for (auto* each : {&polls, &passes}) set(*each, std::uint64_t{0});
        for (auto* each : {&ran, &slept, &second_began, &longest_busy, &longest_busy_before})
            set(*each, std::int64_t{0});
        for (auto* each : {&began, &asleep_since}) set(*each, kNever);
    }

private:
    static std::int64_t nanoseconds(TimePoint when) noexcept { return when.time_since_epoch().count(); }
    template <class T>
    static void set(std::atomic<T>& what, T value) noexcept {
        what.store(value, std::memory_order_relaxed);
    }
    template <class T>
    static void add(std::atomic<T>& what, T value) noexcept {
        set(what, static_cast<T>(what.load(std::memory_order_relaxed) + value));
    }
};

struct Window {
    char magic[16];
    std::uint32_t format;
    std::uint32_t bytes;  // sizeof(Window)
    char version[24];     // AIOCPP_VERSION
    std::uint32_t offset_count;
    std::uint32_t offsets[static_cast<std::size_t>(WindowField::count)];
    std::atomic<WindowLoop*> loops;  // the newest; null: there was no loop yet, and the offsets are not filled in
};

inline constexpr char kWindowMagic[16] = {'a', 'i', 'o', 'c', 'p', 'p',  ' ', 'w',
                                          'i', 'n', 'd', 'o', 'w', '\n', 0,   0};
inline constexpr char kWindowNoteName[] = "aiocpp";
inline constexpr std::uint32_t kWindowNoteType =
    1;  // its contents: the distance from there to aio_window, in 8 bytes

// A record for a state that is made now. Errors: std::bad_alloc.
std::unique_ptr<WindowLoop> make_window_loop();
// From now on readers find it.
void show_in_window(std::unique_ptr<WindowLoop> record, LoopState& state) noexcept;
// Its record.
WindowLoop& window_loop_of(const LoopState& state) noexcept;

// Once, when the first loop runs: AIO_WATCHDOG=50ms starts the watchdog, if it is in this program.
void heed_watchdog_variable() noexcept;
// When a loop in debug mode runs: the same, with its slow_callback_duration, unless AIO_WATCHDOG is "off".
void heed_debug_mode(const LoopState& state) noexcept;
// Of debug/watchdog.cpp, which nothing here may need: null in a program that does not link it. Errors: any.
[[gnu::weak]] void start_watchdog_as_asked(const char* value);
[[gnu::weak]] void start_watchdog_of_debug_mode(Duration threshold);  // no effect once one was started or stopped

}  // namespace aio::detail

extern "C" [[gnu::visibility("hidden")]] constinit aio::detail::Window aio_window;
