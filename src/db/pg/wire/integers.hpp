// Integers in network byte order.
#pragma once

#include <cstdint>
#include <string>

namespace aio::pg::wire {

inline std::uint16_t load_u16(const char* bytes) noexcept {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                      static_cast<unsigned char>(bytes[1]));
}

inline std::uint32_t load_u32(const char* bytes) noexcept {
    return static_cast<std::uint32_t>(load_u16(bytes)) << 16 | load_u16(bytes + 2);
}

inline void store_u16(char* bytes, std::uint16_t number) noexcept {
    bytes[0] = static_cast<char>(number >> 8);
    bytes[1] = static_cast<char>(number & 0xff);
}

inline void store_u32(char* bytes, std::uint32_t number) noexcept {
    store_u16(bytes, static_cast<std::uint16_t>(number >> 16));
    store_u16(bytes + 2, static_cast<std::uint16_t>(number & 0xffff));
}

inline void append_u16(std::string& output, std::uint16_t number) {
    char bytes[2];
    store_u16(bytes, number);
    output.append(bytes, sizeof bytes);
}

inline void append_u32(std::string& output, std::uint32_t number) {
    char bytes[4];
    store_u32(bytes, number);
    output.append(bytes, sizeof bytes);
}

}  // namespace aio::pg::wire
