#include <aio/core/gather.hpp>

namespace aio::detail {

GatherBase::GatherBase(std::size_t count, bool keep_errors)
    : children_(count ? std::make_unique<Child[]>(count) : nullptr), count_(count), keep_errors_(keep_errors) {}

GatherBase::~GatherBase() = default;

void GatherBase::add(FutureObject& outer, FutureBase& future) noexcept {
    outer_ = &outer;
    Child& child = children_[added_++];
    child.gather = this;
    child.future = &future;
    future.add_callback(child);
}

void GatherBase::detach() noexcept {
    for (std::size_t i = 0; i < added_; ++i) {
        if (children_[i].place == Child::Place::registered) children_[i].future->remove_callback(children_[i]);
    }
}

// The outer future is cancelled when all its children have ended, not now (semantics 19).
bool GatherBase::cancel_children(std::string_view message) noexcept {
    bool any = false;
    for (std::size_t i = 0; i < count_; ++i) {
        if (!children_[i].future->done() && children_[i].future->cancel(message)) any = true;
    }
    if (any) cancel_requested_ = true;
    return any;
}

void GatherBase::Child::scheduled_by(FutureBase& done) noexcept {
    if (place == Place::holding) {
        pinned = FutureRef<FutureBase>::share(&done);
    } else {
        gather->outer_->retain();
    }
    place = Place::scheduled;
}

void GatherBase::child_done(Child& child) {
    child.place = Child::Place::ended;
    struct Drop {
        GatherBase* gather;
        ~Drop() { gather->drop_child(); }
    } drop{this};
    child_ended(*child.future);
}

void GatherBase::child_ended(FutureBase& child) {
    ++finished_;
    if (outer_->done()) {
        child.mark_retrieved();  // an error after the first one has been seen, too (semantics 17)
        return;
    }
    if (!keep_errors_ && !cancel_requested_ && child.state != State::finished) {
        // A child that was cancelled by itself is an error like another: the outer is not cancelled (18).
        child.mark_retrieved();
        outer_->finish_with(child.cancelled() ? cancellation_of(child) : child.exception());
        watch_the_rest();
        return;
    }
    if (finished_ == count_) finish_all();
}

// The outer future has failed.
void GatherBase::watch_the_rest() noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
        Child& child = children_[i];
        if (child.place == Child::Place::registered) {
            child.place = Child::Place::holding;
            outer_->retain();
        } else if (child.place == Child::Place::scheduled) {
            child.pinned = FutureRef<FutureBase>::share(child.future);
        }
    }
    drop_handles();
}

void GatherBase::finish_all() {
    if (cancel_requested_) return finish_after_cancel();
    try {
        collect();
        outer_->finish();
    } catch (...) {
        outer_->finish_with(std::current_exception());
    }
}

// All have ended. An error that a child answered its cancellation with is not lost.
void GatherBase::finish_after_cancel() {
    std::exception_ptr error, cancelled;
    for (std::size_t i = 0; i < count_; ++i) {
        FutureBase& child = *children_[i].future;
        child.mark_retrieved();
        if (!keep_errors_ && !error && child.state == State::failed) error = child.exception();
        if (!cancelled && child.cancelled()) cancelled = cancellation_of(child);
    }
    error ? outer_->finish_with(std::move(error)) : outer_->finish_cancelled(std::move(cancelled));
}

void GatherBase::drop_child() noexcept { outer_->release(); }

std::exception_ptr cancellation_of(FutureBase& future) {
    try {
        future.check_value();
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace aio::detail
