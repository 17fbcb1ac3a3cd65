// What the loop tells about mistakes. Two reports come always; debug mode (AIO_DEBUG=1, or .debug = true) adds
// slow callbacks, forgotten awaits, and calls from the wrong thread.
#include <aio/aio.hpp>

#include <fmt/core.h>

#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

aio::Coro<int> parse(std::string text) {
    co_await aio::sleep(1ms);
    if (text.empty()) throw std::invalid_argument("nothing to parse");
    co_return static_cast<int>(text.size());
}

aio::Coro<int> load() { co_return co_await parse(""); }

// Blocks the loop: no other task runs meanwhile. Use to_thread() for such work.
aio::Coro<> hog() {
    std::this_thread::sleep_for(150ms);
    co_await aio::sleep(0s);
}

aio::Coro<> async_main() {
    // 1. A task fails and nobody asks for its result: reported, with the awaits that the exception passed through.
    aio::create_task(load(), {.name = "background"});
    co_await aio::sleep(20ms);

    // 2. A callback that takes longer than slow_callback_duration (100 ms).
    co_await aio::create_task(hog(), {.name = "hog"});

    // 3. A coroutine that is made and dropped. (parse("x"); alone on a line is a compiler warning already.)
    { auto forgotten = parse("x"); }

    // 4. The loop is not thread-safe, and says so: call_soon_threadsafe() is for other threads.
    aio::EventLoop& loop = aio::get_running_loop();
    std::thread([&loop] {
        try {
            loop.call_soon([] {});
        } catch (const aio::RuntimeError& error) {
            fmt::print("{}\n", error.what());
        }
    }).join();

    // 5. Reports go through the loop's exception handler, which can be replaced.
    loop.set_exception_handler([](aio::EventLoop&, const aio::ExceptionContext& report) {
        fmt::print("handler was told: {}\n", report.message);
    });
    loop.call_soon([] { throw std::runtime_error("a callback fails"); });
    co_await aio::sleep(1ms);
}

int main() { aio::run(async_main(), {.debug = true}); }
