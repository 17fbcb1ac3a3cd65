// The thread of a connection, and the two ways between it and the loop.
//
//   loop:    submit() ──▶ incoming_ ──▶ thread: run() ──▶ finished_ ──▶ loop: Session::arrived()
//
// Both are lock-free stacks that the other side empties at once and turns around. So jobs that come together take one way: the thread
// is woken for the first of them, and the loop for the first that has ended. The thread writes to the loop's eventfd only when the
// loop sleeps (core/wakeup.hpp); the loop wakes the thread only when that sleeps, by the same argument: asleep_ is announced before
// the thread looks for the last time, and looked at after a job is pushed.
//
// Sleeping and being woken costs more than a small statement. A thread that had a new job soon after its last one therefore looks
// for the next one for a while before it sleeps (spin()).
//
// Life. The thread, the session and a posted arrival each hold the worker. It holds the LoopState, and may outlive the loop.
// Internal.
#pragma once

#include <aio/core/ready_queue.hpp>

#include "core/loop_state.hpp"
#include "db/sqlite/engine/database.hpp"
#include "db/sqlite/engine/stop_signal.hpp"
#include "db/sqlite/session/job.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>

namespace aio::sqlite::detail {

class Session;

class Worker final : public StopSignal, public std::enable_shared_from_this<Worker> {
public:
    Worker(aio::detail::LoopState& loop, Session& session, std::size_t statement_cache_size) noexcept;
    ~Worker();

    // Whether a thread may look for what the other one is about to write, instead of sleeping.
    static bool may_spin() noexcept;

    // --- the loop's thread ----------------------------------------------------------------------------------------

    // Errors: OSError.
    std::thread start();
    // Takes a reference.
    void submit(Job& job) noexcept;
    // Nobody wants it any more. True: it will never begin.
    bool withdraw(Job& job) noexcept;
    // Interrupts it, if it runs.
    void stop(Job& job) noexcept;
    // Drops what waits, and closes the database when what runs has ended; the session hears nothing more.
    void shut_down() noexcept;
    void forget_session() noexcept { session_ = nullptr; }

private:
    using State = Job::State;

    class Arrival final : public aio::detail::Callback {
    public:
        explicit Arrival(Worker& worker) noexcept : worker_(worker) {}
        void run() override { worker_.arrive(); }
        void discard() noexcept override { worker_.keep_.reset(); }
        const char* name() const noexcept override { return "a statement of aio::sqlite"; }

    private:
        Worker& worker_;
    };

    void arrive() noexcept;

    // --- the connection's thread ----------------------------------------------------------------------------------

    void work() noexcept;
    Job* take() noexcept;  // those that were submitted, the first one first; null: shut down
    bool spin() noexcept;
    void run(Job& job) noexcept;
    void finish(Job& job) noexcept;
    bool is_stopped() const noexcept override;
    void sleep(std::chrono::milliseconds time) noexcept override;

    static Job* reversed(Job* job) noexcept;
    static void release_all(Job* job) noexcept;

    aio::detail::LoopState& loop_;
    Session* session_;  // the loop's
    std::atomic<Job*> incoming_{nullptr};
    std::atomic<Job*> finished_{nullptr};
    std::atomic<bool> asleep_{false};
    std::atomic<bool> is_shut_down_{false};
    std::mutex mutex_;  // of no data: for wake_
    std::condition_variable wake_;
    std::shared_ptr<Worker> keep_;  // while arrival_ is posted
    Arrival arrival_{*this};
    // The thread's.
    Database database_;
    Job* current_ = nullptr;
    bool spins_ = false;
    bool has_ended_ = false;
};

}  // namespace aio::sqlite::detail
