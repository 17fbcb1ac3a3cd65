// What every backend must do: the contract of core/backend/backend.hpp.
#include "core/loop/backend/backend_fixture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <thread>

namespace aio::detail {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST_F(BackendTest, delivers_data_in_order_until_the_end_of_the_stream) {
    open_pair();
    Recorder receive(OpKind::receive, far);
    backend->start(receive);
    EXPECT_EQ(backend->send_now(near, "one ", 4), 4);
    poll_until([&] { return receive.bytes == "one "; });
    Recorder send(OpKind::send, near);
    start_send(send, "two");
    poll_until([&] { return receive.bytes == "one two"; });
    EXPECT_FALSE(receive.ended);
    EXPECT_EQ(backend->shutdown(near, SHUT_WR), 0);
    poll_until([&] { return receive.ended; });
    EXPECT_EQ(receive.results.back(), 0);
}

TEST_F(BackendTest, delivers_what_came_before_the_receive_was_started) {
    open_pair();
    EXPECT_EQ(backend->send_now(near, "early", 5), 5);
    backend->close_fd(near);
    std::erase(opened, near);
    Recorder receive(OpKind::receive, far);
    EXPECT_EQ(run(receive), 0);
    EXPECT_EQ(receive.bytes, "early");
}

TEST_F(BackendTest, a_receive_that_was_cancelled_can_be_started_again_without_loss) {
    open_pair();
    Recorder receive(OpKind::receive, far);
    backend->start(receive);
    EXPECT_EQ(backend->send_now(near, "ab", 2), 2);
    poll_until([&] { return receive.bytes == "ab"; });
    backend->cancel(receive);
    EXPECT_FALSE(receive.ended) << "a cancellation must not complete inside cancel()";
    poll_until([&] { return receive.ended; });
    EXPECT_EQ(receive.results.back(), -ECANCELED);
    EXPECT_EQ(backend->send_now(near, "cd", 2), 2);
    receive.ended = false;
    backend->start(receive);
    poll_until([&] { return receive.bytes == "abcd"; });
    backend->cancel(receive);
    poll_until([&] { return receive.ended; });
}

TEST_F(BackendTest, much_data_arrives_whole) {
    open_pair();
    std::string sent(3'000'000, 'x');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 >> 3);
    Recorder receive(OpKind::receive, far), send(OpKind::send, near);
    backend->start(receive);
    for (std::size_t done = 0; done < sent.size();) {
        send.ended = false;
        send.out = {sent.data() + done, sent.size() - done};
        backend->start(send);
        poll_until([&] { return send.ended; });
        ASSERT_GT(send.results.back(), 0);
        done += static_cast<std::size_t>(send.results.back());
    }
    poll_until([&] { return receive.bytes.size() == sent.size(); });
    EXPECT_TRUE(receive.bytes == sent);
    backend->cancel(receive);
    poll_until([&] { return receive.ended; });
}

