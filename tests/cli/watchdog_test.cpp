// The watchdog in programs that never call it: by the environment, debug mode, and an option of run().
#include "cli/tool.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;

// What the program reports up to the first blocked step; the program is killed.
Coro<std::string> first_report(CreateSubprocess call) {
    call.stdin_(subprocess::PIPE).stdout_(subprocess::DEVNULL).stderr_(subprocess::PIPE);
    const Process program = co_await call;
    std::string report;
    while (true) {
        const std::string line = co_await program.stderr_().readline();
        if (line.empty()) break;  // it ended
        report = line;
        if (line.find("has been blocked for") != line.npos) break;
    }
    program.kill();
    co_await program.wait();
    co_return report;
}

CreateSubprocess program(const char* path, const char* variable, const char* value) {
    CreateSubprocess call = create_subprocess_exec(path, "sleep");
    call.unsetenv("AIO_WATCHDOG").setenv(variable, value);
    return call;
}

ASYNC_TEST(WatchdogOfPrograms, is_started_by_the_environment, kOnce) {
    const std::string report = co_await first_report(program(AIOCPP_SHAPES, "AIO_WATCHDOG", "20ms"));
    EXPECT_THAT(report, HasSubstr("none of its other tasks can run"));
}

ASYNC_TEST(WatchdogOfPrograms, is_started_by_debug_mode, kOnce) {
    const std::string report = co_await first_report(program(AIOCPP_SHAPES, "AIO_DEBUG", "1"));
    EXPECT_THAT(report, HasSubstr("none of its other tasks can run"));
}

ASYNC_TEST(WatchdogOfPrograms, is_started_by_an_option_of_run, kOnce) {
    const std::string report = co_await first_report(program(AIOCPP_BLOCKS, "AIO_DEBUG", "0"));
    EXPECT_THAT(report, HasSubstr("none of its other tasks can run"));
}

}  // namespace
}  // namespace aio::test
