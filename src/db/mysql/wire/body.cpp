// Reading a packet with a check of each bound. What the packets are: server_packets.cpp, row.cpp.
#include "db/mysql/wire/body.hpp"

#include "db/mysql/wire/errors.hpp"

#include <cstring>

namespace aio::mysql::wire {

std::uint64_t Body::lenenc(const char* what) {
    const std::uint8_t first = u8(what);
    switch (first) {
        case 0xfb:
        case 0xff: refuse("has no number where " + std::string(what) + " should be");
        case 0xfc: return load_u16(take(2, what));
        case 0xfd: return load(take(3, what), 3);
        case 0xfe: return load_u64(take(8, what));
        default: return first;
    }
}

std::string_view Body::lenenc_text(const char* what) {
    const std::uint64_t size = lenenc(what);
    if (size > this->size()) refuse_short(what);
    return bytes(static_cast<std::size_t>(size), what);
}

std::string_view Body::c_string(const char* what) {
    const void* const end = size() > 0 ? std::memchr(at_, 0, size()) : nullptr;
    if (!end) refuse_short(what);
    const std::string_view text(at_, static_cast<std::size_t>(static_cast<const char*>(end) - at_));
    at_ += text.size() + 1;
    return text;
}

std::string_view Body::rest() noexcept {
    const std::string_view rest(at_, size());
    at_ = end_;
    return rest;
}

void Body::finish() const {
    if (size() > 0) refuse("has " + std::to_string(size()) + " bytes behind its end");
}

void Body::refuse(const std::string& what) const {
    throw ProtocolError("MySQL: " + std::string(packet_) + " " + what);
}

void Body::refuse_short(const char* what) const { refuse("ends within " + std::string(what)); }

}  // namespace aio::mysql::wire
