// Files that cannot be opened: which status says why, and what is served where the kernel does not know openat2.
#include <aio/base/error.hpp>
#include <aio/core/run.hpp>

#include "base/unique_fd.hpp"
#include "core/sanitized.hpp"
#include "http/server/folder.hpp"
#include "http/server/open_beneath.hpp"
#include "http/server/opened_file.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {
namespace {

using aio::detail::UniqueFd;
using http::detail::OpenedFile;
using testing::HasSubstr, testing::Not;

// --- the status --------------------------------------------------------------------------------------------------

int status_of(int error) {
    OpenedFile file;
    file.error = error;
    try {
        http::detail::throw_not_there(file, "/x");
    } catch (const http::HTTPException& exception) {
        return exception.status();
    } catch (const OSError& exception) {
        EXPECT_EQ(exception.code(), error);
        EXPECT_THAT(exception.what(), HasSubstr("/x"));
        return 500;
    }
}

TEST(HttpFileErrors, tell_what_is_missing_from_what_has_failed) {
    for (const int error : {ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EXDEV, ENXIO}) EXPECT_EQ(status_of(error), 404);
    for (const int error : {EACCES, EPERM}) EXPECT_EQ(status_of(error), 403);
    for (const int error : {EMFILE, ENFILE, ENOMEM}) EXPECT_EQ(status_of(error), 503);
    for (const int error : {EIO, ESTALE, EBADF}) EXPECT_EQ(status_of(error), 500);
}

// No more descriptors than there are now.
class NoMoreDescriptors {
public:
    NoMoreDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        rlimit none = before_;
        none.rlim_cur = static_cast<rlim_t>(next.get());
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoMoreDescriptors(const NoMoreDescriptors&) = delete;
    ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

ASYNC_TEST(HttpFileErrors, answer_503_while_there_are_no_descriptors) {
    if (kSanitized) CO_SKIP();  // UBSan needs descriptors to look at an object
    Folder folder;
    co_await folder.server().start();
    WebClient client = co_await WebClient::connect(folder.port());
    co_await client.ask("/files/hello.txt");
    for (const char* path : {"/files/hello.txt", "/one", "/files/coded.css"}) {
        const NoMoreDescriptors none;
        const WebReply reply = co_await client.ask(path);
        EXPECT_EQ(reply.status, 503) << path;
    }
    const WebReply again = co_await client.ask("/files/hello.txt");
    EXPECT_EQ(again.status, 200);
    co_await client.closed();
    co_await folder.server().close();
}

// --- open_beneath() ----------------------------------------------------------------------------------------------

// What openat2 gives, and open_beneath() must give: the file, or the error.
std::string outcome(int fd) {
    if (fd < 0) return OSError(-fd, "open").what();
    const UniqueFd closing(fd);
    struct stat info;
    EXPECT_EQ(::fstat(fd, &info), 0);
    return std::to_string(info.st_ino);
}

int by_the_kernel(int folder, const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    return fd < 0 ? -errno : static_cast<int>(fd);
}

void make_links(const Folder& folder) {
    const auto link = [&](const char* to, const char* name) {
        std::filesystem::create_symlink(to, folder.public_path() / name);
    };
    link("sub", "to-sub");
    link("sub/", "to-sub-slash");
    link("../hello.txt", "sub/up");
    link("../../secret.txt", "sub/out");
    link("../public/hello.txt", "out-and-in");
    link("/etc/passwd", "absolute");
    link("loop", "loop");
    link("nowhere", "dangling");
    link("to-sub/../inside.txt", "chain");
    link(".", "here");
    ::mkfifo((folder.public_path() / "fifo").c_str(), 0600);
}

TEST(OpenBeneath, does_what_openat2_does) {
    Folder folder;
    make_links(folder);
    const UniqueFd top(::open(folder.public_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const std::vector<std::string> paths = {"",
                                            ".",
                                            "./",
                                            "..",
                                            "hello.txt",
                                            "hello.txt/",
                                            "hello.txt/x",
                                            "sub",
                                            "sub/",
                                            "sub/.",
                                            "sub/..",
                                            "sub/../..",
                                            "sub/../hello.txt",
                                            "none",
                                            "none/x",
                                            "/etc/passwd",
                                            "/",
                                            "//hello.txt",
                                            "sub//up",
                                            "inside.txt",
                                            "outside.txt",
                                            "to-sub",
                                            "to-sub/",
                                            "to-sub/up",
                                            "to-sub-slash/up",
                                            "sub/up",
                                            "sub/out",
                                            "out-and-in",
                                            "absolute",
                                            "loop",
                                            "loop/x",
                                            "dangling",
                                            "chain",
                                            "here/here/hello.txt",
                                            "inside.txt/",
                                            "fifo",
                                            "fifo/",
                                            "to-sub/..",
                                            "here/../hello.txt",
                                            std::string(300, 'n')};
    for (const int flags : {O_RDONLY | O_CLOEXEC | O_NONBLOCK, O_PATH | O_CLOEXEC}) {
        for (const std::string& path : paths) {
            const int expected = by_the_kernel(top.get(), path, flags);
            EXPECT_EQ(outcome(http::detail::open_beneath(top.get(), path, flags)), outcome(expected))
                << "'" << path << "'";
        }
    }
}

// --- without openat2 ---------------------------------------------------------------------------------------------

// Of this thread, from now on: openat2 fails with `error`, as in gVisor and below old filters.
void forbid_openat2(int error) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{sizeof program / sizeof *program, program};
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

Coro<> expect_files_are_served() {
    Folder folder({.show_index = true});
    make_links(folder);
    co_await folder.server().start();
    for (const char* path : {"/files/hello.txt", "/one", "/files/inside.txt", "/files/to-sub/up"}) {
        const WebReply reply = co_await fetch(folder.port(), path);
        EXPECT_EQ(reply.body, "hello, file") << path;
    }
    for (const char* path :
         {"/files/outside.txt", "/files/sub/out", "/files/absolute", "/files/none", "/files/loop"}) {
        const WebReply reply = co_await fetch(folder.port(), path);
        EXPECT_EQ(reply.status, 404) << path;
    }
    const WebReply list = co_await fetch(folder.port(), "/files/");
    EXPECT_THAT(list.body, HasSubstr("inside.txt"));
    EXPECT_THAT(list.body, Not(HasSubstr("outside.txt")));
    co_await folder.server().close();
}

TEST(HttpFileErrors, do_not_come_from_a_kernel_without_openat2) {
    for (const int error : {ENOSYS, EPERM}) {
        std::thread([error] {
            forbid_openat2(error);
            aio::run(expect_files_are_served(), {.backend = "epoll"});
        }).join();
    }
}

// --- listings ----------------------------------------------------------------------------------------------------

ASYNC_TEST(HttpListing, shows_what_can_be_asked_for_and_nothing_else) {
    if (simulated()) co_return;  // directories are read on threads
    Folder folder({.show_index = true});
    make_links(folder);
    co_await folder.server().start();
    const WebReply list = co_await fetch(folder.port(), "/files/");
    for (const char* name : {"hello.txt", "inside.txt", "sub/", "to-sub/", "chain"}) {
        EXPECT_THAT(list.body, HasSubstr(">" + std::string(name) + "<"));
    }
    for (const char* name : {"outside.txt", "absolute", "out-and-in", "loop", "dangling", "fifo"}) {
        EXPECT_THAT(list.body, Not(HasSubstr(name)));
    }
    const WebReply below = co_await fetch(folder.port(), "/files/sub/");
    EXPECT_THAT(below.body, HasSubstr(">up<"));
    EXPECT_THAT(below.body, Not(HasSubstr(">out<")));
    co_await folder.server().close();
}

ASYNC_TEST(HttpListing, shows_what_links_lead_to_if_they_are_followed) {
    if (simulated()) co_return;
    Folder folder({.show_index = true, .follow_symlinks = true});
    make_links(folder);
    co_await folder.server().start();
    const WebReply list = co_await fetch(folder.port(), "/files/");
    EXPECT_THAT(list.body, HasSubstr(">outside.txt<"));
    EXPECT_THAT(list.body, HasSubstr(">absolute<"));
    EXPECT_THAT(list.body, Not(HasSubstr(">dangling<")));
    co_await folder.server().close();
}

}  // namespace
}  // namespace aio::test
