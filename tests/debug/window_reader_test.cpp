// The reader, on memory that lies: bytes that change while it reads, garbage instead of bytes, other versions.
#include <aio/aio.hpp>

#include "core/window.hpp"
#include "debug/render.hpp"
#include "debug/window_reader.hpp"
#include "support/async_test.hpp"

#include <unistd.h>

#include <cstring>
#include <functional>
#include <map>

namespace aio::test {
namespace {

using debug::Address, debug::Memory, debug::Snapshot, debug::TaskInfo, debug::TaskState, debug::WindowReader;
using testing::HasSubstr, testing::Each;

// This process, but for what `spoil` does to the bytes that were read.
class SpoiltMemory final : public Memory {
public:
    std::function<void(Address from, char* bytes, std::size_t count)> spoil;

    std::size_t read(Address from, void* into, std::size_t bytes) noexcept override {
        const std::size_t got = memory_.read(from, into, bytes);
        if (spoil) spoil(from, static_cast<char*>(into), got);
        return got;
    }
    std::vector<Image> images() override { return memory_.images(); }
    bool changes() const noexcept override { return true; }

private:
    debug::ProcessMemory memory_{::getpid()};
};

// Tasks that wait in several ways, until `event` is set.
Coro<> wait_on(Event& event) { co_await event.wait(); }
Coro<> wait_deeper(Event& event) { co_await wait_on(event); }
Coro<> gather_two(Event& event) { co_await gather(wait_on(event), wait_deeper(event)); }
Coro<> shield_one(Event& event) { co_await shield(wait_on(event)); }

std::vector<AnyTask> start_some(Event& event) {
    std::vector<AnyTask> tasks;
    for (int i = 0; i < 8; ++i) {
        tasks.push_back(create_task(wait_deeper(event), {.name = "deeper"}));
        tasks.push_back(create_task(gather_two(event)));
        tasks.push_back(create_task(shield_one(event)));
    }
    return tasks;
}

Coro<> end_all(Event& event, std::vector<AnyTask> tasks) {
    event.set();
    for (const AnyTask& task : tasks) co_await task;
}

std::map<TaskState, std::size_t> states_of(const Snapshot& snapshot) {
    std::map<TaskState, std::size_t> counts;
    for (const TaskInfo& task : snapshot.tasks) ++counts[task.state];
    return counts;
}

ASYNC_TEST(WindowReader, marks_a_torn_task_alone, kOnce) {
    auto& event = keep<Event>();
    const std::vector<AnyTask> tasks = start_some(event);
    for (int i = 0; i < 3; ++i) co_await aio::sleep(0s);
    const Address torn = reinterpret_cast<Address>(tasks[3].base()->waits_on);
    int spoilt = 0, most = 0;
    SpoiltMemory memory;
    // The task that the waiter of tasks[3] names, as if it were being overwritten: the first `most` times.
    memory.spoil = [&](Address from, char* bytes, std::size_t count) {
        const Address waiter = torn - 1;
        const Address place = waiter + aio_window.offsets[static_cast<std::size_t>(debug::WindowField::waiter_task)];
        if (place < from || place + 8 > from + count || spoilt >= most) return;
        ++spoilt;
        std::memset(bytes + (place - from), 0x5a, 8);
    };
    WindowReader reader(memory, "this");
    const std::size_t all = reader.look().tasks.size();
    most = 2;  // read again, and well
    EXPECT_EQ(states_of(reader.look())[TaskState::changing], 0u);
    EXPECT_EQ(spoilt, 2);
    most = 1 << 30;
    Snapshot snapshot = reader.look();
    EXPECT_EQ(states_of(snapshot)[TaskState::changing], 1u);
    EXPECT_EQ(snapshot.tasks.size(), all);
    EXPECT_THAT(debug::render_tree(snapshot), HasSubstr("deeper (changing)\n"));
    co_await end_all(event, tasks);
}

// Any bytes: from none to nearly all of what is read is garbage, or the address of something else.
ASYNC_TEST(WindowReader, survives_garbage, kOnce) {
    auto& event = keep<Event>();
    const std::vector<AnyTask> tasks = start_some(event);
    for (int i = 0; i < 3; ++i) co_await aio::sleep(0s);
    std::vector<Address> addresses{0, 1, 8, ~Address{0}, ~Address{0} - 7, Address{1} << 47};
    for (const AnyTask& task : tasks) addresses.push_back(reinterpret_cast<Address>(task.base()));
    const auto window = reinterpret_cast<Address>(&aio_window);
    std::minstd_rand random(4711);
    unsigned one_in = 1;
    bool spare_window = true;
    SpoiltMemory memory;
    memory.spoil = [&](Address from, char* bytes, std::size_t count) {
        for (std::size_t i = 0; i + 8 <= count; i += 8) {
            const bool in_window = from + i + 8 > window && from + i < window + sizeof(aio_window);
            if ((spare_window && in_window) || random() % one_in != 0) continue;
            const Address value = random() % 2 ? addresses[random() % addresses.size()]
                                               : (Address{random()} << 32 ^ Address{random()}) >> random() % 64;
            std::memcpy(bytes + i, &value, 8);
        }
    };
    std::size_t shown = 0, refused = 0;
    for (int round = 0; round < 300; ++round) {
        spare_window = round % 4 != 0;
        one_in = 1u << (round % 16 + 1);
        try {
            WindowReader reader(memory, "this");
            const Snapshot snapshot = reader.look();
            shown += !debug::render_tree(snapshot).empty();
            debug::render_table(snapshot);
        } catch (const RuntimeError&) {
            ++refused;  // the window itself, or the way to it, was garbage
        }
    }
    EXPECT_GT(shown, 20u);
    EXPECT_GT(refused, 20u);
    memory.spoil = nullptr;
    EXPECT_EQ(states_of(WindowReader(memory, "this").look())[TaskState::changing], 0u);
    co_await end_all(event, tasks);
}

ASYNC_TEST(WindowReader, refuses_another_version, kOnce) {
    SpoiltMemory memory;
    const auto place = reinterpret_cast<Address>(aio_window.version);
    memory.spoil = [&](Address from, char* bytes, std::size_t count) {
        if (from <= place && place + 4 <= from + count) std::memcpy(bytes + (place - from), "9.9", 4);
    };
    try {
        WindowReader reader(memory, "the process 42");
        ADD_FAILURE() << "read a window of another version";
    } catch (const RuntimeError& error) {
        EXPECT_THAT(error.what(), HasSubstr("the process 42 was built with aiocpp 9.9 (format "));
        EXPECT_THAT(error.what(), HasSubstr("use the program aiocpp of its version"));
    }
    co_return;
}

}  // namespace
}  // namespace aio::test
