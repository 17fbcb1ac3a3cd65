// Members: the threads of a LoopGroup and their loops, from start to stop. Then the group's own functions, and the
// supervisor of run(). Calls into the loops are RemoteTasks (delivery.hpp, threads.cpp).
#include <aio/sync/loop_group.hpp>

#include <aio/core/log.hpp>
#include <aio/core/run.hpp>

#include "core/log_parts.hpp"
#include "core/loop_state.hpp"
#include "core/observe.hpp"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace aio {

namespace {

// The processors that this process may use.
std::vector<int> processors() {
    std::vector<int> found;
    for (int limit = CPU_SETSIZE; found.empty() && limit <= (1 << 20); limit *= 2) {
        cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(limit));
        if (!set) throw std::bad_alloc();
        const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(limit));
        if (::sched_getaffinity(0, bytes, set) == 0) {
            for (int cpu = 0; cpu < limit; ++cpu) {
                if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set)) found.push_back(cpu);
            }
        }
        CPU_FREE(set);  // EINVAL: the kernel has more processors than fit
    }
    if (found.empty()) found.push_back(0);
    return found;
}

void pin_this_thread(int cpu) {
    const auto limit = static_cast<std::size_t>(cpu) + 1;
    cpu_set_t* set = CPU_ALLOC(limit);
    if (!set) throw std::bad_alloc();
    const std::size_t bytes = CPU_ALLOC_SIZE(limit);
    CPU_ZERO_S(bytes, set);
    CPU_SET_S(static_cast<std::size_t>(cpu), bytes, set);
    const int error = ::pthread_setaffinity_np(::pthread_self(), bytes, set);
    CPU_FREE(set);
    if (error) throw_os_error(error, "pin a thread to processor " + std::to_string(cpu));
}

Coro<> until(Future<> stopped) { co_await stopped; }

}  // namespace

class LoopGroup::Members {
public:
    explicit Members(const LoopGroupOptions& options);
    ~Members();

    std::size_t size() const noexcept { return members_.size(); }
    detail::LoopState& state(std::size_t index) const;
    std::size_t next_in_turn() noexcept { return turn_.fetch_add(1, std::memory_order_relaxed) % members_.size(); }
    void stop();
    // The KeyboardInterrupt or SystemExit that ended a loop; null: none yet, or already rethrown.
    std::exception_ptr take_escaped() noexcept;
    bool here() const noexcept;

private:
    // One thread and its loop. `end` is posted to the loop; nothing is allocated to stop it.
    struct Member {
        class End final : public detail::Callback {
        public:
            explicit End(Member& owner) noexcept : member(owner) {}
            void run() override {
                if (member.stopped && !member.stopped->done()) member.stopped->set_result();
            }
            Member& member;
        };

        std::thread thread;
        detail::LoopState* state = nullptr;  // kept until the group is destroyed: later posts find a closed loop
        std::optional<Future<>> stopped;     // the loop's
        End end{*this};
        int cpu = -1;
    };

    void start(Member& member, std::size_t index);
    void serve(Member& member) noexcept;
    void run_loop(Member& member);
    void started(std::exception_ptr error) noexcept;
    bool failed() noexcept;
    void escape(std::exception_ptr error) noexcept;

    LoopGroupOptions options_;
    const std::string name_, backend_;
    std::vector<std::unique_ptr<Member>> members_;
    std::atomic<std::size_t> turn_{0};

    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t started_ = 0;      // threads that have a loop, or have failed
    std::exception_ptr no_start_;  // why one has failed
    std::exception_ptr escaped_;   // out of a loop

    std::mutex stopping_;
    bool stopped_ = false;
};

LoopGroup::Members::Members(const LoopGroupOptions& options)
    : options_(options), name_(options.name), backend_(options.backend) {
    if (options.size < 0) throw ValueError("LoopGroup: size must not be negative");
    const std::vector<int> cpus = processors();
    const std::size_t size = options.size == 0 ? cpus.size() : static_cast<std::size_t>(options.size);
    options_.backend = backend_;
    std::size_t threads = 0;
    std::exception_ptr error;
    try {
        for (; threads < size && !failed(); ++threads) {  // an impossible size fails early
            members_.push_back(std::make_unique<Member>());
            if (options.pin) members_.back()->cpu = cpus[threads % cpus.size()];
            start(*members_.back(), threads);
        }
    } catch (...) {
        error = std::current_exception();
    }
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return started_ == threads; });
        if (!error) error = no_start_;
    }
    if (!error) return;
    stop();
    for (const auto& member : members_) {
        if (member->state) member->state->release_external();
    }
    std::rethrow_exception(error);
}

