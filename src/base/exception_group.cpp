#include <aio/base/exception_group.hpp>

namespace aio {

namespace {

std::string describe(const std::string& message, std::size_t count) {
    return message + " (" + std::to_string(count) + " sub-exception" + (count == 1 ? ")" : "s)");
}

}  // namespace

ExceptionGroup::ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions)
    : Error(describe(message, exceptions.size())), message_(message), exceptions_(std::move(exceptions)) {
    if (exceptions_.empty()) throw ValueError("ExceptionGroup: the list of exceptions is empty");
    for (const std::exception_ptr& error : exceptions_) {
        if (!error) throw ValueError("ExceptionGroup: the list of exceptions holds a null pointer");
    }
}

namespace detail {

const ExceptionGroup* as_group(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const ExceptionGroup& group) {
        return &group;  // rethrow_exception does not copy on this ABI: the object is the one `error` owns
    } catch (...) {
        return nullptr;
    }
}

}  // namespace detail

}  // namespace aio
