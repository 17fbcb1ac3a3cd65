// Sizes and positions of files at their ends. The rule and its check: tools/extremes.py.
#include "io/files/file_fixture.hpp"

#include <cerrno>
#include <climits>

namespace aio::test {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kLast = INT64_MAX, kFirst = INT64_MIN;

template <class A>
Coro<int> errno_of(A awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const OSError& error) {
        co_return error.code();
    }
    co_return 0;
}

}  // namespace

// Extremes: files::File::read(size), files::File::read1(size), files::File::readline(size),
//     files::File::readlines(hint)
FILE_TEST(Extremes, of_reading_files) {
    const std::string path = scratch.with("one\ntwo\n");
    for (const std::string mode : {"r", "rb"}) {
        files::File file = co_await files::open(path, mode);
        const auto begin = [&file] { return file.seek(0); };
        for (const std::ptrdiff_t all : {PTRDIFF_MIN, std::ptrdiff_t{-1}, PTRDIFF_MAX}) {
            co_await begin();
            EXPECT_EQ(co_await file.read(all), "one\ntwo\n");
            co_await begin();
            EXPECT_EQ(co_await file.readline(all), "one\n");
            EXPECT_EQ(co_await file.readlines(all), list<std::string>("two\n"));
            EXPECT_EQ(co_await file.read(all), "");
            EXPECT_EQ(co_await file.readline(all), "");
            EXPECT_EQ(co_await file.readlines(all), Log());
        }
        co_await begin();
        EXPECT_EQ(co_await file.read(0), "");
        EXPECT_EQ(co_await file.readline(0), "");
        EXPECT_EQ(co_await file.read(1), "o");
        EXPECT_EQ(co_await file.readline(1), "n");
        EXPECT_EQ(co_await file.readlines(0), list<std::string>("e\n", "two\n")) << "0 is no hint";
        co_await begin();
        EXPECT_EQ(co_await file.readlines(1), list<std::string>("one\n"));
        co_await file.close();
        co_await file.close();
        co_await expect_throws<ValueError>(file.read());
    }
    files::File file = co_await files::open(path, "rb");
    for (const std::ptrdiff_t some : {PTRDIFF_MIN, std::ptrdiff_t{-1}, PTRDIFF_MAX}) {
        co_await file.seek(0);
        EXPECT_EQ(co_await file.read1(some), "one\ntwo\n");
        EXPECT_EQ(co_await file.read1(some), "");
    }
    co_await file.seek(0);
    EXPECT_EQ(co_await file.read1(0), "");
    EXPECT_EQ(co_await file.read1(1), "o");
    EXPECT_EQ(co_await file.readinto(std::span<char>()), 0u);
    co_await file.close();
}

// Extremes: files::File::seek(offset), files::File::seek(whence)
FILE_TEST(Extremes, of_positions_in_files) {
    files::File file = co_await files::open(scratch.with("0123456789"), "rb+");
    for (const int whence : {INT_MIN, -1, 3, INT_MAX}) {
        EXPECT_THAT(co_await expect_throws<ValueError>(file.seek(0, whence)), HasSubstr("invalid whence"));
    }
    EXPECT_EQ(co_await file.read(1), "0");  // what follows is buffered
    for (const std::int64_t offset : {kFirst, std::int64_t{-1}}) {
        EXPECT_THAT(co_await expect_throws<ValueError>(file.seek(offset)), HasSubstr("negative seek position"));
    }
    for (const int whence : {SEEK_CUR, SEEK_END}) {
        for (const std::int64_t offset : {kFirst, kFirst + 1, -kLast / 2}) {
            EXPECT_EQ(co_await errno_of(file.seek(offset, whence)), EINVAL) << offset;
        }
    }
    for (const std::int64_t offset : {kLast, kLast - 1}) {
        EXPECT_NE(co_await errno_of(file.seek(offset, SEEK_END)), 0) << "beyond what can be counted";
    }
    EXPECT_EQ(co_await file.tell(), 1);
    EXPECT_EQ(co_await file.read(1), "1");
    EXPECT_EQ(co_await file.seek(-1, SEEK_END), 9);
    EXPECT_EQ(co_await file.read(), "9");
    EXPECT_EQ(co_await file.seek(11), 11);
    EXPECT_EQ(co_await file.read(), "") << "behind its end";
    // Some file systems have no such place.
    const int beyond = co_await errno_of(file.seek(kLast));
    if (beyond == 0) {
        EXPECT_EQ(co_await file.read(1), "");
    }
    co_await file.close();
}

