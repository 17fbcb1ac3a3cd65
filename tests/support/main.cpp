// The test executables' main(): gmock's, and the choice of backend and rerun (async_test.hpp).
#include <aio/base/error.hpp>
#include <aio/core/frame_pool.hpp>

#include "support/rerun.hpp"
#include "support/test_run.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <gmock/gmock.h>

int main(int argc, char** argv) {
    testing::InitGoogleMock(&argc, argv);
    ::setenv("AIO_WATCHDOG", "off", 0);  // tests in debug mode expect their own reports only
    // Under AddressSanitizer frames are blocks of their own otherwise. Before the first one is made.
    if (std::getenv("AIO_TEST_RECYCLE")) aio::detail::frame_pool.set_recycling(true);
    const std::string_view backend = aio::test::harness::backend_name();
    try {
        aio::EventLoop loop({.backend = backend});
    } catch (const aio::OSError& error) {
        std::printf("skipped: no %s here: %s\n", std::string(backend).c_str(), error.what());
        return 77;
    }
    // UBSan asks the kernel through a pipe whether a class's table of virtual functions can be read, once for each class: not
    // first in a test that takes all descriptors away.
    const aio::OSError looked_at(EMFILE, "open");
    [[maybe_unused]] const int code = looked_at.code();
    aio::test::harness::prepare_reruns();
    aio::test::harness::install_crash_handlers();
    return RUN_ALL_TESTS();
}
