// BodyReader over any source: what each way of reading gives.
#include <aio/base/error.hpp>
#include <aio/http/body_reader.hpp>

#include "http/body_fixture.hpp"

namespace aio::test {
namespace {

using http::BodyReader;

ASYNC_TEST(BodyReading, read_gives_all_or_so_many_bytes) {
    for (const bool waits : {false, true}) {
        Chopped source("0123456789", 3, waits);
        BodyReader body(&source);
        EXPECT_EQ(co_await body.read(2), "01");
        EXPECT_EQ(co_await body.read(0), "");
        EXPECT_EQ(co_await body.read(5), "2");
        EXPECT_EQ(co_await body.read(), "3456789");
        EXPECT_EQ(co_await body.read(), "");
        EXPECT_EQ(co_await body.read(1), "");
        EXPECT_TRUE(body.at_eof());
    }
}

ASYNC_TEST(BodyReading, an_error_of_the_source_comes_through_every_read) {
    struct Broken final : http::detail::BodySource {
        Coro<std::string_view> next_piece() override { throw ValueError("broken"); }
    };
    Broken source;
    BodyReader body(&source);
    co_await expect_throws<ValueError>(body.read());
    co_await expect_throws<ValueError>(body.read(1));
    co_await expect_throws<ValueError>(body.readany());
    co_await expect_throws<ValueError>(body.readline());
}

}  // namespace
}  // namespace aio::test
