// AresResolver: what becomes of one question is no other's affair, and the servers are those of now.
#include <aio/core/task.hpp>
#include <aio/io/dns.hpp>

#include "io/few_descriptors.hpp"
#include "io/names/name_server.hpp"
#include "support/async_test.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>

namespace aio::test {
namespace {

using Clock = std::chrono::steady_clock;  // c-ares has it, too

// A resolv.conf of the test's own.
class ConfFile {
public:
    ConfFile() : path_(fresh_path()) {}
    ~ConfFile() { ::unlink(path_.c_str()); }
    ConfFile(const ConfFile&) = delete;

    void write(const std::string& text) const {
        const std::string next = path_ + ".next";
        std::ofstream(next) << text;
        ::rename(next.c_str(), path_.c_str());  // what is there is whole at any time
    }
    std::string_view path() const { return path_; }

private:
    static std::string fresh_path() {
        char name[] = "/tmp/aiocpp-resolv-XXXXXX";
        ::close(::mkstemp(name));
        return name;
    }
    const std::string path_;
};

void use_file(const ConfFile& file) {
    set_resolver(std::make_shared<AresResolver>(AresOptions{.resolv_conf = file.path()}));
}

ASYNC_TEST(AresQuestion, whose_connection_the_server_closes_ends_alone, kOnce) {
    Dns dns({.timeout = 10s});
    auto slow = create_task(ask("slow.test"));
    auto other = create_task(ask("slow.other.test"));
    co_await settle();
    EXPECT_EQ(co_await gai_code("hangup.test"), EAI_AGAIN);
    EXPECT_FALSE(slow.done());
    EXPECT_THAT(co_await ask("a.test"), testing::SizeIs(2));
    EXPECT_EQ((co_await slow).size(), 3u);
    EXPECT_EQ((co_await other).size(), 3u);
}

ASYNC_TEST(AresQuestion, over_tcp_alone_ends_alone_too, kOnce) {
    Dns dns({.timeout = 10s, .tcp = true});
    auto slow = create_task(ask("slow.test"));
    co_await settle();
    EXPECT_EQ(co_await gai_code("hangup.test"), EAI_AGAIN);
    EXPECT_FALSE(slow.done());
    EXPECT_EQ((co_await slow).size(), 3u);
}

ASYNC_TEST(AresQuestion, goes_to_the_servers_that_the_file_names_now, kOnce) {
    Dns dns;
    ConfFile file;
    const std::string dead = "nameserver [127.0.0.1]:" + std::to_string(free_port()) + "\n";
    file.write(dead);
    use_file(file);
    EXPECT_EQ(co_await gai_code("a.test"), EAI_AGAIN);
    file.write("nameserver [127.0.0.1]:" + dns.port + "\n");
    EXPECT_THAT(co_await ask("a.test"), testing::SizeIs(2));
    file.write(dead);
    EXPECT_EQ(co_await gai_code("a.test"), EAI_AGAIN);
}

ASYNC_TEST(AresQuestion, heeds_the_search_list_and_the_dots_of_the_file, kOnce) {
    Dns dns;
    ConfFile file;
    file.write("nameserver [127.0.0.1]:" + dns.port + "\nsearch b.nowhere test\noptions ndots:1\n");
    use_file(file);
    const LookupOptions v4{AF_INET, SOCK_STREAM, 0, 0};
    EXPECT_THAT(co_await ask("a", v4), testing::SizeIs(2));
    EXPECT_EQ(co_await ask("count.a.b.nowhere", v4), list<std::string>("127.0.0.1"));
}

ASYNC_TEST(AresQuestion, waits_as_long_and_asks_as_often_as_the_file_says, kOnce) {
    Dns dns;
    ConfFile file;
    file.write("nameserver [127.0.0.1]:" + dns.port + "\noptions timeout:1 attempts:1\n");
    use_file(file);
    const auto before = Clock::now();
    EXPECT_EQ(co_await gai_code("drop.test"), EAI_AGAIN);
    EXPECT_GE(Clock::now() - before, 900ms);
    EXPECT_LT(Clock::now() - before, 4s) << "glibc takes 1 s, c-ares' own settings 75";
}

ASYNC_TEST(AresQuestion, without_a_descriptor_fails_and_the_next_one_succeeds, kOnce) {
    Dns dns;
    ConfFile file;
    file.write("nameserver [127.0.0.1]:" + dns.port + "\n");
    use_file(file);
    if (!aio::detail::frame_pool.recycling()) CO_SKIP();  // UndefinedBehaviorSanitizer needs descriptors
    for (const bool first : {true, false}) {
        std::string what;
        {
            const FewDescriptors scarcity;
            what = co_await expect_throws<GaiError>(ask("a.test"));
        }
        EXPECT_THAT(what, testing::AllOf(testing::HasSubstr("Temporary failure in name resolution"),
                                         testing::HasSubstr("Too many open files")))
            << first;
        EXPECT_THAT(co_await ask("a.test"), testing::SizeIs(2));
    }
}

ASYNC_TEST(AresQuestion, waits_for_its_turn_when_descriptors_are_few, kOnce) {
    Dns dns;
    rlimit before = {};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{128, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    std::vector<Task<Log>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(create_task(ask("slow." + std::to_string(i) + ".test")));
    tasks[60].cancel();
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (i == 60) continue;
        EXPECT_EQ((co_await tasks[i]).size(), 3u);
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
}

ASYNC_TEST(AresQuestion, is_not_answered_by_a_question, kOnce) {
    Dns dns({.timeout = 300ms, .tries = 1});
    EXPECT_THAT(co_await ask("echo.test"), testing::SizeIs(3));
    EXPECT_EQ(co_await gai_code("unmarked.test"), EAI_AGAIN);
    dns.use({.timeout = 300ms, .tries = 1, .tcp = true});
    EXPECT_THAT(co_await ask("a.test"), testing::SizeIs(2));
    EXPECT_EQ(co_await gai_code("echo.test"), EAI_AGAIN);
    EXPECT_EQ(co_await gai_code("unmarked.test"), EAI_AGAIN);
}

ASYNC_TEST(AresQuestion, for_ipv6_may_be_answered_with_mapped_addresses, kOnce) {
    Dns dns;
    const LookupOptions mapped{AF_INET6, SOCK_STREAM, 0, AI_V4MAPPED};
    const LookupOptions all{AF_INET6, SOCK_STREAM, 0, AI_V4MAPPED | AI_ALL};
    EXPECT_THAT(co_await ask("a.test", mapped),
                testing::UnorderedElementsAre("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    EXPECT_THAT(co_await ask("both.test", mapped), testing::ElementsAre("2001:db8::1"));
    EXPECT_THAT(co_await ask("both.test", all),
                testing::UnorderedElementsAre("2001:db8::1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    const LookupOptions v6{AF_INET6, SOCK_STREAM, 0, AI_ALL};  // means nothing alone
    EXPECT_THAT(co_await ask("both.test", v6), testing::ElementsAre("2001:db8::1"));
}

}  // namespace
}  // namespace aio::test
