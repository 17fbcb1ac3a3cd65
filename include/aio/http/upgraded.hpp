// The connection after "101 Switching Protocols": the result of Request::upgrade() and ClientResponse::upgrade().
#pragma once

#include <aio/io/stream.hpp>

#include <string>
#include <utility>

namespace aio::http {

// A connection that has left HTTP.
struct Upgraded {
    StreamReader reader;   // the bytes after `received`
    StreamWriter writer;   // of the same connection
    std::string received;  // the first bytes of the new protocol, which arrived with the headers

    Upgraded(StreamReader r, StreamWriter w, std::string bytes) noexcept
        : reader(std::move(r)), writer(std::move(w)), received(std::move(bytes)) {}
};

}  // namespace aio::http
