// The body of a message, read as it comes (aiohttp's `content`): request.content(), response.content().
//
//     while (auto piece = co_await response.content().iter_chunked(64 * 1024).next()) file.write(*piece);
//
// The connection is read only when the body is: a body that nobody reads costs its sender, not us. What is read here is
// what was sent, without chunks and content codings.
//
// Of all reads: *Resumes* in the pass after the data came; at once when they are there. *Cancel*: nothing is lost, the
// next read goes on. *Errors*: of a response ClientPayloadError when it is cut short or badly encoded, SocketTimeoutError
// and other ClientErrors; of a request RequestPayloadError, HTTPRequestEntityTooLarge. RuntimeError while another read waits.
// Thread rule: the loop's thread. Source: aiohttp 3.11 streams.py.
#pragma once

#include <aio/core/coro.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

class Headers;

namespace detail {

// How much memory to have ready for a body of which `size` bytes are announced: what is not touched costs nothing, but a
// claim is only a claim.
std::size_t worth_reserving(std::uint64_t size) noexcept;

// Where a body comes from: decoded, piece by piece.
class BodySource {
public:
    virtual ~BodySource() = default;
    // The next piece, valid until the next call; empty at the end, and then always. Errors: what broke it.
    virtual Coro<std::string_view> next_piece() = 0;
    // Once it has ended: the fields behind the body, or null.
    virtual const Headers* trailers() const noexcept { return nullptr; }
    // Whether a chunk, as HTTP's chunked coding has them, ended with the last piece.
    virtual bool piece_ends_chunk() const noexcept { return false; }
    // The bytes of all its pieces together, if it was announced: a claim of the peer's.
    virtual std::optional<std::uint64_t> announced_size() const noexcept { return std::nullopt; }
};

}  // namespace detail

class BodyReader {
public:
    static constexpr std::size_t kLineLimit = 64 * 1024;

    // Of `source`, which outlives it; null: an empty body.
    explicit BodyReader(detail::BodySource* source = nullptr) noexcept : source_(source) {}
    BodyReader(BodyReader&& other) noexcept;
    BodyReader& operator=(BodyReader&& other) noexcept;

    // At most `size` bytes, and at least one unless the body has ended; without a size, all that is left.
    Coro<std::string> read(std::ptrdiff_t size = -1);
    // What is there, once there is something. Empty at the end.
    Coro<std::string> readany();
    // The same without a copy, valid until the next read.
    Coro<std::string_view> readany_view();
    // Errors: IncompleteReadError with what there was.
    Coro<std::string> readexactly(std::size_t size);
    // A line with its "\n", or what is left. Errors: LimitOverrunError for a longer one; nothing is consumed.
    Coro<std::string> readline(std::size_t limit = kLineLimit);
    Coro<std::string> readuntil(std::string separator, std::size_t limit = kLineLimit);
    // What is there without waiting. At most `size` bytes, if given.
    std::string read_nowait(std::ptrdiff_t size = -1);
    // What is there, once there is something, and whether a chunk of the transfer ended with it. How a body was cut into
    // chunks means nothing in HTTP, and proxies change it; some servers use it all the same.
    Coro<std::pair<std::string, bool>> readchunk();

    // `while (auto piece = co_await pieces.next())`: pieces of exactly `size` bytes but for the last; as they come;
    // lines. Errors: ValueError for a size of 0.
    class Pieces;
    class Chunks;
    Pieces iter_chunked(std::size_t size);
    Pieces iter_any() noexcept;
    Pieces lines() noexcept;
    // The same of readchunk()'s pairs.
    Chunks iter_chunks() noexcept;

    // Whether all of it was read.
    bool at_eof() const noexcept { return (ended_ || !source_) && available() == 0; }
    // What came so far, in bytes.
    std::uint64_t total_bytes() const noexcept { return total_bytes_; }
    // Valid at the end, null if there are none. Fields of a trailer are the peer's claim: never headers.
    const Headers* trailers() const noexcept { return source_ ? source_->trailers() : nullptr; }

private:
    std::size_t available() const noexcept { return held_.size() - held_begin_ + piece_.size(); }
    void check_idle() const;
    // Gets one more piece behind what is there. False at the end.
    Coro<bool> more();
    // Keeps piece_ behind what is held: the source's next piece ends it.
    void hold_piece();
    // Puts what is there into one place.
    std::string_view gather();
    std::string take(std::size_t size);

    detail::BodySource* source_;
    std::string_view piece_;      // of the source, not read yet; stands behind held_
    std::string held_;            // what had to be kept while more was waited for
    std::size_t held_begin_ = 0;  // what is before it was read
    std::uint64_t total_bytes_ = 0;
    bool ended_ = false;
    bool reading_ = false;
};

class BodyReader::Pieces {
public:
    Coro<std::optional<std::string>> next();

private:
    friend class BodyReader;
    enum class Kind : std::uint8_t { chunked, any, line };
    Pieces(BodyReader& reader, Kind kind, std::size_t size) noexcept : reader_(&reader), kind_(kind), size_(size) {}

    BodyReader* reader_;
    Kind kind_;
    std::size_t size_;
};

class BodyReader::Chunks {
public:
    Coro<std::optional<std::pair<std::string, bool>>> next();

private:
    friend class BodyReader;
    explicit Chunks(BodyReader& reader) noexcept : reader_(&reader) {}

    BodyReader* reader_;
};

inline BodyReader::Pieces BodyReader::iter_any() noexcept { return {*this, Pieces::Kind::any, 0}; }
inline BodyReader::Pieces BodyReader::lines() noexcept { return {*this, Pieces::Kind::line, 0}; }
inline BodyReader::Chunks BodyReader::iter_chunks() noexcept { return Chunks(*this); }

}  // namespace aio::http
