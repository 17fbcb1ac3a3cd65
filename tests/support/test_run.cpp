#include "support/test_run.hpp"

#include <aio/core/log.hpp>
#include <thread>

#include "base/describe.hpp"
#include "core/observe.hpp"
#include "support/allocations.hpp"
#include "support/malloc.hpp"

#include <dirent.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

namespace aio::test {

namespace {

// What the running test has collected. The logger may be called from any thread.
struct Collected {
    std::mutex mutex;
    std::vector<Report> reports;
    Log logs;
};
Collected& collected() {
    static Collected instance;
    return instance;
}

void collect_log(LogLevel, std::string_view message) {
    UnwatchedAllocations mine;
    Collected& all = collected();
    std::lock_guard lock(all.mutex);
    all.logs.emplace_back(message);
}

void collect_report(EventLoop&, const ExceptionContext& context) {
    UnwatchedAllocations mine;
    Report report;
    report.message = context.message;
    if (context.exception) report.what = aio::detail::describe_exception(context.exception);
    if (context.task) report.task = context.task.get_name();
    report.text = format_report(context);
    report.exception = context.exception;
    Collected& all = collected();
    std::lock_guard lock(all.mutex);
    all.reports.push_back(std::move(report));
}

}  // namespace

std::vector<Report> take_reports() {
    std::lock_guard lock(collected().mutex);
    return std::exchange(collected().reports, {});
}

Log take_logs() {
    std::lock_guard lock(collected().mutex);
    return std::exchange(collected().logs, {});
}

Log take_report_messages() {
    Log messages;
    for (const Report& report : take_reports()) messages.push_back(report.message);
    return messages;
}

namespace harness {

namespace {

WatchedBackend* running_backend = nullptr;

// What keep() made in the running test.
std::vector<std::shared_ptr<void>> kept;

void destroy_kept() {
    while (!kept.empty()) {
        const std::shared_ptr<void> last = std::move(kept.back());
        kept.pop_back();
    }
}

using aio::detail::FutureBase;
using aio::detail::LoopState;
using aio::detail::TaskBase;

// A thread that ends closes the eventfd of a loop that has ended before it: give it a moment.
std::size_t settled_descriptors(std::size_t expected) {
    std::size_t now = open_descriptors();
    for (int tries = 0; now > expected && tries < 400; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        now = open_descriptors();
    }
    return now;
}

class Run {
public:
    Run(const Body& body, const Plan& plan) : body_(body), plan_(plan) { running = this; }
    ~Run() { running = nullptr; }
    Run(const Run&) = delete;

    static inline Run* running = nullptr;

    Outcome operator()() {
        const Logger previous = set_logger(collect_log);
        const std::size_t descriptors = plan_.thorough ? open_descriptors() : 0;
        FailingAllocations failing(plan_.of_malloc ? 0 : plan_.failing_allocation, plan_.sticky);
        FailingMalloc failing_malloc(plan_.of_malloc ? plan_.failing_allocation : 0, plan_.sticky);
        failing_ = &failing;
        failing_malloc_ = &failing_malloc;
        const std::uint64_t allocations_before = allocation_count();
        try {
            on_loop();
        } catch (...) {
            outcome_.error = std::current_exception();  // no loop could be made
        }
        let_allocate();
        destroy_kept();
        kept.shrink_to_fit();
        if (failing.failed() || failing_malloc.failed()) outcome_.injected = true;
        if (plan_.failing_allocation) outcome_.points = allocation_count() - allocations_before;
        if (plan_.cancelled_step) outcome_.points = steps_;
        if (const std::size_t now = plan_.thorough ? settled_descriptors(descriptors) : 0; now > descriptors) {
            problem("descriptors leaked: " + std::to_string(descriptors) + " before, " + std::to_string(now) +
                    " after");
        }
        set_logger(previous);
        outcome_.reports = take_reports();
        outcome_.logs = take_logs();
        return std::move(outcome_);
    }

    // The fault of the plan, if there is one; allocations that would go on failing succeed from now on.
    bool fault_is_over() noexcept {
        if (!plan_.hostile()) return true;
        if (!outcome_.injected && !failing_->failed() && !failing_malloc_->failed()) return false;
        let_allocate();
        return true;
    }
    void problem(std::string_view text) {
        UnwatchedAllocations mine;
        if (outcome_.problem.empty()) outcome_.problem = text;
    }

private:
    std::uint64_t allocation_count() const noexcept { return plan_.of_malloc ? mallocs() : allocations(); }
    void let_allocate() noexcept {
        failing_->stop();
        failing_malloc_->stop();
    }

    void on_loop() {
        EventLoop loop({.backend = backend_name(), .shuffle_seed = plan_.shuffle_seed});
        loop.set_slow_callback_duration(std::chrono::hours(1));  // debug mode says nothing of how busy the machine is
        state_ = &loop.state();
        {
            UnwatchedAllocations mine;
            loop.set_exception_handler(collect_report);
            running_backend =
                &WatchedBackend::install(*state_, patience(), stalled, this, plan_.io_fault, outcome_.injected);
            running_backend->be_late(plan_.late_seed);
        }
        if (plan_.cancelled_step) {
            state_->before_step = before_step;
            state_->before_step_data = this;
            state_->update_observed();
        }
        run_body(loop);
        clean_up(loop);
        destroy_kept();
        if (!loop.is_closed()) run_ready(loop);
        if (plan_.io_fault.k) outcome_.points = running_backend->calls();
        loop.close();
    }

    Duration patience() const {
        // Only threads could still bring something: they get this long, in real time.
        return rerunning() && plan_.late_seed == 0 ? 0ms : 3000ms;
    }

