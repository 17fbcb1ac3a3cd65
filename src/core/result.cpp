// as_result(): which exceptions are not for a Result.
#include <aio/core/result.hpp>

#include "core/observe.hpp"

#include <typeinfo>

namespace aio::detail {

OwnCancellation::OwnCancellation() noexcept : requests_(current.task ? current.task->cancelling() : 0) {}

// Only the count of requests tells whether the running task was cancelled:
//     Task<> other = create_task(...); co_await as_result(other);     // other.cancel(): a Result
//                                                                     // current_task().cancel(): cancels other, and passes
bool OwnCancellation::must_pass(const std::exception_ptr& error) const noexcept {
    const std::type_info* type = error.__cxa_exception_type();
    if (!type) return false;
    if (*type == typeid(CancelledError)) return current.task && current.task->cancelling() > requests_;
    return *type == typeid(KeyboardInterrupt) || *type == typeid(SystemExit) || *type == typeid(GeneratorExit);
}

}  // namespace aio::detail
