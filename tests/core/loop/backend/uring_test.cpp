// io_uring alone: receives that find no buffer, and sends that nobody waits for.
#include "core/backend/uring/uring_backend.hpp"
#include "core/loop/backend/backend_fixture.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

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

// --- sends that nobody waits for -------------------------------------------------------------------------------------

// Started where a connection does it: right before the poll.
class UnhurriedSend final : public RecordingOperation, public Deferred {
public:
    UnhurriedSend(int fd, const std::string& text) : RecordingOperation(OpKind::send, fd), text_(text) {}
    void before_poll() noexcept override {
        out = {text_.data(), text_.size()};
        unhurried = true;
        uring->start(*this);
    }
    Backend* uring = nullptr;

private:
    const std::string& text_;
};

class UnhurriedTest : public UringTest {
protected:
    void SetUp() override {
        UringTest::SetUp();
        if (IsSkipped()) return;
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        opened.insert(opened.end(), ends, ends + 2);
    }
    void poll_with(UnhurriedSend& send, Duration patience) {
        send.uring = backend.get();
        backend->defer(send);
        backend->run_deferred();
        backend->poll(backend->now() + patience);
    }
    int ends[2] = {-1, -1};
};

TEST_F(UnhurriedTest, one_call_sends_and_waits_for_the_answer) {
    const std::string question = "question";
    UnhurriedSend send(ends[0], question);
    Recorder answer(OpKind::receive, ends[0]);
    backend->start(answer);
    backend->poll(TimePoint::min());
    std::thread peer([&] {
        std::string read;
        while (read.size() < question.size()) {
            char piece[16];
            const ssize_t size = ::recv(ends[1], piece, sizeof piece, 0);
            if (size > 0) read.append(piece, static_cast<std::size_t>(size));
        }
        EXPECT_EQ(::send(ends[1], "answer", 6, MSG_NOSIGNAL), 6);
    });
    poll_with(send, std::chrono::seconds(60));
    EXPECT_EQ(answer.bytes, "answer");  // the end of the send did not end the wait
    EXPECT_TRUE(send.ended);
    EXPECT_EQ(send.results.back(), static_cast<int>(question.size()));
    peer.join();
    backend->cancel(answer);
    poll_until([&] { return answer.ended; });
}

TEST_F(UnhurriedTest, what_the_socket_does_not_take_is_told_and_waited_for) {
    const std::string much(8'000'000, 'x');
    UnhurriedSend send(ends[0], much);
    Recorder answer(OpKind::receive, ends[0]);
    backend->start(answer);
    poll_with(send, std::chrono::seconds(60));
    ASSERT_TRUE(send.ended);
    ASSERT_GT(send.results.back(), 0);
    ASSERT_LT(send.results.back(), static_cast<int>(much.size()));
    // The socket is full now: this one waits for room, like any other send.
    send.ended = false;
    poll_with(send, std::chrono::milliseconds(1));
    EXPECT_FALSE(send.ended);
    std::string read(much.size(), '\0');
    poll_until([&] {
        EXPECT_NE(::recv(ends[1], read.data(), read.size(), 0), 0);
        return send.ended;
    });
    EXPECT_GT(send.results.back(), 0);
    backend->cancel(answer);
    poll_until([&] { return answer.ended; });
}

TEST_F(UnhurriedTest, a_broken_connection_is_told) {
    ::close(ends[1]);
    opened.pop_back();
    const std::string text = "text";
    UnhurriedSend send(ends[0], text);
    poll_with(send, std::chrono::seconds(60));
    EXPECT_TRUE(send.ended);
    EXPECT_EQ(send.results.back(), -EPIPE);
}

TEST_F(UnhurriedTest, alone_it_does_not_wait) {
    const std::string text = "text";
    UnhurriedSend send(ends[0], text);
    poll_with(send, std::chrono::hours(1));
    EXPECT_TRUE(send.ended);
}

TEST_F(UnhurriedTest, one_that_an_earlier_pass_started_does_not_wait) {
    const std::string text = "text";
    UnhurriedSend send(ends[0], text);
    Recorder answer(OpKind::receive, ends[0]);
    backend->start(answer);
    backend->poll(TimePoint::min());
    send.uring = backend.get();
    backend->defer(send);
    backend->run_deferred();  // and then the loop found something to do, and did not poll
    backend->run_deferred();
    backend->poll(backend->now() + std::chrono::hours(1));
    EXPECT_TRUE(send.ended);
    backend->cancel(answer);
    poll_until([&] { return answer.ended; });
}

TEST_F(UnhurriedTest, many_at_once) {
    constexpr std::size_t kSends = 1'000;  // more than are kept in mind
    std::vector<std::unique_ptr<UnhurriedSend>> sends;
    const std::string text = "text";
    for (std::size_t i = 0; i < kSends; ++i) {
        sends.push_back(std::make_unique<UnhurriedSend>(ends[0], text));
        sends.back()->uring = backend.get();
        sends.back()->before_poll();
    }
    std::size_t read = 0;
    poll_until([&] {
        char piece[4096];
        const ssize_t size = ::recv(ends[1], piece, sizeof piece, 0);
        if (size > 0) read += static_cast<std::size_t>(size);
        return read == kSends * text.size() &&
               std::all_of(sends.begin(), sends.end(), [](const auto& send) { return send->ended; });
    });
    for (const auto& send : sends) EXPECT_EQ(send->results.back(), static_cast<int>(text.size()));
}

}  // namespace
}  // namespace aio::detail
