// What the window shows: the note, and the offsets of the members, which are filled in before the first loop is shown.
#include "core/window.hpp"

#include <aio/core/gather.hpp>
#include <aio/core/log.hpp>
#include <aio/core/task_group.hpp>

#include "core/private_offset.hpp"
#include "core/task_extras.hpp"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>

// The linker keeps notes that are loaded, and `strip` too. Distance: the same wherever the program lies.
asm(R"(
    .pushsection .note.aiocpp, "a", %note
    .balign 4
    .long 7, 8, 1
    .asciz "aiocpp"
    .balign 4
0:  .quad aio_window - 0b
    .popsection
)");

extern "C" {
constinit aio::detail::Window aio_window{
    {'a', 'i', 'o', 'c', 'p', 'p', ' ', 'w', 'i', 'n', 'd', 'o', 'w', '\n', 0, 0},
    aio::detail::kWindowFormat,
    sizeof(aio::detail::Window),
    AIOCPP_VERSION,
    static_cast<std::uint32_t>(aio::detail::WindowField::count),
    {},
    {nullptr}};
}

namespace aio::detail {

AIO_PRIVATE_OFFSET(FutureLoop, &FutureBase::loop_);
AIO_PRIVATE_OFFSET(FutureCallbacks, &FutureBase::callbacks_);
AIO_PRIVATE_OFFSET(FutureLeaf, &FutureBase::leaf_);
AIO_PRIVATE_OFFSET(TaskId, &TaskBase::id_);
AIO_PRIVATE_OFFSET(TaskWhere, &TaskBase::where_);
AIO_PRIVATE_OFFSET(WaiterTask, &Waiter::task_);
AIO_PRIVATE_OFFSET(WaiterFuture, &FutureWaiter::future_);
AIO_PRIVATE_OFFSET(GatherChildrenOffset, &GatherBase::children_);
AIO_PRIVATE_OFFSET(GroupParent, &TaskGroup::parent_);
AIO_PRIVATE_OFFSET(GroupWaiterGroup, &TaskGroup::MembersWaiter::group_);
AIO_PRIVATE_OFFSET(WakeupAsleep, &Wakeup::asleep_);
AIO_PRIVATE_OFFSET(TimersInRun, &TimerQueue::live_in_run_);
AIO_PRIVATE_OFFSET(TimersInHeap, &TimerQueue::heap_);

namespace {

// A handle is one address, as is the queue's first.
static_assert(sizeof(AnyTask) == sizeof(void*) && sizeof(CallbackList) == sizeof(void*));
static_assert(sizeof(std::unique_ptr<Backend>) == sizeof(void*));

std::uint32_t value_of(WindowField field) noexcept {
    using enum WindowField;
    switch (field) {
        case ready_next: return offset_of(&Ready::next_ready);
        case ready_kind: return offset_of(&Ready::kind);
        case ready_state: return offset_of(&Ready::state);
        case ready_flags: return offset_of(&Ready::flags);
        case ready_cancel_requests: return offset_of(&Ready::cancel_requests);
        case callback_ready: return base_offset<Callback, Ready>();
        case callback_bytes: return sizeof(Callback);
        case future_loop: return private_offset(FutureLoop{});
        case future_callbacks: return private_offset(FutureCallbacks{});
        case future_leaf: return private_offset(FutureLeaf{});
        case object_future: return base_offset<FutureObject, FutureBase>();
        case task_link: return base_offset<TaskBase, TaskLink>();
        case task_id: return private_offset(TaskId{});
        case task_where: return private_offset(TaskWhere{});
        case task_bytes: return sizeof(TaskBase);
        case frame_promise: return 2 * sizeof(void*);  // TaskBase::of(), as kFrameAlignment has it
        case link_previous: return offset_of(&TaskLink::previous);
        case link_next: return offset_of(&TaskLink::next);
        case extras_id: return offset_of(&TaskExtras::id);
        case extras_name: return offset_of(&TaskExtras::name);
        case waiter_task: return private_offset(WaiterTask{});
        case waiter_future: return private_offset(WaiterFuture{});
        // A reference, to which no pointer to member exists; it is declared right behind.
        case gather_outer: return private_offset(GatherChildrenOffset{}) + sizeof(GatherChildren);
        case group_parent: return private_offset(GroupParent{});
        case group_waiter_group: return private_offset(GroupWaiterGroup{});
        case loop_ready: return offset_of(&LoopCore::ready);
        case loop_tasks: return offset_of(&LoopCore::tasks);
        case loop_rest_of_pass: return offset_of(&LoopCore::rest_of_pass);
        case loop_closed: return offset_of(&LoopCore::closed);
        case loop_number: return offset_of(&LoopCore::number);
        case loop_asleep: return offset_of(&LoopState::wakeup) + private_offset(WakeupAsleep{});
        case loop_backend: return offset_of(&LoopState::backend);
        case loop_last_poll: return offset_of(&LoopState::last_poll);
        case loop_timers_in_run: return offset_of(&LoopState::timers) + private_offset(TimersInRun{});
        case loop_timers_in_heap: return offset_of(&LoopState::timers) + private_offset(TimersInHeap{});
        case timer_bytes: return 3 * sizeof(void*);  // TimerQueue::HeapEntry
        case current_task: return offset_of(&Current::task);
        case count: break;
    }
    return 0;
}

std::mutex adding;

}  // namespace

std::unique_ptr<WindowLoop> make_window_loop() { return std::make_unique<WindowLoop>(); }

void show_in_window(std::unique_ptr<WindowLoop> record, LoopState& state) noexcept {
    const std::lock_guard lock(adding);
    Window& window = aio_window;
    WindowLoop* const newest = window.loops.load(std::memory_order_relaxed);
    if (!newest) {
        for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(WindowField::count); ++i)
            window.offsets[i] = value_of(static_cast<WindowField>(i));
    }
    record->state = &state;
    record->next = newest;
    window.loops.store(record.release(), std::memory_order_release);
}

void heed_watchdog_variable() noexcept {
    const char* const value = std::getenv("AIO_WATCHDOG");
    if (!value || !*value || std::strcmp(value, "off") == 0) return;
    try {
        if (start_watchdog_as_asked) return start_watchdog_as_asked(value);
        log(LogLevel::warning,
            "AIO_WATCHDOG is set, but the watchdog is not in this program: link aiocpp::watchdog (without CMake: "
            "with "
            "-Wl,--undefined=aio_watchdog), or give run() the option watchdog");
    } catch (const std::exception& error) {
        log(LogLevel::warning, error.what());
    }
}

void heed_debug_mode(const LoopState& state) noexcept {
    const char* const value = std::getenv("AIO_WATCHDOG");
    if (!start_watchdog_of_debug_mode || (value && std::strcmp(value, "off") == 0)) return;
    try {
        start_watchdog_of_debug_mode(state.slow_callback_duration);
    } catch (const std::exception& error) {
        log(LogLevel::warning, error.what());
    }
}

WindowLoop& window_loop_of(const LoopState& state) noexcept {
    WindowLoop* record = aio_window.loops.load(std::memory_order_acquire);
    while (record->state != &state) record = record->next;
    return *record;
}

}  // namespace aio::detail
