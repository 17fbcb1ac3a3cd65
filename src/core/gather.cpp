#include <aio/core/gather.hpp>

namespace aio::detail {

// --- the children ------------------------------------------------------------------------------------------

GatherChildren::GatherChildren(std::size_t capacity) : capacity_(capacity) {
    Block** end = &first_;
    try {
        for (std::size_t place = 0; place < capacity; place += kPerBlock) {
            *end = new (frame_pool.allocate(bytes(place))) Block{nullptr};
            end = &(*end)->next;
        }
    } catch (...) {
        while (first_) drop_first_block();
        throw;
    }
    filling_ = first_;
}

GatherChildren::~GatherChildren() {
    while (first_) drop_first_block();
}

void GatherChildren::drop_first_block() noexcept {
    Block* next = first_->next;
    frame_pool.deallocate(first_, bytes(dropped_));
    first_ = next;
    dropped_ += kPerBlock;
}

void GatherChildren::pop() noexcept {
    if (++popped_ % kPerBlock == 0) drop_first_block();
}

// --- the gather --------------------------------------------------------------------------------------------

GatherBase::~GatherBase() {
    for (; !children_.empty(); release_first()) {
        children_.front()->remove_callback(watch_);  // unless it is done
    }
}

void GatherBase::add(FutureBase* child) {
    children_.push(child);
    child->add_callback(watch_);
}

// The outer future is cancelled when all its children have ended, not now (semantics 19).
bool GatherBase::cancel_children(std::string_view message) noexcept {
    bool any = false;
    for (FutureBase* child : children_) {
        if (!child->done() && child->cancel(message)) any = true;
    }
    if (any) cancel_requested_ = true;
    return any;
}

// A child that was cancelled by itself is an error like another: the outer is not cancelled (semantics 18). Errors
// after the first have been seen, too (17).
void GatherBase::child_done(FutureBase& child) noexcept {
    ++done_;
    if (child.state != State::finished) {
        if (outer_.done() || failed_) {
            child.mark_retrieved();
        } else if (!keep_errors_) {
            failed_ = FutureRef<FutureBase>::share(&child);
        }
    }
    if (done_ == count_ || failed_) outcome_.schedule();
    // Mostly they end in order: the first one's frame, which this step has in the cache, is then done with.
    const bool first = !children_.empty() && children_.front() == &child;
    if (first && child.state == State::finished && child.kind == Kind::task && child.references == 2) take_early();
    child_left();
}

void GatherBase::child_left() noexcept {
    if (held_by_children_) outer_.release();
}

void GatherBase::Outcome::schedule() noexcept {
    if (scheduled_ || gather_.outer_.done()) return;
    scheduled_ = true;
    gather_.outer_.retain();
    gather_.outer_.loop()->ready.push(this);
}

void GatherBase::Outcome::run() {
    scheduled_ = false;
    struct Drop {
        FutureObject& outer;
        ~Drop() { outer.release(); }
    } drop{gather_.outer_};
    if (!gather_.outer_.done()) gather_.decide();
}

void GatherBase::Outcome::discard() noexcept {
    scheduled_ = false;
    gather_.outer_.release();
}

void GatherBase::decide() {
    if (failed_ && !cancel_requested_) {
        fail();
    } else if (done_ == count_) {
        finish_all();
    }
}

// From here on the children keep the gather, as long as there are some to come.
void GatherBase::fail() {
    const FutureRef<FutureBase> failed = std::move(failed_);
    failed->mark_retrieved();
    outer_.finish_with(failed->cancelled() ? cancellation_of(*failed) : failed->exception());
    held_by_children_ = true;
    for (; !children_.empty(); release_first()) {
        if (!children_.front()->done()) outer_.retain();
    }
}

void GatherBase::finish_all() {
    if (cancel_requested_) return finish_after_cancel();
    try {
        collect();
        outer_.finish();
    } catch (...) {
        outer_.finish_with(std::current_exception());
    }
}

// All have ended. An error that a child answered its cancellation with is not lost.
void GatherBase::finish_after_cancel() {
    std::exception_ptr error, cancelled;
    for (FutureBase* child : children_) {
        child->mark_retrieved();
        if (!keep_errors_ && !error && child->state == State::failed) error = child->exception();
        if (!cancelled && child->cancelled()) cancelled = cancellation_of(*child);
    }
    error ? outer_.finish_with(std::move(error)) : outer_.finish_cancelled(std::move(cancelled));
}

std::exception_ptr cancellation_of(FutureBase& future) {
    try {
        future.check_value();
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace aio::detail
