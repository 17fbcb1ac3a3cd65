// Bounds of a message's body, and the errors beyond them.
#include "db/pg/wire/body.hpp"

#include <aio/base/assert.hpp>

#include "db/pg/wire/errors.hpp"

#include <cstring>

namespace aio::pg::wire {

Body::Body(const Message& message, MessageType type) noexcept
    : type_(type), at_(message.body.data()), end_(message.body.data() + message.body.size()) {
    AIO_ASSERT(message.type == type);
}

std::string_view Body::c_string(const char* what) {
    const void* nul = size() == 0 ? nullptr : std::memchr(at_, '\0', size());
    if (!nul) refuse_short(what);
    const std::string_view text(at_, static_cast<std::size_t>(static_cast<const char*>(nul) - at_));
    at_ += text.size() + 1;
    return text;
}

std::string_view Body::rest() noexcept {
    const std::string_view all(at_, size());
    at_ = end_;
    return all;
}

void Body::finish() const {
    if (size() > 0) refuse("has " + std::to_string(size()) + " bytes behind its end");
}

void Body::refuse(const std::string& what) const {
    throw ProtocolError("PostgreSQL: " + std::string(name_of(type_)) + " " + what);
}

void Body::refuse_short(const char* what) const { refuse("ends within " + std::string(what)); }

}  // namespace aio::pg::wire
