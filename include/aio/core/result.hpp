// Result<T>: a value or the exception that took its place, as gather(..., return_exceptions) collects them.
#pragma once

#include <aio/core/coro.hpp>

#include <exception>

namespace aio {

template <class T = void>
class Result {
public:
    using value_type = T;

    Result() = default;  // holds neither; for containers
    static Result success(detail::ValueSlot<T> value) {
        Result result;
        result.value_ = std::move(value);
        return result;
    }
    static Result failure(std::exception_ptr error) {
        Result result;
        result.error_ = std::move(error);
        return result;
    }

    bool has_value() const noexcept { return error_ == nullptr; }
    explicit operator bool() const noexcept { return has_value(); }

    // The value. Errors: the exception, rethrown.
    decltype(auto) value() const& {
        if (error_) std::rethrow_exception(error_);
        return value_.get();
    }
    T value() && {
        if (error_) std::rethrow_exception(error_);
        return value_.take();
    }
    decltype(auto) operator*() const& { return value(); }

    // The exception; null when there is a value.
    const std::exception_ptr& error() const noexcept { return error_; }

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
    detail::ValueSlot<T> value_;
    std::exception_ptr error_;
};

}  // namespace aio
