// Headers that make browsers more careful with a site.
//
//     app.add_middleware(security_headers_middleware());
//
// The defaults suit any site. A Content-Security-Policy does more than all of them, but only the site knows its own:
// `{.content_security_policy = "default-src 'self'"}`. A header that a response has already stays as it is.
// Source: OWASP HTTP Security Response Headers Cheat Sheet; RFC 6797 (Strict-Transport-Security).
#pragma once

#include <aio/http/server/middleware.hpp>

#include <string>

namespace aio::http {

// The values of the headers; an empty one is not sent.
struct SecurityHeaders {
    std::string content_type_options = "nosniff";                     // X-Content-Type-Options
    std::string frame_options = "DENY";                               // X-Frame-Options
    std::string referrer_policy = "strict-origin-when-cross-origin";  // Referrer-Policy
    std::string opener_policy = "same-origin";                        // Cross-Origin-Opener-Policy
    std::string resource_policy = "";                                 // Cross-Origin-Resource-Policy
    std::string permissions_policy = "";                              // Permissions-Policy
    std::string content_security_policy = "";                         // Content-Security-Policy
    std::string strict_transport_security = "max-age=31536000";       // over TLS only
};

// The middleware. Every response has the headers, also errors and streams. Errors: ValueError for a value with control
// characters.
Middleware security_headers_middleware(SecurityHeaders values = {});

}  // namespace aio::http
