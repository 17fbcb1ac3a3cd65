// The error of text() for an unknown charset; for bytes that are not valid in their charset it is
// aio::UnicodeDecodeError.
#pragma once

#include <aio/base/error.hpp>

#include <string>

namespace aio::http {

// Python's LookupError. read() still returns the bytes, and text(charset) decodes them from another charset.
class UnknownCharsetError : public ValueError {
public:
    // `message` is the text of what().
    explicit UnknownCharsetError(const std::string& message) : ValueError(message) {}
};

}  // namespace aio::http
