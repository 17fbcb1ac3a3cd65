// aiocpp fetch -o: what is at that name already stays what it is, and has new content.
#include "cli/tool.hpp"

#include <aio/http.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace aio::test {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty;

struct stat info_of(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
}

Reply hello(const RawRequest&) { return answer("hello"); }

Coro<Ended> fetch_to(const Scratch& scratch, const FakeHost& host, const std::string& name) {
    return run_tool(scratch, "fetch", "-s", "-S", "-o", name, host.url("/x").str());
}

ASYNC_TEST(ToolTarget, a_link_stays_one, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(hello);
    scratch.write("far/target", "old");
    ::chmod(scratch.path("far/target").c_str(), 0600);
    EXPECT_EQ(::symlink("far/target", scratch.path("link").c_str()), 0);
    EXPECT_EQ(::symlink("not there yet", scratch.path("dangling").c_str()), 0);
    scratch.write("one", "old");
    EXPECT_EQ(::link(scratch.path("one").c_str(), scratch.path("other").c_str()), 0);
    for (const char* name : {"link", "dangling", "one"}) {
        const Ended done = co_await fetch_to(scratch, host, name);
        EXPECT_EQ(done.status, 0) << done.err;
    }
    EXPECT_TRUE(S_ISLNK(info_of(scratch.path("link")).st_mode));
    EXPECT_EQ(scratch.read("far/target"), "hello");
    EXPECT_EQ(info_of(scratch.path("far/target")).st_mode & 0777, 0600u);
    EXPECT_TRUE(S_ISLNK(info_of(scratch.path("dangling")).st_mode));
    EXPECT_EQ(scratch.read("not there yet"), "hello");
    EXPECT_EQ(scratch.read("other"), "hello");
    EXPECT_EQ(info_of(scratch.path("one")).st_nlink, 2u);
    EXPECT_THAT(scratch.names(), ElementsAre("dangling", "far", "link", "not there yet", "one", "other"));
    co_await host.stop();
}

ASYNC_TEST(ToolTarget, a_link_stays_one_when_its_file_is_continued, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.header("Range") != "bytes=2-") return answer("hello");
        return answer("llo", "Content-Range: bytes 2-4/5\r\n", "206 Partial Content");
    });
    scratch.write("target", "he");
    EXPECT_EQ(::symlink("target", scratch.path("link").c_str()), 0);
    const Ended done = co_await run_tool(scratch, "fetch", "-C", "-", "-o", "link", host.url("/x").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_TRUE(S_ISLNK(info_of(scratch.path("link")).st_mode));
    EXPECT_EQ(scratch.read("target"), "hello");
    EXPECT_EQ(host.requests.size(), 1u);
    EXPECT_THAT(scratch.names(), ElementsAre("link", "target"));
    co_await host.stop();
}

ASYNC_TEST(ToolTarget, a_file_keeps_its_permissions, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(hello);
    for (const mode_t mode : {0600u, 0666u, 0755u, 0400u}) {
        scratch.write("a", "old");
        ::chmod(scratch.path("a").c_str(), mode);
        const Ended done = co_await fetch_to(scratch, host, "a");
        EXPECT_EQ(done.status, 0) << done.err;
        EXPECT_EQ(scratch.read("a"), "hello");
        EXPECT_EQ(info_of(scratch.path("a")).st_mode & 0777, mode);
    }
    co_await host.stop();
}

// Root may give files away; anybody else cannot make one that is not his.
ASYNC_TEST(ToolTarget, a_file_keeps_its_owner, kOnce) {
    if (simulated() || ::geteuid() != 0) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(hello);
    scratch.write("a", "old");
    EXPECT_EQ(::chown(scratch.path("a").c_str(), 65534, 65534), 0);
    const Ended done = co_await fetch_to(scratch, host, "a");
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(scratch.read("a"), "hello");
    EXPECT_EQ(info_of(scratch.path("a")).st_uid, 65534u);
    co_await host.stop();
}

