// All processors: an event loop on each, a server that all of them share, a queue between them, and processes.
#include <aio/aio.hpp>
#include <aio/io/sharded_server.hpp>
#include <aio/sync/loop_group.hpp>
#include <aio/sync/process_pool.hpp>
#include <aio/sync/thread_queue.hpp>

#include <fmt/core.h>

#include <cstdlib>

using namespace std::chrono_literals;

// Runs on the loop that accepted the connection; nothing here is shared with other loops.
aio::Coro<> handle_echo(aio::StreamReader reader, aio::StreamWriter writer) {
    auto lines = reader.lines();
    while (auto line = co_await lines.next()) {
        writer.write(*line);
        co_await writer.drain();
    }
}

aio::Coro<std::string> ask(int port, std::string question) {
    auto [reader, writer] = co_await aio::open_connection("127.0.0.1", port);
    writer.write(question + "\n");
    std::string answer = co_await reader.readline();
    writer.close();
    co_await writer.wait_closed();
    co_return answer;
}

aio::Coro<> produce(aio::ThreadQueue<int>* queue) {
    for (int i = 1; i <= 1000; ++i) co_await queue->put(i);
    queue->shutdown();
}
aio::Coro<long> consume(aio::ThreadQueue<int>* queue) {
    long sum = 0;
    try {
        while (true) sum += co_await queue->get();
    } catch (const aio::QueueShutDown&) {}
    co_return sum;
}

int crash(int) { std::abort(); }
int square(int x) { return x * x; }

aio::Coro<> async_main(aio::LoopGroup& group, aio::ProcessPoolExecutor& processes) {
    auto server = co_await aio::start_sharded_server(group, handle_echo, "127.0.0.1", 0);
    fmt::print("loops that serve: {}\n", server.serving());
    for (int i = 0; i < 4; ++i) fmt::print("{}", co_await ask(server.port(), fmt::format("hello {}", i)));
    server.close();
    co_await server.wait_closed();

    aio::ThreadQueue<int> queue(16);
    auto producer = group.submit_to(0, produce, &queue);
    auto consumer = group.submit_to(1, consume, &queue);
    fmt::print("sum over the queue: {}\n", co_await consumer);
    co_await producer;

    fmt::print("squared elsewhere: {}\n", co_await processes.submit(square, 12));
    try {
        co_await processes.submit(crash, 0);
    } catch (const aio::BrokenProcessPool&) {
        fmt::print("a process died; this one goes on\n");
    }
}

int main() {
    aio::ProcessPoolExecutor processes(1);  // first: before there are threads
    aio::LoopGroup group({.size = 2});      // by default as many as processors
    aio::run(async_main(group, processes));
}
