// What the options ask of servers: the session, and a request for each URL.
#pragma once

#include "cli/fetch_options.hpp"

#include <aio/core/coro.hpp>
#include <aio/http/client/client_session.hpp>

#include <string>

namespace aio::cli {

// The pieces of -d, joined; "@FILE" is that file without line ends, as curl takes it. Errors: OSError.
Coro<std::string> load_form(std::vector<std::string> pieces);

class Requests {
public:
    // `options` outlive it. Errors: UsageError for what cannot be sent; OSError, SSLError for a file of certificates.
    Requests(const FetchOptions& options, std::string form);

    http::ClientRequest make(const http::URL& url) const;
    // Whether the options ask for a part themselves (-H Range).
    bool asks_for_part() const;
    Coro<> close() { return session_.close(); }

private:
    void add_headers(http::ClientRequest& request) const;

    const FetchOptions& options_;
    std::string form_;
    http::ClientSession session_;
};

// Status line and headers, of redirects too, as -i and -I show them.
std::string head_text(const http::ClientResponse& response);

}  // namespace aio::cli
