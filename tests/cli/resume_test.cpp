#include "cli/resume.hpp"

#include "cli/tool.hpp"

namespace aio::cli {
namespace {

using http::Headers;
using test::Scratch;
using testing::HasSubstr;

Validators known(std::string etag, std::string date = "", std::optional<std::uint64_t> size = {}) {
    Validators result;
    result.url = "http://h/a";
    result.etag = std::move(etag);
    result.last_modified = std::move(date);
    result.size = size;
    return result;
}

TEST(ToolResume, takes_only_the_rest_it_asked_for) {
    const Headers rest{{"Content-Range", "bytes 10-19/20"}};
    EXPECT_EQ(understand(206, rest, 10, known("\"a\"")), Answer::append);
    EXPECT_EQ(understand(206, rest, 11, known("\"a\"")), Answer::again);
    EXPECT_EQ(understand(206, Headers{}, 10, known("\"a\"")), Answer::again);
    EXPECT_EQ(understand(200, Headers{}, 10, known("\"a\"")), Answer::restart);
    EXPECT_EQ(understand(404, Headers{}, 10, known("\"a\"")), Answer::other);
}

TEST(ToolResume, sees_that_the_bytes_are_others) {
    const Headers rest{{"Content-Range", "bytes 10-19/20"}, {"ETag", "\"b\""}, {"Last-Modified", "B"}};
    EXPECT_EQ(understand(206, rest, 10, known("\"a\"")), Answer::again);
    EXPECT_EQ(understand(206, rest, 10, known("\"b\"")), Answer::append);
    EXPECT_EQ(understand(206, rest, 10, known("", "A")), Answer::again);
    EXPECT_EQ(understand(206, rest, 10, known("", "", 21)), Answer::again);
    EXPECT_EQ(understand(206, rest, 10, known("", "", 20)), Answer::append);
}

TEST(ToolResume, takes_no_packed_rest_of_what_is_not_packed) {
    const auto rest = [](const char* coding) {
        return Headers{{"Content-Range", "bytes 10-19/20"}, {"ETag", "\"a\""}, {"Content-Encoding", coding}};
    };
    Validators kept = known("\"a\"");
    EXPECT_EQ(understand(206, rest("gzip"), 10, kept), Answer::again);
    EXPECT_EQ(understand(206, rest("identity"), 10, kept), Answer::append);
    kept.coding = "gzip";
    EXPECT_EQ(understand(206, rest("GZip"), 10, kept), Answer::append);
    EXPECT_EQ(understand(206, rest("br"), 10, kept), Answer::again);
    EXPECT_EQ(understand(206, rest("identity"), 10, kept), Answer::again);
    EXPECT_EQ(Validators::from_json(kept.to_json()), kept);
}

TEST(ToolResume, sees_a_rest_that_is_called_the_whole) {
    const Validators kept = known("\"a\"", "", 20);
    EXPECT_EQ(understand(200, Headers{{"Content-Range", "bytes 10-19/20"}}, 10, kept), Answer::again);
    EXPECT_EQ(understand(200, Headers{{"Content-Range", "bytes 0-9/20"}}, 10, kept), Answer::again);
    EXPECT_EQ(understand(200, Headers{{"Content-Range", "bytes 0-19/20"}}, 10, kept), Answer::restart);
    EXPECT_EQ(understand(200, Headers{{"ETag", "\"a\""}, {"Content-Length", "10"}}, 10, kept), Answer::again);
    EXPECT_EQ(understand(200, Headers{{"ETag", "\"a\""}, {"Content-Length", "20"}}, 10, kept), Answer::restart);
    EXPECT_EQ(understand(200, Headers{{"ETag", "\"b\""}, {"Content-Length", "10"}}, 10, kept), Answer::restart);
    EXPECT_TRUE(is_part(206, Headers{}));
    EXPECT_FALSE(is_part(200, Headers{}));
}

TEST(ToolResume, sees_that_nothing_is_missing) {
    EXPECT_EQ(understand(416, Headers{{"Content-Range", "bytes */10"}}, 10, known("")), Answer::complete);
    EXPECT_EQ(understand(416, Headers{{"Content-Range", "bytes */9"}}, 10, known("")), Answer::again);
    EXPECT_EQ(understand(416, Headers{}, 10, known("")), Answer::again);
}

TEST(ToolResume, compares_by_strong_tags_only) {
    EXPECT_EQ(validators_of("u", 200, Headers{{"ETag", "W/\"a\""}}).etag, "");
    const Validators now = validators_of("u", 200, Headers{{"ETag", "\"a\""}, {"Content-Length", "7"}});
    EXPECT_EQ(now.etag, "\"a\"");
    EXPECT_EQ(now.size, 7u);
    EXPECT_EQ(validators_of("u", 206, Headers{{"Content-Range", "bytes 1-2/7"}, {"Content-Length", "2"}}).size, 7u);
    // What is packed has another length than what is stored.
    EXPECT_EQ(validators_of("u", 200, Headers{{"Content-Encoding", "gzip"}, {"Content-Length", "7"}}).size,
              std::nullopt);
}

TEST(ToolResume, validators_survive_as_json) {
    const Validators all = known("\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT", 1u << 31);
    EXPECT_EQ(Validators::from_json(all.to_json()), all);
    EXPECT_EQ(Validators::from_json("{}"), Validators());
    EXPECT_EQ(Validators::from_json("{\"size\": -1, \"etag\": 7}"), Validators());
    EXPECT_EQ(Validators::from_json("nonsense"), std::nullopt);
    EXPECT_EQ(Validators::from_json("[]"), std::nullopt);
}

ASYNC_TEST(ToolPartialFile, is_kept_with_what_it_is_of, test::kOnce) {
    if (test::simulated()) CO_SKIP();
    const Scratch scratch;
    {
        PartialFile partial = co_await PartialFile::open(scratch.path("a"), "http://h/a", false);
        co_await partial.restart(known("\"a\"", "", 10));
        co_await partial.write("12345");
        EXPECT_FALSE(scratch.has("a"));
        EXPECT_TRUE(co_await partial.keep());
    }
    EXPECT_EQ(scratch.read("a.part"), "12345");
    PartialFile again = co_await PartialFile::open(scratch.path("a"), "http://h/a", true);
    EXPECT_EQ(again.size(), 5u);
    EXPECT_EQ(again.validators(), known("\"a\"", "", 10));
    co_await again.write("67890");
    co_await again.finish(scratch.path("a"), false);
    EXPECT_EQ(scratch.read("a"), "1234567890");
    EXPECT_THAT(scratch.names(), testing::ElementsAre("a"));
}

ASYNC_TEST(ToolPartialFile, of_another_url_is_begun_anew_if_nothing_can_be_compared, test::kOnce) {
    if (test::simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a.part", "12345");
    scratch.write("a.part.json", known("").to_json());
    PartialFile same = co_await PartialFile::open(scratch.path("a"), "http://h/a", true);
    EXPECT_EQ(same.size(), 5u);
    co_await same.keep();
    PartialFile other = co_await PartialFile::open(scratch.path("a"), "http://h/b", true);
    EXPECT_EQ(other.size(), 0u);
    co_await other.keep();
    EXPECT_THAT(scratch.names(), testing::ElementsAre());
}

ASYNC_TEST(ToolPartialFile, is_of_one_process_at_a_time, test::kOnce) {
    if (test::simulated()) CO_SKIP();
    const Scratch scratch;
    PartialFile first = co_await PartialFile::open(scratch.path("a"), "http://h/a", false);
    const std::string problem =
        co_await test::expect_throws<RuntimeError>(PartialFile::open(scratch.path("a"), "http://h/a", false));
    EXPECT_THAT(problem, HasSubstr("another process"));
    co_await first.keep();
}

ASYNC_TEST(ToolPartialFile, has_its_note_before_its_bytes_are_on_the_disk, test::kOnce) {
    if (test::simulated()) CO_SKIP();
    const Scratch scratch;
    PartialFile partial = co_await PartialFile::open(scratch.path("a"), "http://h/a", false);
    co_await partial.restart(known("\"a\""));
    co_await partial.write(std::string(1000, 'x'));
    EXPECT_FALSE(scratch.has("a.part.json"));
    co_await partial.write(std::string(100'000, 'x'));
    EXPECT_THAT(scratch.read("a.part.json"), HasSubstr("\\\"a\\\""));
    co_await partial.discard();
    EXPECT_THAT(scratch.names(), testing::ElementsAre());
}

}  // namespace
}  // namespace aio::cli