LoopGroup::Members::~Members() {
    for (const auto& member : members_) member->state->release_external();
}

void LoopGroup::Members::start(Member& member, std::size_t index) {
    const std::string name = (name_ + "_" + std::to_string(index)).substr(0, 15);
    try {
        member.thread = std::thread([this, &member] { serve(member); });
    } catch (const std::system_error& error) {
        throw_os_error(error.code().value(), "start a thread for an event loop");
    }
    ::pthread_setname_np(member.thread.native_handle(), name.c_str());
}

void LoopGroup::Members::started(std::exception_ptr error) noexcept {
    std::lock_guard lock(mutex_);
    ++started_;
    if (error && !no_start_) no_start_ = std::move(error);
    changed_.notify_all();
}

bool LoopGroup::Members::failed() noexcept {
    std::lock_guard lock(mutex_);
    return no_start_ != nullptr;
}

void LoopGroup::Members::escape(std::exception_ptr error) noexcept {
    std::lock_guard lock(mutex_);
    if (!escaped_) escaped_ = std::move(error);
}

void LoopGroup::Members::serve(Member& member) noexcept {
    try {
        run_loop(member);
    } catch (...) {
        if (!member.state) return started(std::current_exception());
        escape(std::current_exception());
    }
    member.stopped.reset();
}

void LoopGroup::Members::run_loop(Member& member) {
    if (member.cpu >= 0) pin_this_thread(member.cpu);
    Runner runner({.debug = options_.debug, .backend = options_.backend, .busy_poll = options_.busy_poll});
    EventLoop& loop = runner.get_loop();
    member.stopped.emplace(loop);
    loop.state().retain_external();
    member.state = &loop.state();
    started(nullptr);
    try {
        runner.run(until(*member.stopped));
    } catch (...) {
        escape(std::current_exception());
    }
    runner.close();  // cancels the tasks, and waits for them
}

detail::LoopState& LoopGroup::Members::state(std::size_t index) const {
    if (index >= members_.size()) {
        throw ValueError("LoopGroup: index " + std::to_string(index) + " is out of range: the group has " +
                         std::to_string(members_.size()) + " loops");
    }
    return *members_[index]->state;
}

bool LoopGroup::Members::here() const noexcept {
    return std::any_of(members_.begin(), members_.end(), [](const auto& member) {
        return detail::current.loop && detail::current.loop == member->state;
    });
}

void LoopGroup::Members::stop() {
    if (here()) throw RuntimeError("LoopGroup.stop: a loop of the group cannot wait for its own end");
    std::lock_guard lock(stopping_);
    if (std::exchange(stopped_, true)) return;
    for (const auto& member : members_) {
        if (member->state) detail::post(*member->state, member->end);  // refused: it has ended by itself
    }
    for (const auto& member : members_) {
        if (member->thread.joinable()) member->thread.join();
    }
}

std::exception_ptr LoopGroup::Members::take_escaped() noexcept {
    std::lock_guard lock(mutex_);
    return std::exchange(escaped_, nullptr);
}

// --- LoopGroup -----------------------------------------------------------------------------------------------

LoopGroup::LoopGroup(LoopGroupOptions options) : members_(std::make_unique<Members>(options)) {}

LoopGroup::~LoopGroup() {
    try {
        stop();
    } catch (const std::exception& error) {
        detail::log_parts(LogLevel::error, {"LoopGroup: its destructor could not stop it: ", error.what()});
        if (members_->here()) std::terminate();  // its threads would use it for ever
    } catch (const BaseException& error) {
        detail::log_parts(
            LogLevel::error,
            {"LoopGroup: its destructor dropped the exception that ended one of its loops: ", error.what()});
    }
}

