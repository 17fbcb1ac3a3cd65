// gather() below its template: children become tasks, are watched by one callback, and end the outer future.
#include <aio/core/gather.hpp>

namespace aio::detail {

GatherBase::~GatherBase() {
    for (; !children_.empty(); release_first()) {
        children_.front()->remove_callback(watch_);  // unless it is done
    }
}

void GatherBase::add(FutureBase* child) {
    if (child->loop() != outer_.loop()) [[unlikely]] {
        const FutureRef<FutureBase> adopted(child);
        throw_other_loop("gather", *child);
    }
    children_.push(child);
    if (child->done()) {
        watch_.scheduled_by(*child);  // not by way of its loop, which may be closed
    } else {
        child->add_callback(watch_);
    }
}

void GatherBase::all_added() {
    adding_ = false;
    if (!outer_.done()) decide();
}

void GatherBase::Start::schedule() noexcept {
    LoopCore& loop = *gather_.outer_.loop();
    next_ = gather_.children_.begin();
    last_id_ = loop.next_task_id;
    loop.next_task_id += gather_.count_;
    gather_.outer_.retain();
    loop.ready.push(this);
}

// The iterator advances before the child is stepped: a child that ends may free the block it is in.
TaskBase* GatherBase::Start::make_task() noexcept {
    auto* child = static_cast<TaskBase*>(*next_);
    ++next_;
    child->become_task(*gather_.outer_.loop(), ++last_id_);
    child->add_to_pending(gather_.watch_);
    return child;
}

void GatherBase::Start::make_tasks() noexcept {
    while (next_ != gather_.children_.end()) made_.push(make_task());
}

TaskBase* GatherBase::Start::take() noexcept {
    if (!made_.empty()) return static_cast<TaskBase*>(made_.pop());
    return next_ != gather_.children_.end() ? make_task() : nullptr;
}

// Start stays in rest_of_pass meanwhile: link_all() finds it there, and it survives an exception that leaves the loop.
void GatherBase::Start::run() {
    LoopCore& loop = *gather_.outer_.loop();
    next_ready = std::exchange(loop.rest_of_pass, this);
    while (TaskBase* task = take()) task->step();
    loop.rest_of_pass = next_ready;
    current.task = nullptr;
    gather_.outer_.release();
}

void GatherBase::Start::discard() noexcept {
    make_tasks();
    gather_.outer_.release();
}

void GatherBase::Start::link_tasks() noexcept {
    make_tasks();
    for (Ready* task = made_.first(); task; task = task->next_ready) static_cast<TaskBase*>(task)->link();
}

std::size_t GatherBase::Start::tasks_to_start() const noexcept {
    std::size_t count = 0;
    for (auto child = next_; child != gather_.children_.end(); ++child) ++count;
    for (const Ready* task = made_.first(); task; task = task->next_ready)
        count += static_cast<const TaskBase*>(task)->next == nullptr;  // else link_tasks() has put it into the list
    return count;
}

void GatherBase::begin_cancelling() noexcept {
    outer_.retain();
    start_.make_tasks();
    next_to_cancel_ = children_.begin();
}

FutureBase* GatherBase::next_to_cancel() noexcept {
    while (next_to_cancel_ != children_.end()) {
        FutureBase* child = *next_to_cancel_;
        ++next_to_cancel_;
        if (!child->done()) return child;
    }
    return nullptr;
}

void GatherBase::end_cancelling(bool any) noexcept {
    if (any) cancel_requested_ = true;
    outer_.release();
}

void GatherBase::list_branches(std::vector<FutureBase*>& into) const {
    for (FutureBase* child : children_) {
        if (!child->done()) into.push_back(child);
    }
}

// A child that alone was cancelled is an error like any other: the outer is not cancelled (semantics 18). Errors
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
    if (!adding_ && (done_ == count_ || failed_)) outcome_.schedule();
    // Mostly they end in order: the first one's frame, which this step has in the cache, is then done with.
    const bool first = !children_.empty() && children_.front() == &child;
    if (first && child.state == State::finished && child.kind == Kind::task && child.references == 2) take_early();
    child_left();
}

bool GatherBase::Watch::scheduled_by(FutureBase& child) noexcept {
    gather_.child_done(child);
    return false;
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

// From here on the children keep the gather alive, as long as any of them is pending.
void GatherBase::fail() {
    const FutureRef<FutureBase> failed = std::move(failed_);
    failed->mark_retrieved();
    outer_.finish_with(failed->cancelled() ? cancellation_of(*failed) : failed->exception());
    held_by_children_ = true;
    start_.make_tasks();
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
        // Which child's message: as in asyncio, the last one's if exceptions are kept.
        if (keep_errors_) cancelled = nullptr;
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
