// A program to look into: `shapes MODE`. It prints "ready" when everything is as its mode says.
//
//     waiting    twenty shapes of waiting, ten tasks of each; for ever
//     sleep      a task is blocked in ::sleep
//     stutter    every other millisecond a task takes a step of 30 ms; and one connection
//     spin       a task never ends its step
//     abort      the shapes of `waiting`, and then a core file
//     ring       three tasks that wait for each other
//     deep N     a chain of N awaits in one task, and N / 10 tasks that await each other
//     many N     N tasks at once
//     storm      tasks come and go as fast as they can
//
// The lines on which the shapes wait end with a comment "// @NAME", which the test looks up.
#include <aio/aio.hpp>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int kOfEach = 10;

struct World {
    aio::Lock lock;
    aio::Semaphore semaphore{1};
    aio::Event event;
    aio::Condition condition;
    aio::Queue<int> empty;
    aio::Queue<int> full{1};
    aio::Queue<int> unfinished;
    aio::Barrier barrier{2 * kOfEach};
    aio::AsyncLimiter limiter{1, std::chrono::hours(1000)};
    aio::Future<int> future;
    aio::Address address;

    World() = default;
};

aio::Coro<> never(World& world) {
    co_await world.event.wait();  // @never
}

// --- the shapes -------------------------------------------------------------------------------------------------

aio::Coro<> shape_sleep(World&) {
    co_await aio::sleep(std::chrono::hours(1000));  // @sleep
}
aio::Coro<> shape_sleep_until(World&) {
    co_await aio::sleep_until(aio::TimePoint::max());  // @sleep_until
}
aio::Coro<> shape_future(World& world) {
    co_await world.future;  // @future
}
aio::Coro<> shape_acquire(World& world) {
    co_await world.lock.acquire();  // @acquire
}
aio::Coro<> shape_scoped(World& world) {
    auto guard = co_await world.lock.scoped();  // @scoped
}
aio::Coro<> shape_semaphore(World& world) {
    co_await world.semaphore.acquire();  // @semaphore
}
aio::Coro<> shape_event(World& world) {
    co_await world.event.wait();  // @event
}
aio::Coro<> shape_condition(World& world) {
    auto guard = co_await world.condition.scoped();
    co_await world.condition.wait();  // @condition
}
aio::Coro<> shape_get(World& world) {
    co_await world.empty.get();  // @get
}
aio::Coro<> shape_put(World& world) {
    co_await world.full.put(1);  // @put
}
aio::Coro<> shape_join(World& world) {
    co_await world.unfinished.join();  // @join
}
aio::Coro<> shape_barrier(World& world) {
    co_await world.barrier.wait();  // @barrier
}
aio::Coro<> shape_limiter(World& world) {
    co_await world.limiter.acquire();  // @limiter
}
aio::Coro<> shape_task(World& world) {
    aio::Task<> child = aio::create_task(never, std::ref(world));
    child.set_name("child of task");
    co_await child;  // @task
}
aio::Coro<> shape_gather(World& world) {
    aio::Task<> first = aio::create_task(never, std::ref(world));
    first.set_name("first of gather");
    aio::Task<> second = aio::create_task(never, std::ref(world));
    second.set_name("second of gather");
    co_await aio::gather(first, second);  // @gather
}
aio::Coro<> shape_shield(World& world) {
    aio::Task<> inner = aio::create_task(never, std::ref(world));
    inner.set_name("shielded");
    co_await aio::shield(inner);  // @shield
}
aio::Coro<> shape_wait(World& world) {
    std::vector<aio::Task<>> tasks;
    tasks.push_back(aio::create_task(never, std::ref(world)));
    tasks.back().set_name("waited for");
    co_await aio::wait(tasks);  // @wait
}
aio::Coro<> shape_group(World& world) {
    const auto body = [&world](aio::TaskGroup& group) { group.create_task(never(world), {.name = "member"}); };
    co_await aio::with_task_group(body);  // @group
}
aio::Coro<> shape_stream(World& world) {
    auto [reader, writer] = co_await aio::open_connection("127.0.0.1", world.address.port);
    co_await reader.readline();  // @stream
}
aio::Coro<> inner_of_chain(World& world) {
    co_await world.event.wait();  // @chain3
}
aio::Coro<> middle_of_chain(World& world) {
    co_await inner_of_chain(world);  // @chain2
}
aio::Coro<> shape_chain(World& world) {
    co_await middle_of_chain(world);  // @chain
}

// --- the modes --------------------------------------------------------------------------------------------------

using Shape = aio::Coro<> (*)(World&);
struct Named {
    const char* name;
    Shape shape;
};
constexpr Named kShapes[] = {
    {"sleep", shape_sleep},     {"sleep_until", shape_sleep_until},
    {"future", shape_future},   {"acquire", shape_acquire},
    {"scoped", shape_scoped},   {"semaphore", shape_semaphore},
    {"event", shape_event},     {"condition", shape_condition},
    {"get", shape_get},         {"put", shape_put},
    {"join", shape_join},       {"barrier", shape_barrier},
    {"limiter", shape_limiter}, {"task", shape_task},
    {"gather", shape_gather},   {"shield", shape_shield},
    {"wait", shape_wait},       {"group", shape_group},
    {"stream", shape_stream},   {"chain", shape_chain},
};

