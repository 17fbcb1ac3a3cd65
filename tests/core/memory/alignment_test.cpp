// Variables aligned to more than 16 bytes, in coroutines and in what else the frame pool holds: docs/compilers.md.
#include <aio/core/async_generator.hpp>
#include <aio/core/future.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <array>
#include <cstdint>
#include <memory>

namespace aio::test {

namespace {

struct alignas(32) Lanes {
    float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
};
struct alignas(64) Line {
    char bytes[64] = "a cache line";
};
// What __m256 and __m512 are, for any processor.
using Vector32 = float __attribute__((vector_size(32)));
using Vector64 = double __attribute__((vector_size(64)));

// How far `object` is from where its type wants it. The compiler believes that it is there: volatile makes it look.
template <class T>
std::uintptr_t misplaced(const T& object, std::size_t alignment = alignof(T)) {
    const volatile auto address = reinterpret_cast<std::uintptr_t>(&object);
    return address % alignment;
}

// `Size` makes frames of many sizes, so of many lists of the pool.
template <class T, std::size_t Size>
Coro<std::uintptr_t> local() {
    std::array<char, Size> other{};
    T aligned{};
    const std::uintptr_t before = misplaced(aligned);
    co_await sleep(1ms);
    other.back() = 1;
    co_return before + misplaced(aligned);
}

template <class T, std::size_t... Sizes>
Coro<std::uintptr_t> locals(std::index_sequence<Sizes...>) {
    std::uintptr_t sum = 0;
    for (int i = 0; i < 3; ++i) {
        std::vector<Coro<std::uintptr_t>> all;
        for (int twice = 0; twice < 2; ++twice) (all.push_back(local<T, 1 + 24 * Sizes>()), ...);
        for (const std::uintptr_t one : co_await gather(std::move(all))) sum += one;
        sum += co_await local<T, 3000>();  // larger than what the pool's lists hold
    }
    co_return sum;
}

using Sizes = std::make_index_sequence<12>;

Coro<std::uintptr_t> parameter(Line line) {
    co_await sleep(0s);
    co_return misplaced(line);
}

AsyncGenerator<std::uintptr_t> generator(Lanes lanes) {
    Line line;
    for (int i = 0; i < 3; ++i) {
        co_await sleep(0s);
        co_yield misplaced(lanes) + misplaced(line);
    }
}

}  // namespace

ASYNC_TEST(Alignment, of_32_and_64_bytes_is_kept_across_awaits, kOnce) {
    EXPECT_EQ(co_await locals<Lanes>(Sizes()), 0u);
    EXPECT_EQ(co_await locals<Line>(Sizes()), 0u);
    EXPECT_EQ(co_await locals<Vector32>(Sizes()), 0u);
    EXPECT_EQ(co_await locals<Vector64>(Sizes()), 0u);
}

ASYNC_TEST(Alignment, parameters_and_captures_have_it) {
    EXPECT_EQ(co_await parameter(Line()), 0u);
    EXPECT_EQ(co_await create_task(parameter, Line()), 0u);
    EXPECT_EQ(co_await wait_for(parameter(Line()), 1h), 0u);
    const Lanes lanes;
    auto captures = [lanes]() -> Coro<std::uintptr_t> {
        co_await sleep(0s);
        co_return misplaced(lanes);
    };
    EXPECT_EQ(co_await create_task(captures), 0u);
    EXPECT_EQ(co_await with_timeout(1h, captures), 0u);
    auto numbers = generator(lanes);
    while (auto number = co_await numbers.next()) EXPECT_EQ(*number, 0u);
}

ASYNC_TEST(Alignment, values_of_futures_and_callbacks_have_it) {
    std::uintptr_t& sum = keep<std::uintptr_t>(0u);
    const Line line;
    Future<Line> future;
    future.add_done_callback([line, &sum] { sum += misplaced(line); });
    get_running_loop().call_soon([line, &sum] { sum += misplaced(line); });
    future.set_result(line);
    sum += misplaced(future.result());
    const Line copy = co_await future;
    sum += misplaced(copy);
    co_await settle();
    EXPECT_EQ(sum, 0u);
}

#ifdef __clang__  // g++ 12 ignores these: docs/compilers.md

namespace {

struct alignas(128) Pair {
    char bytes[128] = {};
};
struct alignas(4096) Page {
    char bytes[4096] = {};
};

Coro<std::uintptr_t> aligned_variable() {
    alignas(32) float lanes[8] = {};
    co_await sleep(0s);
    lanes[0] = 1;
    co_return misplaced(lanes, 32);
}

}  // namespace

ASYNC_TEST(Alignment, of_any_size_is_kept_where_the_compiler_says_it, kOnce) {
    EXPECT_EQ(co_await aligned_variable(), 0u);
    EXPECT_EQ(co_await locals<Pair>(std::make_index_sequence<3>()), 0u);
    EXPECT_EQ(co_await locals<Page>(std::make_index_sequence<2>()), 0u);
}

#endif

}  // namespace aio::test
