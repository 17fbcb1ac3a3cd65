// Errors for those who wait while a connection ends. Internal.
#pragma once

#include <aio/db/errors.hpp>

#include <exception>

namespace aio::db::detail {

// An InterfaceError, or std::bad_alloc if there is no memory for it: they must get an error all the same.
inline std::exception_ptr interface_error(const char* what) noexcept {
    try {
        return std::make_exception_ptr(InterfaceError(what));
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace aio::db::detail
