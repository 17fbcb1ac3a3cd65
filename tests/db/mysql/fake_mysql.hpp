// What a server that is none sends: packets of MySQL's protocol, made by hand, for tests with RawServer.
#pragma once

#include "support/raw_server.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aio::test::fake_mysql {

inline std::string number(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 0xff);
    return text;
}
inline std::string text(std::string_view value) { return number(value.size(), 1) + std::string(value); }
inline std::string packet(int sequence, std::string_view payload) {
    return number(payload.size(), 3) + number(static_cast<std::uint64_t>(sequence), 1) + std::string(payload);
}

constexpr std::uint32_t kCapabilities =
    0x01bf'f7df & ~0x0800u & ~0x20u;                            // a MySQL server without TLS and compression
constexpr std::string_view kScramble = "0123456789abcdefghij";  // 20 bytes

inline std::string handshake_payload(std::string_view plugin = "mysql_native_password",
                                     std::uint32_t capabilities = kCapabilities) {
    return number(10, 1) + "8.0.36" + '\0' + number(77, 4) + std::string(kScramble.substr(0, 8)) + '\0' +
           number(capabilities & 0xffff, 2) + number(45, 1) + number(2, 2) + number(capabilities >> 16, 2) +
           number(21, 1) + std::string(10, '\0') + std::string(kScramble.substr(8)) + '\0' + std::string(plugin) +
           '\0';
}
inline std::string ok_payload(int status = 2, int header = 0, int affected = 0) {
    return number(static_cast<std::uint64_t>(header), 1) + number(static_cast<std::uint64_t>(affected), 1) +
           number(0, 1) + number(static_cast<std::uint64_t>(status), 2) + number(0, 2);
}
inline std::string error_payload(int code, std::string_view state, std::string_view message) {
    return "\xff" + number(static_cast<std::uint64_t>(code), 2) + "#" + std::string(state) + std::string(message);
}
// A column of type BIGINT, or another.
inline std::string column_payload(std::string_view name = "n", int type = 8, int flags = 0) {
    return text("def") + text("") + text("") + text("") + text(name) + text("") + number(12, 1) + number(63, 2) +
           number(20, 4) + number(static_cast<std::uint64_t>(type), 1) +
           number(static_cast<std::uint64_t>(flags), 2) + number(0, 1) + number(0, 2);
}
inline std::string prepare_ok_payload(int columns = 1, int parameters = 1) {
    return number(0, 1) + number(1, 4) + number(static_cast<std::uint64_t>(columns), 2) +
           number(static_cast<std::uint64_t>(parameters), 2) + number(0, 1) + number(0, 2);
}
// A binary row of one BIGINT.
inline std::string row_payload(std::uint64_t value) { return number(0, 1) + number(0, 1) + number(value, 8); }

// Payloads as packets in sequence, from 1 on.
inline std::string answer(const std::vector<std::string>& payloads, int first = 1) {
    std::string bytes;
    for (const std::string& payload : payloads) bytes += packet(first++, payload);
    return bytes;
}
// The honest answers to the preparation of a statement with one parameter and one column, and to its execution.
inline std::string prepared() { return answer({prepare_ok_payload(), column_payload("?"), column_payload()}); }
inline std::string result(std::uint64_t value) {
    return answer({number(1, 1), column_payload(), row_payload(value), ok_payload(2, 0xfe)});
}

// A packet of the client's; empty at the end.
struct Request {
    int sequence = 0;
    std::string payload;
};
inline Request next_request(RawPeer& peer) {
    const std::string header = peer.read(4);
    if (header.size() < 4) return {};
    std::size_t size = 0;
    for (int i = 2; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(header[static_cast<std::size_t>(i)]);
    return {static_cast<unsigned char>(header[3]), peer.read(size)};
}
// The next command's first byte; 0 at the end.
inline int next_command(RawPeer& peer) {
    const Request request = next_request(peer);
    return request.payload.empty() || request.payload[0] == 1 ? 0 : static_cast<unsigned char>(request.payload[0]);
}

// Takes the client in, whatever it proves. False: it went away.
inline bool welcome(RawPeer& peer) {
    peer.write(packet(0, handshake_payload()));
    const Request login = next_request(peer);
    return !login.payload.empty() && peer.write(packet(login.sequence + 1, ok_payload()));
}

inline std::string dsn_of(const RawServer& server, const std::string& more = "ssl_mode=disabled") {
    return "mysql://me:secret@127.0.0.1:" + std::to_string(server.port()) + "/?" + more;
}

}  // namespace aio::test::fake_mysql
