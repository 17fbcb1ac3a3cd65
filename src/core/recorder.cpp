// What the recorder writes, and the memory it writes to. run_ready() in event_loop.cpp decides which steps come here.
#include "core/recorder.hpp"

#include <aio/core/log.hpp>

#include "core/loop_state.hpp"
#include "core/private_offset.hpp"
#include "core/task_extras.hpp"
#include "core/window.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <new>

namespace aio::detail {

constinit thread_local Recorder* recorder_here [[gnu::tls_model("initial-exec")]] = nullptr;
constinit std::atomic<Duration::rep> slow_request_ns{std::numeric_limits<Duration::rep>::max()};
constinit std::atomic<SlowRequestHandler> on_slow_request{nullptr};
constinit std::atomic<void (*)() noexcept> before_unhandled_report{nullptr};

AIO_PRIVATE_OFFSET(RecordedExtras, &TaskBase::extras_);

namespace {

constexpr std::uint64_t kDurationUnit = 16;  // ticks
constexpr std::uint64_t kLongestDuration = (std::uint64_t{1} << 40) - 1;
constexpr std::uint64_t kLow48 = (std::uint64_t{1} << 48) - 1;
constexpr std::size_t kTextInEvent = 31;
constexpr std::size_t kLongestText = 4 * kTextInEvent;
constexpr std::uint64_t kMostEvents = std::uint64_t{1} << 24;  // 512 MiB

constinit std::atomic<std::size_t> wanted_events{std::numeric_limits<std::size_t>::max()};  // not asked yet

std::uint64_t processor_ticks() noexcept {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

std::uint64_t nanoseconds_of(TimePoint time) noexcept {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

std::uint64_t address_of(const void* pointer) noexcept { return reinterpret_cast<std::uintptr_t>(pointer); }

// Empty: it has none, and is "Task-<id>".
std::string_view given_name(TaskBase& task) noexcept {
    if (!(task.flags & kExtras)) return {};
    const auto* const at = reinterpret_cast<const char*>(&task) + private_offset(RecordedExtras{});
    return (*reinterpret_cast<TaskExtras* const*>(at))->name;
}

const void* table_of(const void* object) noexcept { return *static_cast<const void* const*>(object); }

}  // namespace

std::uint64_t Recorder::now() const noexcept {
    return simulated_ ? nanoseconds_of(clock_->now()) : processor_ticks();
}

void Recorder::begin(const LoopState& state, TimePoint now_there, std::uint64_t number) noexcept {
    clock_ = state.backend.get();
    const bool other_clock = clock_->simulated() != simulated_;
    simulated_ = clock_->simulated();
    ring_.nanoseconds.store(simulated_, std::memory_order_relaxed);
    last_ = now();
    if (other_clock) ring_.from.store(ring_.count.load(std::memory_order_relaxed), std::memory_order_relaxed);
    const std::uint64_t before = ring_.loop.exchange(number, std::memory_order_relaxed);
    if (before != number) push(last_, EventKind::loop, 0, 0, number, 0, before, 0);
    if (ring_.first_ticks.load(std::memory_order_relaxed) == 0 || simulated_ || other_clock) {
        ring_.first_ns.store(nanoseconds_of(now_there), std::memory_order_relaxed);
        ring_.first_ticks.store(last_, std::memory_order_relaxed);
    }
    note_time(last_, now_there);
    left_ = group_ = 1;
    exact_ = kExactSteps;
}

void Recorder::note_time(std::uint64_t ticks, TimePoint now_there) noexcept {
    ring_.last_ticks.store(0, std::memory_order_relaxed);
    ring_.last_ns.store(nanoseconds_of(now_there), std::memory_order_release);
    ring_.last_ticks.store(ticks, std::memory_order_release);
}

void Recorder::push_words(const std::uint64_t (&words)[4]) noexcept {
    const std::uint64_t index = ring_.count.load(std::memory_order_relaxed);
    auto& there = ring_.events[index & (ring_.capacity - 1)].words;
    for (int i = 0; i < 4; ++i) there[i].store(words[i], std::memory_order_release);
    ring_.count.store(index + 1, std::memory_order_release);
}

void Recorder::push(std::uint64_t end, EventKind kind, std::uint64_t count, std::uint64_t duration,
                    std::uint64_t task, std::uint64_t detail, std::uint64_t place, std::uint64_t table) noexcept {
    const std::uint64_t length = std::min(duration / kDurationUnit, kLongestDuration);
    push_words({end, static_cast<std::uint64_t>(kind) | (count & 0xffff) << 8 | length << 24,
                (task & kLow48) | detail << 48, (place & kLow48) | table << 48});
}

// In pieces; what is longer than kLongestText is cut.
void Recorder::push_text(std::string_view first, std::string_view second) noexcept {
    char text[kLongestText] = {};
    const std::size_t length = std::min(first.size(), sizeof text);
    std::memcpy(text, first.data(), length);
    std::size_t all = length;
    if (!second.empty() && length < sizeof text) {
        text[length] = ' ';
        const std::size_t more = std::min(second.size(), sizeof text - length - 1);
        std::memcpy(text + length + 1, second.data(), more);
        all = length + 1 + more;
    }
    for (std::size_t at = 0; at < all; at += kTextInEvent) {
        char bytes[32] = {};
        std::memcpy(bytes, text + at, 8);
        bytes[8] = static_cast<char>(EventKind::text);
        std::memcpy(bytes + 9, text + at + 8, kTextInEvent - 8);
        std::uint64_t numbers[4];
        std::memcpy(numbers, bytes, sizeof numbers);
        push_words(numbers);
    }
}

std::uint64_t Recorder::index_of(const void* table) noexcept {
    constexpr std::size_t kProbes = 8;
    const std::uint64_t hash = (address_of(table) >> 3) * 0x9e3779b97f4a7c15;
    for (std::size_t i = 0; i < kProbes; ++i) {
        const std::size_t at = ((hash >> 57) + i) % RecordedRing::kTables;
        const void* const there = ring_.tables[at].load(std::memory_order_relaxed);
        if (there == table) return at + 1;
        if (there) continue;
        ring_.tables[at].store(table, std::memory_order_relaxed);
        return at + 1;
    }
    return 0;
}

std::uint64_t Recorder::finish_group(std::uint64_t end) noexcept {
    const std::uint64_t taken = end - last_;
    last_ = end;
    if (taken >= kShort * group_) {
        group_ = 1;
    } else if (exact_ > 0) {
        --exact_;
        group_ = 1;
    } else {
        group_ = kGroup;
    }
    left_ = group_;
    return taken;
}

void Recorder::note_start(TaskBase& task, std::uint64_t id) noexcept {
    push(last_, EventKind::start, 0, 0, id, 0, address_of(std::bit_cast<const void*>(task.where())), 0);
    const std::string_view name = given_name(task);
    if (name.empty()) return;
    push(last_, EventKind::name, 0, 0, id, 0, 0, 0);
    push_text(name, {});
}

void Recorder::note_end(TaskBase& task, std::uint64_t id) noexcept {
    const std::uint64_t end = now();
    const std::uint64_t steps = group_;
    const std::uint64_t taken = finish_group(end);
    auto how = StepEnd::ready;
    std::uint64_t table = 0, other = 0;
    if (task.done()) {
        how = task.state == State::finished ? StepEnd::finished
              : task.state == State::failed ? StepEnd::failed
                                            : StepEnd::cancelled;
        return push(end, EventKind::step, steps, taken, id, static_cast<std::uint64_t>(how), 0, 0);
    }
    if (Waiter* const waiter = task.waiter()) {
        how = StepEnd::waits;
        FutureBase* const awaited = task.awaited();
        if (!awaited) {
            table = index_of(table_of(waiter));
        } else if (awaited->kind == Kind::task) {
            other = static_cast<TaskBase*>(awaited)->id();
        } else {
            table = index_of(table_of(static_cast<FutureObject*>(awaited)));
        }
    }
    const std::uint64_t place = address_of(std::bit_cast<const void*>(task.innermost()->where()));
    push(end, EventKind::step, steps, taken, id, static_cast<std::uint64_t>(how), place, table);
    if (other != 0) push(end, EventKind::awaits, 0, 0, id, 0, other, 0);
}

TaskBase* Recorder::step(TaskBase& task, bool last) {
    const std::uint64_t id = task.id();
    if (!task.started()) note_start(task, id);
    // It may end, and be gone.
    const auto alive = FutureRef<TaskBase>::share(&task);
    TaskBase* const woken = task.step_handing_over(last);
    note_end(task, id);
    return woken;
}

void Recorder::run(Callback& callback) {
    // It may delete itself.
    const std::uint64_t table = index_of(table_of(&callback));
    TaskBase* const task = callback.task();
    const std::uint64_t id = task ? task->id() : 0;
    callback.run();
    const std::uint64_t end = now();
    const std::uint64_t steps = group_;
    const std::uint64_t taken = finish_group(end);
    push(end, EventKind::callback, steps, taken, id, 0, 0, table);
}

void Recorder::poll_begins() noexcept {
    const std::uint32_t steps = group_ - left_;  // of a group that is not complete
    if (steps > 0) {
        const std::uint64_t end = now();
        push(end, EventKind::step, steps, end - last_, 0, static_cast<std::uint64_t>(StepEnd::ready), 0, 0);
        last_ = end;
    }
    left_ = group_ = 1;
    exact_ = kExactSteps;
}

void Recorder::poll_ended(TimePoint now_there, std::size_t timers) noexcept {
    const std::uint64_t end = now();
    push(end, EventKind::poll, std::min<std::size_t>(timers, 0xffff), end - last_, 0, 0, 0, 0);
    last_ = end;
    note_time(end, now_there);
}

void Recorder::io(std::uint8_t kind, int fd, int result) noexcept {
    push(now(), EventKind::io, 0, 0, static_cast<std::uint32_t>(fd), kind, static_cast<std::uint32_t>(result), 0);
}

void Recorder::span(EventKind kind, std::uint64_t task, std::uint64_t begun, int status, std::uint16_t detail,
                    std::string_view first, std::string_view second) noexcept {
    const std::uint64_t end = now();
    push(end, kind, static_cast<std::uint64_t>(status), end - begun, task, detail, 0, 0);
    push_text(first, second);
}

Duration Recorder::since(std::uint64_t begun) const noexcept {
    const std::uint64_t ticks = now() - begun;
    if (simulated_) return Duration(static_cast<Duration::rep>(ticks));
    const auto difference = [](const auto& last, const auto& first) {
        return static_cast<double>(last.load(std::memory_order_relaxed) - first.load(std::memory_order_relaxed));
    };
    const double ns = difference(ring_.last_ns, ring_.first_ns),
                 all = difference(ring_.last_ticks, ring_.first_ticks);
    return Duration(static_cast<Duration::rep>(all > 0 ? static_cast<double>(ticks) * ns / all : 0));
}

void RequestSpan::record(Recorder& recorder, int status, bool client, std::string_view method,
                         std::string_view target) noexcept {
    TaskBase* const task = current.task;
    recorder.span(EventKind::request, task ? task->id() : 0, begun_, status, client ? 1 : 0, method, target);
    const Duration::rep slow = slow_request_ns.load(std::memory_order_relaxed);
    if (slow == std::numeric_limits<Duration::rep>::max() || client) return;
    const Duration taken = recorder.since(begun_);
    if (taken.count() < slow) return;
    if (const SlowRequestHandler handler = on_slow_request.load(std::memory_order_acquire))
        handler(taken, method, target);
}

// --- memory --------------------------------------------------------------------------------------------------------

std::size_t recorder_events() noexcept {
    std::size_t wanted = wanted_events.load(std::memory_order_relaxed);
    if (wanted != std::numeric_limits<std::size_t>::max()) return wanted;
    const char* const trace = std::getenv("AIO_TRACE");
    wanted = trace && *trace ? Recorder::kTraceEvents : 0;
    if (const char* const value = std::getenv("AIO_RECORDER"); value && *value) {
        char* end = nullptr;
        const unsigned long long number = std::strtoull(value, &end, 10);
        if (*end != '\0' || *value == '-') {
            log(LogLevel::warning,
                "AIO_RECORDER is not a number of events: set it to one such as 32768, or to 0 for none");
        } else {
            wanted = static_cast<std::size_t>(std::min<unsigned long long>(number, kMostEvents));
        }
    }
    wanted_events.store(wanted, std::memory_order_relaxed);
    return wanted;
}

void set_recorder_events(std::size_t events) noexcept {
    wanted_events.store(std::min<std::size_t>(events, kMostEvents), std::memory_order_relaxed);
}

// The memory stays with its LoopState, as that stays with its record: readers may look at any time. It is mapped when it is
// written to first, so that a loop that does little has little. Without memory for it, nothing is recorded.
void attach_recorder(LoopState& state) noexcept {
    const std::size_t events = recorder_events();
    WindowLoop& record = window_loop_of(state);
    record.recorder = nullptr;
    if (events == 0) return;
    if (!record.made) {
        const std::size_t capacity = std::bit_ceil(std::max<std::size_t>(events, 16));
        const std::size_t bytes =
            sizeof(Recorder) + alignof(RecordedRing) + sizeof(RecordedRing) + (capacity - 1) * sizeof(RecordedEvent);
        void* const memory =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) return;
        constexpr std::size_t kRingAt = (sizeof(Recorder) + 63) / 64 * 64;
        auto* const ring = new (static_cast<char*>(memory) + kRingAt) RecordedRing;
        ring->capacity = capacity;
        record.made = new (memory) Recorder(*ring, state.backend->simulated());
        record.ring.store(ring, std::memory_order_release);
    }
    record.recorder = record.made;
}

void heed_trace_variable() noexcept {
    const char* const value = std::getenv("AIO_TRACE");
    if (!value || !*value) return;
    try {
        if (start_trace_as_asked) return start_trace_as_asked(value);
        log(LogLevel::warning,
            "AIO_TRACE is set, but tracing is not in this program: call aio::trace::start(), or link the shared "
            "library");
    } catch (const std::exception& error) {
        log(LogLevel::warning, error.what());
    }
}

}  // namespace aio::detail
