// What may fail between the bytes of a MySQL connection and their meaning.
//
//   aio::Error
//     ProtocolError            what came is not what the protocol allows; the connection is of no further use
//     AuthenticationError      the server asks for something that this client cannot do, or should not
#pragma once

#include <aio/base/error.hpp>

namespace aio::mysql::wire {

class ProtocolError : public Error {
public:
    using Error::Error;
};

class AuthenticationError : public Error {
public:
    using Error::Error;
};

}  // namespace aio::mysql::wire
