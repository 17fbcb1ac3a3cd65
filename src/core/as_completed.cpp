// as_completed(): tasks and futures in the order in which they end.
#include <aio/core/as_completed.hpp>

#include <deque>

namespace aio::detail {

struct CompletionQueue::Shared {
    std::vector<std::pair<Arrival*, FutureRef<FutureBase>>> registered;
    std::deque<std::size_t> done;
    std::deque<Future<>> waiters;
    TimerHandle timer;
    std::size_t handed_out = 0, total = 0;
    bool timed_out = false;

    void wake_one() {
        while (!waiters.empty()) {
            Future<> waiter = waiters.front();
            waiters.pop_front();
            if (waiter.done()) continue;  // cancelled
            waiter.set_result();
            return;
        }
    }
    void on_timeout() {
        timed_out = true;
        while (!waiters.empty()) wake_one();
    }
};

class CompletionQueue::Arrival final : public Callback {
public:
    Arrival(std::shared_ptr<Shared> shared, std::size_t place) : shared_(std::move(shared)), place_(place) {}
    virtual ~Arrival() = default;
    void run() override {
        std::unique_ptr<Arrival> self(this);
        shared_->done.push_back(place_);
        if (shared_->handed_out + shared_->done.size() == shared_->total) shared_->timer.cancel();
        shared_->wake_one();
    }
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "as_completed"; }

private:
    std::shared_ptr<Shared> shared_;
    std::size_t place_;
};

CompletionQueue::CompletionQueue(const std::vector<FutureBase*>& futures, std::optional<Duration> timeout)
    : shared_(std::make_shared<Shared>()) {
    for (const FutureBase* future : futures) check_loop("as_completed", *future, current.loop);
    shared_->total = futures.size();
    shared_->registered.reserve(futures.size());
    if (timeout && !futures.empty()) {
        shared_->timer = get_running_loop().call_later(*timeout, [shared = shared_.get()] { shared->on_timeout(); });
    }
    for (std::size_t place = 0; place < futures.size(); ++place) {
        auto arrival = std::make_unique<Arrival>(shared_, place);
        shared_->registered.push_back({arrival.get(), FutureRef<FutureBase>::share(futures[place])});
        futures[place]->add_callback(*arrival.release());
    }
}

CompletionQueue::~CompletionQueue() {
    shared_->timer.cancel();
    for (auto& [arrival, future] : shared_->registered) {
        if (future->remove_callback(*arrival)) arrival->discard();
    }
    shared_->registered.clear();
}

Coro<std::optional<std::size_t>> CompletionQueue::next() {
    std::shared_ptr<Shared> shared = shared_;
    while (shared->done.empty()) {
        if (shared->handed_out == shared->total) co_return std::nullopt;
        if (shared->timed_out) throw TimeoutError("as_completed: the timeout passed");
        Future<> arrived;
        shared->waiters.push_back(arrived);
        std::exception_ptr cancelled;
        try {
            co_await arrived;
        } catch (const CancelledError&) {
            cancelled = std::current_exception();
        }
        if (cancelled) {
            // Woken and cancelled at once: the arrival is for another waiter.
            if (!arrived.cancelled() && !shared->done.empty()) shared->wake_one();
            std::rethrow_exception(cancelled);
        }
    }
    const std::size_t place = shared->done.front();
    shared->done.pop_front();
    ++shared->handed_out;
    co_return place;
}

}  // namespace aio::detail
