// What a ClientSession is a handle to.
#pragma once

#include <aio/http/client/client_session.hpp>

#include "http/client/netrc.hpp"
#include "http/client/pool.hpp"
#include "http/client/request_spec.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aio::http::detail {

class SessionState : public std::enable_shared_from_this<SessionState> {
public:
    explicit SessionState(SessionOptions given);

    SessionOptions options;
    std::shared_ptr<Pool> pool;
    std::shared_ptr<CookieJar> jar;
    std::optional<Netrc> netrc;  // read when it is first needed
    bool owns_pool = true;
    bool closed = false;
    Unclosed unclosed;
    std::string scratch, key;  // what each request writes anew, and nobody keeps across an await

    // Headers whose memory has been used before: most requests then allocate none for theirs.
    Headers take_headers() noexcept;
    void recycle(Headers&& headers) noexcept;

    wire::Limits wire_limits() const noexcept;

private:
    std::vector<Headers> spare_;
};

// ClientRequest's await. Errors: see client_request.hpp.
Coro<ClientResponse> run_request(std::shared_ptr<SessionState> session, std::unique_ptr<RequestSpec> spec);

// One hop: a connection, the request, the head of the answer; once more if that is safe and a kept connection was dead.
Coro<ClientResponse> transmit(OutgoingRequest& request);

// The headers of a hop, and what they say about its body. Errors: ValueError; InvalidURL.
void prepare_head(OutgoingRequest& request);
// Those of them that say how long the body is: after anybody has changed the headers. Errors: ValueError.
void frame_body(OutgoingRequest& request);

}  // namespace aio::http::detail
