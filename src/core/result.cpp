// Result and as_result(): the text of an exception, and which exceptions are not for a Result.
#include <aio/core/result.hpp>

#include "base/describe.hpp"
#include "core/observe.hpp"

#include <typeinfo>

namespace aio::detail {

std::string what_of(const std::exception_ptr& error) {
    if (!error) return "";
    std::string what;
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        what = e.what();
    } catch (const BaseException& e) {
        what = e.what();
    } catch (...) {}
    const std::type_info* type = error.__cxa_exception_type();
    return what.empty() && type ? describe_type(*type) : what;
}

OwnCancellation::OwnCancellation() noexcept : requests_(current.task ? current.task->cancelling() : 0) {}

// A cancellation of the running task is told by its count alone:
//     Task<> other = create_task(...); co_await as_result(other);     // other.cancel(): a Result
//                                                                     // current_task().cancel(): cancels other, and passes
bool OwnCancellation::must_pass(const std::exception_ptr& error) const noexcept {
    const std::type_info* type = error.__cxa_exception_type();
    if (!type) return false;
    if (*type == typeid(CancelledError)) return current.task && current.task->cancelling() > requests_;
    return *type == typeid(KeyboardInterrupt) || *type == typeid(SystemExit) || *type == typeid(GeneratorExit);
}

}  // namespace aio::detail
