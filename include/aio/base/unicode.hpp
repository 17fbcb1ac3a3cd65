// The errors of text in the wrong encoding: Python's UnicodeDecodeError and UnicodeEncodeError.
#pragma once

#include <aio/base/error.hpp>

#include <cstdint>
#include <string>

namespace aio {

// Bytes are not valid text in the expected encoding: UTF-8 in files, the charset of the body in HTTP. A file's position
// stays before the text that was to be read; seek(end()) skips the invalid bytes.
class UnicodeDecodeError : public ValueError {
public:
    UnicodeDecodeError(const std::string& message, std::int64_t start, std::int64_t end)
        : ValueError(message), start_(start), end_(end) {}

    // The offsets of the first invalid byte and of the one behind the last: in the file; in the data of this read, for
    // a pipe; in the bytes given, for anything else.
    std::int64_t start() const noexcept { return start_; }
    std::int64_t end() const noexcept { return end_; }

private:
    std::int64_t start_, end_;
};

// The text given to a text file is not UTF-8. Nothing of it was written.
class UnicodeEncodeError : public ValueError {
public:
    using ValueError::ValueError;
};

}  // namespace aio
