// Files: errors, cancellation, pipes, and the end of a file.
#include "io/files/file_fixture.hpp"

#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace aio::test {
namespace {

using files::File;

// --- errors --------------------------------------------------------------------------------------------------------

FILE_TEST(FileErrors, open_names_the_error_the_path_and_the_purpose) {
    const std::string path = scratch.path("missing");
    EXPECT_EQ(co_await expect_throws<FileNotFoundError>(files::open(path)),
              "open '" + path + "' for reading: No such file or directory (errno 2)");
    co_await expect_throws<FileNotFoundError>(files::open(scratch.path("a/b"), "w"));
    EXPECT_EQ(co_await expect_throws<IsADirectoryError>(files::open(scratch.root())),
              "open '" + scratch.root() + "' for reading: Is a directory (errno 21)");
    co_await expect_throws<IsADirectoryError>(files::open(scratch.root(), "w"));
    scratch.with("x");
    co_await expect_throws<NotADirectoryError>(files::open(scratch.path("file/below")));
    co_await expect_throws<OSError>(files::open(scratch.path(std::string(300, 'n'))));
    EXPECT_EQ(::symlink("loop", scratch.path("loop").c_str()), 0);
    co_await expect_throws<OSError>(files::open(scratch.path("loop")));
    if (::geteuid() != 0) {
        ::chmod(scratch.path().c_str(), 0);
        co_await expect_throws<PermissionError>(files::open(scratch.path()));
    }
}

FILE_TEST(FileErrors, a_full_disk_is_told_by_flush_and_by_close) {
    if (::access("/dev/full", W_OK) != 0) CO_SKIP();
    File file = co_await files::open("/dev/full", "w");
    co_await file.write("lost");
    EXPECT_EQ(co_await expect_throws<OSError>(file.flush()),
              "write to '/dev/full': No space left on device (errno 28)");
    co_await expect_throws<OSError>(file.close());
    EXPECT_TRUE(file.closed());
    co_await file.close();
}

// A file system of one page.
FILE_TEST(FileErrors, what_a_full_file_system_took_is_there_and_the_rest_is_an_error) {
    const std::string where = scratch.path("small");
    ::mkdir(where.c_str(), 0700);
    if (::mount("none", where.c_str(), "tmpfs", 0, "size=64k") != 0) CO_SKIP();
    File file = co_await files::open(where + "/file", "wb", {.buffering = 1000});
    const std::string data(200'000, 'x');
    co_await expect_throws<OSError>(file.write(data));
    co_await expect_throws<OSError>(file.close());
    EXPECT_EQ(content_of(where + "/file").size(), 65536u);
    co_await expect_throws<OSError>(files::write_file(where + "/other", data));
    // Busy for a moment: a file that a thread of the kernel closed is let go of a little later.
    while (::mount("none", where.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k") != 0) {
        if (errno != EBUSY) {
            ADD_FAILURE() << std::strerror(errno);
            break;
        }
        co_await aio::sleep(1ms);
    }
    const std::string what = co_await expect_throws<OSError>(files::open(where + "/third", "w"));
    EXPECT_THAT(what, testing::EndsWith("Read-only file system (errno 30)"));
    ::umount2(where.c_str(), MNT_DETACH);
}

FILE_TEST(FileErrors, devices_and_proc_are_read_as_they_are) {
    File file = co_await files::open("/dev/zero", "rb");
    EXPECT_EQ(co_await file.read(100'000), std::string(100'000, '\0'));
    co_await file.close();
    file = co_await files::open("/dev/null", "r+");
    co_await file.write("gone");
    EXPECT_EQ(co_await file.read(), "");
    co_await file.close();
    file = co_await files::open("/proc/self/status");  // says it is empty
    EXPECT_THAT(co_await file.read(), testing::StartsWith("Name:"));
    co_await file.close();
    EXPECT_THAT(co_await files::read_file("/proc/self/status"), testing::HasSubstr("VmRSS"));
    file = co_await files::open(scratch.with(""));
    EXPECT_EQ(co_await file.read(), "");
    EXPECT_FALSE(co_await file.lines().next());
    co_await file.close();
}

// --- pipes ---------------------------------------------------------------------------------------------------------

FILE_TEST(FilePipe, a_read_waits_and_a_cancelled_one_loses_nothing) {
    PipeEnds pipe;
    File out = co_await files::open(pipe.out.take(), "r");
    File in = co_await files::open(pipe.in.take(), "w");
    EXPECT_FALSE(out.seekable());
    co_await expect_throws<UnsupportedOperation>(out.tell());
    co_await expect_throws<UnsupportedOperation>(out.seek(0));
    auto reading = create_task(out.readline());
    co_await in.write("half");
    co_await in.flush();
    co_await aio::sleep(10ms);
    EXPECT_FALSE(reading.done());
    reading.cancel();
    co_await run_passes(3);
    EXPECT_TRUE(reading.cancelled());
    co_await in.write(" a line\nrest");
    co_await in.close();
    EXPECT_EQ(co_await out.readline(), "half a line\n");
    EXPECT_EQ(co_await out.read(), "rest");
    co_await out.close();
}

FILE_TEST(FilePipe, a_cancelled_read_gives_back_what_it_took) {
    PipeEnds pipe;
    File out = co_await files::open(pipe.out.take(), "rb");
    EXPECT_EQ(::write(pipe.in.get(), "0123456789", 10), 10);
    auto reading = create_task(out.read(20));
    co_await aio::sleep(10ms);
    reading.cancel();
    co_await run_passes(3);
    EXPECT_EQ(co_await out.read(4), "0123");
    EXPECT_EQ(::write(pipe.in.get(), "ab", 2), 2);
    EXPECT_EQ(co_await out.read(8), "456789ab");
    co_await out.close();
}

FILE_TEST(FilePipe, writing_waits_for_the_reader_and_nothing_is_lost_by_close) {
    PipeEnds pipe;
    File in = co_await files::open(pipe.in.take(), "wb");
    File out = co_await files::open(pipe.out.take(), "rb");
    const std::string data(300'000, 'd');
    auto writing = create_task(in.write(data));
    co_await aio::sleep(5ms);
    EXPECT_FALSE(writing.done());
    auto closing = create_task(in.close());
    EXPECT_EQ((co_await out.read()).size(), data.size());
    EXPECT_EQ(co_await writing, data.size());
    co_await closing;
    co_await out.close();
}

FILE_TEST(FilePipe, a_pipe_that_nobody_reads_is_an_error_and_no_signal) {
    PipeEnds pipe;
    File in = co_await files::open(pipe.in.take(), "w");
    pipe.out = {};
    co_await in.write("x");
    co_await expect_throws<BrokenPipeError>(in.flush());
    co_await expect_throws<BrokenPipeError>(in.close());
    EXPECT_TRUE(in.closed());
}

FILE_TEST(FilePipe, both_ends_of_a_fifo_wait_for_each_other) {
    const std::string path = scratch.path("fifo");
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    auto opening = create_task(files::open(path, "w"));
    co_await aio::sleep(5ms);
    EXPECT_FALSE(opening.done());
    File out = co_await files::open(path);
    auto reading = create_task(out.read());
    File in = co_await opening;
    co_await in.write("through");
    co_await in.close();
    EXPECT_EQ(co_await reading, "through");
    co_await out.close();
}

FILE_TEST(FilePipe, a_fifo_without_a_writer_is_not_at_its_end) {
    const std::string path = scratch.path("fifo");
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    File out = co_await files::open(path);
    auto reading = create_task(out.read());
    co_await aio::sleep(5ms);
    EXPECT_FALSE(reading.done());
    reading.cancel();
    co_await run_passes(3);
    co_await out.close();
    auto opening = create_task(files::open(path, "a"));
    co_await aio::sleep(5ms);
    opening.cancel();
    co_await run_passes(3);
    EXPECT_TRUE(opening.cancelled());
}

// --- cancellation --------------------------------------------------------------------------------------------------

FILE_TEST(FileCancel, a_read_that_was_cancelled_on_its_way_loses_nothing) {
    const std::string path = scratch.with("line one\nline two\n" + std::string(300'000, 'x'));
    for (int passes = 0; passes < 6; ++passes) {
        File file = co_await files::open(path);
        EXPECT_EQ(co_await file.read(5), "line ");
        for (int round = 0; round < 3; ++round) {
            auto reading = create_task(file.read());
            co_await run_passes(passes);
            reading.cancel();
            auto next = create_task(file.tell());  // waits for what was left behind
            const std::int64_t position = co_await next;
            if (reading.cancelled()) {
                EXPECT_EQ(position, 5);
            }
            if (!reading.cancelled()) co_await file.seek(5);
        }
        EXPECT_EQ(co_await file.readline(), "one\n");
        co_await file.close();
    }
}

FILE_TEST(FileCancel, what_a_cancelled_write_took_is_written_once) {
    for (int passes = 0; passes < 4; ++passes) {
        File file = co_await files::open(scratch.path(), "wb", {.buffering = 16});
        co_await file.write("0123456789");
        auto flushing = create_task(file.flush());
        co_await run_passes(passes);
        flushing.cancel();
        co_await run_passes(1);
        co_await file.write("ab");
        co_await file.close();
        EXPECT_EQ(content_of(scratch.path()), "0123456789ab");
    }
}

FILE_TEST(FileCancel, a_close_that_was_cancelled_goes_on) {
    for (int passes = 1; passes < 4; ++passes) {
        {
            File file = co_await files::open(scratch.path(), "w");
            co_await file.write("kept");
            auto closing = create_task(file.close());
            co_await run_passes(passes);
            closing.cancel();
            co_await run_passes(1);
        }
        while (content_of(scratch.path()) != "kept") co_await aio::sleep(1ms);
    }
}

// --- the last handle -----------------------------------------------------------------------------------------------

FILE_TEST(FileEnd, a_dropped_file_is_written_out_and_closed) {
    {
        File file = co_await files::open(scratch.path(), "w");
        co_await file.write("not lost");
    }
    while (content_of(scratch.path()) != "not lost") co_await aio::sleep(1ms);
    {
        get_running_loop().set_debug(true);
        File file = co_await files::open(scratch.path());
        File copy = file;
        file = File();
        EXPECT_EQ(co_await copy.read(3), "not");
    }
    get_running_loop().set_debug(false);
    const std::string unclosed = "unclosed file '" + scratch.path() + "', open for reading\n  dropped in <Task ";
    EXPECT_THAT(take_logs(), testing::ElementsAre(testing::StartsWith(unclosed)));
}

ASYNC_TEST(FileEnd, what_cannot_be_written_out_for_a_dropped_file_is_logged, kOnce) {
    if (::access("/dev/full", W_OK) != 0) CO_SKIP();
    {
        File file = co_await files::open("/dev/full", "w");
        co_await file.write("lost");
    }
    Log logs;
    while (logs.empty()) {
        co_await aio::sleep(1ms);
        logs = take_logs();
    }
    EXPECT_THAT(logs.at(0), testing::StartsWith("could not flush and close '/dev/full' (its close() is not awaited): "
                                                "No space left on device"));
}

LOOP_TEST(FileEnd, a_loop_that_closes_writes_out_what_is_open, kOnce) {
    Scratch scratch;
    File file;
    auto body = [&]() -> Coro<> {
        file = co_await files::open(scratch.path(), "w");
        co_await file.write("to the end");
    };
    loop.run_until_complete(body());
    loop.close();
    EXPECT_TRUE(file.closed());
    EXPECT_EQ(content_of(scratch.path()), "to the end");
}

LOOP_TEST(FileEnd, a_loop_that_closes_waits_for_a_call_on_a_thread, kOnce) {
    Scratch scratch;
    for (const detail::FileRoute route : {detail::FileRoute::thread, detail::FileRoute::backend}) {
        const Route forced(route);
        EventLoop own;
        auto body = [&]() -> Coro<> {
            File file = co_await files::open(scratch.path(), "wb");
            auto writing = create_task(file.write(std::string(1'000'000, 'w')));
            co_await run_passes(2);
            static_cast<void>(writing);
        };
        own.set_exception_handler([](EventLoop&, const ExceptionContext&) {});  // the task is destroyed pending
        static_cast<void>(loop);
        own.run_until_complete(body());
        own.close();
    }
}

ASYNC_TEST(FileEnd, any_number_of_files_is_read_with_few_descriptors, kOnce) {
    Scratch scratch;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{std::min<rlim_t>(256, before.rlim_max), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    constexpr int kFiles = 10'000;
    for (int i = 0; i < kFiles; ++i) scratch.with(std::to_string(i), std::to_string(i));
    for (const detail::FileRoute route : kRoutes) {
        const Route forced(route);
        const int count = route == detail::FileRoute::usual ? kFiles : kFiles / 5;
        std::vector<Coro<std::string>> reads;
        for (int i = 0; i < count; ++i) reads.push_back(files::read_file(scratch.path(std::to_string(i))));
        const std::vector<std::string> texts = co_await gather(std::move(reads));
        int right = 0;
        for (int i = 0; i < count; ++i) right += texts[static_cast<std::size_t>(i)] == std::to_string(i);
        EXPECT_EQ(right, count);
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
}

ASYNC_TEST(FileEnd, the_standard_streams_share_what_was_read_ahead, kOnce) {
    PipeEnds pipe;
    const detail::UniqueFd saved(::dup(0));
    ::dup2(pipe.out.get(), 0);
    EXPECT_EQ(::write(pipe.in.get(), "one\ntwo\n", 8), 8);
    File first = files::stdin_();
    EXPECT_EQ(co_await first.readline(), "one\n");
    File second = files::stdin_();
    EXPECT_EQ(co_await second.readline(), "two\n");
    auto waiting = create_task(first.readline());
    co_await run_passes(3);
    EXPECT_FALSE(waiting.done());
    waiting.cancel();
    co_await run_passes(3);
    co_await first.close();
    EXPECT_GE(::fcntl(0, F_GETFD), 0);
    ::dup2(saved.get(), 0);
}

}  // namespace
}  // namespace aio::test
