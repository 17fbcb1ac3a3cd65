// ExceptionGroup. How a whole one is written: format_exception.cpp.
#include <aio/base/exception_group.hpp>

#include "base/describe.hpp"

#include <algorithm>

namespace aio {

namespace {

std::string headline_of(const std::string& message, std::size_t count) {
    return message + " (" + std::to_string(count) + " sub-exception" + (count == 1 ? ")" : "s)");
}

std::string describe(const std::string& message, const std::vector<std::exception_ptr>& errors) {
    constexpr std::size_t kShown = 3;
    std::string text = headline_of(message, errors.size());
    for (std::size_t i = 0; i < std::min(errors.size(), kShown); ++i) {
        text += (i == 0 ? ": " : "; ") + detail::describe_exception(errors[i]);
    }
    return errors.size() > kShown ? text + "; ..." : text;
}

}  // namespace

ExceptionGroup::ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions,
                               std::vector<Traceback> tracebacks)
    : Error(describe(message, exceptions)),
      message_(message),
      exceptions_(std::move(exceptions)),
      tracebacks_(std::move(tracebacks)) {
    if (exceptions_.empty()) throw ValueError("ExceptionGroup: the list of exceptions is empty");
    for (const std::exception_ptr& error : exceptions_) {
        if (!error) throw ValueError("ExceptionGroup: the list of exceptions holds a null pointer");
    }
    if (tracebacks_.size() > exceptions_.size()) throw ValueError("ExceptionGroup: more tracebacks than exceptions");
    tracebacks_.resize(exceptions_.size());
}

std::string ExceptionGroup::headline() const { return headline_of(message_, exceptions_.size()); }

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