void say_ready() {
    std::puts("ready");
    std::fflush(stdout);
}

aio::Coro<> hold_connection(aio::StreamReader reader, aio::StreamWriter) { co_await reader.read(); }

aio::Coro<> start_shapes(World& world) {
    static aio::Server server = co_await aio::start_server(hold_connection, "127.0.0.1", 0);
    world.address = server.sockets().front();
    co_await world.lock.acquire();
    co_await world.semaphore.acquire();
    co_await world.full.put(1);
    co_await world.limiter.acquire();
    co_await world.unfinished.put(1);
    co_await world.unfinished.get();
    for (const Named& each : kShapes) {
        for (int i = 0; i < kOfEach; ++i) {
            const std::string name = std::string(each.name) + "-" + std::to_string(i);
            aio::create_task(each.shape, std::ref(world)).set_name(name);
        }
    }
    // Until the connections are there, and each of the others waits.
    for (int i = 0; i < 100; ++i) co_await aio::sleep(std::chrono::milliseconds(1));
}

aio::Coro<> run_waiting(bool core) {
    static World world;
    co_await start_shapes(world);
    say_ready();
    if (core) std::abort();
    co_await world.event.wait();
}

aio::Coro<> blocked_task() {
    co_await aio::sleep(std::chrono::milliseconds(1));  // @blocked
    say_ready();
    while (true) ::sleep(1000);
}

aio::Coro<> stuttering_task() {
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) std::abort();
    bool first = true;
    while (true) {
        co_await aio::sleep(std::chrono::milliseconds(1));  // @stutter
        if (std::exchange(first, false)) say_ready();
        ::usleep(30'000);
    }
}

aio::Coro<> run_stuttering() {
    aio::create_task(stuttering_task).set_name("stutterer");
    co_await aio::Future<>();
}

aio::Coro<> spinning_task() {
    co_await aio::sleep(std::chrono::milliseconds(1));
    say_ready();
    volatile bool forever = true;
    while (forever) {}
}

aio::Coro<> ring_member(std::vector<aio::Task<>>& tasks, std::size_t next) {
    co_await aio::sleep(std::chrono::milliseconds(1));
    co_await tasks[next];  // @ring
}

aio::Coro<> run_ring() {
    static std::vector<aio::Task<>> tasks;
    for (std::size_t i = 0; i < 3; ++i) {
        tasks.push_back(aio::create_task(ring_member, std::ref(tasks), (i + 1) % 3));
        tasks.back().set_name("ring-" + std::to_string(i));
    }
    for (int i = 0; i < 10; ++i) co_await aio::sleep(std::chrono::milliseconds(1));
    say_ready();
    co_await aio::Future<>();
}

aio::Coro<> deep(int levels, World& world) {
    if (levels == 0) {
        co_await never(world);
    } else {
        co_await deep(levels - 1, world);  // @deep
    }
}

aio::Coro<> after(aio::Task<> task) { co_await task; }

aio::Coro<> run_deep(int levels) {
    static World world;
    aio::create_task(deep, levels, std::ref(world)).set_name("deep");
    aio::Task<> task = aio::create_task(never, std::ref(world));
    for (int i = 0; i < levels / 10; ++i) task = aio::create_task(after, task);
    task.set_name("last of a chain");
    co_await aio::sleep(std::chrono::milliseconds(1));
    say_ready();
    co_await world.event.wait();
}

aio::Coro<> run_many(int count) {
    static World world;
    for (int i = 0; i < count; ++i) aio::create_task(never, std::ref(world));
    co_await aio::sleep(std::chrono::milliseconds(1));
    say_ready();
    co_await world.event.wait();
}

aio::Coro<> brief(int passes) {
    for (int i = 0; i < passes; ++i) co_await aio::sleep(std::chrono::nanoseconds(0));
}

aio::Coro<> run_storm() {
    static World world;
    for (int i = 0; i < 100; ++i) aio::create_task(never, std::ref(world)).set_name("steady");
    bool first = true;
    while (true) {
        for (int i = 0; i < 200; ++i) aio::create_task(brief, i % 7);
        co_await aio::sleep(std::chrono::nanoseconds(0));
        if (std::exchange(first, false)) say_ready();
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    const int count = argc > 2 ? std::atoi(argv[2]) : 0;
    if (mode == "waiting") aio::run(run_waiting(false));
    if (mode == "abort") aio::run(run_waiting(true));
    if (mode == "sleep") aio::run(blocked_task());
    if (mode == "stutter") aio::run(run_stuttering());
    if (mode == "spin") aio::run(spinning_task());
    if (mode == "ring") aio::run(run_ring());
    if (mode == "deep") aio::run(run_deep(count));
    if (mode == "many") aio::run(run_many(count));
    if (mode == "storm") aio::run(run_storm());
    return 2;
}