ASYNC_TEST(ToolTarget, bytes_go_through_a_fifo, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(hello);
    EXPECT_EQ(::mkfifo(scratch.path("fifo").c_str(), 0600), 0);
    const int reader = ::open(scratch.path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const Ended done = co_await fetch_to(scratch, host, "fifo");
    EXPECT_EQ(done.status, 0) << done.err;
    char bytes[16];
    EXPECT_EQ(::read(reader, bytes, sizeof bytes), 5);
    ::close(reader);
    EXPECT_TRUE(S_ISFIFO(info_of(scratch.path("fifo")).st_mode));
    EXPECT_THAT(scratch.names(), ElementsAre("fifo"));
    co_await host.stop();
}

ASYNC_TEST(ToolTarget, bytes_go_into_a_device, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(hello);
    std::string null = "/dev/null";
    // As root, in a node of its own: what goes wrong would replace the machine's.
    if (::geteuid() == 0 && ::mknod(scratch.path("null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0) null = "null";
    const std::string url = host.url("/x").str();
    const Ended done = co_await run_tool(scratch, "fetch", "-s", "-S", "-o", null, url, "-o", null, url);
    // Some sandboxes let nobody write to a node on that file system.
    if (done.err.find("Permission denied") == std::string::npos) {
        EXPECT_EQ(done.status, 0) << done.err;
    }
    EXPECT_TRUE(S_ISCHR(info_of(null == "null" ? scratch.path("null") : null).st_mode));
    const Ended shown = co_await run_tool(scratch, "fetch", "-s", "-S", "-o", "/dev/stdout", url);
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_EQ(shown.out, "hello");
    co_await host.stop();
}

ASYNC_TEST(ToolTarget, writes_through_no_link_of_somebody_else, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(hello);
    scratch.write("theirs", "precious");
    EXPECT_EQ(::symlink("theirs", scratch.path("a.part").c_str()), 0);
    EXPECT_EQ(::link(scratch.path("theirs").c_str(), scratch.path("b.part").c_str()), 0);
    EXPECT_EQ(::mkfifo(scratch.path("c.part").c_str(), 0600), 0);
    for (const char* name : {"a", "b", "c"}) {
        const Ended done = co_await fetch_to(scratch, host, name);
        EXPECT_EQ(done.status, 1) << name;
        EXPECT_THAT(done.err, HasSubstr(std::string(name) + ".part' is a link or not a regular file"));
    }
    EXPECT_EQ(scratch.read("theirs"), "precious");
    EXPECT_THAT(host.requests, IsEmpty());
    co_await host.stop();
}

// A later file that is opened must not get their numbers.
ASYNC_TEST(ToolTarget, standard_descriptors_may_be_closed_at_the_start, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    FakeHost& host = *co_await FakeHost::open(hello);
    const std::string url = host.url("/x").str();
    for (const char* closed : {"0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"}) {
        const std::string line = "exec \"$0\" fetch -O \"$1\" -O \"$1\" " + std::string(closed);
        CreateSubprocess call = create_subprocess_exec("sh", "-c", line, AIOCPP_TOOL, url);
        call.cwd(scratch.path()).stdout_(subprocess::PIPE).stderr_(subprocess::PIPE);
        const Ended done = co_await ended(call);
        EXPECT_EQ(done.status, 0) << closed << done.err;
        EXPECT_EQ(scratch.read("x") + scratch.read("x.1"), "hellohello") << closed;
    }
    CreateSubprocess call = create_subprocess_exec("sh", "-c", "exec \"$0\" fetch \"$1\" 1>&-", AIOCPP_TOOL, url);
    call.cwd(scratch.path()).stderr_(subprocess::PIPE);
    EXPECT_EQ((co_await ended(call)).status, 23);  // nobody will see it
    co_await host.stop();
}

ASYNC_TEST(ToolTarget, what_has_not_changed_stays, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("a", "old");
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return "HTTP/1.1 304 Not Modified\r\n\r\n"; });
    const Ended done =
        co_await run_tool(scratch, "fetch", "-o", "a", "-H", "If-None-Match: \"v\"", host.url("/x").str());
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_THAT(done.err, HasSubstr("a  has not changed"));
    EXPECT_EQ(scratch.read("a"), "old");
    EXPECT_THAT(scratch.names(), ElementsAre("a"));
    co_await host.stop();
}

}  // namespace
}  // namespace aio::test
