// shield(): one callback at the inner future serves all its shields, and reports a late error once.
#include <aio/core/shield.hpp>

#include <aio/core/gather.hpp>

#include "base/describe.hpp"
#include "core/observe.hpp"

namespace aio::detail {

void ShieldBase::inner_failed(FutureObject& outer, FutureBase& inner) {
    if (outer.done()) {
        inner.mark_retrieved();
        return;
    }
    if (inner.cancelled()) {
        outer.finish_cancelled(cancellation_of(inner));
    } else {
        outer.finish_with(inner.exception());
    }
}

namespace {

class ReportLateError final : public Callback {
public:
    ReportLateError() noexcept { flags = kWantsFuture; }
    virtual ~ReportLateError() = default;
    bool scheduled_by(FutureBase& future) noexcept override {
        future_ = FutureRef<FutureBase>::share(&future);
        return true;
    }
    void run() override {
        std::unique_ptr<ReportLateError> self(this);
        if (future_->state != State::failed) return;
        ExceptionContext context;
        context.exception = future_->exception();
        const std::type_info* type = context.exception.__cxa_exception_type();
        context.message = (type ? describe_type(*type) : "an") + " exception in shielded future";
        if (future_->kind == Kind::task) {
            auto& task = static_cast<TaskBase&>(*future_);
            context.task = AnyTask(FutureRef<TaskBase>::share(&task));
            context.traceback = task.traceback();
        } else {
            context.future = describe_future(*future_);
        }
        report(future_->loop(), context);
    }
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "shield"; }

private:
    FutureRef<FutureBase> future_;
};

}  // namespace

void ShieldBase::watch_alone(FutureBase& inner) noexcept {
    // One callback for all shields: a task polled by wait_for(shield(task), short) would otherwise collect them.
    bool watched = false;
    inner.callbacks().for_each([&](Callback& callback) { watched |= typeid(callback) == typeid(ReportLateError); });
    if (watched) return;
    try {
        inner.add_callback(*new ReportLateError);
    } catch (const std::bad_alloc&) {
        // Then it is reported as never retrieved.
    }
}

}  // namespace aio::detail
