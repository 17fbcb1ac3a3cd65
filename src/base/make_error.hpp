// Exceptions for others to throw, made where nothing may be thrown.
#pragma once

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

}  // namespace aio::detail