    void run_body(EventLoop& loop) {
        try {
            if (body_.plain) {
                body_.plain(loop);
            } else {
                Task<> main = loop.create_task(body_.coroutine());
                main_ = AnyTask(main);
                loop.run_until_complete(main);
            }
        } catch (...) {
            outcome_.error = std::current_exception();
        }
        main_ = AnyTask();
        state_->before_step = nullptr;
    }

    // What the body left: nothing may resist cancellation, and waking and cancelling need no memory.
    void clean_up(EventLoop& loop) {
        if (loop.is_closed()) return;
        run_ready(loop);
        outcome_.tasks_left = count_tasks();
        outcome_.timers_left = state_->timers.size();
        for (int round = 0; round < 50 && has_tasks(); ++round) {
            cancel_all();
            run_ready(loop);
            if (round == 2) let_allocate();  // handlers of CancelledError may need memory to make progress
            if (round >= 2 && has_tasks()) wait_a_bit(loop);
        }
        let_allocate();
        if (has_tasks()) problem("a task does not end, however often it is cancelled");
        // A writer that was let go sends on until its peer is gone, and the peers may be among what was kept.
        destroy_kept();
        run_ready(loop);
        for (int round = 0; round < 200 && state_->backend->in_flight() > watched_descriptors(); ++round) {
            wait_a_bit(loop);
        }
        if (state_->backend->in_flight() > watched_descriptors()) problem("operations stay in flight");
    }

    std::size_t count_tasks() const noexcept {
        std::size_t count = 0;
        for (auto* link = state_->tasks.next; link != &state_->tasks; link = link->next) ++count;
        return count;
    }
    bool has_tasks() const noexcept { return state_->tasks.next != &state_->tasks; }
    std::size_t watched_descriptors() const noexcept { return state_->readers.size() + state_->writers.size(); }

    void cancel_all() noexcept {
        for (auto* link = state_->tasks.next; link != &state_->tasks; link = link->next) {
            static_cast<TaskBase*>(link)->cancel();
        }
    }

    void run_ready(EventLoop& loop) noexcept {
        for (int pass = 0; pass < 10'000; ++pass) {
            try {
                loop.stop();
                loop.run_forever();
            } catch (...) {  // KeyboardInterrupt and SystemExit of tasks
            }
            if (state_->ready.empty() && !state_->wakeup.pending()) return;
        }
        // A reader that was cut short is called again for what it did not read.
        if (watched_descriptors() == 0) problem("the loop does not come to rest");
    }

    // Lets timers and operations make progress.
    void wait_a_bit(EventLoop& loop) {
        const TimerHandle stop = loop.call_later(1ms, [&loop] { loop.stop(); });
        try {
            loop.run_forever();
        } catch (...) {}
        stop.cancel();
        run_ready(loop);
    }

    static void before_step(LoopState&, TaskBase& task, void* data) {
        auto& run = *static_cast<Run*>(data);
        if (++run.steps_ != run.plan_.cancelled_step) return;
        run.outcome_.injected = true;
        if (!run.plan_.cancel_main) {
            task.cancel();
        } else if (run.main_) {
            run.main_.cancel();
        }
    }

    // The loop would wait for ever. In a hostile run that may be the body's own logic, since a part of it failed;
    // the body is cancelled then. What must never be: a task that waits for a future that is done.
    static void stalled(void* data) {
        UnwatchedAllocations mine;
        auto& run = *static_cast<Run*>(data);
        run.outcome_.stalled = true;
        if (run.state_->ready.empty()) run.look_for_lost_wakeups();  // else the loop is busy for ever
        ++run.stalls_;
        if (run.stalls_ == 1 && run.main_) {
            run.main_.cancel();
        } else if (run.stalls_ <= 5) {
            run.cancel_all();
        } else {
            run.problem("the loop hangs: it does not end although every task was cancelled");
            run.state_->stop();
        }
        if (!run.main_) run.state_->stop();
    }

    void look_for_lost_wakeups() {
        for (auto* link = state_->tasks.next; link != &state_->tasks; link = link->next) {
            auto& task = *static_cast<TaskBase*>(link);
            if (!task.started() || !task.waiter()) {
                problem("lost: " + task.name() + " is neither ready nor waiting for anything");
            } else if (FutureBase* awaited = task.waiter()->awaited(); awaited && awaited->done()) {
                problem("lost wake-up: " + task.name() + " waits for a future that is done");
            }
        }
    }

    const Body& body_;
    const Plan& plan_;
    Outcome outcome_;
    FailingAllocations* failing_ = nullptr;
    FailingMalloc* failing_malloc_ = nullptr;
    LoopState* state_ = nullptr;
    AnyTask main_;
    std::uint64_t steps_ = 0;
    int stalls_ = 0;
};

}  // namespace

void skip_time(Duration duration) { running_backend->skip(duration); }

void fail_next(detail::OpKind kind, int error, std::size_t times) { running_backend->fail_next(kind, error, times); }

void keep_alive(std::shared_ptr<void> object) {
    UnwatchedAllocations mine;
    kept.push_back(std::move(object));
}

void note_problem(std::string_view problem) { Run::running->problem(problem); }

Outcome run_once(const Body& body, const Plan& plan) { return Run(body, plan)(); }

std::string_view backend_name() {
    const char* environment = std::getenv("AIO_BACKEND");
    return environment && *environment ? environment : "sim";
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    DIR* folder = ::opendir("/proc/self/fd");
    if (!folder) return 0;
    while (::readdir(folder)) ++count;
    ::closedir(folder);
    return count;
}

}  // namespace harness

bool fault_is_over() noexcept { return harness::Run::running->fault_is_over(); }

}  // namespace aio::test
