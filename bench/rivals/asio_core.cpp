// Asio (Boost) in the core section: the cases of bench/core/core_bench.cpp on awaitable<>. The executor is
// io_context's own type, not any_io_executor, and the context is told that one thread runs it: Asio at its
// best. Asio has no gather; its crowd is co_spawned with a completion handler that counts down.

#define BOOST_ASIO_DISABLE_THREADS

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <chrono>
#include <vector>

#include "../support/measure.hpp"

namespace {

namespace asio = boost::asio;
using asio::io_context;
using Executor = io_context::executor_type;
template <class T = void>
using Coro = asio::awaitable<T, Executor>;
using Use = asio::use_awaitable_t<Executor>;
using Channel = asio::experimental::basic_channel<Executor, asio::experimental::channel_traits<>,
                                                  void(boost::system::error_code, int)>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr int kCrowd = 1'000'000;
constexpr Use use_awaitable;

[[gnu::noinline]] Coro<> nothing() { co_return; }
[[gnu::noinline]] Coro<int> number(int value) { co_return value; }

Coro<> create_and_await(io_context& context, bench::Rounds& rounds) {
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); ++i) {
            co_await asio::co_spawn(context.get_executor(), nothing(), use_awaitable);
        }
    }
}

Coro<> await_nested(io_context&, bench::Rounds& rounds) {
    int sum = 0;
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); ++i) sum += co_await number(1);
    }
    bench::keep(sum);
}

Coro<> yield_times(io_context& context, long times) {
    for (long i = 0; i < times; ++i) co_await asio::post(context.get_executor(), use_awaitable);
}

template <int Tasks>
Coro<> yield_together(io_context& context, bench::Rounds& rounds) {
    Timer all_done(context.get_executor());
    while (rounds.next()) {
        all_done.expires_at(Timer::time_point::max());
        int left = Tasks;
        for (int i = 0; i < Tasks; ++i) {
            asio::co_spawn(context.get_executor(), yield_times(context, rounds.operations() / Tasks),
                           [&](std::exception_ptr) {
                               if (--left == 0) all_done.cancel();
                           });
        }
        boost::system::error_code cancelled;
        co_await all_done.async_wait(asio::redirect_error(use_awaitable, cancelled));
    }
}

Coro<> produce(Channel& channel, long count) {
    for (long i = 0; i < count; ++i) {
        co_await channel.async_send(boost::system::error_code(), static_cast<int>(i), use_awaitable);
    }
}

Coro<> through_a_queue(io_context& context, bench::Rounds& rounds) {
    Channel channel(context.get_executor(), 100);
    int sum = 0;
    while (rounds.next()) {
        asio::co_spawn(context.get_executor(), produce(channel, rounds.operations()), asio::detached);
        for (long i = 0; i < rounds.operations(); ++i) sum += co_await channel.async_receive(use_awaitable);
    }
    bench::keep(sum);
}

void gather_crowd() {
    io_context context(1);
    const double started = bench::cpu_ns();
    {
        std::vector<int> results(kCrowd);
        for (int i = 0; i < kCrowd; ++i) {
            asio::co_spawn(context.get_executor(), number(i),
                           [&results, i](std::exception_ptr, int value) { results[i] = value; });
        }
        context.run();
        if (results[kCrowd - 1] != kCrowd - 1) std::abort();
    }
    bench::report("gather_1m_per_task", "ns", (bench::cpu_ns() - started) / kCrowd);
}

[[gnu::noinline]] Coro<> sleeper(io_context& context, std::chrono::seconds delay) {
    Timer timer(context.get_executor(), delay);
    co_await timer.async_wait(use_awaitable);
}

void sleep_crowd() {
    io_context context(1);
    bench::Crowd crowd(kCrowd);
    for (int i = 0; i < kCrowd; ++i) {
        asio::co_spawn(context.get_executor(), sleeper(context, std::chrono::seconds(5)), asio::detached);
    }
    context.run();
    crowd.report();
}

template <Coro<> (*Body)(io_context&, bench::Rounds&)>
void measure(const char* name, long operations) {
    bench::Rounds rounds(name, operations);
    io_context context(1);
    asio::co_spawn(context.get_executor(), Body(context, rounds), asio::detached);
    context.run();
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Case kCases[] = {
        {"task_create_await", [] { measure<create_and_await>("task_create_await", 20'000); }},
        {"yield_1", [] { measure<yield_together<1>>("yield_1", 50'000); }},
        {"yield_1000", [] { measure<yield_together<1000>>("yield_1000", 50'000); }},
        {"await_nested", [] { measure<await_nested>("await_nested", 500'000); }},
        {"queue_item", [] { measure<through_a_queue>("queue_item", 20'000); }},
        {"gather_1m", gather_crowd},
        {"sleep_1m", sleep_crowd},
    };
    return bench::run_cases(argc, argv, kCases);
}
