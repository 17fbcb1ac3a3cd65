// aiocpp fetch with other people's servers, and with our own. Each test is skipped where its server is missing.
#include "cli/tool.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;

// A hundred files of all sizes, ten at a time, and one that goes on where it stopped.
Coro<> fetch_all_of(const Scratch& scratch, const Peer& peer) {
    std::vector<std::string> arguments = {AIOCPP_TOOL, "fetch", "-s", "-S", "-c", "10", "--output-dir", "got"};
    for (int i = 0; i < 100; ++i) {
        const std::string name = "f" + std::to_string(i);
        scratch.write("www/" + name, noise(static_cast<std::size_t>(i * i * 20), static_cast<std::uint64_t>(i)));
        arguments.push_back(peer.url("/" + name));
    }
    CreateSubprocess call(arguments);
    call.cwd(scratch.path()).stdout_(subprocess::PIPE).stderr_(subprocess::PIPE).setenv("no_proxy", "*");
    const Ended done = co_await ended(call);
    EXPECT_EQ(done.status, 0) << done.err;
    for (int i = 0; i < 100; ++i) {
        const std::string name = "f" + std::to_string(i);
        EXPECT_TRUE(scratch.read("www/" + name) == scratch.read("got/" + name)) << name;
    }
    scratch.write("f99", scratch.read("www/f99").substr(0, 100'000));
    const Ended rest = co_await run_tool(scratch, "fetch", "-O", "-C", "-", peer.url("/f99"));
    EXPECT_EQ(rest.status, 0) << rest.err;
    EXPECT_TRUE(scratch.read("www/f99") == scratch.read("f99"));
    EXPECT_EQ((co_await run_tool(scratch, "fetch", "-f", peer.url("/nothing"))).status, 22);
}

ASYNC_TEST(ToolInterop, fetches_from_nginx, kOnce) {
    SKIP_UNLESS("test -x /usr/sbin/nginx");
    const Scratch scratch;
    scratch.write("www/x", "x");
    const Peer nginx = co_await Peer::nginx(scratch, scratch.path("www"));
    co_await fetch_all_of(scratch, nginx);
    const Ended done = co_await run_tool(scratch, "fetch", "-O", "-C", "-", nginx.url("/f99"));
    EXPECT_THAT(done.err, HasSubstr("already complete"));
    co_await nginx.stop();
}

// Which ignores ranges.
ASYNC_TEST(ToolInterop, fetches_from_python, kOnce) {
    SKIP_WITHOUT("python3");
    const Scratch scratch;
    scratch.write("www/x", "x");
    const Peer python = co_await Peer::python(scratch.path("www"));
    co_await fetch_all_of(scratch, python);
    co_await python.stop();
}

ASYNC_TEST(ToolInterop, fetches_from_our_own_server, kOnce) {
    if (simulated()) CO_SKIP();
    const Scratch scratch;
    scratch.write("www/x", "x");
    const Peer own = co_await Peer::serve(scratch, "www", "-q", "--workers", "2");
    co_await fetch_all_of(scratch, own);
    co_await own.stop();
}

}  // namespace
}  // namespace aio::test
