// Reads loops and tasks out of a memory. The program may run meanwhile: each task is checked against itself (its links lead back
// to it, its innermost frame leads out to it), and read again if that does not fit. Nothing that is read is trusted: a wrong
// address, a ring, or a length beyond reason ends the reading of that task only.
#pragma once

#include "debug/layout.hpp"
#include "debug/snapshot.hpp"
#include "debug/types.hpp"

#include <unordered_set>

namespace aio::debug {

struct Recording;  // recording.hpp

struct LookOptions {
    bool frames = true;    // of each task more than the innermost one
    bool tasks = true;     // read_recording(): their names are looked up too
    bool awaiters = true;  // TaskInfo::awaited_by and Snapshot::deadlocks
    std::optional<std::int64_t> now_ns =
        {};                              // steady_clock, for what is left of sleeps; nullopt: as of the last poll
    std::size_t most_events = SIZE_MAX;  // read_recording(): of each loop, the newest
};

class WindowReader {
public:
    // Errors: those of find_layouts().
    WindowReader(Memory& memory, const std::string& what);

    // Errors: std::bad_alloc.
    Snapshot look(const LookOptions& options = {});
    // What changes with each step of a loop, read anew and as little as possible.
    struct Probe {
        std::uint64_t polls = 0;
        Address task = 0;
        bool busy = false;  // it runs, and is not asleep in its poll
    };
    // Of one of the loops that were looked at.
    Probe probe(const LoopInfo& loop) noexcept;

    // Of the task at `task`, which is alive: itself, first, and those that wait for it, for these, and so on.
    Snapshot look_at(Address task, const LookOptions& options = {});
    // What the loops did last, also those that have ended. Errors: std::bad_alloc.
    Recording read_recording(const LookOptions& options = {});

private:
    // Who waits for a task or future.
    struct Holder {
        Address address;  // of a TaskBase or FutureBase
        bool task;
        bool waits;
        Address group = 0;  // waits if it awaits this group
    };
    // tasks (window_reader.cpp)
    void read_loop(Address record, Snapshot& snapshot);
    std::vector<Address> list_tasks(Address loop, LoopInfo& info);
    void list_ready(Address first, Address loop, std::unordered_set<Address>& seen, std::vector<Address>& tasks);
    bool is_task_of(Address task, Address loop);

    // one task (task_reading.cpp)
    TaskInfo read_task(Address task, Address running, Snapshot& snapshot);
    bool try_task(Address task, Address running, Snapshot& snapshot, TaskInfo& info);
    bool read_frames(Address leaf, Address task, Snapshot& snapshot, std::vector<std::uint32_t>& frames);
    std::uint32_t place_at(Address where, Snapshot& snapshot);
    bool read_name(Address task, std::uint8_t flags, TaskInfo& info);

    // what waits for what (holders.cpp)
    std::vector<Holder> holders_of(Address future);
    void add_holder(Address callback, std::vector<Holder>& into, int depth);
    void link(Snapshot& snapshot);
    void link_one(std::uint32_t at, Snapshot& snapshot, const std::unordered_map<Address, std::uint32_t>& indexes,
                  const std::vector<Holder>& holders);

    // what a task waits for (waits.cpp)
    std::string describe_wait(Address waiter, TaskInfo& info);
    std::string describe_future(Address future);
    std::string describe_object(int kind, Address waiter);
    std::uint64_t count_waiters(Address list);
    std::string describe_sleep(Address waiter);
    std::string backend_name(Address loop);

    // events (recording.cpp, waits.cpp)
    friend class RingReader;
    std::string name_of_wait(Address table);  // of the virtual table of a waiter or future
    std::string name_of_callback(Address table);

    std::uint8_t byte(Address at) { return memory_.get<std::uint8_t>(at).value_or(0); }
    template <class T>
    T now_at(Address at) noexcept {
        T value{};
        return memory_.source().read(at, &value, sizeof value) == sizeof value ? value : T{};
    }
    std::uint32_t offset(WindowField field) const noexcept { return (*layout_)[field]; }

    // For a look: all that was known may have changed.
    void begin(const LookOptions& options);

    CachedMemory memory_;
    std::string what_;
    std::vector<Layout> layouts_;
    bool looked_ = false;             // since layouts_ was found
    const Layout* layout_ = nullptr;  // of the copy that is looked at
    Types types_;
    LookOptions options_;
    std::int64_t now_ns_ = 0;
    std::unordered_map<Address, std::uint32_t> places_;
    std::unordered_map<const void*, const void*>
        known_waits_;                                   // of the classes of a waiter, in types_: waits.cpp's entry
    std::unordered_map<Address, std::string> objects_;  // as they are described, for tasks that wait for the same one
};

}  // namespace aio::debug
