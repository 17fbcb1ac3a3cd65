// Broken invariants end a process that was built with AIOCPP_ASSERTIONS, and say which: one example of each kind.
#include <aio/base/assert.hpp>
#include <aio/base/function.hpp>
#include <aio/io/byte_buffer.hpp>
#include <aio/sync/wait_list.hpp>

#include "core/backend/backend.hpp"
#include "core/timer_queue.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>

namespace aio::test {
namespace {

struct Item final : detail::Callback {
    void run() override {}
};

struct Watch final : detail::Operation {
    explicit Watch(int descriptor) : Operation(detail::OpKind::poll_in, descriptor) {}
    void completed(int, const char*, bool) noexcept override {}
};

class Invariants : public testing::Test {
protected:
    void SetUp() override {
        if (!detail::kAssertions) GTEST_SKIP() << "this build has no assertions";
    }
};

TEST_F(Invariants, a_failure_says_where_and_what) {
    const int cakes = 3;
    EXPECT_DEATH(AIO_ASSERT(cakes == 4), "broken invariant at .*invariants_test.cpp:[0-9]+ in .*: cakes == 4\n");
}

TEST_F(Invariants, nothing_is_ready_twice) {
    detail::ReadyQueue queue;
    Item item;
    queue.push(&item);
    EXPECT_DEATH(queue.push(&item), "broken invariant");
}

TEST_F(Invariants, an_empty_queue_gives_nothing) {
    detail::ReadyQueue ready;
    EXPECT_DEATH(ready.pop(), "broken invariant");
    const detail::TimerQueue timers;
    EXPECT_DEATH(timers.next(), "broken invariant");
    detail::WaitList waiters;
    EXPECT_DEATH(waiters.first(), "broken invariant");
    const detail::Function<void()> function;
    EXPECT_DEATH(function(), "broken invariant");
}

TEST_F(Invariants, bytes_that_are_not_there_are_not_consumed) {
    detail::ByteBuffer bytes;
    bytes.append("abc", 3);
    EXPECT_DEATH(bytes.consume(4), "broken invariant");
}

TEST_F(Invariants, an_operation_is_started_once) {
    const int wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const int watched = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    {
        const std::unique_ptr<detail::Backend> backend = detail::make_epoll_backend(wake);
        Watch watch(watched);
        backend->start(watch);
        EXPECT_DEATH(backend->start(watch), "broken invariant");
        backend->cancel(watch);
        backend->poll(TimePoint::min());
    }
    ::close(watched);
    ::close(wake);
}

}  // namespace
}  // namespace aio::test
