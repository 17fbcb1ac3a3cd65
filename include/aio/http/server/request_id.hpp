// An id for each request, in the response, the log and everything that the handler calls.
//
//     app.add_middleware(request_id_middleware());
//     ...
//     log("cannot charge the card", aio::http::request_id.get());      // in a handler, or in what it calls or starts
//
// The access log has it as %{X-Request-Id}o (AccessLogFormat). A client's own id is taken over if it is well-formed: 1 to
// 128 of the characters A-Z a-z 0-9 - _ . ~ : / + = @. Otherwise an id is made: 32 random hexadecimal digits.
#pragma once

#include <aio/core/context.hpp>
#include <aio/http/server/middleware.hpp>

#include <string>

namespace aio::http {

// The id of the request that this task serves, or was started by; "" elsewhere.
extern const ContextVar<std::string> request_id;

// The options of request_id_middleware().
struct RequestIdOptions {
    std::string header = "X-Request-Id";  // of the request and the response
    bool trust_client = true;             // false: every request gets an id of ours
};

// The middleware. Every response has the header, also errors and streams. Errors: ValueError for a header that is no
// token; of the request: OSError when the system has no random numbers.
Middleware request_id_middleware(RequestIdOptions options = {});

}  // namespace aio::http
