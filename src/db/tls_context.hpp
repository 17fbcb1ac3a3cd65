// TLS with settings of the program's. Internal.
#pragma once

#include <aio/io/ssl.hpp>

#include <memory>

namespace aio::db::detail {

// The program's settings, or those of create_default_context() for `true`; null if it has none. Errors: ssl::SSLError.
inline std::shared_ptr<const ssl::SSLContext> tls_context(const ssl::Use& use) {
    if (!use) return nullptr;
    if (use.context() == nullptr) return std::make_shared<const ssl::SSLContext>(ssl::create_default_context());
    return std::make_shared<const ssl::SSLContext>(*use.context());
}

}  // namespace aio::db::detail
