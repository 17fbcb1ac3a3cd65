// Result<T>: a value or an exception in its place; as_result() makes one of any awaitable.
//
//     aio::Result<Page> page = co_await aio::as_result(fetch(url));
//     if (!page) co_await report(page.what());        // no await is allowed in a catch block
//     use(page->title, page.value_or(empty));
//
// gather(..., return_exceptions) returns them too.
#pragma once

#include <aio/base/format_exception.hpp>
#include <aio/core/awaitable.hpp>

#include <exception>
#include <memory>
#include <string>
#include <type_traits>

namespace aio {

// A value of type T, or the exception that was thrown in its place. Copying one copies the
// value, and shares the exception.
template <class T = void>
class Result {
public:
    using value_type = T;

    Result() = default;  // holds neither; for containers
    // For the library: a result of a value, of an exception.
    static Result success(detail::ValueSlot<T> value) { return Result(std::move(value), nullptr); }
    static Result failure(std::exception_ptr error) { return Result(detail::ValueSlot<T>(), std::move(error)); }

    // Whether there is a value and no exception.
    bool has_value() const noexcept { return error_ == nullptr; }
    explicit operator bool() const noexcept { return has_value(); }

    // The value, moved out of a temporary or std::move(result). value(), * and -> rethrow
    // the exception if there is one.
    decltype(auto) value() const& {
        check();
        return value_.get();
    }
    decltype(auto) value() & {
        check();
        if constexpr (std::is_object_v<T>) {
            return (*value_.value);
        } else {
            return value_.get();
        }
    }
    T value() && {
        check();
        return value_.take();
    }
    decltype(auto) operator*() const& { return value(); }
    decltype(auto) operator*() & { return value(); }
    T operator*() && { return std::move(*this).value(); }
    auto operator->() const
        requires(!std::is_void_v<T>)
    {
        return std::addressof(value());
    }
    auto operator->()
        requires(!std::is_void_v<T>)
    {
        return std::addressof(value());
    }

    // The value, or `other` in place of an exception.
    template <class U>
        requires std::is_convertible_v<U, T>
    T value_or(U&& other) const& {
        if (error_) return static_cast<T>(std::forward<U>(other));
        return value_.get();
    }
    template <class U>
        requires std::is_convertible_v<U, T>
    T value_or(U&& other) && {
        if (error_) return static_cast<T>(std::forward<U>(other));
        return value_.take();
    }

    // The exception; null when there is a value.
    const std::exception_ptr& error() const noexcept { return error_; }
    // The text of the exception: its what(), or the name of its type if what() is empty or missing.
    // Empty when there is a value.
    std::string what() const { return aio::what(error_); }

    // Whether the exception is an E.
    template <class E>
    bool failed_with() const {
        if (!error_) return false;
        try {
            std::rethrow_exception(error_);
        } catch (const E&) {
            return true;
        } catch (...) {
            return false;
        }
    }

private:
    Result(detail::ValueSlot<T> value, std::exception_ptr error)
        : value_(std::move(value)), error_(std::move(error)) {}

    void check() const {
        if (error_) std::rethrow_exception(error_);
    }

    detail::ValueSlot<T> value_;
    std::exception_ptr error_;
};

namespace detail {

// Distinguishes the exceptions of an awaitable from those that concern the task that awaits it.
class OwnCancellation {
public:
    OwnCancellation() noexcept;
    // Whether `error` must be rethrown: the running task was cancelled since this was made, or the error shall leave
    // the loop (KeyboardInterrupt, SystemExit) or end a generator.
    bool must_pass(const std::exception_ptr& error) const noexcept;

private:
    unsigned requests_;
};

template <class T, class A>
Coro<Result<T>> run_as_result(A awaitable) {
    const OwnCancellation own;
    ValueSlot<T> value;
    std::exception_ptr error;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(awaitable);
        } else if constexpr (std::is_reference_v<T>) {
            value.value = &co_await std::move(awaitable);
        } else {
            value.value.emplace(co_await std::move(awaitable));
        }
    } catch (...) {
        error = std::current_exception();
        if (own.must_pass(error)) throw;
    }
    if (error) co_return Result<T>::failure(std::move(error));
    co_return Result<T>::success(std::move(value));
}

}  // namespace detail

// Awaits `awaitable`. Result: its result or its exception, as a value.
// Cancel: the cancellation of the awaiting task is thrown, as by any await, and so are KeyboardInterrupt, SystemExit
// and GeneratorExit. If only the awaited task or future was cancelled, its CancelledError is the exception of the
// Result.
template <class A>
    requires detail::TaskSource<A>
auto as_result(A&& awaitable) {
    AIO_CHECK_LAMBDA(A);
    using Plain = std::remove_cvref_t<A>;
    using T = detail::coro_value<A>;
    if constexpr (detail::FutureLike<Plain>) {
        return detail::run_as_result<T>(Plain(std::forward<A>(awaitable)));
    } else {
        return detail::run_as_result<T>(detail::as_coro(std::forward<A>(awaitable)));
    }
}

}  // namespace aio
