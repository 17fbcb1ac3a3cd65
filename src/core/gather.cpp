#include <aio/core/gather.hpp>

#include <algorithm>
#include <new>

namespace aio::detail {

// --- the children ------------------------------------------------------------------------------------------

void GatherChildren::reserve(std::size_t count) {
    Block** end = &first_;
    while (capacity_ < count) {
        const std::size_t size = std::min(count - capacity_, kPerBlock);
        *end = new (frame_pool.allocate(bytes(size))) Block{nullptr, 0};
        end = &(*end)->next;
        capacity_ += size;
    }
    filling_ = first_;
}

GatherChildren::~GatherChildren() {
    while (first_) {
        const std::size_t size = std::min(capacity_, kPerBlock);
        capacity_ -= size;
        frame_pool.deallocate(std::exchange(first_, first_->next), bytes(size));
    }
}

GatherChild& GatherChildren::add(GatherBase& gather, FutureBase* future) noexcept {
    if (filling_->size == kPerBlock) filling_ = filling_->next;
    return *new (filling_->at(filling_->size++)) GatherChild(gather, future);
}

void GatherChild::release_future() noexcept {
    if (!has(kOwnsFuture)) return;
    clear(kOwnsFuture);
    future_->release();
}

// The gather counts at once; nothing has to run for it, except to let go of a gather that failed.
bool GatherChild::scheduled_by(FutureBase& done) noexcept {
    gather_->child_done(done);
    return has(kHoldsGather);
}

void GatherChild::discard() noexcept {
    if (!has(kHoldsGather)) return;
    clear(kHoldsGather);
    gather_->outer_.release();
}

// --- the gather --------------------------------------------------------------------------------------------

GatherBase::~GatherBase() {
    for (GatherChild& child : children_) {
        if (!child.has(GatherChild::kOwnsFuture)) continue;
        child.future().remove_callback(child);  // unless it is done
        child.release_future();
    }
}

void GatherBase::add(FutureBase* future) noexcept { future->add_callback(children_.add(*this, future)); }

// The outer future is cancelled when all its children have ended, not now (semantics 19).
bool GatherBase::cancel_children(std::string_view message) noexcept {
    bool any = false;
    for (GatherChild& child : children_) {
        if (!child.future().done() && child.future().cancel(message)) any = true;
    }
    if (any) cancel_requested_ = true;
    return any;
}

// A child that was cancelled by itself is an error like another: the outer is not cancelled (semantics 18). Errors
// after the first have been seen, too (17).
void GatherBase::child_done(FutureBase& child) noexcept {
    ++done_;
    if (child.state != State::finished) {
        if (outer_.done() || failed_) child.mark_retrieved();
        if (!keep_errors_ && !failed_) failed_ = FutureRef<FutureBase>::share(&child);
    }
    if (done_ == count_ || failed_) outcome_.schedule();
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
    for (GatherChild& child : children_) {
        if (!child.future().done()) {
            child.set(GatherChild::kHoldsGather);
            outer_.retain();
        }
        child.release_future();
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
    for (GatherChild& child : children_) {
        FutureBase& future = child.future();
        future.mark_retrieved();
        if (!keep_errors_ && !error && future.state == State::failed) error = future.exception();
        if (!cancelled && future.cancelled()) cancelled = cancellation_of(future);
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
