// ExceptionGroup: several errors raised together, as TaskGroup does when more than one task failed.
//
//     try { co_await aio::with_task_group(...); }
//     catch (const aio::ExceptionGroup& group) {
//         if (auto timeouts = group.subgroup<aio::TimeoutError>()) ...      // except* TimeoutError
//     }
#pragma once

#include <aio/base/error.hpp>

#include <exception>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace aio {

// Several errors as one: Python's ExceptionGroup. It holds one error at least.
class ExceptionGroup : public Error {
public:
    // The places where an error passed, innermost frame first.
    using Traceback = std::vector<std::source_location>;

    // `tracebacks[i]` belongs to `exceptions[i]`; those that are missing are empty.
    // Errors: ValueError when `exceptions` is empty or holds a null pointer, or there are more tracebacks.
    ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions,
                   std::vector<Traceback> tracebacks = {});

    // The message given to the constructor, without a count or errors.
    const std::string& message() const noexcept { return message_; }
    // The errors, none of them null; a nested group is one of them.
    const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }
    // The traceback of exceptions()[place]. Errors: std::out_of_range.
    const Traceback& traceback(std::size_t place) const { return tracebacks_.at(place); }
    // "message (2 sub-exceptions)". what() adds the first three errors; format_exception() shows up to 15.
    std::string headline() const;

    // The errors for which `matches(std::exception_ptr)` is true and the others, nested groups split alike.
    // A side without errors is nullopt. Source: BaseExceptionGroup.split, CPython 3.11.
    template <class Predicate>
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split_if(Predicate matches) const;

    // `except* E`: (the errors that are an E, the others), as split_if(). subgroup() returns the first half only.
    template <class E>
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split() const {
        return split_if([](const std::exception_ptr& error) { return holds<E>(error); });
    }
    template <class E>
    std::optional<ExceptionGroup> subgroup() const {
        return split<E>().first;
    }

    // Whether `error`, which is not null, is an E.
    template <class E>
    static bool holds(const std::exception_ptr& error);

private:
    std::string message_;
    std::vector<std::exception_ptr> exceptions_;
    std::vector<Traceback> tracebacks_;  // as many
};

// ---------------------------------------------------------------------------------------------------------

template <class E>
bool ExceptionGroup::holds(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const E&) {
        return true;
    } catch (...) {
        return false;
    }
}

namespace detail {
// The group inside `error`, or null. The pointer lives as long as `error`.
const ExceptionGroup* as_group(const std::exception_ptr& error) noexcept;
}  // namespace detail

template <class Predicate>
std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> ExceptionGroup::split_if(
    Predicate matches) const {
    struct Side {
        std::vector<std::exception_ptr> errors;
        std::vector<Traceback> tracebacks;
        void add(std::exception_ptr error, const Traceback& traceback) {
            errors.push_back(std::move(error));
            tracebacks.push_back(traceback);
        }
    } yes, no;
    for (std::size_t i = 0; i < exceptions_.size(); ++i) {
        const std::exception_ptr& error = exceptions_[i];
        if (matches(error)) {
            yes.add(error, tracebacks_[i]);
        } else if (const ExceptionGroup* nested = detail::as_group(error)) {
            auto [inside, outside] = nested->split_if(matches);
            if (inside) yes.add(std::make_exception_ptr(*std::move(inside)), tracebacks_[i]);
            if (outside) no.add(std::make_exception_ptr(*std::move(outside)), tracebacks_[i]);
        } else {
            no.add(error, tracebacks_[i]);
        }
    }
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> parts;
    if (!yes.errors.empty()) parts.first.emplace(message_, std::move(yes.errors), std::move(yes.tracebacks));
    if (!no.errors.empty()) parts.second.emplace(message_, std::move(no.errors), std::move(no.tracebacks));
    return parts;
}

}  // namespace aio
