// Bytes, as databases store them: bytea, BLOB.
#pragma once

#include <string>
#include <utility>

namespace aio::db {

// A string of bytes: std::string is for text only.
struct Bytes {
    std::string data;  // any bytes

    Bytes() noexcept = default;
    // From bytes that a string holds.
    explicit Bytes(std::string bytes) noexcept : data(std::move(bytes)) {}
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

}  // namespace aio::db
