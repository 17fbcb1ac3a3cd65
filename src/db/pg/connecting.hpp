// What pools need of connect(). Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/ssl.hpp>
#include <aio/pg/connect.hpp>
#include <aio/sync/semaphore.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace aio::pg::detail {

// What connections have in common.
struct Sharing {
    std::shared_ptr<const ssl::SSLContext> context;  // the program's own, or null
    std::shared_ptr<Semaphore> cancels;              // SessionOptions::cancels
    std::shared_ptr<std::uint64_t> alterations;      // SessionOptions::alterations; null: a connection's own
};

// connect(), whose option `ssl` is in `sharing`.
Coro<Connection> connect_sharing(std::string_view dsn, const ConnectOptions& options, const ConnectHooks& hooks,
                                 Sharing sharing);

}  // namespace aio::pg::detail
