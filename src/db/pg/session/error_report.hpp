// Errors as users see them: those that the server reports, and the driver's own. Internal.
#pragma once

#include <aio/db/errors.hpp>

#include "db/interface_error.hpp"
#include "db/pg/wire/message_reader.hpp"

#include <string_view>

namespace aio::pg::detail {

// statement: that the message is about, or empty. Errors: ProtocolError.
db::ErrorReport report_of(const wire::Message& message, std::string_view statement);

using db::detail::interface_error;

}  // namespace aio::pg::detail
