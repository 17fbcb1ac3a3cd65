// io_uring alone: receives that find no buffer.
#include "core/backend/uring/uring_backend.hpp"
#include "core/loop/backend/backend_fixture.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace aio::detail {
namespace {

class UringTest : public BackendTest {
protected:
    void SetUp() override {
        BackendTest::SetUp();
        if (backend->name() != "io_uring") GTEST_SKIP() << "it is io_uring's own affair";
    }
    // Connections with so many bytes to be read from each, which are more than there are buffers for.
    void open_uploads(std::size_t count, const std::string& bytes) {
        for (std::size_t i = 0; i < count; ++i) {
            int ends[2];
            ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
            opened.insert(opened.end(), ends, ends + 2);
            ASSERT_EQ(backend->send_now(ends[0], bytes.data(), bytes.size()), static_cast<int>(bytes.size()));
            receives.push_back(std::make_unique<Recorder>(OpKind::receive, ends[1]));
        }
    }
    void end_receives() {
        for (auto& receive : receives) backend->cancel(*receive);
        for (auto& receive : receives) poll_until([&] { return receive->ended; });
    }
    unsigned submissions() const { return static_cast<const UringBackend&>(*backend).submissions(); }

    std::vector<std::unique_ptr<Recorder>> receives;
};

TEST_F(UringTest, a_receive_without_a_buffer_is_asked_for_again_a_few_times_however_many_there_are) {
    constexpr std::size_t kUploads = 300;
    const std::string block(60'000, 'x');
    open_uploads(kUploads, block);
    const unsigned before = submissions();
    for (auto& receive : receives) backend->start(*receive);
    for (auto& receive : receives) poll_until([&] { return receive->bytes.size() == block.size(); });
    EXPECT_LE(submissions() - before, 5 * kUploads);
    end_receives();
}

TEST_F(UringTest, small_pieces_do_not_wait_for_one_another) {
    constexpr std::size_t kUploads = 300;
    const std::string block(6'000, 'x');
    open_uploads(kUploads, block);
    for (auto& receive : receives) backend->start(*receive);
    for (auto& receive : receives) poll_until([&] { return receive->bytes.size() == block.size(); });
    end_receives();
}

TEST_F(UringTest, a_receive_that_waits_for_a_buffer_can_be_cancelled_and_started_again) {
    constexpr std::size_t kUploads = 100;
    const std::string block(60'000, 'x');
    open_uploads(kUploads, block);
    for (auto& receive : receives) backend->start(*receive);
    backend->poll(TimePoint::min());
    for (auto& receive : receives) backend->cancel(*receive);
    for (auto& receive : receives) {
        poll_until([&] { return receive->ended; });
        receive->ended = false;
        backend->start(*receive);
    }
    for (auto& receive : receives) poll_until([&] { return receive->bytes.size() == block.size(); });
    end_receives();
}

}  // namespace
}  // namespace aio::detail
