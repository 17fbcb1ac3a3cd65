// What may fail between the bytes of a PostgreSQL connection and their meaning.
//
//   aio::Error
//     ProtocolError            what came is not what the protocol allows; the connection is of no further use
//     AuthenticationError      the server did not prove who it is, or asks for something that this client cannot do
//     ValueError
//       MessageError           the message cannot be sent: too long, or a NUL inside a string; nothing was appended
#pragma once

#include <aio/base/error.hpp>

#include <string>
#include <string_view>

namespace aio::pg::wire {

class ProtocolError : public Error {
public:
    using Error::Error;
};

// The server sent a message of this name (name_of()), and `what` says what is wrong with that: "where it does not belong".
inline ProtocolError unexpected(std::string_view name, std::string_view what) {
    return ProtocolError("the server sent " + std::string(name) + std::string(what));
}

class AuthenticationError : public Error {
public:
    using Error::Error;
};

class MessageError : public ValueError {
public:
    using ValueError::ValueError;
};

}  // namespace aio::pg::wire