// Extremes: files::File::truncate(size)
FILE_TEST(Extremes, of_lengths_of_files) {
    files::File file = co_await files::open(scratch.with("0123456789"), "rb+");
    for (const std::int64_t size : {kFirst, std::int64_t{-1}}) {
        EXPECT_THAT(co_await expect_throws<ValueError>(file.truncate(size)), HasSubstr("negative"));
    }
    EXPECT_EQ(co_await file.truncate(1), 1);
    EXPECT_EQ(co_await file.read(), "0");
    EXPECT_EQ(co_await file.truncate(0), 0);
    // All there is of a file that says to be larger than memory.
    const int refused = co_await errno_of(file.truncate(kLast));
    if (refused == 0) {
        co_await file.seek(0);
        EXPECT_EQ(co_await file.read(3), std::string(3, '\0'));
        co_await expect_throws<std::bad_alloc>(file.read());
    }
    co_await file.truncate(0);
    co_await file.close();
}

// Extremes: files::OpenOptions::buffering, files::TempOptions::buffering
FILE_TEST(Extremes, of_buffers_of_files) {
    const std::string path = scratch.path();
    for (const std::ptrdiff_t buffering : {PTRDIFF_MIN, std::ptrdiff_t{-2}}) {
        co_await expect_throws<ValueError>(files::open(path, "wb", {.buffering = buffering}));
        co_await expect_throws<ValueError>(files::open(path, "w", {.buffering = buffering}));
        co_await expect_throws<ValueError>(files::TemporaryFile({.buffering = buffering}));
    }
    co_await expect_throws<ValueError>(files::open(path, "w", {.buffering = 0}));
    for (const std::ptrdiff_t buffering : {-1, 0, 1, 2}) {
        files::File file = co_await files::open(path, "wb+", {.buffering = buffering});
        EXPECT_EQ(co_await file.write("one\ntwo\n"), 8u);
        co_await file.seek(0);
        EXPECT_EQ(co_await file.readline(), "one\n") << buffering;
        EXPECT_EQ(co_await file.read1(), buffering == 2 ? "tw" : "two\n");
        co_await file.close();
    }
    // There is no such memory, which reading finds out; the file is as usable as before.
    files::File file = co_await files::open(path, "rb", {.buffering = PTRDIFF_MAX});
    co_await expect_throws<std::bad_alloc>(file.readline());
    EXPECT_EQ(co_await file.read(), "one\ntwo\n");
    co_await file.close();
}

// Extremes: files::TempOptions::max_size, files::SpooledFile::SpooledFile(max_size)
ASYNC_TEST(Extremes, of_what_is_spooled, kOnce) {
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{INT64_MAX}, SIZE_MAX}) {
        files::SpooledFile file = co_await files::SpooledTemporaryFile({.max_size = most});
        co_await file.write("a");
        EXPECT_FALSE(file.rolled()) << most;
        co_await file.write("b");
        EXPECT_EQ(file.rolled(), most == 1) << most;
        co_await file.seek(0);
        EXPECT_EQ(co_await file.read(), "ab");
        co_await file.close();
    }
}

