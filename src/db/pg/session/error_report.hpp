// Errors as users see them: those that the server reports, and the driver's own. Internal.
#pragma once

#include <aio/db/errors.hpp>

#include "db/pg/wire/message_reader.hpp"

#include <exception>
#include <string_view>

namespace aio::pg::detail {

// statement: that the message is about, or empty. Errors: ProtocolError.
db::ErrorReport report_of(const wire::Message& message, std::string_view statement);

// A db::InterfaceError for those who wait while a connection ends, or std::bad_alloc: they must get an error all the same.
std::exception_ptr interface_error(const char* what) noexcept;

}  // namespace aio::pg::detail
