// Streams belong to the loop that they were made in.
#include <aio/io/stream.hpp>

#include "support/async_test.hpp"
#include "support/test_run.hpp"

namespace aio::test {

LOOP_TEST(StreamOfAnotherLoop, cannot_be_waited_for, kOnce) {
    EventLoop other({.backend = harness::backend_name()});
    std::optional<StreamReader> reader;
    const auto make = [&]() -> Coro<> {
        reader.emplace();
        reader->feed_data("there");
        co_return;
    };
    other.run_until_complete(make);
    const auto read = [&]() -> Coro<std::string> { co_return co_await reader->read(5); };
    EXPECT_EQ(loop.run_until_complete(read), "there") << "what is there need not be waited for";
    EXPECT_THAT(expect_error<RuntimeError>([&] { loop.run_until_complete(read); }),
                testing::HasSubstr("attached to a different loop"));
    reader->feed_eof();
    EXPECT_EQ(other.run_until_complete(read), "");
}

}  // namespace aio::test
