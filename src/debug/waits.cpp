// What a task waits for, in words: the class of the object in its innermost frame says which call it is, and leads to the queue,
// lock or stream. The words are those of Waiter::name(), which cannot be called from outside.
#include <aio/core/sleep.hpp>
#include <aio/io/stream_core.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/queue_base.hpp>
#include <aio/sync/semaphore.hpp>

#include "core/private_offset.hpp"
#include "debug/window_reader.hpp"
#include "io/process/process_state.hpp"
#include "io/stream/socket_stream.hpp"

#include <cstdio>

namespace aio::detail {

AIO_PRIVATE_OFFSET(LockLocked, &Lock::locked_);
AIO_PRIVATE_OFFSET(LockWaiters, &Lock::waiters_);
AIO_PRIVATE_OFFSET(EventSet, &Event::set_);
AIO_PRIVATE_OFFSET(EventWaiters, &Event::waiters_);
AIO_PRIVATE_OFFSET(SemaphoreValue, &Semaphore::value_);
AIO_PRIVATE_OFFSET(SemaphoreWaiters, &Semaphore::waiters_);
AIO_PRIVATE_OFFSET(QueueSize, &QueueBase::size_);
AIO_PRIVATE_OFFSET(QueueLimit, &QueueBase::limit_);
AIO_PRIVATE_OFFSET(QueueUnfinished, &QueueBase::unfinished_);
AIO_PRIVATE_OFFSET(QueueGetters, &QueueBase::getters_);
AIO_PRIVATE_OFFSET(QueuePutters, &QueueBase::putters_);
AIO_PRIVATE_OFFSET(SocketStreamFd, &SocketStream::fd_);
AIO_PRIVATE_OFFSET(ProcessPid, &ProcessState::pid_);

}  // namespace aio::detail

