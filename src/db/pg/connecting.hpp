// What pools need of connect(). Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/pg/connect.hpp>
#include <aio/sync/semaphore.hpp>

#include <memory>
#include <string_view>

namespace aio::pg::detail {

// connect(); `cancels`: what limits the cancel requests that are under way, together with other connections; or null.
Coro<Connection> connect_sharing(std::string_view dsn, const ConnectOptions& options,
                                 std::shared_ptr<Semaphore> cancels);

}  // namespace aio::pg::detail
