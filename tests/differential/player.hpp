// Plays a program on aiocpp, as player.py does on asyncio; the traces must be equal.
#pragma once

#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/shield.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task_group.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>
#include <aio/sync/barrier.hpp>
#include <aio/sync/condition.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/lock.hpp>
#include <aio/sync/queue.hpp>
#include <aio/sync/semaphore.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "program.hpp"

namespace aio::test::differential {

struct Boom : std::runtime_error {
    explicit Boom(int number) : std::runtime_error("Boom"), value(number) {}
    int value;
};

// As player.py's describe().
std::string describe(const std::exception_ptr& error);

// What a statement sees: the task it is in, and the innermost group and timeout.
struct Frame {
    int task = 0;
    aio::TaskGroup* group = nullptr;
    aio::Timeout* timeout = nullptr;
};

using Differences = std::set<std::string, std::less<>>;

class Player {
public:
    // `shuffle`: run each pass in an order drawn from this seed; 0: as it comes.
    Player(const Program& program, const Differences& differences, std::uint64_t shuffle);
    std::string play();  // the trace

private:
    using Outcome = std::string;
    using Waiting = aio::Coro<Outcome>;
    using PlainOperation = Outcome (Player::*)(const Statement&, const Frame&);
    using WaitingOperation = Waiting (Player::*)(const Statement&, Frame);
    struct Operations {
        std::map<std::string_view, PlainOperation> plain;
        std::map<std::string_view, WaitingOperation> waiting;
    };
    static Operations operations();
    static void add_sync_operations(Operations& all);

    void log(std::string_view who, std::string_view text);
    void sweep();
    aio::Coro<int> body(int number, Frame frame);
    aio::Coro<> block(const Block& statements, Frame frame);
    aio::Coro<> statement(const Statement& statement, Frame frame);
    aio::Coro<Outcome> outcome_of(const Statement& statement, Frame frame, const std::string& who);
    void call_back(int number);

    // Why a statement is not to be carried out, or an empty string.
    std::string skips(const Statement& statement, const Frame& frame) const;
    std::string skips_waiting(const Statement& statement, const Frame& frame) const;
    bool differs(std::string_view name) const { return differences_.contains(name); }

    struct Spawned {
        int number;
        aio::Task<int> task;
    };
    std::string state_of(const aio::Task<int>& task) const;
    Outcome remember(int slot, aio::Task<int> task, int number);
    const Spawned& slot(int number) const { return spawned_[slots_.at(number)]; }
    static std::vector<int> slots_of(const Statement& statement);
    std::vector<aio::Task<int>> tasks_of(const Statement& statement) const;
    std::vector<aio::Coro<int>> new_bodies(const Statement& statement);
    std::string numbers_of(const std::vector<aio::Task<int>>& tasks) const;

    // operations.cpp
    Waiting sleep(const Statement& statement, Frame frame);
    Waiting yield(const Statement& statement, Frame frame);
    Waiting tick(const Statement& statement, Frame frame);
    Waiting try_(const Statement& statement, Frame frame);
    Waiting timeout(const Statement& statement, Frame frame);
    Outcome reschedule(const Statement& statement, const Frame& frame);
    Waiting group(const Statement& statement, Frame frame);
    Outcome groupcancel(const Statement& statement, const Frame& frame);
    Outcome fail(const Statement& statement, const Frame& frame);
    Outcome state(const Statement& statement, const Frame& frame);
    Outcome spawn(const Statement& statement, const Frame& frame);
    Outcome groupspawn(const Statement& statement, const Frame& frame);
    Waiting call(const Statement& statement, Frame frame);
    Waiting await(const Statement& statement, Frame frame);
    Waiting awaitfuture(const Statement& statement, Frame frame);
    Outcome cancel(const Statement& statement, const Frame& frame);
    Outcome cancelmsg(const Statement& statement, const Frame& frame);
    Outcome cancelme(const Statement& statement, const Frame& frame);
    Outcome uncancel(const Statement& statement, const Frame& frame);
    Outcome futureset(const Statement& statement, const Frame& frame);
    Outcome futurefail(const Statement& statement, const Frame& frame);
    Outcome futurecancel(const Statement& statement, const Frame& frame);
    Waiting gather(const Statement& statement, Frame frame);
    Waiting gatherkeep(const Statement& statement, Frame frame);
    Waiting gatherbodies(const Statement& statement, Frame frame);
    Waiting gatherbodieskeep(const Statement& statement, Frame frame);
    Waiting wait(const Statement& statement, Frame frame);
    Waiting waitfor(const Statement& statement, Frame frame);
    Waiting waitforbody(const Statement& statement, Frame frame);
    Waiting waitforfuture(const Statement& statement, Frame frame);
    Waiting shield(const Statement& statement, Frame frame);
    Waiting waitforshield(const Statement& statement, Frame frame);
    Outcome soon(const Statement& statement, const Frame& frame);
    Outcome later(const Statement& statement, const Frame& frame);
    Outcome handlecancel(const Statement& statement, const Frame& frame);
    Outcome ondone(const Statement& statement, const Frame& frame);
    Outcome onfuture(const Statement& statement, const Frame& frame);

