// A Future is a result that somebody sets later: a task, a callback, or code that knows nothing of coroutines.
#include <aio/aio.hpp>

#include <fmt/core.h>

#include <stdexcept>

using namespace std::chrono_literals;

aio::Coro<> set_later(aio::Future<int> future, int value) {
    co_await aio::sleep(20ms);
    future.set_result(value);
}

// An interface of callbacks, as many C libraries have.
void call_me_back(void (*done)(void* data, int status), void* data) {
    aio::get_running_loop().call_later(10ms, [=] { done(data, 200); });
}

// The same as a coroutine: the callback resolves a future.
aio::Coro<int> status() {
    aio::Future<int> answer;
    call_me_back([](void* data, int code) { static_cast<aio::Future<int>*>(data)->set_result(code); }, &answer);
    co_return co_await answer;
}

aio::Coro<> async_main() {
    aio::Future<int> future;  // pending, of the running loop; copies name the same future
    aio::Task<> setter = aio::create_task(set_later(future, 42));
    fmt::print("future: {}\n", co_await future);
    co_await setter;

    fmt::print("callback: {}\n", co_await status());

    aio::Future<> broken;
    broken.set_exception(std::runtime_error("the line is dead"));
    try {
        co_await broken;
    } catch (const std::runtime_error& error) {
        fmt::print("exception: {}\n", error.what());
    }

    try {
        future.set_result(43);
    } catch (const aio::InvalidStateError& error) {
        fmt::print("{}\n", error.what());
    }
}

int main() { aio::run(async_main()); }