std::size_t LoopGroup::size() const noexcept { return members_->size(); }
detail::LoopState& LoopGroup::state(std::size_t index) const { return members_->state(index); }
std::size_t LoopGroup::next_in_turn() noexcept { return members_->next_in_turn(); }

EventLoop& LoopGroup::loop(std::size_t index) const {
    detail::LoopState& state = members_->state(index);
    EventLoop* loop = detail::live_loop(&state);
    if (!loop) throw RuntimeError("LoopGroup.loop: the group was stopped");
    return *loop;
}

void LoopGroup::stop() {
    members_->stop();
    rethrow_escaped();
}

void LoopGroup::rethrow_escaped() const {
    if (std::exception_ptr error = members_->take_escaped()) std::rethrow_exception(error);
}

void LoopGroup::check_can_run() const {
    if (running_loop()) {
        throw RuntimeError("LoopGroup.run: it would block the event loop of this thread; await run_everywhere()");
    }
}

// --- run() -----------------------------------------------------------------------------------------------------

namespace detail {

namespace {

// What the mains tell the supervisor, on the supervisor's loop.
struct Ends {
    explicit Ends(std::size_t count) : left(count) {}

    void ended(const ConcurrentRef<ConcurrentBase>& main) {
        --left;
        const bool well = main->status() == ConcurrentBase::Status::finished;
        if (!well && !first_failed.get()) first_failed = main;
        if ((left == 0 || !well) && !news.done()) news.set_result();
    }

    std::size_t left;
    ConcurrentRef<ConcurrentBase> first_failed;
    Future<> news;  // all have ended, or one has failed
};

// Called where a main ends; posts that to the supervisor. It is alive until all have ended, or its loop is closed.
class EndNotice final : public ConcurrentCallback, public Callback {
public:
    EndNotice(LoopState& loop, std::shared_ptr<Ends> ends) : loop_(loop), ends_(std::move(ends)) {
        loop_.retain_external();
    }
    ~EndNotice() override { loop_.release_external(); }

    void done(ConcurrentBase& main) noexcept override {
        main.retain();
        main_ = ConcurrentRef<ConcurrentBase>(&main);
        LoopState& loop = loop_;
        loop.retain_external();
        if (!post(loop, *this)) delete this;
        loop.release_external();
    }
    void run() override {
        ends_->ended(main_);
        delete this;
    }
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "LoopGroup.run()"; }

private:
    LoopState& loop_;
    std::shared_ptr<Ends> ends_;
    ConcurrentRef<ConcurrentBase> main_;
};

void report_other_errors(const std::vector<GroupMain>& mains, const ConcurrentBase* first) {
    for (const GroupMain& main : mains) {
        if (main.future.get() == first || main.future->status() != ConcurrentBase::Status::failed) continue;
        log_exception("LoopGroup.run: the function failed on another loop as well:", main.future->exception());
    }
}

void launch(const GroupMain& main) noexcept {
    try {
        main.task->launch();
    } catch (...) {  // its loop has ended meanwhile
        main.future->failed_with(std::current_exception());
    }
}

Coro<> supervise_mains(std::vector<GroupMain> mains) {
    EventLoop& loop = get_running_loop();
    auto ends = std::make_shared<Ends>(mains.size());
    for (const GroupMain& main : mains) main.future->add_callback(new EndNotice(loop.state(), ends));
    for (const GroupMain& main : mains) launch(main);
    std::exception_ptr cancelled;
    while (ends->left > 0) {
        try {
            const Future<> news = ends->news;
            co_await news;
        } catch (const CancelledError&) {
            cancelled = std::current_exception();
        }
        ends->news = Future<>();
        for (const GroupMain& main : mains) main.task->request_cancel();
    }
    report_other_errors(mains, ends->first_failed.get());
    if (cancelled) std::rethrow_exception(cancelled);
    if (ends->first_failed.get()) ends->first_failed->check_value();
}

}  // namespace

void supervise(std::vector<GroupMain> mains) {
    if (mains.empty()) return;
    aio::run(supervise_mains(std::move(mains)));
}

}  // namespace detail

}  // namespace aio
