// What pools need of connect(). Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/ssl.hpp>
#include <aio/mysql/connect.hpp>
#include <aio/sync/semaphore.hpp>

#include <memory>
#include <string_view>

namespace aio::mysql::detail {

// What the connections of a pool share; or nothing.
struct Sharing {
    std::shared_ptr<const ssl::SSLContext> context;  // the program's, for TLS
    std::shared_ptr<Semaphore> cancels;              // limits the requests to stop a statement
};

Coro<Connection> connect_sharing(std::string_view dsn, const ConnectOptions& options, const ConnectHooks& hooks,
                                 Sharing sharing);

}  // namespace aio::mysql::detail
