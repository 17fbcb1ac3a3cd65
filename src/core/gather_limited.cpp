// gather_limited() below its templates: slots, the first error, and who requested a cancellation.
#include <aio/core/gather_limited.hpp>

#include <string>
#include <typeinfo>

namespace aio::detail {

std::size_t check_limit(std::ptrdiff_t limit) {
    if (limit < 1) {
        throw ValueError("gather_limited: the limit is " + std::to_string(limit) + "; it must be at least 1");
    }
    return static_cast<std::size_t>(limit);
}

void LimitedGather::ended() noexcept {
    --running_;
    if (room_ && !room_->done()) room_->base()->finish();
}

void LimitedGather::fail(std::exception_ptr error) noexcept {
    if (error_) return;
    error_ = std::move(error);
    group_->cancel();
}

void LimitedGather::range_failed(std::exception_ptr error) {
    if (leaves_task(error)) std::rethrow_exception(error);
    fail(std::move(error));
}

bool LimitedGather::leaves_task(const std::exception_ptr& error) noexcept {
    const std::type_info* type = error.__cxa_exception_type();
    return type &&
           (*type == typeid(CancelledError) || *type == typeid(KeyboardInterrupt) || *type == typeid(SystemExit));
}

bool LimitedGather::cancelling() const noexcept { return group_->aborting_; }

}  // namespace aio::detail
