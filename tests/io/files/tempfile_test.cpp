// Temporary files and directories: when they appear, and that they are gone afterwards.
#include "io/files/file_fixture.hpp"

#include <aio/core/gather.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>

#include <sys/stat.h>

namespace aio::test {
namespace {

using files::File;
namespace fs = std::filesystem;

FILE_TEST(TempFile, is_gone_when_it_is_closed) {
    File nameless = co_await files::TemporaryFile({.dir = scratch.root()});
    co_await nameless.write("text");
    co_await nameless.seek(0);
    EXPECT_EQ(co_await nameless.read(), "text");
    EXPECT_TRUE(fs::is_empty(scratch.root()));
    co_await nameless.close();
    File named = co_await files::NamedTemporaryFile({.mode = "w+", .dir = scratch.root(), .suffix = ".txt"});
    EXPECT_THAT(named.name(), testing::StartsWith(scratch.path("tmp")));
    EXPECT_THAT(named.name(), testing::EndsWith(".txt"));
    co_await named.write("seen by others");
    co_await named.flush();
    EXPECT_EQ(content_of(named.name()), "seen by others");
    EXPECT_EQ((co_await files::stat(named.name())).st_mode & 0777, 0600u);
    co_await named.close();
    EXPECT_TRUE(fs::is_empty(scratch.root()));
    {
        File dropped = co_await files::NamedTemporaryFile({.dir = scratch.root()});
        co_await dropped.write("x");
    }
    while (!fs::is_empty(scratch.root())) co_await aio::sleep(1ms);
    File kept = co_await files::NamedTemporaryFile({.dir = scratch.root(), .delete_ = false});
    co_await kept.close();
    EXPECT_TRUE(fs::exists(kept.name()));
    co_await expect_throws<FileNotFoundError>(files::TemporaryFile({.dir = "/nowhere/at/all"}));
    co_await expect_throws<ValueError>(files::NamedTemporaryFile({.prefix = "a/b"}));
}

// The name may be made on a thread when the task has gone already.
FILE_TEST(TempFile, of_a_cancelled_task_is_removed) {
    for (int round = 0; round < 20; ++round) {
        auto file = create_task(files::NamedTemporaryFile({.dir = scratch.root()}));
        auto directory = create_task(files::TemporaryDirectory({.dir = scratch.root()}));
        co_await aio::sleep(Duration(0));
        file.cancel();
        directory.cancel();
        co_await aio::gather(aio::return_exceptions, file, directory);
    }
    // What no task removed would stay for ever.
    co_await aio::sleep(5ms);
    while (!fs::is_empty(scratch.root())) co_await aio::sleep(1ms);
}

FILE_TEST(TempFile, a_spooled_one_moves_to_a_disk_when_it_is_large) {
    files::SpooledFile file = co_await files::SpooledTemporaryFile({.dir = scratch.root(), .max_size = 100});
    co_await file.write(std::string(60, 'a'));
    EXPECT_FALSE(file.rolled());
    co_await file.write(std::string(60, 'b'));
    EXPECT_TRUE(file.rolled());
    EXPECT_EQ(co_await file.tell(), 120);
    co_await file.write("c");
    co_await file.seek(59);
    EXPECT_EQ(co_await file.read(2), "ab");
    co_await file.seek(-2, SEEK_END);
    EXPECT_EQ(co_await file.read(), "bc");
    co_await file.close();
    file = co_await files::SpooledTemporaryFile({.mode = "w+", .dir = scratch.root()});
    co_await file.write("one\ntwo\n");
    co_await file.seek(4);
    co_await file.rollover();
    EXPECT_TRUE(file.rolled());
    EXPECT_EQ(co_await file.readline(), "two\n");
    co_await file.close();
    EXPECT_TRUE(fs::is_empty(scratch.root()));
}

FILE_TEST(TempFile, a_directory_is_gone_with_what_is_in_it) {
    std::string name;
    {
        files::TempDirectory directory = co_await files::TemporaryDirectory({.dir = scratch.root(), .prefix = "d-"});
        name = directory.name();
        EXPECT_THAT(name, testing::StartsWith(scratch.path("d-")));
        co_await files::write_file(name + "/file", "x");
        co_await directory.cleanup();
        EXPECT_FALSE(fs::exists(name));
        co_await directory.cleanup();
    }
    {
        files::TempDirectory dropped = co_await files::TemporaryDirectory({.dir = scratch.root()});
        co_await files::makedirs(dropped.name() + "/a/b");
    }
    while (!fs::is_empty(scratch.root())) co_await aio::sleep(1ms);
    co_await run_passes(3);
}

LOOP_TEST(TempFile, a_loop_that_closes_waits_until_a_directory_is_gone, kOnce) {
    Scratch scratch;
    auto body = [&]() -> Coro<> {
        files::TempDirectory directory = co_await files::TemporaryDirectory({.dir = scratch.root()});
        co_await files::makedirs(directory.name() + "/a/b");
    };
    loop.run_until_complete(body());
    loop.close();
    EXPECT_TRUE(fs::is_empty(scratch.root()));
}

}  // namespace
}  // namespace aio::test
