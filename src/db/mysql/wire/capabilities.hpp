// What a client and a server can do: the bits that both exchange in the handshake. MariaDB's own ones are above 32 bits.
//
// Source: MySQL 8.0 source documentation, "Capabilities Flags", "SERVER_STATUS_flags_enum"; MariaDB knowledge base,
// "Connection", capabilities.
#pragma once

#include <cstdint>

namespace aio::mysql::wire {

using Capabilities = std::uint64_t;

inline constexpr Capabilities kLongPassword = 1;  // every MySQL; not set by MariaDB, which has further bits then
inline constexpr Capabilities kFoundRows = 1 << 1;
inline constexpr Capabilities kLongFlag = 1 << 2;
inline constexpr Capabilities kConnectWithDatabase = 1 << 3;
inline constexpr Capabilities kCompress = 1 << 5;
inline constexpr Capabilities kLocalFiles = 1 << 7;
inline constexpr Capabilities kProtocol41 = 1 << 9;
inline constexpr Capabilities kTls = 1 << 11;
inline constexpr Capabilities kTransactions = 1 << 13;
inline constexpr Capabilities kSecureConnection = 1 << 15;
inline constexpr Capabilities kMultiStatements = 1 << 16;
inline constexpr Capabilities kMultiResults = 1 << 17;
inline constexpr Capabilities kPreparedMultiResults = 1 << 18;
inline constexpr Capabilities kPluginAuthentication = 1 << 19;
inline constexpr Capabilities kConnectAttributes = 1 << 20;
inline constexpr Capabilities kLongAuthentication = 1 << 21;  // the client's proof has a length of variable size
inline constexpr Capabilities kNoEof = 1 << 24;               // DEPRECATE_EOF: results end with an OK packet
inline constexpr Capabilities kBulkStatements = Capabilities{1} << 34;  // MariaDB: COM_STMT_BULK_EXECUTE

using StatusFlags = std::uint16_t;

inline constexpr StatusFlags kInTransaction = 1;
inline constexpr StatusFlags kAutocommit = 2;
inline constexpr StatusFlags kMoreResults = 8;
inline constexpr StatusFlags kCursorExists = 64;
inline constexpr StatusFlags kLastRowSent = 128;
inline constexpr StatusFlags kNoBackslashEscapes = 512;
inline constexpr StatusFlags kOutParameters = 4096;  // this result set has the OUT parameters of a procedure

// utf8mb4_general_ci, which all versions of both servers have.
inline constexpr std::uint8_t kUtf8mb4 = 45;
// The character set of bytes.
inline constexpr std::uint16_t kBinaryCharset = 63;

}  // namespace aio::mysql::wire
