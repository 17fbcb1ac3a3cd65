// File: modes, reading, writing, position, the end.
#include "io/files/file_fixture.hpp"

#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include <random>

namespace aio::test {
namespace {

using files::File;

// --- aiofiles' own tests ---------------------------------------------------------------------------------------

FILE_TEST(File, read_gives_all_or_so_many_bytes) {
    const std::string path = scratch.with("0123456789");
    for (const char* mode : {"r", "rb"}) {
        File file = co_await files::open(path, mode);
        EXPECT_EQ(co_await file.read(4), "0123");
        EXPECT_EQ(co_await file.read(0), "");
        EXPECT_EQ(co_await file.read(), "456789");
        EXPECT_EQ(co_await file.read(), "");
        EXPECT_EQ(co_await file.read(3), "");
        co_await file.close();
        EXPECT_TRUE(file.closed());
    }
}

FILE_TEST(File, readall_and_read1_and_readinto_and_peek) {
    const std::string path = scratch.with("0123456789");
    File file = co_await files::open(path, "rb");
    EXPECT_EQ(co_await file.peek(), "0123456789");
    EXPECT_EQ(co_await file.read1(3), "012");
    char buffer[5] = {};
    EXPECT_EQ(co_await file.readinto(std::span<char>(buffer, 4)), 4u);
    EXPECT_STREQ(buffer, "3456");
    EXPECT_EQ(co_await file.readall(), "789");
    EXPECT_EQ(co_await file.readinto(std::span<char>(buffer, 4)), 0u);
    EXPECT_EQ(co_await file.read1(), "");
    co_await file.close();
}

FILE_TEST(File, lines_one_by_one_all_and_iterated) {
    const std::string path = scratch.with("line 1\nline 2\n\nlast");
    File file = co_await files::open(path);
    EXPECT_EQ(co_await file.readline(), "line 1\n");
    auto lines = file.lines();
    EXPECT_EQ(co_await lines.next(), "line 2\n");
    EXPECT_EQ(co_await file.tell(), 14);  // the position is behind the line, not behind the buffer
    EXPECT_EQ(co_await lines.next(), "\n");
    EXPECT_EQ(co_await lines.next(), "last");
    EXPECT_FALSE(co_await lines.next());
    co_await file.seek(0);
    EXPECT_EQ(co_await file.readlines(), list<std::string>("line 1\n", "line 2\n", "\n", "last"));
    co_await file.seek(0);
    EXPECT_EQ((co_await file.readlines(8)).size(), 2u);
    co_await file.seek(0);
    EXPECT_EQ(co_await file.readline(3), "lin");
    EXPECT_EQ(co_await file.readline(100), "e 1\n");
    co_await file.close();
}

FILE_TEST(File, writes_and_writelines_arrive) {
    File file = co_await files::open(scratch.path(), "w");
    EXPECT_EQ(co_await file.write("one\n"), 4u);
    EXPECT_EQ(co_await file.write(std::string("two\n")), 4u);
    co_await file.writelines(list<std::string>("three\n", "four\n"));
    EXPECT_EQ(content_of(scratch.path()), "");  // buffered
    co_await file.flush();
    EXPECT_EQ(content_of(scratch.path()), "one\ntwo\nthree\nfour\n");
    co_await file.write("five\n");
    co_await file.sync();
    co_await file.close();
    EXPECT_EQ(content_of(scratch.path()), "one\ntwo\nthree\nfour\nfive\n");
}

FILE_TEST(File, modes_do_what_pythons_do) {
    const std::string path = scratch.with("old");
    File file = co_await files::open(path, "a");
    EXPECT_EQ(co_await file.tell(), 3);
    co_await file.write("er");
    co_await file.close();
    EXPECT_EQ(content_of(path), "older");
    file = co_await files::open(path, "r+");
    co_await file.write("O");
    EXPECT_EQ(co_await file.read(), "lder");
    co_await file.close();
    EXPECT_EQ(content_of(path), "Older");
    file = co_await files::open(path, "a+b");
    EXPECT_EQ(file.mode(), "ab+");
    co_await file.seek(0);
    EXPECT_EQ(co_await file.read(2), "Ol");
    co_await file.write("!");
    co_await file.seek(0);
    EXPECT_EQ(co_await file.read(), "Older!");
    co_await file.close();
    file = co_await files::open(path, "w+");
    EXPECT_EQ(co_await file.read(), "");
    co_await file.write("new");
    co_await file.seek(1);
    EXPECT_EQ(co_await file.read(), "ew");
    co_await file.close();
    const std::string what = co_await expect_throws<FileExistsError>(files::open(path, "x"));
    EXPECT_EQ(what, "open '" + path + "' for writing: File exists (errno 17)");
    file = co_await files::open(scratch.path("fresh"), "xb");
    co_await file.close();
    EXPECT_TRUE(std::filesystem::exists(scratch.path("fresh")));
}

ASYNC_TEST(File, modes_that_are_none_are_refused, kOnce) {
    for (const char* mode : {"", "b", "rw", "rr", "r++", "U", "rbt", "+", "wxb", "r "}) {
        SCOPED_TRACE(mode);
        co_await expect_throws<ValueError>(files::open("/nowhere", mode));
    }
    co_await expect_throws<ValueError>(files::open("/nowhere", "r", {.buffering = 0}));
    co_await expect_throws<ValueError>(files::open("/nowhere", "r", {.closefd = false}));
    co_await expect_throws<ValueError>(files::open("/nowhere", "rb", {.errors = "strict"}));
    co_await expect_throws<ValueError>(files::open("/nowhere", "rb", {.newline = "\n"}));
    co_await expect_throws<ValueError>(files::open("/nowhere", "r", {.errors = "surrogates"}));
    co_await expect_throws<ValueError>(files::open("/nowhere", "r", {.newline = "\t"}));
    co_await expect_throws<ValueError>(files::open(std::string("/tmp\0x", 6)));
    co_await expect_throws<ValueError>(files::open(-1));
}

FILE_TEST(File, observers_tell_what_open_made) {
    const std::string path = scratch.with("x");
    File file = co_await files::open(path, "rb");
    EXPECT_TRUE(file.readable());
    EXPECT_FALSE(file.writable());
    EXPECT_TRUE(file.seekable());
    EXPECT_FALSE(file.isatty());
    EXPECT_GE(file.fileno(), 0);
    EXPECT_EQ(file.name(), path);
    EXPECT_EQ(file.mode(), "rb");
    co_await expect_throws<UnsupportedOperation>(file.write("y"));
    co_await file.close();
    co_await file.close();
    EXPECT_THROW(static_cast<void>(file.fileno()), ValueError);
    const std::string what = co_await expect_throws<ValueError>(file.read());
    EXPECT_EQ(what, "I/O operation on closed file '" + path + "'");
    File out = co_await files::open(path, "w");
    co_await expect_throws<UnsupportedOperation>(out.read());
    co_await expect_throws<UnsupportedOperation>(out.readline());
    co_await out.close();
    co_await expect_throws<ValueError>(out.write("late"));
    co_await expect_throws<ValueError>(out.flush());
}

FILE_TEST(File, stat_looks_at_the_open_file) {
    const std::string path = scratch.with("0123456789");
    File file = co_await files::open(path, "r+");
    const files::Stat by_path = co_await files::stat(path);
    files::Stat status = co_await file.stat();
    EXPECT_TRUE(status.is_file());
    EXPECT_EQ(status.st_size, 10);
    EXPECT_TRUE(status.st_ino == by_path.st_ino && status.st_dev == by_path.st_dev);
    EXPECT_EQ(co_await file.read(3), "012");
    co_await files::remove(path);
    co_await file.seek(0, SEEK_END);
    co_await file.write("ab");
    status = co_await file.stat();
    EXPECT_EQ(status.st_nlink, 0u) << "the name is gone, and the file is there";
    EXPECT_EQ(status.st_size, 10) << "what is buffered does not count";
    co_await file.flush();
    status = co_await file.stat();
    EXPECT_EQ(status.st_size, 12);
    co_await file.seek(3);
    status = co_await file.stat();
    EXPECT_EQ(co_await file.read(2), "34") << "the position stays";
    co_await file.close();
    EXPECT_THAT(co_await expect_throws<ValueError>(file.stat()), testing::HasSubstr("closed file"));
}

FILE_TEST(File, stat_of_a_pipe_and_of_a_device) {
    PipeEnds ends;
    File pipe = co_await files::open(ends.out.take(), "rb");
    const files::Stat status = co_await pipe.stat();
    EXPECT_TRUE(S_ISFIFO(status.st_mode));
    co_await pipe.close();
    File null = co_await files::open("/dev/null", "rb");
    const files::Stat device = co_await null.stat();
    EXPECT_TRUE(S_ISCHR(device.st_mode));
    co_await null.close();
}

FILE_TEST(File, stat_that_is_cancelled_leaves_the_file_usable) {
    File file = co_await files::open(scratch.with("text"));
    Task<files::Stat> task = create_task(file.stat());
    co_await run_passes(1);
    task.cancel();
    co_await wait_for(as_result(task), 60s);
    EXPECT_EQ((co_await file.stat()).st_size, 4);
    EXPECT_EQ(co_await file.read(), "text");
    co_await file.close();
}

FILE_TEST(File, seek_tell_and_truncate) {
    File file = co_await files::open(scratch.path(), "w+b");
    co_await file.write("0123456789");
    EXPECT_EQ(co_await file.tell(), 10);
    EXPECT_EQ(co_await file.seek(-3, SEEK_END), 7);
    EXPECT_EQ(co_await file.read(1), "7");
    EXPECT_EQ(co_await file.seek(-4, SEEK_CUR), 4);
    EXPECT_EQ(co_await file.read(2), "45");
    EXPECT_EQ(co_await file.truncate(), 6);
    EXPECT_EQ(co_await file.tell(), 6);
    EXPECT_EQ(co_await file.truncate(8), 8);
    EXPECT_EQ(co_await file.read(), std::string(2, '\0'));
    co_await expect_throws<ValueError>(file.seek(-1));
    co_await expect_throws<ValueError>(file.seek(0, 17));
    co_await expect_throws<OSError>(file.seek(-100, SEEK_CUR));
    co_await file.close();
    EXPECT_EQ(content_of(scratch.path()), std::string("012345\0\0", 8));
}

// --- buffers -----------------------------------------------------------------------------------------------------

FILE_TEST(File, unbuffered_writes_are_there_at_once) {
    File file = co_await files::open(scratch.path(), "wb", {.buffering = 0});
    EXPECT_EQ(co_await file.write("now"), 3u);
    EXPECT_EQ(content_of(scratch.path()), "now");
    co_await file.close();
    file = co_await files::open(scratch.path(), "rb", {.buffering = 0});
    EXPECT_EQ(co_await file.read(100), "now");
    EXPECT_EQ(co_await file.read(100), "");
    co_await file.close();
}

FILE_TEST(File, a_cancelled_write_tears_no_line) {
    File file = co_await files::open(scratch.path(), "wb", {.buffering = 4096});
    const std::string line = std::string(999, 'x') + "\n";
    const auto write_on = [&]() -> Coro<> {
        while (true) co_await file.write(line);
    };
    for (int round = 0; round < 5; ++round) {
        Task<> writer = create_task(write_on());
        co_await aio::sleep(Duration(0));
        co_await aio::sleep(Duration(0));
        writer.cancel();
        co_await expect_throws<CancelledError>(std::move(writer));
    }
    co_await file.close();
    EXPECT_EQ(std::filesystem::file_size(scratch.path()) % line.size(), 0u);
    EXPECT_GT(std::filesystem::file_size(scratch.path()), 0u);
}

FILE_TEST(File, line_buffered_text_goes_out_with_each_line) {
    File file = co_await files::open(scratch.path(), "w", {.buffering = 1});
    co_await file.write("half");
    EXPECT_EQ(content_of(scratch.path()), "");
    co_await file.write(" a line\n");
    EXPECT_EQ(content_of(scratch.path()), "half a line\n");
    co_await file.close();
}

FILE_TEST(File, data_larger_than_any_buffer_pass) {
    std::string data(3'000'000, '\0');
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 31 % 251);
    File file = co_await files::open(scratch.path(), "w+b", {.buffering = 100});
    co_await file.write("head");
    EXPECT_EQ(co_await file.write(data), data.size());
    co_await file.seek(0);
    EXPECT_EQ(co_await file.read(4), "head");
    const std::string back = co_await file.read();
    EXPECT_TRUE(back == data);
    co_await file.close();
}

FILE_TEST(File, a_line_may_be_longer_than_the_buffer) {
    const std::string huge(400'000, 'x');
    const std::string path = scratch.with(huge + "\nshort\n" + huge);
    File file = co_await files::open(path, "r", {.buffering = 1000});
    EXPECT_EQ((co_await file.readline()).size(), huge.size() + 1);
    EXPECT_EQ(co_await file.readline(), "short\n");
    EXPECT_EQ((co_await file.readline()).size(), huge.size());
    EXPECT_EQ(co_await file.readline(), "");
    co_await file.close();
}

FILE_TEST(File, several_tasks_take_turns) {
    File file = co_await files::open(scratch.path(), "wb", {.buffering = 64});
    std::vector<Task<std::size_t>> writes;
    for (char letter = 'a'; letter <= 'j'; ++letter) {
        writes.push_back(create_task(file.write(std::string(1000, letter))));
    }
    for (auto& write : writes) EXPECT_EQ(co_await write, 1000u);
    co_await file.close();
    std::string expected;
    for (char letter = 'a'; letter <= 'j'; ++letter) expected += std::string(1000, letter);
    EXPECT_EQ(content_of(scratch.path()), expected);
}

FILE_TEST(File, a_file_that_grows_is_read_on_and_one_that_shrinks_ends) {
    const std::string path = scratch.with(std::string(200'000, 'a'));
    File file = co_await files::open(path, "rb", {.buffering = 4096});
    EXPECT_EQ((co_await file.read(100'000)).size(), 100'000u);
    EXPECT_EQ(::truncate(path.c_str(), 50'000), 0);
    EXPECT_LE((co_await file.read()).size(), 4096u);  // what had been read ahead
    EXPECT_EQ(co_await file.read(), "");
    std::ofstream(path, std::ios::app) << std::string(60'000, 'b');
    const std::string more = co_await file.read();
    EXPECT_EQ(more.find_first_not_of('b'), std::string::npos);
    co_await file.close();
}

// Random operations, compared with the plain system calls on a second file.
Coro<> compare_with_plain_calls(std::string ours, std::string theirs, unsigned seed) {
    std::minstd_rand random(seed);
    const auto below = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    File file = co_await files::open(ours, "w+b", {.buffering = 1 + below(300)});
    const detail::UniqueFd plain(::open(theirs.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    for (int step = 0; step < 300; ++step) {
        const int size = below(500);
        switch (below(6)) {
            case 0: {
                const int whence = below(2) == 0 ? SEEK_SET : SEEK_END;
                const int offset = whence == SEEK_SET ? below(3000) : 0;
                EXPECT_EQ(co_await file.seek(offset, whence), ::lseek(plain.get(), offset, whence));
                break;
            }
            case 1:
            case 2: {
                std::string expected(static_cast<std::size_t>(size), '\0');
                const ssize_t got = ::read(plain.get(), expected.data(), expected.size());
                expected.resize(static_cast<std::size_t>(got));
                EXPECT_EQ(co_await file.read(size), expected) << "step " << step;
                break;
            }
            case 3:
            case 4: {
                const std::string data(static_cast<std::size_t>(size), static_cast<char>('a' + step % 26));
                EXPECT_EQ(::write(plain.get(), data.data(), data.size()), size);
                EXPECT_EQ(co_await file.write(data), data.size());
                break;
            }
            default: {
                const int length = below(3000);
                EXPECT_EQ(::ftruncate(plain.get(), length), 0);
                EXPECT_EQ(co_await file.truncate(length), length);
            }
        }
        EXPECT_EQ(co_await file.tell(), ::lseek(plain.get(), 0, SEEK_CUR)) << "step " << step;
    }
    co_await file.close();
    EXPECT_EQ(content_of(ours), content_of(theirs));
}

FILE_TEST(File, random_operations_do_what_plain_calls_do) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE(seed);
        co_await compare_with_plain_calls(scratch.path("ours"), scratch.path("theirs"), seed);
        if (testing::Test::HasFailure()) co_return;
    }
}

// --- the loop goes on ----------------------------------------------------------------------------------------------

ASYNC_TEST(File, a_task_that_reads_a_lot_lets_others_run, kOnce) {
    Scratch scratch;
    const std::string path = scratch.with(std::string(8 << 20, 'x'));
    int& passes = keep<int>(0);
    auto counting = [&passes]() -> Coro<> {
        while (true) {
            ++passes;
            co_await aio::sleep(Duration(0));
        }
    };
    auto counter = create_task(counting);
    File file = co_await files::open(path, "rb");
    EXPECT_EQ((co_await file.read()).size(), std::size_t{8} << 20);
    EXPECT_GE(passes, 5);
    co_await file.close();
    counter.cancel();
    co_await run_passes(2);
}

}  // namespace
}  // namespace aio::test
