// Coroutines whose frames g++ 12 lays out wrongly (docs/compilers.md): calling them is an error, and destroys nothing.
#include <aio/core/async_generator.hpp>
#include <aio/core/run.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>

#include "support/async_test.hpp"

#include <string>

namespace aio::test {
namespace {

int ran = 0;

Coro<bool> found() {
    co_await sleep(0s);
    co_return true;
}

// Without variables of their own.
Coro<> looks() {
    if (co_await found()) ++ran;
}
Coro<> looks_for(std::string) {
    if (co_await found()) ++ran;
}
Coro<> looks_again() {
    while (!co_await found()) ++ran;
    ++ran;
}

// "ran", or the message of the error.
template <class Call>
Coro<std::string> outcome(Call call) {
    const int before = ran;
    try {
        Coro<> coroutine = call();
        co_await std::move(coroutine);
    } catch (const RuntimeError& error) {
        co_return error.what();
    }
    co_return ran == before + 1 ? "ran" : "did nothing";
}

ASYNC_TEST(MisplacedPromise, is_an_error_of_the_call) {
    const auto runs_or_says_why = testing::AnyOf(testing::Eq("ran"), testing::HasSubstr("g++ 12"));
    const std::string plain = co_await outcome(looks);
    EXPECT_THAT(plain, runs_or_says_why);
    const auto with_parameter = [] { return looks_for("a text that has memory of its own on the heap"); };
    const std::string parameter = co_await outcome(with_parameter);
    EXPECT_THAT(parameter, runs_or_says_why);
    const std::string loop = co_await outcome(looks_again);
    EXPECT_THAT(loop, runs_or_says_why);
}

}  // namespace
}  // namespace aio::test
