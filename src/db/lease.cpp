// What is said to those who use what was given back.
#include <aio/db/lease.hpp>

#include <aio/db/errors.hpp>

#include <string>

namespace aio::db::detail {

void Lease::throw_ended(const char* what) {
    throw InterfaceError(std::string(what) + ": its connection was given back to the pool; use it before that");
}

}  // namespace aio::db::detail
