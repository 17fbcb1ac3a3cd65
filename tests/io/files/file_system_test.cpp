// aio::files: names, directories, whole files and copies.
#include "io/files/file_fixture.hpp"

#include <aio/core/task.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

namespace aio::test {
namespace {

using files::File;
namespace fs = std::filesystem;

// --- what is there -------------------------------------------------------------------------------------------------

FILE_TEST(FileSystem, stat_and_the_tests_of_paths) {
    const std::string path = scratch.with("12345");
    EXPECT_EQ(::symlink("file", scratch.path("link").c_str()), 0);
    EXPECT_EQ(::symlink("nothing", scratch.path("broken").c_str()), 0);
    const files::Stat found = co_await files::stat(path);
    EXPECT_EQ(found.st_size, 5);
    EXPECT_TRUE(found.is_file());
    EXPECT_EQ(found.st_nlink, 1u);
    EXPECT_TRUE((co_await files::stat(scratch.path("link"))).is_file());
    EXPECT_TRUE((co_await files::lstat(scratch.path("link"))).is_symlink());
    EXPECT_TRUE((co_await files::stat(scratch.path("link"), {.follow_symlinks = false})).is_symlink());
    EXPECT_EQ(co_await expect_throws<FileNotFoundError>(files::stat(scratch.path("no"))),
              "stat '" + scratch.path("no") + "': No such file or directory (errno 2)");
    EXPECT_TRUE(co_await files::exists(path));
    EXPECT_FALSE(co_await files::exists(scratch.path("no")));
    EXPECT_FALSE(co_await files::exists(scratch.path("broken")));
    EXPECT_TRUE(co_await files::lexists(scratch.path("broken")));
    EXPECT_TRUE(co_await files::isfile(path));
    EXPECT_FALSE(co_await files::isdir(path));
    EXPECT_TRUE(co_await files::isdir(scratch.root()));
    EXPECT_TRUE(co_await files::islink(scratch.path("link")));
    EXPECT_FALSE(co_await files::islink(path));
    EXPECT_TRUE(co_await files::ismount("/"));
    EXPECT_TRUE(co_await files::ismount("/proc"));
    EXPECT_FALSE(co_await files::ismount(scratch.root()));
    EXPECT_EQ(co_await files::getsize(path), 5);
    EXPECT_GT(co_await files::getmtime(path), 1.6e9);
    EXPECT_GT(co_await files::getatime(path), 1.6e9);
    EXPECT_GT(co_await files::getctime(path), 1.6e9);
    EXPECT_TRUE(co_await files::samefile(path, scratch.path("link")));
    EXPECT_FALSE(co_await files::samefile(path, scratch.root()));
    EXPECT_TRUE(co_await files::sameopenfile(1, 1));
    EXPECT_TRUE(co_await files::access(path, R_OK));
    EXPECT_FALSE(co_await files::access(scratch.path("no"), F_OK));
    EXPECT_GT((co_await files::statvfs(path)).f_blocks, 0u);
    co_await expect_throws<ValueError>(files::stat(std::string("a\0b", 3)));
}

ASYNC_TEST(FileSystem, paths_are_made_absolute_by_their_letters, kOnce) {
    const std::string here = co_await files::getcwd();
    EXPECT_EQ(here, fs::current_path().string());
    EXPECT_EQ(co_await files::abspath("a/../b//./c/"), here + "/b/c");
    EXPECT_EQ(co_await files::abspath(""), here);
    EXPECT_EQ(co_await files::abspath("/../.."), "/");
    EXPECT_EQ(co_await files::abspath("//a"), "//a");
    EXPECT_EQ(co_await files::abspath("///a/b/.."), "/a");
}

// --- changes -------------------------------------------------------------------------------------------------------

FILE_TEST(FileSystem, names_are_made_changed_and_removed) {
    scratch.with("text", "a");
    co_await files::rename(scratch.path("a"), scratch.path("b"));
    co_await files::link(scratch.path("b"), scratch.path("c"));
    EXPECT_EQ((co_await files::stat(scratch.path("c"))).st_nlink, 2u);
    co_await files::symlink("b", scratch.path("d"));
    EXPECT_EQ(co_await files::readlink(scratch.path("d")), "b");
    co_await expect_throws<OSError>(files::readlink(scratch.path("b")));
    co_await files::replace(scratch.path("c"), scratch.path("e"));
    co_await files::renames(scratch.path("e"), scratch.path("x/y/f"));
    EXPECT_EQ(content_of(scratch.path("x/y/f")), "text");
    co_await files::renames(scratch.path("x/y/f"), scratch.path("g"));
    EXPECT_FALSE(fs::exists(scratch.path("x")));
    co_await files::remove(scratch.path("g"));
    co_await files::unlink(scratch.path("d"));
    const std::string what = co_await expect_throws<FileNotFoundError>(files::remove(scratch.path("g")));
    EXPECT_EQ(what, "remove '" + scratch.path("g") + "': No such file or directory (errno 2)");
    co_await expect_throws<FileExistsError>(files::symlink("z", scratch.path("b")));
    co_await expect_throws<OSError>(files::remove(scratch.root()));
}

FILE_TEST(FileSystem, directories_are_made_and_removed) {
    co_await files::mkdir(scratch.path("one"));
    co_await expect_throws<FileExistsError>(files::mkdir(scratch.path("one")));
    co_await expect_throws<FileNotFoundError>(files::mkdir(scratch.path("no/two")));
    co_await files::makedirs(scratch.path("a/b//c/"));
    co_await expect_throws<FileExistsError>(files::makedirs(scratch.path("a/b/c")));
    co_await files::makedirs(scratch.path("a/b/c"), {.exist_ok = true});
    co_await expect_throws<OSError>(files::rmdir(scratch.path("a")));
    co_await files::rmdir(scratch.path("one"));
    scratch.with("keeps its directory", "kept");
    co_await files::removedirs(scratch.path("a/b/c"));
    EXPECT_FALSE(fs::exists(scratch.path("a")));
    EXPECT_TRUE(fs::exists(scratch.root()));
    co_await files::makedirs(scratch.path("t/u/v"));
    scratch.with("x", "t/u/file");
    EXPECT_EQ(::symlink("../..", scratch.path("t/u/up").c_str()), 0);
    co_await files::rmtree(scratch.path("t"));
    EXPECT_FALSE(fs::exists(scratch.path("t")));
    EXPECT_TRUE(fs::exists(scratch.path("kept")));
    co_await expect_throws<FileNotFoundError>(files::rmtree(scratch.path("t")));
    co_await files::rmtree(scratch.path("t"), {.ignore_errors = true});
}

// --- directories ---------------------------------------------------------------------------------------------------

FILE_TEST(FileSystem, directories_are_listed_scanned_and_walked) {
    std::vector<std::string> expected;
    for (int i = 0; i < 1200; ++i) {
        scratch.with("", std::to_string(i));
        expected.push_back(std::to_string(i));
    }
    fs::create_directories(scratch.path("sub/deeper"));
    EXPECT_EQ(::symlink("sub", scratch.path("to-sub").c_str()), 0);
    expected.push_back("sub");
    expected.push_back("to-sub");
    std::sort(expected.begin(), expected.end());
    std::vector<std::string> names = co_await files::listdir(scratch.root());
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, expected);
    auto entries = files::scandir(scratch.root());
    std::vector<std::string> scanned;
    while (auto entry = co_await entries.next()) {
        scanned.push_back(entry->name);
        EXPECT_EQ(entry->path, scratch.path(entry->name));
        EXPECT_EQ(entry->is_dir(), entry->name == "sub");
        EXPECT_EQ(entry->is_symlink(), entry->name == "to-sub");
    }
    std::sort(scanned.begin(), scanned.end());
    EXPECT_EQ(scanned, expected);
    auto walking = files::walk(scratch.root());
    std::vector<std::string> roots;
    while (auto step = co_await walking.next()) {
        if (roots.empty()) {
            EXPECT_EQ(step->files.size(), 1200u);
            EXPECT_EQ(step->dirs.size(), 2u);
        }
        roots.push_back(step->root);
    }
    EXPECT_EQ(roots, list<std::string>(scratch.root(), scratch.path("sub"), scratch.path("sub/deeper")));
    co_await expect_throws<FileNotFoundError>(files::listdir(scratch.path("no")));
    auto nothing = files::scandir(scratch.path("no"));
    co_await expect_throws<FileNotFoundError>(nothing.next());
}

// --- whole files ---------------------------------------------------------------------------------------------------

FILE_TEST(WholeFile, is_read_and_written) {
    const std::string path = scratch.path();
    for (const std::size_t size : {0u, 1u, 4096u, 65535u, 65536u, 65537u, 3'000'000u}) {
        const std::string data(size, 'z');
        co_await files::write_file(path, data);
        EXPECT_TRUE(co_await files::read_file(path) == data) << size;
    }
    co_await files::write_file(path, "a");
    co_await files::write_file(path, "b", {.append = true});
    EXPECT_EQ(content_of(path), "ab");
    ::chmod(path.c_str(), 0640);
    co_await files::write_file(path, "new", {.atomic = true, .sync = true});
    EXPECT_EQ(content_of(path), "new");
    EXPECT_EQ((co_await files::stat(path)).st_mode & 0777, 0640u);
    EXPECT_EQ((co_await files::listdir(scratch.root())).size(), 1u);
    EXPECT_EQ(co_await expect_throws<FileNotFoundError>(files::read_file(scratch.path("no"))),
              "read the file '" + scratch.path("no") + "': No such file or directory (errno 2)");
    co_await expect_throws<IsADirectoryError>(files::read_file(scratch.root()));
    co_await expect_throws<FileNotFoundError>(files::write_file(scratch.path("no/x"), "y", {.atomic = true}));
    co_await expect_throws<ValueError>(files::write_file(path, "y", {.append = true, .atomic = true}));
}

namespace {

// Whether `made` let the loop make a pass, as a call on a thread does.
Coro<bool> waits(Coro<> made) {
    bool waited = false;
    get_running_loop().call_soon([&waited] { waited = true; });
    co_await std::move(made);
    const bool answer = waited;
    co_await run_passes(1);
    co_return answer;
}

Coro<> open_and_close(std::string path, const char* mode) {
    const File file = co_await files::open(path, mode);
    co_await file.close();
}
Coro<> read_both_ways(std::string path, std::string wanted) {
    EXPECT_TRUE(co_await files::read_file(path) == wanted) << wanted.size();
    EXPECT_EQ((co_await files::stat(path)).st_size, static_cast<std::int64_t>(wanted.size()));
    File file = co_await files::open(path, "rb");
    EXPECT_TRUE(co_await file.read() == wanted) << wanted.size();
    co_await file.close();
}

}  // namespace

ASYNC_TEST(WholeFile, in_memory_is_read_without_a_thread, kOnce) {
    if (::access("/dev/shm", W_OK) != 0) CO_SKIP();
    const Scratch scratch("/dev/shm");
    for (const std::size_t size : {0u, 1u, 4096u, 65536u, 200'000u}) {
        const std::string data(size, 'm');
        EXPECT_FALSE(co_await waits(read_both_ways(scratch.with(data), data))) << size;
    }
}

ASYNC_TEST(WholeFile, in_memory_is_written_without_a_thread, kOnce) {
    if (::access("/dev/shm", W_OK) != 0) CO_SKIP();
    const Scratch scratch("/dev/shm");
    const std::string path = scratch.path();
    for (const std::size_t size : {0u, 1u, 4096u, 200'000u}) {
        const std::string data(size, 'm');
        EXPECT_FALSE(co_await waits(files::write_file(path, data, {.permissions = 0640}))) << size;
        EXPECT_TRUE(content_of(path) == data) << size;
    }
    EXPECT_EQ((co_await files::stat(path)).st_mode & 0777, 0640u);
    EXPECT_FALSE(co_await waits(files::write_file(path, "+", {.append = true})));
    EXPECT_EQ(content_of(path).size(), 200'001u);
    EXPECT_FALSE(co_await waits(open_and_close(path, "r+")));
    EXPECT_FALSE(co_await waits(open_and_close(path, "a")));
    EXPECT_FALSE(co_await waits(open_and_close(path, "w")));
    EXPECT_EQ(content_of(path), "");
    EXPECT_FALSE(co_await waits(open_and_close(scratch.path("new"), "x")));
    co_await expect_throws<FileExistsError>(open_and_close(path, "x"));
}

// What may lead out of memory, or takes its time, is for threads; and the outcome is the same.
ASYNC_TEST(WholeFile, in_memory_that_may_wait_is_written_on_a_thread, kOnce) {
    if (::access("/dev/shm", W_OK) != 0) CO_SKIP();
    const Scratch scratch("/dev/shm"), elsewhere;
    fs::create_symlink(elsewhere.path(), scratch.path("link"));
    EXPECT_TRUE(co_await waits(files::write_file(scratch.path("link"), "there")));
    EXPECT_EQ(content_of(elsewhere.path()), "there");
    EXPECT_TRUE(co_await waits(files::write_file(scratch.with(std::string(2'000'000, 'x'), "large"), "small")));
    EXPECT_EQ(content_of(scratch.path("large")), "small");
    co_await expect_throws<FileNotFoundError>(files::write_file(scratch.path("no/file"), "x"));
    co_await expect_throws<IsADirectoryError>(files::write_file(scratch.root(), "x"));
    co_await expect_throws<IsADirectoryError>(files::write_file(scratch.root() + "/", "x"));
    // A pipe: what is written is read whole by who opened it first.
    EXPECT_EQ(::mkfifo(scratch.path("pipe").c_str(), 0600), 0);
    Task<std::string> reading = create_task(files::read_file(scratch.path("pipe")));
    co_await files::write_file(scratch.path("pipe"), "through");
    EXPECT_EQ(co_await reading, "through");
}

// --- copying -------------------------------------------------------------------------------------------------------

FILE_TEST(CopyFile, copies_and_tells_its_progress) {
    std::string data(20'000'000, '\0');
    for (std::size_t i = 0; i < data.size(); i += 7) data[i] = static_cast<char>(i % 127);
    const std::string from = scratch.with(data);
    std::vector<std::uint64_t> told;
    const std::uint64_t copied = co_await files::copyfile(from, scratch.path("to"), [&](auto now, auto total) {
        told.push_back(now);
        EXPECT_EQ(total, 20'000'000u);
    });
    EXPECT_EQ(copied, data.size());
    EXPECT_GE(told.size(), 3u);
    EXPECT_EQ(told.back(), data.size());
    EXPECT_TRUE(content_of(scratch.path("to")) == data);
    scratch.with("short");
    EXPECT_EQ(co_await files::copyfile(from, scratch.path("to")), 5u);
    EXPECT_EQ(content_of(scratch.path("to")), "short");
    co_await expect_throws<ValueError>(files::copyfile(from, from));
    EXPECT_EQ(content_of(from), "short");
    co_await expect_throws<FileNotFoundError>(files::copyfile(scratch.path("no"), scratch.path("x")));
    EXPECT_FALSE(fs::exists(scratch.path("x")));
    EXPECT_GT(co_await files::copyfile("/proc/self/status", scratch.path("proc")), 100u);
}

FILE_TEST(CopyFile, a_target_that_was_begun_here_is_removed_when_the_copy_fails_or_is_cancelled) {
    const std::string from = scratch.with(std::string(20'000'000, 'x'));
    const auto refuse = [](std::uint64_t, std::uint64_t) { throw std::runtime_error("enough"); };
    co_await expect_throws<std::runtime_error>(files::copyfile(from, scratch.path("to"), refuse));
    EXPECT_FALSE(fs::exists(scratch.path("to")));
    Future<> begun;
    const auto tell = [begun](std::uint64_t, std::uint64_t) {
        if (!begun.done()) begun.set_result();
    };
    auto copying = create_task(files::copyfile(from, scratch.path("to"), tell));
    co_await begun;
    copying.cancel();
    while (fs::exists(scratch.path("to"))) co_await aio::sleep(1ms);
    EXPECT_TRUE(copying.cancelled());
}

FILE_TEST(CopyFile, sendfile_moves_bytes_between_descriptors) {
    const detail::UniqueFd in(::open(scratch.with("0123456789").c_str(), O_RDONLY | O_CLOEXEC));
    PipeEnds pipe;
    EXPECT_EQ(co_await files::sendfile(pipe.in.get(), in.get(), 3, 4), 4u);
    char got[8] = {};
    EXPECT_EQ(::read(pipe.out.get(), got, sizeof got), 4);
    EXPECT_STREQ(got, "3456");
}

}  // namespace
}  // namespace aio::test
