// What extensions other than permessage-deflate do with the frames of a WebSocket: one object for all of them, or none.
#pragma once

#include "http/wire/ws_frame.hpp"

#include <cstdint>
#include <string>

namespace aio::http::wire {

// The reserved bits of a frame's first byte.
inline constexpr std::uint8_t kRsv1 = 0x40, kRsv2 = 0x20, kRsv3 = 0x10;

class WSCoder {
public:
    virtual ~WSCoder() = default;
    // Changes a frame's data, without mask and compression, and takes the reserved bits away that it knows. The reader refuses
    // more than `most` bytes of data, and bits that are left. Errors: WSProtocolError; std::bad_alloc.
    virtual void decode(WSOpcode opcode, bool fin, std::string& data, std::uint8_t& reserved, std::uint64_t most) = 0;
    // The other way, before compression. Errors: any.
    virtual void encode(WSOpcode opcode, bool fin, std::string& data, std::uint8_t& reserved) = 0;
};

}  // namespace aio::http::wire
