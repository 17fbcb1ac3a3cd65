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
#include <string>
#include <utility>
#include <vector>

namespace aio {

class ExceptionGroup : public Error {
public:
    // Errors: ValueError when `exceptions` is empty or holds a null pointer.
    ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions);

    const std::string& message() const noexcept { return message_; }
    const std::vector<std::exception_ptr>& exceptions() const noexcept { return exceptions_; }

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
    std::vector<std::exception_ptr> yes, no;
    for (const std::exception_ptr& error : exceptions_) {
        if (matches(error)) {
            yes.push_back(error);
        } else if (const ExceptionGroup* nested = detail::as_group(error)) {
            auto [inside, outside] = nested->split_if(matches);
            if (inside) yes.push_back(std::make_exception_ptr(*std::move(inside)));
            if (outside) no.push_back(std::make_exception_ptr(*std::move(outside)));
        } else {
            no.push_back(error);
        }
    }
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> parts;
    if (!yes.empty()) parts.first.emplace(message_, std::move(yes));
    if (!no.empty()) parts.second.emplace(message_, std::move(no));
    return parts;
}

}  // namespace aio
