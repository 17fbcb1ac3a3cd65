#include <aio/core/future_base.hpp>

#include <memory>

namespace aio::detail {

namespace {

// Stands for a shared callback in one list with others.
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
    if (last_->flags & kShared) {
        last_ = new Relay(*last_);
        last_->next_ready = last_;
    }
    if (added) item = added.release();
    item->next_ready = last_->next_ready;
    last_->next_ready = item;
    last_ = item;
}

bool CallbackList::remove(Callback* item) noexcept {
    if (!last_) return false;
    Ready* before = last_;
    do {
        Ready* listed = before->next_ready;
        if (is_or_stands_for(listed, item)) {
            if (before == listed) {
                last_ = nullptr;
            } else {
                before->next_ready = listed->next_ready;
                if (last_ == listed) last_ = before;
            }
            if (listed->flags & kRelay) delete static_cast<Relay*>(listed);
            return true;
        }
        before = listed;
    } while (before != last_);
    return false;
}

void CallbackList::discard() noexcept {
    Ready* last = std::exchange(last_, nullptr);
    if (!last) return;
    Ready* item = last->next_ready;
    while (true) {
        Ready* next = item->next_ready;
        static_cast<Callback*>(item)->discard();
        if (item == last) return;
        item = next;
    }
}

}  // namespace aio::detail