    // sync_operations.cpp
    Waiting lock(const Statement& statement, Frame frame);
    Waiting acquire(const Statement& statement, Frame frame);
    Outcome release(const Statement& statement, const Frame& frame);
    Waiting sem(const Statement& statement, Frame frame);
    Waiting semacquire(const Statement& statement, Frame frame);
    Outcome semrelease(const Statement& statement, const Frame& frame);
    Waiting condition(const Statement& statement, Frame frame);
    Waiting conditionwait(const Statement& statement, Frame frame);
    Waiting conditionwaitfor(const Statement& statement, Frame frame);
    Outcome notify(const Statement& statement, const Frame& frame);
    Outcome notifyall(const Statement& statement, const Frame& frame);
    Outcome increment(const Statement& statement, const Frame& frame);
    Waiting eventwait(const Statement& statement, Frame frame);
    Outcome eventset(const Statement& statement, const Frame& frame);
    Outcome eventclear(const Statement& statement, const Frame& frame);
    Waiting put(const Statement& statement, Frame frame);
    Waiting get(const Statement& statement, Frame frame);
    Outcome putnowait(const Statement& statement, const Frame& frame);
    Outcome getnowait(const Statement& statement, const Frame& frame);
    Outcome taskdone(const Statement& statement, const Frame& frame);
    Waiting join(const Statement& statement, Frame frame);
    Outcome shutdown(const Statement& statement, const Frame& frame);
    Waiting barrierwait(const Statement& statement, Frame frame);
    Waiting barrierreset(const Statement& statement, Frame frame);
    Waiting barrierabort(const Statement& statement, Frame frame);
    // Calls `use` with queue `number`, whatever its kind.
    template <class F>
    auto with_queue(int number, F use) {
        if (number == 0) return use(fifo_);
        if (number == 1) return use(lifo_);
        return use(priority_);
    }
    // Runs a statement's block with `permit` held, and releases it in the end, which may fail.
    template <class Permit>
    Waiting run_holding(Permit permit, const Statement& statement, Frame frame);

    const Program& program_;
    const Differences& differences_;
    std::string trace_;
    aio::EventLoop loop_;
    aio::TimePoint start_ = loop_.time();
    std::vector<Spawned> spawned_;
    std::map<int, std::size_t> slots_;
    int numbers_ = 0;
    int left_ = 3000;  // statements

    std::vector<aio::Future<int>> futures_;
    std::map<int, aio::Handle> handles_;
    aio::Lock locks_[2];
    aio::Event events_[2];
    aio::Semaphore plain_semaphore_;
    aio::BoundedSemaphore bounded_semaphore_;
    aio::Semaphore* semaphores_[2] = {&plain_semaphore_, &bounded_semaphore_};
    aio::Queue<int> fifo_;
    aio::LifoQueue<int> lifo_;
    aio::PriorityQueue<int> priority_;
    aio::Barrier barrier_;
    aio::Condition condition_;
    int counter_ = 0;
};

}  // namespace aio::test::differential
