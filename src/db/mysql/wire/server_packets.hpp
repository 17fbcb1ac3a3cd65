// What a server's packets say.
//
// Each parse_…() reads the whole packet: bytes that are missing, left over or impossible are a ProtocolError. Its result is a
// view: it is valid as long as the packet's bytes are. Nothing is allocated, whatever a count promises.
//
// Source: MySQL 8.0 source documentation, "Connection Phase", "Generic Response Packets", "Column Definition",
// "COM_STMT_PREPARE Response"; MariaDB knowledge base, "Connection".
#pragma once

#include "db/mysql/wire/capabilities.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::mysql::wire {

// The first bytes of packets.
inline constexpr unsigned char kOkHeader = 0x00, kMoreDataHeader = 0x01, kFileHeader = 0xfb, kEofHeader = 0xfe,
                               kErrorHeader = 0xff;

inline bool begins_with(std::string_view payload, unsigned char header) noexcept {
    return !payload.empty() && static_cast<unsigned char>(payload.front()) == header;
}

// The server's greeting.
struct Handshake {
    std::string_view version;  // without the prefix by which MariaDB deceives old replicas
    std::uint32_t connection = 0;
    std::string scramble;  // 20 bytes
    Capabilities capabilities = 0;
    StatusFlags status = 0;
    std::string_view plugin;  // the authentication that it prefers
};
Handshake parse_handshake(std::string_view payload);

// The end of a statement, or of a result's rows.
struct Ok {
    std::uint64_t affected_rows = 0;
    std::uint64_t insert_id = 0;
    StatusFlags status = 0;
    std::uint16_t warnings = 0;
    std::string_view info;
};
// Of an OK packet; its first byte is 0x00 or 0xfe.
Ok parse_ok(std::string_view payload);
// Of an EOF packet, which has no more than its warnings and its status.
Ok parse_eof(std::string_view payload);

struct ErrorPacket {
    std::uint16_t code = 0;
    std::string_view sqlstate;  // empty before the connection is authenticated
    std::string_view message;
};
ErrorPacket parse_error(std::string_view payload);

// A column of a result, or a parameter of a statement.
struct ColumnPacket {
    std::string_view table, name;
    std::uint16_t charset = 0;
    std::uint32_t length = 0;
    std::uint8_t type = 0;
    std::uint16_t flags = 0;
    std::uint8_t decimals = 0;
};
ColumnPacket parse_column(std::string_view payload);

struct PrepareOk {
    std::uint32_t id = 0;
    std::uint16_t columns = 0, parameters = 0, warnings = 0;
};
PrepareOk parse_prepare_ok(std::string_view payload);

struct AuthSwitch {
    std::string_view plugin;
    std::string_view data;
};
AuthSwitch parse_auth_switch(std::string_view payload);

}  // namespace aio::mysql::wire
