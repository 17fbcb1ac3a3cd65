// Calls from other threads to a loop: one that goes to sleep, stops, closes.
#include <aio/core/event_loop.hpp>

#include "schedules/program.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

namespace aio::schedules {

namespace {

using namespace std::chrono_literals;

// Calls that a loop's closing may overtake.
class Calls {
public:
    void post(EventLoop& loop) {
        try {
            loop.call_soon_threadsafe([this] { ++made_; });
            ++accepted_;
        } catch (const RuntimeError&) {
            ++refused_;
        }
    }
    void expect(int posted) const {
        EXPECT(accepted_ + refused_ == posted);
        EXPECT(made_ <= accepted_);
    }

private:
    int made_ = 0;  // on the loop's thread
    std::atomic<int> accepted_{0}, refused_{0};
};

}  // namespace

PROGRAM(posts_of_two_threads_reach_a_loop_that_goes_to_sleep) {
    EventLoop loop;
    int calls = 0;
    const auto post = [&] {
        loop.call_soon_threadsafe([&] {
            if (++calls == 2) loop.stop();
        });
    };
    std::thread first(post), second(post);
    loop.run_forever();
    first.join();
    second.join();
    EXPECT(calls == 2);
}

PROGRAM(posts_of_one_thread_are_made_in_their_order) {
    EventLoop loop;
    int last = 0;
    std::thread other([&] {
        for (int i = 1; i <= 3; ++i) {
            loop.call_soon_threadsafe([&, i] {
                EXPECT(last == i - 1);
                last = i;
                if (i == 3) loop.stop();
            });
        }
    });
    loop.run_forever();
    other.join();
}

PROGRAM(a_post_and_a_timer_both_come) {
    EventLoop loop;
    int left = 2;
    const auto one_less = [&] {
        if (--left == 0) loop.stop();
    };
    loop.call_later(1ms, one_less);
    std::thread other([&] { loop.call_soon_threadsafe(one_less); });
    loop.run_forever();
    other.join();
    EXPECT(left == 0);
}

PROGRAM(a_post_while_the_loop_stops_waits_for_the_next_run) {
    EventLoop loop;
    bool made = false;
    std::thread stopper([&] { loop.call_soon_threadsafe([&] { loop.stop(); }); });
    std::thread other([&] { loop.call_soon_threadsafe([&] { made = true; }); });
    loop.run_forever();
    stopper.join();
    other.join();
    loop.call_soon([&] { loop.stop(); });
    loop.run_forever();
    EXPECT(made);
}

PROGRAM(a_loop_that_closes_makes_drops_or_refuses_a_post) {
    EventLoop loop;
    Calls calls;
    std::thread first([&] { calls.post(loop); }), second([&] { calls.post(loop); });
    loop.call_soon([&] { loop.stop(); });
    loop.run_forever();
    loop.close();
    first.join();
    second.join();
    calls.expect(2);
}

// They may be tasks or futures, which count their handles without atomics.
PROGRAM(captures_of_a_posted_call_are_destroyed_on_the_loops_thread) {
    EventLoop loop;
    const auto here = std::this_thread::get_id();
    std::thread other([&] {
        std::shared_ptr<void> held(nullptr, [here](void*) { EXPECT(std::this_thread::get_id() == here); });
        loop.call_soon_threadsafe([&loop, held = std::move(held)] { loop.stop(); });
    });
    loop.run_forever();
    other.join();
}

PROGRAM(a_handle_of_a_call_outlives_the_loop_on_another_thread) {
    std::thread other;
    {
        EventLoop loop;
        Handle handle;
        std::thread posting([&] { handle = loop.call_soon_threadsafe([&] { loop.stop(); }); });
        loop.run_forever();
        posting.join();
        other = std::thread([handle = std::move(handle)] {});
    }
    other.join();
}

}  // namespace aio::schedules
