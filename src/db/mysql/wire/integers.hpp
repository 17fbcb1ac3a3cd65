// Integers in little-endian byte order, and those of variable length.
//
// Source: MySQL 8.0 source documentation, "Protocol::FixedLengthInteger", "Protocol::LengthEncodedInteger".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::mysql::wire {

// The number in `size` bytes, 8 at the most.
inline std::uint64_t load(const char* bytes, std::size_t size) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = size; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return number;
}
inline std::uint16_t load_u16(const char* bytes) noexcept { return static_cast<std::uint16_t>(load(bytes, 2)); }
inline std::uint32_t load_u32(const char* bytes) noexcept { return static_cast<std::uint32_t>(load(bytes, 4)); }
inline std::uint64_t load_u64(const char* bytes) noexcept { return load(bytes, 8); }

inline void store(char* bytes, std::uint64_t number, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i, number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
}
inline void append_int(std::string& output, std::uint64_t number, std::size_t size) {
    char bytes[8];
    store(bytes, number, size);
    output.append(bytes, size);
}

// One byte up to 250; a mark and two, three or eight bytes beyond.
inline void append_lenenc(std::string& output, std::uint64_t number) {
    if (number < 251) return append_int(output, number, 1);
    const std::size_t size = number < 0x1'0000 ? 2 : number < 0x100'0000 ? 3 : 8;
    output += static_cast<char>(size == 2 ? 0xfc : size == 3 ? 0xfd : 0xfe);
    append_int(output, number, size);
}
inline void append_lenenc_text(std::string& output, std::string_view text) {
    append_lenenc(output, text.size());
    output += text;
}

}  // namespace aio::mysql::wire
