// Faults that the explorer must find, and their corrections, where it must find none.
#include "schedules/program.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace aio::schedules {

namespace {

class Flag {
public:
    // The lost wake-up: set() may run between the check and the wait.
    void wait_without_the_lock() {
        if (set_) return;
        std::unique_lock lock(mutex_);
        changed_.wait(lock);
    }
    void set_without_the_lock() {
        set_ = true;
        changed_.notify_one();
    }

    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return set_.load(); });
    }
    void set() {
        std::lock_guard lock(mutex_);
        set_ = true;
        changed_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<bool> set_{false};
};

template <class Add>
void add_on_three_threads(Add add) {
    std::atomic<int> sum{0};
    std::thread first([&] { add(sum); }), second([&] { add(sum); });
    add(sum);
    first.join();
    second.join();
    EXPECT(sum == 3);
}

struct Node {
    std::atomic<int> references{2};
    int value = 1;

    // The fault: both may see 0.
    void release_in_two_steps() {
        --references;
        if (references == 0) delete this;
    }
    void release() {
        if (--references == 0) delete this;
    }
};

}  // namespace

FAULTY_PROGRAM(self_test_a_lost_wake_up, "deadlock") {
    Flag flag;
    std::thread other([&] { flag.set_without_the_lock(); });
    flag.wait_without_the_lock();
    other.join();
}

PROGRAM(self_test_no_wake_up_is_lost) {
    Flag flag;
    std::thread other([&] { flag.set(); });
    std::thread third([&] { flag.wait(); });
    flag.wait();
    // With two waiters and one notification the other waiter would wait for ever.
    flag.set();
    other.join();
    third.join();
}

FAULTY_PROGRAM(self_test_notify_one_for_two, "deadlock") {
    Flag flag;
    std::thread other([&] { flag.set(); });
    std::thread third([&] { flag.wait(); });
    flag.wait();
    other.join();
    third.join();
}

FAULTY_PROGRAM(self_test_a_load_and_a_store, "self_test.cpp") {
    add_on_three_threads([](std::atomic<int>& sum) { sum = sum + 1; });
}

PROGRAM(self_test_an_atomic_addition) {
    add_on_three_threads([](std::atomic<int>& sum) { ++sum; });
}

FAULTY_PROGRAM(self_test_locks_in_two_orders, "deadlock") {
    std::mutex a, b;
    std::thread other([&] { std::scoped_lock both(a), more(b); });
    {
        std::lock_guard second(b);
        std::lock_guard first(a);
    }
    other.join();
}

FAULTY_PROGRAM(self_test_a_count_in_two_steps, "atomic load in memory that is not allocated") {
    auto* node = new Node;
    std::thread other([&] { node->release_in_two_steps(); });
    node->release_in_two_steps();
    other.join();
}

PROGRAM(self_test_a_count_in_one_step) {
    auto* node = new Node;
    std::thread other([&] { node->release(); });
    node->release();
    other.join();
}

FAULTY_PROGRAM(self_test_a_block_that_is_left, "leak: 1 blocks") {
    auto* left = new std::atomic<int>(1);
    EXPECT(*left == 1);
}

// A flag that no other thread writes: the loop does not end.
FAULTY_PROGRAM(self_test_a_spin_without_end, "the run does not end") {
    std::atomic<bool> flag{false};
    while (!flag) std::this_thread::yield();
}

PROGRAM(self_test_a_spin_that_ends) {
    std::atomic<bool> flag{false};
    std::thread other([&] { flag = true; });
    while (!flag) std::this_thread::yield();
    other.join();
}

// Expires although the other thread could set the flag first.
FAULTY_PROGRAM(self_test_an_early_timeout, "self_test.cpp") {
    std::mutex mutex;
    std::condition_variable changed;
    bool set = false;
    std::thread other([&] {
        std::lock_guard lock(mutex);
        set = true;
        changed.notify_one();
    });
    bool in_time;
    {
        std::unique_lock lock(mutex);
        in_time = changed.wait_for(lock, std::chrono::hours(1), [&] { return set; });
    }
    other.join();
    EXPECT(in_time);
}

}  // namespace aio::schedules