// Extremes: files::OpenOptions::permissions, files::WriteFileOptions::permissions, files::mkdir(mode),
//     files::MakeDirsOptions::mode, files::access(mode)
ASYNC_TEST(Extremes, of_rights_of_files, kOnce) {
    const Scratch scratch;
    const auto rights_of = [](const std::string& path) {
        struct stat status = {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_mode & 0777;
    };
    int number = 0;
    const auto fresh = [&] { return scratch.path(std::to_string(++number)); };
    for (const unsigned rights : {0u, 0400u, 0777u, 07777u}) {
        const unsigned less = rights & 0755;  // the usual umask
        std::string path = fresh();
        files::File file = co_await files::open(path, "wb", {.permissions = rights});
        co_await file.close();
        EXPECT_EQ(rights_of(path) & 0755, less);
        path = fresh();
        co_await files::write_file(path, "x", {.permissions = rights});
        EXPECT_EQ(rights_of(path) & 0755, less);
        path = fresh();
        co_await files::mkdir(path, rights);
        EXPECT_EQ(rights_of(path) & 0755, less);
        path = fresh();
        co_await files::makedirs(path, {.mode = rights});
        EXPECT_EQ(rights_of(path) & 0755, less);
    }
    // More bits than there are: an error, or as if they were not there.
    files::File file;
    EXPECT_THAT(co_await errno_of(files::open(fresh(), "wb", {.permissions = UINT_MAX})), testing::AnyOf(0, EINVAL));
    EXPECT_THAT(co_await errno_of(files::write_file(fresh(), "x", {.permissions = UINT_MAX})),
                testing::AnyOf(0, EINVAL));
    EXPECT_THAT(co_await errno_of(files::mkdir(fresh(), UINT_MAX)), testing::AnyOf(0, EINVAL));
    EXPECT_TRUE(co_await files::access(scratch.root(), 0));
    for (const int mode : {INT_MIN, -1, INT_MAX}) EXPECT_FALSE(co_await files::access(scratch.root(), mode));
}

// Extremes: files::open(fd), files::sameopenfile(fd), files::sameopenfile(other), files::sendfile(out),
//     files::sendfile(in), files::sendfile(offset), files::sendfile(count)
ASYNC_TEST(Extremes, of_descriptors_of_files, kOnce) {
    const Scratch scratch;
    const detail::UniqueFd in(::open(scratch.with("0123456789").c_str(), O_RDONLY | O_CLOEXEC));
    const detail::UniqueFd out(::open(scratch.path("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    for (const int fd : {INT_MIN, -1}) co_await expect_throws<ValueError>(files::open(fd));
    for (const int fd : {INT_MIN, -1, 1'000'000, INT_MAX}) {
        if (fd >= 0) {
            EXPECT_EQ(co_await errno_of(files::open(fd)), EBADF);
        }
        EXPECT_EQ(co_await errno_of(files::sameopenfile(fd, in.get())), EBADF);
        EXPECT_EQ(co_await errno_of(files::sameopenfile(in.get(), fd)), EBADF);
        EXPECT_EQ(co_await errno_of(files::sendfile(fd, in.get(), 0, 1)), EBADF);
        EXPECT_EQ(co_await errno_of(files::sendfile(out.get(), fd, 0, 1)), EBADF);
    }
    for (const std::int64_t offset : {kFirst, std::int64_t{-1}, kLast}) {
        EXPECT_EQ(co_await errno_of(files::sendfile(out.get(), in.get(), offset, 1)), EINVAL);
    }
    EXPECT_EQ(co_await files::sendfile(out.get(), in.get(), 11, 1), 0u);
    EXPECT_EQ(co_await files::sendfile(out.get(), in.get(), 0, 0), 0u);
    EXPECT_EQ(co_await files::sendfile(out.get(), in.get(), 0, 1), 1u);
    EXPECT_EQ(co_await files::sendfile(out.get(), in.get(), 1, SIZE_MAX), 9u);
    EXPECT_EQ(content_of(scratch.path("out")), "0123456789");
}

}  // namespace aio::test
