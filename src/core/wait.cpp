// wait() below its templates: it awaits one future, which is resolved by the callbacks on the given futures or by the
// timer. The header sorts the futures into done and pending. DoneSignal is for timeout.cpp and run.cpp.
#include <aio/core/wait.hpp>

#include <memory>

namespace aio::detail {

void DoneSignal::run() {
    std::unique_ptr<DoneSignal> self(this);
    if (!target_.done()) target_.set_result();
}

namespace {

// One wait() under way. Shared by its callbacks: one may still be ready when the wait is over.
struct Waiting {
    Future<> enough;
    std::size_t left;
    ReturnWhen return_when;

    void one_done(const FutureBase& future) {
        --left;
        const bool failed = future.state == State::failed;
        if (left > 0 && return_when == ReturnWhen::all_completed) return;
        if (left > 0 && return_when == ReturnWhen::first_exception && !failed) return;
        if (!enough.done()) enough.set_result();
    }
};

class WaitCallback final : public Callback {
public:
    WaitCallback(std::shared_ptr<Waiting> waiting, FutureRef<FutureBase> future)
        : waiting_(std::move(waiting)), future_(std::move(future)) {}
    virtual ~WaitCallback() = default;

    void run() override {
        std::unique_ptr<WaitCallback> self(this);
        waiting_->one_done(*future_);
    }
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "wait"; }
    FutureBase& future() const noexcept { return *future_; }

private:
    std::shared_ptr<Waiting> waiting_;
    FutureRef<FutureBase> future_;
};

// Registers with all of them, and deregisters however the wait ends. Those that are done call in the next pass.
class Registrations {
public:
    Registrations(const std::shared_ptr<Waiting>& waiting, const std::vector<FutureRef<FutureBase>>& futures) {
        callbacks_.reserve(futures.size());
        LoopCore& loop = require_loop();
        for (const FutureRef<FutureBase>& future : futures) {
            auto callback = std::make_unique<WaitCallback>(waiting, future);
            callbacks_.push_back({callback.get(), future});
            if (future->done()) {
                loop.ready.push(callback.release());  // of this loop: that of the future may be closed
            } else {
                future->add_callback(*callback.release());
            }
        }
    }
    ~Registrations() {
        for (auto& [callback, future] : callbacks_) {
            if (future->remove_callback(*callback)) callback->discard();
        }
    }
    Registrations(const Registrations&) = delete;

private:
    std::vector<std::pair<WaitCallback*, FutureRef<FutureBase>>> callbacks_;
};

class TimerScope {
public:
    explicit TimerScope(TimerHandle timer) : timer_(std::move(timer)) {}
    ~TimerScope() { timer_.cancel(); }
    TimerScope(const TimerScope&) = delete;

private:
    TimerHandle timer_;
};

}  // namespace

Coro<> wait_until(std::vector<FutureRef<FutureBase>> futures, WaitOptions options) {
    if (futures.empty()) throw ValueError("wait: the set of tasks and futures is empty");
    for (const FutureRef<FutureBase>& future : futures) {
        if (!future->done()) check_loop("wait", *future, &require_loop());
    }
    auto waiting = std::make_shared<Waiting>(Waiting{Future<>(), futures.size(), options.return_when});
    TimerHandle timer;
    if (options.timeout) {
        timer = get_running_loop().call_later(*options.timeout, [enough = waiting->enough] {
            if (!enough.done()) enough.set_result();
        });
    }
    TimerScope timer_scope(timer);
    Registrations registrations(waiting, futures);
    co_await waiting->enough;
}

}  // namespace aio::detail
