// CallbackList where more than one callback is involved: insertion behind others, removal, discarding, and the relay
// that replaces a shared callback. The common case, one waiter, and scheduling are inline in ready_queue.hpp.
#include <aio/core/future_base.hpp>

#include <memory>

namespace aio::detail {

namespace {

// Represents a shared callback in a list that has other callbacks too.
class Relay final : public Callback {
public:
    explicit Relay(Ready& shared) noexcept : shared_(static_cast<Callback&>(shared)) {
        flags = kWantsFuture | kRelay;
    }

    bool stands_for(const Callback* other) const noexcept { return &shared_ == other; }
    bool scheduled_by(FutureBase& future) noexcept override {
        Callback& shared = shared_;
        delete this;
        return shared.scheduled_by(future);
    }
    void run() override {}
    void discard() noexcept override {
        Callback& shared = shared_;
        delete this;
        shared.discard();
    }
    const char* name() const noexcept override { return shared_.name(); }

private:
    Callback& shared_;
};

bool is_or_stands_for(Ready* listed, Callback* item) noexcept {
    return listed == item || ((listed->flags & kRelay) && static_cast<Relay*>(listed)->stands_for(item));
}

}  // namespace

void CallbackList::push_behind(Callback* item) {
    std::unique_ptr<Relay> added((item->flags & kShared) ? new Relay(*item) : nullptr);
    Ready* last = ring();
    if (last->flags & kShared) {
        last = new Relay(*last);
        last->next_ready = last;
    }
    if (added) item = added.release();
    item->next_ready = last->next_ready;
    last->next_ready = item;
    last_ = address(item);
}

bool CallbackList::remove(Callback* item) noexcept {
    if (!last_) return false;
    Ready* const last = ring();
    Ready* before = last;
    do {
        Ready* listed = before->next_ready;
        if (is_or_stands_for(listed, item)) {
            if (before == listed) {
                last_ = 0;
            } else {
                before->next_ready = listed->next_ready;
                last_ = address(last == listed ? before : last);
            }
            if (listed->flags & kRelay) delete static_cast<Relay*>(listed);
            return true;
        }
        before = listed;
    } while (before != last);
    return false;
}

void CallbackList::discard() noexcept {
    if (!last_) return;
    Ready* const last = take_ring();
    Ready* item = last->next_ready;
    while (true) {
        Ready* next = item->next_ready;
        static_cast<Callback*>(item)->discard();
        if (item == last) return;
        item = next;
    }
}

}  // namespace aio::detail
