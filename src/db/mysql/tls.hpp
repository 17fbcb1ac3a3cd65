// TLS as the connection's parameters want it. Internal.
#pragma once

#include <aio/io/ssl.hpp>

#include "db/mysql/conninfo/parameters.hpp"

#include <memory>

namespace aio::mysql::detail {

// The settings of TLS; null if there is to be none. Reads files. Errors: OSError, ssl::SSLError for certificates that cannot be
// read; ValueError.
std::shared_ptr<const ssl::SSLContext> tls_context(const conninfo::ConnectionParameters& parameters);

}  // namespace aio::mysql::detail
