// A server that is none, for tests with RawServer: what it reads. messages.hpp has what it sends.
#pragma once

#include "db/pg/messages.hpp"

#include "support/raw_server.hpp"

#include <string>
#include <string_view>

namespace aio::test::fake {

// A message of the client's; the type is 0 at the end.
struct Request {
    char type = 0;
    std::string body;
};
inline Request next_request(RawPeer& peer) {
    const std::string header = peer.read(5);
    if (header.size() < 5) return {};
    return {header[0], peer.read(load(std::string_view(header).substr(1)) - 4)};
}

// The types of the requests up to one that wants an answer: Sync, Flush or Query. Empty at the end.
inline std::string next_requests(RawPeer& peer) {
    std::string types;
    while (true) {
        const Request request = next_request(peer);
        if (request.type == 0 || request.type == 'X') return {};
        types += request.type;
        if (request.type == 'S' || request.type == 'H' || request.type == 'Q') return types;
    }
}

// Reads the first message of a connection. False: it is a cancel request.
inline bool is_startup(RawPeer& peer) {
    const std::string length = peer.read(4);
    if (length.size() < 4) return false;
    const std::string body = peer.read(load(length) - 4);
    return load(body) != 80'877'102;
}

// Takes the client in, as one that is trusted. False: it wants something else.
inline bool welcome(RawPeer& peer) {
    if (!is_startup(peer)) return false;
    return peer.write(authentication(0) + parameter("server_version", "15.0") + message('K', number(7) + number(8)) +
                      ready());
}

}  // namespace aio::test::fake
