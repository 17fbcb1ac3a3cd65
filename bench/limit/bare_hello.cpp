// The limit of the compile section: a hello program with one sleep on a bare std coroutine. It has the
// least that deserves the name of a runtime: a coroutine type, timers in order, and a loop; the headers are
// those no such program can do without (coroutine, chrono, a container, text).
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <thread>
#include <utility>

using Clock = std::chrono::steady_clock;

std::multimap<Clock::time_point, std::coroutine_handle<>> timers;

class Coro {
public:
    struct promise_type {
        Coro get_return_object() { return Coro(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };

    explicit Coro(std::coroutine_handle<> handle) : handle_(handle) {}
    Coro(Coro&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    ~Coro() {
        if (handle_) handle_.destroy();
    }
    void resume() { handle_.resume(); }

private:
    std::coroutine_handle<> handle_;
};

struct Sleep {
    Clock::duration delay;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) { timers.emplace(Clock::now() + delay, handle); }
    void await_resume() const noexcept {}
};

void run(Coro main) {
    main.resume();
    while (!timers.empty()) {
        std::this_thread::sleep_until(timers.begin()->first);
        auto first = timers.extract(timers.begin());
        first.mapped().resume();
    }
}

Coro hello(std::string greeting) {
    co_await Sleep{std::chrono::milliseconds(1)};
    std::puts(greeting.c_str());
}

int main() { run(hello("hello")); }
