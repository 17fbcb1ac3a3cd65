// Rings of tasks that wait for each other: a search finds those that a request for cancellation would not pass; an
// error in one of the tasks breaks them.
#include "core/ring.hpp"

#include <exception>
#include <new>
#include <unordered_set>
#include <utility>
#include <vector>

namespace aio::detail {

void Ring::look_at(FutureBase& future) noexcept {
    if (future.kind != Kind::task) return;
    auto& task = static_cast<TaskBase&>(future);
    if (task.awaited() && !(youngest_ && youngest_->id() > task.id())) youngest_ = &task;
}

void Ring::name(FutureBase& future) noexcept {
    if (future.kind != Kind::task || ++count_ > kNamed) return;
    try {
        const std::string name = "'" + static_cast<TaskBase&>(future).name() + "'";
        names_ += name + " waits for ";
        if (count_ == 1) first_ = name;
    } catch (const std::bad_alloc&) {
        no_memory_ = true;
    }
}

void Ring::end() noexcept {
    std::exception_ptr error;
    try {
        const std::string more =
            count_ > kNamed ? std::to_string(count_ - kNamed) + " more, the last of them for " : "";
        if (!no_memory_) {
            error = std::make_exception_ptr(
                RuntimeError("await: tasks that wait for each other would never end: " + names_ + more + first_ +
                             ". Do not await a task that waits for the current one: cancel it, and return."));
        }
    } catch (const std::bad_alloc&) {}
    youngest_->future_waiter()->give_up(std::move(error));
}

namespace {

// Searches for one task among everything that is waited for, breadth first.
class RingSearch {
public:
    explicit RingSearch(TaskBase& wanted) noexcept : wanted_(wanted) {}

    // Futures seen in an earlier search are skipped. Errors: std::bad_alloc.
    bool reaches_from(FutureBase& start) {
        found_.clear();
        add(&start, 0);
        for (std::size_t at = 0; at < found_.size(); ++at) {
            if (found_[at].future == &wanted_) {
                found_at_ = at;
                return true;
            }
            awaited_.clear();
            found_[at].future->list_awaited(awaited_);
            for (FutureBase* next : awaited_) add(next, at);
        }
        return false;
    }

    // Precondition: reaches_from() was just true.
    void break_ring() noexcept {
        Ring ring;
        for_each_backwards([&](FutureBase& future) { ring.look_at(future); });
        if (!ring.youngest()) return;
        try {
            std::vector<FutureBase*> path;
            for_each_backwards([&](FutureBase& future) { path.push_back(&future); });
            std::size_t place = path.size();  // the path is ordered from the last to the first
            while (path[place - 1] != ring.youngest()) --place;
            for (std::size_t i = 0; i < path.size(); ++i)
                ring.name(*path[(place + path.size() - 1 - i) % path.size()]);
        } catch (const std::bad_alloc&) {
            return;
        }
        ring.end();
    }

private:
    struct Found {
        FutureBase* future;
        std::size_t from;
    };

    void add(FutureBase* future, std::size_t from) {
        if (future == &wanted_ || seen_.insert(future).second) found_.push_back({future, from});
    }
    template <class F>
    void for_each_backwards(F&& f) {
        for (std::size_t at = found_at_; at != 0; at = found_[at].from) f(*found_[at].future);
        f(*found_[0].future);
    }

    TaskBase& wanted_;
    std::vector<Found> found_;
    std::size_t found_at_ = 0;
    std::unordered_set<FutureBase*> seen_;
    std::vector<FutureBase*> awaited_;
};

}  // namespace

void break_rings(TaskBase& task, std::span<FutureBase* const> awaited) noexcept {
    try {
        RingSearch search(task);
        for (FutureBase* start : awaited) {
            if (search.reaches_from(*start)) search.break_ring();
        }
    } catch (const std::bad_alloc&) {
        // The next request searches again.
    }
}

}  // namespace aio::detail
