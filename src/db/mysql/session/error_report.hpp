// The server's errors as the exceptions that users see. Internal.
#pragma once

#include <aio/db/errors.hpp>

#include "db/mysql/wire/server_packets.hpp"

#include <exception>
#include <string_view>

namespace aio::mysql::detail {

// The server's numbers for what the driver itself has to know.
inline constexpr int kQueryInterrupted = 1317, kDeadlock = 1213, kUnknownStatement = 1243, kNeedsReprepare = 1615,
                     kNotPrepared = 1295;

// statement: that the error is about, or empty.
db::ErrorReport report_of(const wire::ErrorPacket& error, std::string_view statement);
std::exception_ptr make_error(const wire::ErrorPacket& error, std::string_view statement);

}  // namespace aio::mysql::detail
