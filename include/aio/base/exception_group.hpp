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

class ExceptionGroup : public Error {
public:
    using Traceback = std::vector<std::source_location>;

    // `tracebacks`: where each error passed, innermost frame first; those that are missing are empty.
    // Errors: ValueError when `exceptions` is empty or holds a null pointer, or there are more tracebacks.
    ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions,
                   std::vector<Traceback> tracebacks = {});

    const std::string& message() const noexcept { return message_; }
    const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }
    // Of the error at `place`. Errors: std::out_of_range.
    const Traceback& traceback(std::size_t place) const { return tracebacks_.at(place); }
    // "message (2 sub-exceptions)"; what() goes on with the first three errors. format_exception() shows them all.
    std::string headline() const;

    // The errors for which `matches(std::exception_ptr)` is true and the others, nested groups split alike.
    // A side without errors is nullopt. Source: BaseExceptionGroup.split, CPython 3.11.
    template <class Predicate>
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split_if(Predicate matches) const;

    // `except* E`: the part of this group whose leaves are E, and the rest.
    template <class E>
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split() const {
        return split_if([](const std::exception_ptr& error) { return holds<E>(error); });
    }
    template <class E>
    std::optional<ExceptionGroup> subgroup() const {
        return split<E>().first;
    }

    // Whether `error` holds an E.
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
