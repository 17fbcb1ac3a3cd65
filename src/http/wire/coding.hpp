// Content codings: gzip, deflate, br, zstd; which of them to use, undoing them, doing them.
//
// Both directions are incremental and give bounded pieces: a body is never in memory as a whole on its account. What is
// unpacked is guarded: 42 kB can stand for petabytes, so that past the first mebibyte output may be at most so many
// times the input, and an absolute limit can be set.
//
// Source: RFC 9110 section 8.4 and 12.5.3; RFC 1950, 1951, 1952 (zlib, deflate, gzip); RFC 7932 (br); RFC 8878 and 9659
// (zstd, whose window may need 8 MiB here and no more).
#pragma once

#include <aio/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::wire {

enum class Coding : std::uint8_t { identity, gzip, deflate, brotli, zstd };

// Without regard to case; "x-gzip" is gzip. Nothing for a coding that we do not have.
std::optional<Coding> parse_coding(std::string_view token) noexcept;
// "gzip", "deflate", "br", "zstd", "identity"
std::string_view name(Coding coding) noexcept;

// The codings of a Content-Encoding header, in the order they were applied, without identity. Nothing if one of them is
// unknown, or if there are more than kMostCodings: nobody needs them, and each can be a bomb.
inline constexpr std::size_t kMostCodings = 4;
std::optional<std::vector<Coding>> parse_codings(std::string_view content_encoding);

// What a client says it can take.
inline constexpr std::string_view kAcceptEncoding = "gzip, deflate, br, zstd";

// The coding for a response: the best of those `offered` that the request's Accept-Encoding wants, in the order of
// `offered` where it does not care. "*" is taken for gzip only. identity if it wants none, or says nothing.
Coding negotiate(std::string_view accept_encoding, std::span<const Coding> offered) noexcept;
Coding negotiate(std::string_view accept_encoding) noexcept;  // of zstd, br, gzip, deflate

class CodingError : public Error {
public:
    enum class Kind : std::uint8_t { broken, truncated, too_large };
    CodingError(Kind kind, const std::string& message) : Error(message), kind_(kind) {}
    Kind kind() const noexcept { return kind_; }

private:
    Kind kind_;
};

struct DecoderLimits {
    std::uint64_t max_size = 0;             // of the output, in bytes; 0: none
    std::uint64_t max_ratio = 256;          // output to input, past free_size; 0: none
    std::uint64_t free_size = 1024 * 1024;  // of output, in bytes, whatever its ratio
};

// Undoes one coding.
class Decoder {
public:
    static constexpr std::size_t kPiece = 64 * 1024;

    // identity: gives its input as it is.
    explicit Decoder(Coding coding, DecoderLimits limits = {});
    Decoder(Decoder&&) noexcept;
    Decoder& operator=(Decoder&&) noexcept;
    ~Decoder();

    // Bytes behind the coding's end are dropped, kMostBehind of them at the most: some servers fill up with zeros, and
    // all clients put up with it (curl, browsers).
    static constexpr std::size_t kMostBehind = 64 * 1024;

    // The next piece of output, at most kPiece bytes, valid until the next call; takes what it used off `input`.
    // Empty: all of `input` is used, more is needed. Errors: CodingError, and then at every call.
    std::string_view decode(std::string_view& input);
    // Says that no more input comes. Precondition: decode() gave an empty piece. No input at all is fine: servers
    // announce a coding and send an empty body. Errors: CodingError, truncated.
    void finish();

    class Engine;

private:
    std::string_view decode_some(std::string_view& input);
    void drop_behind(std::string_view& input);
    void guard() const;

    std::unique_ptr<Engine> engine_;  // none for identity
    std::unique_ptr<char[]> output_;
    DecoderLimits limits_;
    Coding coding_;
    std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
    std::size_t bytes_behind_ = 0;
    bool output_pending_ = false;  // the last piece was full: there may be more without input
    std::optional<CodingError> failed_;
};

// Does one coding.
class Encoder {
public:
    // level: the coding's own scale; -1: a good one for what is made while somebody waits (6, 6, 4, 3).
    // identity: appends what it gets. deflate is in the zlib format, as RFC 9110 wants it.
    explicit Encoder(Coding coding, int level = -1);
    Encoder(Encoder&&) noexcept;
    Encoder& operator=(Encoder&&) noexcept;
    ~Encoder();

    // Append to `output`. encode(): what is ready, which may be nothing. flush(): so much that the other side can unpack
    // all that was given. finish(): the end; nothing may follow.
    void encode(std::string_view input, std::string& output);
    void flush(std::string& output);
    void finish(std::string& output);

    class Engine;

private:
    std::unique_ptr<Engine> engine_;  // none for identity
};

}  // namespace aio::http::wire
