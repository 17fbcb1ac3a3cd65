// What is left of HTTP after "101 Switching Protocols": Request::upgrade(), ClientResponse::upgrade().
#pragma once

#include <aio/io/stream.hpp>

#include <string>
#include <utility>

namespace aio::http {

struct Upgraded {
    StreamReader reader;
    StreamWriter writer;
    std::string received;  // came behind the head already: the first bytes of the new protocol

    Upgraded(StreamReader r, StreamWriter w, std::string bytes) noexcept
        : reader(std::move(r)), writer(std::move(w)), received(std::move(bytes)) {}
};

}  // namespace aio::http
