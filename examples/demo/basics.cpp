// Tasks, futures, queues, threads and semaphores, each in a few lines.
#include <aio/aio.hpp>

#include "parts.hpp"

#include <algorithm>
#include <thread>

using namespace std::chrono_literals;

namespace demo {

namespace {

// --- tasks -------------------------------------------------------------------------------------------------

aio::Coro<int> square(Console& console, int x) {
    co_await aio::sleep(100ms * x);
    console.say("{} computed {}", aio::current_task().get_name(), x * x);
    co_return x* x;
}

aio::Coro<> show_tasks(Console& console) {
    aio::Task<int> three = aio::create_task(square(console, 3), {.name = "three"});
    aio::Task<int> two = aio::create_task(square(console, 2), {.name = "two"});
    console.say("{} tasks are alive", aio::all_tasks().size());
    int sum = co_await three + co_await two;

    aio::Task<int> endless = aio::create_task(square(console, 1'000'000), {.name = "endless"});
    co_await aio::sleep(100ms);
    endless.cancel();
    try {
        co_await endless;
    } catch (const aio::CancelledError&) {
        console.say("{} was cancelled", endless.get_name());
    }
    console.result("9 + 4 = {}", sum);
}

// --- a future ----------------------------------------------------------------------------------------------

aio::Coro<> set_later(Console& console, aio::Future<int> future) {
    co_await aio::sleep(300ms);
    console.say("setting the result");
    future.set_result(42);
}

aio::Coro<> show_future(Console& console) {
    aio::Future<int> future;
    aio::Task<> setter = aio::create_task(set_later(console, future));
    console.say("waiting; done: {}", future.done());
    int result = co_await future;
    co_await setter;
    console.result("the future's result is {}", result);
}

// --- producers and consumers -------------------------------------------------------------------------------

aio::Coro<> produce(Console& console, aio::Queue<int>& queue, int producer) {
    for (int i = 0; i < 4; ++i) {
        const int item = 10 * producer + i;
        co_await queue.put(item);  // waits while the queue is full
        console.say("producer {} put {:2}    ({} of {} in the queue)", producer, item, queue.qsize(),
                    queue.maxsize());
    }
}

aio::Coro<> consume(Console& console, aio::Queue<int>& queue, int consumer, int& consumed) {
    while (true) {
        const int item = co_await queue.get();  // waits while the queue is empty
        co_await aio::sleep(120ms);
        console.say("consumer {} took {:2}", consumer, item);
        ++consumed;
        queue.task_done();
    }
}

aio::Coro<> show_queue(Console& console) {
    aio::Queue<int> queue(3);
    int consumed = 0;
    std::vector<aio::Task<>> consumers;
    for (int i = 1; i <= 3; ++i) consumers.push_back(aio::create_task(consume(console, queue, i, consumed)));
    co_await aio::gather(produce(console, queue, 1), produce(console, queue, 2));
    co_await queue.join();
    for (auto& task : consumers) task.cancel();
    co_await aio::gather(consumers, aio::return_exceptions);
    console.result("{} items, never more than {} waiting", consumed, queue.maxsize());
}

// --- an executor -------------------------------------------------------------------------------------------

std::string blocking_call() {
    std::this_thread::sleep_for(500ms);
    return "done";
}

aio::Coro<> count_ticks(int& ticks) {
    while (true) {
        co_await aio::sleep(50ms);
        ++ticks;
    }
}

aio::Coro<> show_executor(Console& console) {
    int ticks = 0;
    aio::Task<> ticker = aio::create_task(count_ticks(ticks));
    console.say("a call that blocks for 0.5 s goes to a thread");
    std::string answer = co_await aio::get_running_loop().run_in_executor(nullptr, blocking_call);
    ticker.cancel();
    console.result("it is {}; the loop ticked {} times meanwhile", answer, ticks);
}

// --- a semaphore -------------------------------------------------------------------------------------------

struct Load {
    int running = 0, peak = 0, done = 0;
};

aio::Coro<> job(Console& console, aio::Semaphore& semaphore, Load& load) {
    auto permit = co_await semaphore.scoped();
    load.peak = std::max(load.peak, ++load.running);
    co_await aio::sleep(200ms);
    --load.running;
    console.progress("jobs", static_cast<std::size_t>(++load.done), 20);
}

aio::Coro<> show_semaphore(Console& console) {
    aio::Semaphore semaphore(5);
    Load load;
    std::vector<aio::Coro<>> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(job(console, semaphore, load));
    console.say("20 jobs of 0.2 s, at most 5 at a time");
    co_await aio::gather(std::move(jobs));
    console.result("{} jobs in {:.2f} s, at most {} at a time", load.done, console.elapsed(), load.peak);
}

}  // namespace

void tasks(Console& console) { aio::run(show_tasks(console)); }
void future(Console& console) { aio::run(show_future(console)); }
void producers_and_consumers(Console& console) { aio::run(show_queue(console)); }
void executor(Console& console) { aio::run(show_executor(console)); }
void semaphore(Console& console) { aio::run(show_semaphore(console)); }

}  // namespace demo