namespace aio::debug {

using aio::detail::Kind;
using enum WindowField;

namespace {

constexpr std::uint64_t kMostWaiters = 1'000'000;

enum class ObjectKind : std::uint8_t {
    none,
    lock,
    semaphore,
    event,
    condition,
    queue,
    stream,
    process,
    sleep,
    group
};

struct KnownWait {
    const char* type;  // mangled, as Types::is() takes it
    const char* call;
    ObjectKind object;
};

// From the most derived classes down.
constexpr KnownWait kKnownWaits[] = {
    {"N3aio6detail17SleepUntilAwaiterE", "sleep_until", ObjectKind::sleep},
    {"N3aio6detail11SleepWaiterE", "sleep", ObjectKind::sleep},
    {"N3aio6detail17ScopedLockAwaiterE", "Lock.scoped()", ObjectKind::lock},
    {"N3aio6detail10LockWaiterE", "Lock.acquire()", ObjectKind::lock},
    {"N3aio6detail22ScopedSemaphoreAwaiterE", "Semaphore.scoped()", ObjectKind::semaphore},
    {"N3aio6detail15SemaphoreWaiterE", "Semaphore.acquire()", ObjectKind::semaphore},
    {"N3aio6detail12EventAwaiterE", "Event.wait()", ObjectKind::event},
    {"N3aio6detail12_GLOBAL__N_119NotificationAwaiterE", "Condition.wait()", ObjectKind::condition},
    {"N3aio6detail11QueueGetterE", "Queue.get()", ObjectKind::queue},
    {"N3aio6detail11QueuePutterE", "Queue.put()", ObjectKind::queue},
    {"N3aio6detail11QueueJoinerE", "Queue.join()", ObjectKind::queue},
    {"N3aio6detail20ScopedLimiterAwaiterE", "AsyncLimiter.scoped()", ObjectKind::none},
    {"N3aio6detail13LimiterWaiterE", "AsyncLimiter.acquire()", ObjectKind::none},
    {"N3aio6detail17ThreadQueueJoinerE", "ThreadQueue.join()", ObjectKind::none},
    {"N3aio6detail17ThreadQueueWaiterE", "a ThreadQueue", ObjectKind::none},
    {"N3aio9TaskGroup13MembersWaiterE", "the tasks of a TaskGroup", ObjectKind::group},
    {"N3aio6detail10ReadWaiterE", "a stream's data", ObjectKind::stream},
    {"N3aio6detail12DrainAwaiterE", "a stream's drain", ObjectKind::stream},
    {"N3aio6detail13ClosedAwaiterE", "a stream's close", ObjectKind::stream},
    {"N3aio6detail12SocketStream11RoomAwaiterE", "a stream's sendfile", ObjectKind::none},
    {"N3aio6detail11ExitAwaiterE", "a process", ObjectKind::process},
    {"N3aio6detail14DatagramWaiterE", "a datagram", ObjectKind::none},
    {"N3aio6detail19DatagramWaitAwaiterE", "an endpoint's drain or close", ObjectKind::none},
    {"N3aio6detail11ConnectRace7AwaiterE", "a connect", ObjectKind::none},
    {"N3aio6detail15TransferAwaiterE", "a file", ObjectKind::none},
    {"N3aio6detail13ForeignWaiterE", "a foreign awaitable", ObjectKind::none},
    {"N3aio2pg6detail15ExchangeAwaiterE", "an answer of PostgreSQL", ObjectKind::none},
    {"N3aio5mysql6detail15ExchangeAwaiterE", "an answer of MySQL", ObjectKind::none},
    {"N3aio6sqlite6detail10JobAwaiterE", "a statement of SQLite", ObjectKind::none},
};

const KnownWait* known_wait(const std::vector<std::string>& classes) noexcept {
    for (const KnownWait& each : kKnownWaits) {
        if (Types::is(classes, each.type)) return &each;
    }
    return nullptr;
}

std::string counted(std::uint64_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

// A list that is longer than any, or that is no ring, counts as far as it goes.
std::uint64_t WindowReader::count_waiters(Address list) {
    struct Link {
        Address next, previous;
    };
    std::uint64_t count = 0;
    Address from = list;
    while (count < kMostWaiters) {
        const Address next = memory_.pointer(from);
        const auto link = memory_.get<Link>(next);
        if (next == list || !link || link->previous != from) break;
        ++count;
        from = next;
    }
    return count;
}

std::string WindowReader::describe_wait(Address waiter, TaskInfo& info) {
    const std::vector<std::string>& classes = types_.classes_of(waiter);
    if (classes.empty()) return "";
    const std::uint8_t flags = byte(waiter + offset(callback_ready) + offset(ready_flags));
    if (flags & aio::detail::kWakesTask) {
        info.awaits = memory_.pointer(waiter + offset(waiter_future));
        return describe_future(info.awaits);
    }
    const auto [entry, added] = known_waits_.try_emplace(&classes, nullptr);
    if (added) entry->second = known_wait(classes);
    const auto* const known = static_cast<const KnownWait*>(entry->second);
    if (!known) {
        if (!Types::is(classes, "N3aio6detail6WaiterE")) return "";
        // The program's own.
        return demangle(classes.front());
    }
    if (known->object == ObjectKind::sleep) return known->call + describe_sleep(waiter);
    if (known->object == ObjectKind::group) info.awaits = memory_.pointer(waiter + offset(group_waiter_group));
    const std::string object = describe_object(static_cast<int>(known->object), waiter);
    return object.empty() ? known->call : std::string(known->call) + " of " + object;
}

std::string WindowReader::name_of_wait(Address table) {
    const std::vector<std::string>& classes = types_.classes_with(table);
    if (const KnownWait* const known = known_wait(classes)) return known->call;
    if (Types::is(classes, "N3aio6detail11GatherStateI*")) return "gather()";
    if (Types::is(classes, "N3aio6detail11ShieldStateI*")) return "shield()";
    if (Types::is(classes, "N3aio6detail12FutureObjectE")) return "a Future";
    return classes.empty() ? "" : demangle(classes.front());
}

std::string WindowReader::name_of_callback(Address table) {
    const std::vector<std::string>& classes = types_.classes_with(table);
    const KnownWait* const known = known_wait(classes);
    if (known && known->object == ObjectKind::sleep) return "the timer of a sleep";
    return classes.empty() ? "" : demangle(classes.front());
}

// A future or task that is awaited. Empty: it is neither.
std::string WindowReader::describe_future(Address future) {
    const std::uint8_t kind = byte(future + offset(ready_kind));
    if (kind == static_cast<std::uint8_t>(Kind::task)) {
        TaskInfo other;
        if (!read_name(future, byte(future + offset(ready_flags)), other)) return "";
        return "task " + other.name;
    }
    if (kind != static_cast<std::uint8_t>(Kind::future) || future < offset(object_future)) return "";
    const std::vector<std::string>& classes = types_.classes_of(future - offset(object_future));
    if (classes.empty()) return "";
    if (Types::is(classes, "N3aio6detail11GatherStateI*")) return "gather()";
    if (Types::is(classes, "N3aio6detail11ShieldStateI*")) return "shield()";
    return "a Future";
}

std::string WindowReader::describe_sleep(Address waiter) {
    const auto due = memory_.get<std::int64_t>(waiter + offset(callback_ready) + offset(ready_next));
    if (!due) return "";
    if (*due == INT64_MAX) return " for ever";
    const double left = static_cast<double>(*due - now_ns_) / 1e9;
    char text[64];
    std::snprintf(text, sizeof text, left < 0 ? ", due" : ", %.3f s left", left);
    return text;
}

// The object behind the call, with its numbers.
std::string WindowReader::describe_object(int which, Address waiter) {
    using namespace aio::detail;
    const auto kind = static_cast<ObjectKind>(which);
    if (kind == ObjectKind::none || kind == ObjectKind::group) return "";
    const bool listed = kind != ObjectKind::stream && kind != ObjectKind::process;
    // The first member of the waiter's class: a pointer or reference to the object.
    const Address object = memory_.pointer(waiter + (listed ? sizeof(ListWaiter) : sizeof(Waiter)));
    std::string& text = objects_[object];
    if (!text.empty()) return text;
    const auto number = [&](std::uint32_t place) { return memory_.get<std::uint64_t>(object + place).value_or(0); };
    const auto waiters = [&](std::uint32_t place, const char* what) {
        return counted(count_waiters(object + place), what);
    };
    switch (kind) {
        case ObjectKind::lock:
            text = std::string("<Lock ") + (byte(object + private_offset(LockLocked{})) ? "locked" : "unlocked") +
                   ", " + waiters(private_offset(LockWaiters{}), "waiter") + ">";
            break;
        case ObjectKind::semaphore:
            text = "<Semaphore value " +
                   std::to_string(static_cast<std::int64_t>(number(private_offset(SemaphoreValue{})))) + ", " +
                   waiters(private_offset(SemaphoreWaiters{}), "waiter") + ">";
            break;
        case ObjectKind::event:
            text = std::string("<Event ") + (byte(object + private_offset(EventSet{})) ? "set" : "unset") + ", " +
                   waiters(private_offset(EventWaiters{}), "waiter") + ">";
            break;
        case ObjectKind::condition:  // its list of waiters
            text = "<Condition " + counted(count_waiters(object), "waiter") + ">";
            break;
        case ObjectKind::queue: {
            const std::uint64_t limit = number(private_offset(QueueLimit{}));
            const std::uint64_t size = number(private_offset(QueueSize{}));
            const std::uint64_t unfinished = number(private_offset(QueueUnfinished{}));
            text = "<Queue " + (limit == UINT64_MAX ? std::string() : "maxsize " + std::to_string(limit) + ", ") +
                   counted(size, "item");
            if (unfinished > size) text += ", " + std::to_string(unfinished) + " unfinished";
            if (const auto n = count_waiters(object + private_offset(QueueGetters{})))
                text += ", " + counted(n, "getter");
            if (const auto n = count_waiters(object + private_offset(QueuePutters{})))
                text += ", " + counted(n, "putter");
            text += ">";
            break;
        }
        case ObjectKind::stream:
            if (Types::is(types_.classes_of(object), "N3aio6detail12SocketStreamE")) {
                const int fd = memory_.get<int>(object + private_offset(SocketStreamFd{})).value_or(-1);
                text = "<socket " + std::to_string(fd) + ">";
            }
            break;
        case ObjectKind::process:
            text = "<Process " +
                   std::to_string(memory_.get<int>(object + private_offset(ProcessPid{})).value_or(-1)) + ">";
            break;
        default: break;
    }
    return text;
}

std::string WindowReader::backend_name(Address loop) {
    const std::vector<std::string>& classes = types_.classes_of(memory_.pointer(loop + offset(loop_backend)));
    if (classes.empty()) return "?";
    if (Types::is(classes, "N3aio6detail12EpollBackendE")) return "epoll";
    if (Types::is(classes, "N3aio6detail12UringBackendE")) return "io_uring";
    if (Types::is(classes, "N3aio6detail10SimBackendE")) return "sim";
    return demangle(classes.front());
}

}  // namespace aio::debug
