// What pools need of connect(). Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/mysql/connect.hpp>
#include <aio/sync/semaphore.hpp>

#include <memory>
#include <string_view>

namespace aio::mysql::detail {

// connect(); `cancels`: what limits the requests to stop a statement, together with other connections; or null.
Coro<Connection> connect_sharing(std::string_view dsn, const ConnectOptions& options,
                                 std::shared_ptr<Semaphore> cancels);

}  // namespace aio::mysql::detail
