#include <aio/core/gather.hpp>

namespace aio::detail {

GatherBase::GatherBase(std::size_t count, bool keep_errors)
    : children_(count ? std::make_unique<Child[]>(count) : nullptr), count_(count), keep_errors_(keep_errors) {}

GatherBase::~GatherBase() = default;

void GatherBase::add(FutureObject& outer, FutureBase& future) noexcept {
    outer_ = &outer;
    outer.retain();  // until this child has ended
    Child& child = children_[added_++];
    child.gather = this;
    child.future = &future;
    future.add_callback(child);
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

void GatherBase::child_done(Child& child) {
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
    if (!keep_errors_ && child.state != State::finished) {
        // A child that was cancelled by itself is an error like another: the outer is not cancelled (18).
        child.mark_retrieved();
        outer_->finish_with(child.cancelled() ? cancellation_of(child) : child.exception());
        return;
    }
    if (finished_ == count_) finish_all();
}

void GatherBase::finish_all() {
    if (cancel_requested_) {
        for (std::size_t i = 0; i < count_; ++i) children_[i].future->mark_retrieved();
        return outer_->finish_cancelled(nullptr);
    }
    try {
        collect();
        outer_->finish();
    } catch (...) {
        outer_->finish_with(std::current_exception());
    }
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
