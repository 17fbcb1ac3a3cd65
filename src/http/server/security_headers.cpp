// security_headers_middleware().
#include <aio/http/server/security_headers.hpp>

#include <aio/base/error.hpp>
#include <aio/http/server/request.hpp>

#include "http/server/request_state.hpp"
#include "http/wire/syntax.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace aio::http {

Middleware security_headers_middleware(SecurityHeaders values) {
    const std::pair<const char*, const std::string*> all[] = {
        {"X-Content-Type-Options", &values.content_type_options},
        {"X-Frame-Options", &values.frame_options},
        {"Referrer-Policy", &values.referrer_policy},
        {"Cross-Origin-Opener-Policy", &values.opener_policy},
        {"Cross-Origin-Resource-Policy", &values.resource_policy},
        {"Permissions-Policy", &values.permissions_policy},
        {"Content-Security-Policy", &values.content_security_policy},
        {"Strict-Transport-Security", &values.strict_transport_security},
    };
    Headers plain;
    for (const auto& [name, value] : all) {
        if (!wire::is_field_value(*value)) {
            throw ValueError(std::string("security_headers_middleware: the value of ") + name +
                             " has control characters");
        }
        if (!value->empty()) plain.add(name, *value);
    }
    auto secure = std::make_shared<const Headers>(plain);
    plain.remove("Strict-Transport-Security");  // browsers ignore it without TLS (RFC 6797 section 7.2)
    auto insecure = std::make_shared<const Headers>(std::move(plain));
    return Middleware([secure, insecure](Request& request, Next next) {
        request.state().add_finisher([mine = request.secure() ? secure : insecure](Headers& headers) {
            for (const auto& [name, value] : *mine) headers.setdefault(name, value);
        });
        return next(request);
    });
}

}  // namespace aio::http
