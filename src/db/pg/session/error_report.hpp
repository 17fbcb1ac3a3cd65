// ErrorResponse and NoticeResponse as the report that users see. Internal.
#pragma once

#include <aio/db/errors.hpp>

#include "db/pg/wire/message_reader.hpp"

#include <string_view>

namespace aio::pg::detail {

// statement: that the message is about, or empty. Errors: ProtocolError.
db::ErrorReport report_of(const wire::Message& message, std::string_view statement);

}  // namespace aio::pg::detail
