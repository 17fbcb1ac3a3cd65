// The error of text() for a charset that nobody knows; text that breaks its charset is aio::UnicodeDecodeError.
#pragma once

#include <aio/base/error.hpp>

#include <string>

namespace aio::http {

// Python's LookupError: read() gives the bytes, text(charset) reads them as something else.
class UnknownCharsetError : public ValueError {
public:
    explicit UnknownCharsetError(const std::string& message) : ValueError(message) {}
};

}  // namespace aio::http
