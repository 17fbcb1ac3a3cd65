// TLS as the connection's parameters want it. Internal.
#pragma once

#include <aio/io/ssl.hpp>

#include "db/pg/conninfo/parameters.hpp"

#include <memory>

namespace aio::pg::detail {

// The settings of TLS, once for all hosts; null if there is to be none. Reads files. Errors: OSError, ssl::SSLError for
// certificates that cannot be read; db::InterfaceError.
std::shared_ptr<const ssl::SSLContext> tls_context(const conninfo::ConnectionParameters& parameters);

}  // namespace aio::pg::detail
