// The bytes of one message's body, taken from the front. Each step says what it takes, for the error: "PostgreSQL:
// RowDescription ends within the name of a field".
#pragma once

#include "db/pg/wire/integers.hpp"
#include "db/pg/wire/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aio::pg::wire {

class Body {
public:
    // Precondition: `message` is of that type.
    Body(const Message& message, MessageType type) noexcept;

    char byte(const char* what) { return *take(1, what); }
    std::uint16_t u16(const char* what) { return load_u16(take(2, what)); }
    std::uint32_t u32(const char* what) { return load_u32(take(4, what)); }
    std::string_view bytes(std::size_t size, const char* what) { return {take(size, what), size}; }
    // Without its NUL.
    std::string_view c_string(const char* what);
    std::string_view rest() noexcept;

    std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    // Errors: ProtocolError if something is left.
    void finish() const;
    // Throws a ProtocolError: the message's name, and `what` is wrong with it.
    [[noreturn]] void refuse(const std::string& what) const;

private:
    // `size` bytes, which are no longer in the body.
    const char* take(std::size_t size, const char* what) {
        if (size > this->size()) [[unlikely]]
            refuse_short(what);
        const char* taken = at_;
        at_ += size;
        return taken;
    }
    [[noreturn]] void refuse_short(const char* what) const;

    MessageType type_;
    const char* at_;
    const char* end_;
};

}  // namespace aio::pg::wire
