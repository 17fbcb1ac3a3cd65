// Exceptions for others to throw, made where nothing may be thrown.
#pragma once

#include <aio/base/error.hpp>

#include <concepts>
#include <exception>
#include <utility>

namespace aio::detail {

// Result: an E of `arguments`, or the std::bad_alloc that its message met.
template <class E, class... Arguments>
std::exception_ptr make_error(Arguments&&... arguments) noexcept {
    try {
        return std::make_exception_ptr(E(std::forward<Arguments>(arguments)...));
    } catch (...) {
        return std::current_exception();
    }
}

// The same of throw_os_error(), whose class depends on `code`. `attempted` is called for the text.
template <std::invocable<> Text>
std::exception_ptr make_os_error(int code, const Text& attempted) noexcept {
    try {
        throw_os_error(code, attempted());
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace aio::detail