TEST_F(BackendTest, many_descriptors_receive_much_at_once) {
    constexpr std::size_t kPairs = 40;
    const std::string block(60'000, 'x');
    std::vector<std::unique_ptr<Recorder>> receives;
    for (std::size_t i = 0; i < kPairs; ++i) {
        open_pair();
        EXPECT_EQ(backend->send_now(near, block.data(), block.size()), static_cast<int>(block.size()));
        receives.push_back(std::make_unique<Recorder>(OpKind::receive, far));
    }
    // More than the buffers that io_uring has: it runs out of them, and must go on by itself.
    for (auto& receive : receives) backend->start(*receive);
    for (auto& receive : receives) poll_until([&] { return receive->bytes.size() == block.size(); });
    for (auto& receive : receives) backend->cancel(*receive);
    for (auto& receive : receives) poll_until([&] { return receive->ended; });
}

TEST_F(BackendTest, a_send_waits_for_room_and_can_be_cancelled) {
    open_pair();
    const std::string block(100'000, 'x');
    while (backend->send_now(near, block.data(), block.size()) > 0) {}
    Recorder send(OpKind::send, near);
    start_send(send, block);
    backend->poll(backend->now() + 5ms);
    EXPECT_FALSE(send.ended);
    backend->cancel(send);
    poll_until([&] { return send.ended; });
    EXPECT_THAT(send.results, ElementsAre(-ECANCELED));
}

TEST_F(BackendTest, accepts_every_connection_of_a_backlog) {
    const int listener = listen_on_loopback(64);
    for (int i = 0; i < 40; ++i) connect_to(listener);
    Recorder accept(OpKind::accept, listener);
    backend->start(accept);
    poll_until([&] { return accept.results.size() == 40; });
    for (const int fd : accept.results) {
        EXPECT_GE(fd, 0);
        opened.push_back(fd);
    }
    EXPECT_FALSE(accept.ended);
    backend->cancel(accept);
    poll_until([&] { return accept.ended; });
}

TEST_F(BackendTest, a_connect_to_nobody_is_refused) {
    const int listener = listen_on_loopback();
    const sockaddr_in address = address_of(listener);
    backend->close_fd(listener);
    opened.clear();
    const int fd = backend->open_socket(AF_INET, SOCK_STREAM);
    opened.push_back(fd);
    Recorder connecting(OpKind::connect, fd);
    connecting.peer = {reinterpret_cast<const sockaddr*>(&address), sizeof address};
    EXPECT_EQ(run(connecting), -ECONNREFUSED);
}

TEST_F(BackendTest, a_peer_that_closes_with_unread_data_resets_the_connection) {
    open_pair();
    EXPECT_EQ(backend->send_now(near, "unread", 6), 6);
    backend->poll(backend->now() + 1ms);
    backend->close_fd(far);
    std::erase(opened, far);
    Recorder receive(OpKind::receive, near), send(OpKind::send, near);
    EXPECT_EQ(run(receive), -ECONNRESET);
    start_send(send, "x");
    poll_until([&] { return send.ended; });
    EXPECT_EQ(send.results.back(), -EPIPE);
}

TEST_F(BackendTest, polls_tell_the_present_state) {
    open_pair();
    Recorder writable(OpKind::poll_out, near), readable(OpKind::poll_in, far);
    EXPECT_EQ(run(writable), 0);
    backend->start(readable);
    backend->poll(backend->now() + 1ms);
    EXPECT_FALSE(readable.ended);
    EXPECT_EQ(backend->send_now(near, "x", 1), 1);
    poll_until([&] { return readable.ended; });
    // Nobody read: it is readable still, whatever edges there were.
    EXPECT_EQ(run(readable), 0);
    EXPECT_EQ(run(readable), 0);
}

TEST_F(BackendTest, real_pipes_and_files_can_be_polled) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    Recorder readable(OpKind::poll_in, ends[0]), writable(OpKind::poll_out, ends[1]);
    EXPECT_EQ(run(writable), 0);
    backend->start(readable);
    backend->poll(TimePoint::min());
    EXPECT_FALSE(readable.ended);
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    poll_until([&] { return readable.ended; });
    for (const int fd : ends) {
        backend->forget(fd);
        ::close(fd);
    }
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    Recorder of_file(OpKind::poll_in, file);
    EXPECT_EQ(run(of_file), 0);
    backend->forget(file);
    ::close(file);
}

TEST_F(BackendTest, receives_and_sends_at_once_on_one_descriptor) {
    open_pair();
    const std::string block(300'000, 'x');
    Recorder near_in(OpKind::receive, near), far_in(OpKind::receive, far), send(OpKind::send, near);
    backend->start(near_in);
    while (backend->send_now(near, block.data(), block.size()) > 0) {}
    start_send(send, block);
    EXPECT_EQ(backend->send_now(far, "hello", 5), 5);
    poll_until([&] { return near_in.bytes == "hello"; });
    backend->start(far_in);
    poll_until([&] { return send.ended; });
    EXPECT_GT(send.results.back(), 0);
    backend->cancel(near_in);
    backend->cancel(far_in);
    poll_until([&] { return near_in.ended && far_in.ended; });
}

TEST_F(BackendTest, waits_until_the_deadline_and_not_longer) {
    const TimePoint before = backend->now();
    backend->poll(before + 20ms);
    EXPECT_GE(backend->now() - before, 20ms);
    EXPECT_LT(backend->now() - before, 500ms);
    backend->poll(before);  // long past
    backend->poll(TimePoint::min());
}

TEST_F(BackendTest, waits_for_each_deadline_whatever_became_of_the_one_before) {
    const auto wait_until = [&](TimePoint deadline) {
        int polls = 0;
        do {
            backend->poll(deadline);
            ++polls;
        } while (backend->now() < deadline);
        EXPECT_LT(backend->now() - deadline, 5s);
        return polls;
    };
    const auto give_up = [&](TimePoint deadline) {  // something else comes first
        wakeup.wake();
        backend->poll(deadline);
    };
    give_up(backend->now() + 60s);
    wait_until(backend->now() + 5ms);  // a nearer one
    give_up(backend->now() + 5ms);
    EXPECT_LE(wait_until(backend->now() + 20ms), 4);  // a later one: the poll may end when the one before would have
    for (int i = 0; i < 3; ++i) wait_until(backend->now() + 1ms);
    backend->poll(TimePoint(-1ns));  // before all that a clock shows
    give_up(backend->now() + 200 * 365 * 24h);
}

TEST_F(BackendTest, is_woken_by_another_thread_each_time) {
    for (int round = 0; round < 3; ++round) {
        backend->external_work(+1);
        std::thread thread([&] { wakeup.wake(); });
        backend->poll(backend->now() + 60s);
        thread.join();
        backend->external_work(-1);
    }
    const auto before = std::chrono::steady_clock::now();
    backend->poll(backend->now() + 5ms);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST_F(BackendTest, deferred_items_run_in_order_and_those_that_are_deferred_again_in_the_next_run) {
    struct Note final : Deferred {
        Note(Backend& b, std::string& t, char n, int runs) : backend(b), text(t), name(n), left(runs) {}
        void before_poll() noexcept override {
            text += name;
            if (--left > 0) backend.defer(*this);
        }
        Backend& backend;
        std::string& text;
        char name;
        int left;
    };
    std::string order;
    Note first(*backend, order, 'a', 2), second(*backend, order, 'b', 1);
    {
        Note gone(*backend, order, 'x', 1);
        backend->defer(first);
        backend->defer(gone);
        backend->defer(second);
        backend->defer(first);
        EXPECT_TRUE(backend->has_work());
    }
    backend->run_deferred();
    EXPECT_EQ(order, "ab");
    EXPECT_TRUE(backend->has_deferred());
    EXPECT_TRUE(backend->has_work());
    backend->run_deferred();
    EXPECT_EQ(order, "aba");
    EXPECT_FALSE(backend->has_deferred());
    EXPECT_FALSE(backend->has_work());
}

}  // namespace
}  // namespace aio::detail
