// The bytes of one packet, taken from the front. Each step says what it takes, for the error: "MySQL: the handshake ends within
// its scramble".
#pragma once

#include "db/mysql/wire/integers.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::mysql::wire {

class Body {
public:
    // `packet`: its name, for errors.
    Body(std::string_view bytes, const char* packet) noexcept
        : packet_(packet), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    std::uint8_t u8(const char* what) { return static_cast<std::uint8_t>(*take(1, what)); }
    std::uint16_t u16(const char* what) { return load_u16(take(2, what)); }
    std::uint32_t u32(const char* what) { return load_u32(take(4, what)); }
    // A number of variable length. Errors: also for the marks of NULL and of errors, which are no numbers.
    std::uint64_t lenenc(const char* what);
    std::string_view lenenc_text(const char* what);
    std::string_view bytes(std::size_t size, const char* what) { return {take(size, what), size}; }
    // Without its NUL.
    std::string_view c_string(const char* what);
    std::string_view rest() noexcept;

    std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    // Whether the next byte is this one.
    bool is_at(unsigned char byte) const noexcept { return at_ != end_ && static_cast<unsigned char>(*at_) == byte; }
    // Errors: ProtocolError if something is left.
    void finish() const;
    // Throws a ProtocolError: the packet's name, and `what` is wrong with it.
    [[noreturn]] void refuse(const std::string& what) const;

private:
    const char* take(std::size_t size, const char* what) {
        if (size > this->size()) [[unlikely]]
            refuse_short(what);
        const char* taken = at_;
        at_ += size;
        return taken;
    }
    [[noreturn]] void refuse_short(const char* what) const;

    const char* packet_;
    const char* at_;
    const char* end_;
};

}  // namespace aio::mysql::wire
