// What the bytes of a file must have.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::cli {

class Checksum {
public:
    // "sha256:e3b0c442..."; sha512, sha384, sha224, sha1 and md5 as well. Errors: ValueError, which says what is wrong.
    static Checksum parse(std::string_view text);

    const std::string& algorithm() const noexcept { return algorithm_; }
    // Lower case.
    const std::string& hex() const noexcept { return hex_; }

private:
    friend std::map<std::string, Checksum> parse_checksum_file(std::string_view text, const std::string& path);
    Checksum(std::string algorithm, std::string hex) : algorithm_(std::move(algorithm)), hex_(std::move(hex)) {}

    std::string algorithm_, hex_;
};

// The lines of sha256sum and its siblings, "HEX  name" or "HEX *name", by name; empty lines and those that begin with
// "#" are skipped. The algorithm is known by the number of digits. `path` is for messages. Errors: ValueError.
std::map<std::string, Checksum> parse_checksum_file(std::string_view text, const std::string& path);

// Is not what it must be.
class ChecksumError : public Error {
public:
    ChecksumError(const Checksum& wanted, const std::string& got)
        : Error(wanted.algorithm() + " is " + got + ", but should be " + wanted.hex()) {}
};

// Of bytes that come in pieces.
class Digest {
public:
    // An algorithm of Checksum. Errors: RuntimeError when OpenSSL refuses it.
    explicit Digest(const std::string& algorithm);
    ~Digest();
    Digest(Digest&&) noexcept;

    void update(std::string_view bytes);
    // Lower-case digits; once.
    std::string hex();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

// Reads the file on a thread. Errors: OSError; ChecksumError.
Coro<> verify_file(std::string path, Checksum wanted);

}  // namespace aio::cli
