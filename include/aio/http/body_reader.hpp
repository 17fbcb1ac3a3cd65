// The body of a message, read as it arrives (aiohttp's `content`): request.content(), response.content().
//
//     while (auto piece = co_await response.content().iter_chunked(64 * 1024).next()) file.write(*piece);
//
// The connection is read only when the body is: an unread body is buffered by its sender, not here. The reader returns
// the content, without chunks and content codings.
//
// Of all reads: *Resumes* in the pass after the data arrived; without suspending when they are buffered. *Cancel*:
// nothing is lost; the next read continues. *Errors*: of a response ClientPayloadError when it is truncated or badly
// encoded, SocketTimeoutError and other ClientErrors; of a request RequestPayloadError, HTTPRequestEntityTooLarge.
// RuntimeError while another read waits.
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

// The memory to reserve for a body of which `size` bytes are announced: untouched memory costs nothing, but the number
// is only a claim of the peer.
std::size_t worth_reserving(std::uint64_t size) noexcept;

// The source of a body: decoded, piece by piece.
class BodySource {
public:
    virtual ~BodySource() = default;
    // The next piece, valid until the next call; empty at the end, and then always. Errors: those of the connection.
    virtual Coro<std::string_view> next_piece() = 0;
    // Once it has ended: the fields after the body, or null.
    virtual const Headers* trailers() const noexcept { return nullptr; }
    // Whether a chunk, as HTTP's chunked coding has them, ended with the last piece.
    virtual bool piece_ends_chunk() const noexcept { return false; }
    // The size of all pieces together in bytes, if it was announced: a claim of the peer.
    virtual std::optional<std::uint64_t> announced_size() const noexcept { return std::nullopt; }
};

}  // namespace detail

// A reader of a body: aiohttp.StreamReader.
class BodyReader {
public:
    static constexpr std::size_t kLineLimit = 64 * 1024;  // the default limit of readline(), in bytes

    // Reads from `source`, which must outlive it; null: an empty body.
    explicit BodyReader(detail::BodySource* source = nullptr) noexcept : source_(source) {}
    BodyReader(BodyReader&& other) noexcept;
    BodyReader& operator=(BodyReader&& other) noexcept;

    // At most `size` bytes, and at least one unless the body has ended; without a size, all that is left.
    Coro<std::string> read(std::ptrdiff_t size = -1);
    // The buffered bytes, at least one; empty at the end.
    Coro<std::string> readany();
    // The same without a copy, valid until the next read.
    Coro<std::string_view> readany_view();
    // Exactly `size` bytes. Errors: IncompleteReadError, with the bytes before the end.
    Coro<std::string> readexactly(std::size_t size);
    // A line with its "\n", or the rest at the end. Errors: LimitOverrunError for a line longer than `limit` bytes;
    // nothing is consumed.
    Coro<std::string> readline(std::size_t limit = kLineLimit);
    // The same up to and including `separator`.
    Coro<std::string> readuntil(std::string separator, std::size_t limit = kLineLimit);
    // The bytes that can be read without waiting; at most `size`, if given.
    std::string read_nowait(std::ptrdiff_t size = -1);
    // The buffered bytes, at least one, and whether a chunk of the transfer ended with them. The division into chunks
    // has no meaning in HTTP, and proxies change it; some servers use it all the same.
    Coro<std::pair<std::string, bool>> readchunk();

    // For `while (auto piece = co_await pieces.next())`: pieces of exactly `size` bytes except the last; pieces as they
    // arrive; lines. next() returns nullopt at the end. Errors: ValueError for a size of 0.
    class Pieces;
    class Chunks;
    Pieces iter_chunked(std::size_t size);
    Pieces iter_any() noexcept;
    Pieces lines() noexcept;
    // The same with the pairs of readchunk().
    Chunks iter_chunks() noexcept;

    // Whether the body was read to its end.
    bool at_eof() const noexcept { return (ended_ || !source_) && available() == 0; }
    // The number of bytes that have arrived so far.
    std::uint64_t total_bytes() const noexcept { return total_bytes_; }
    // The trailer fields, once the body has ended; null if there are none. They are claims of the peer: do not treat
    // them as headers.
    const Headers* trailers() const noexcept { return source_ ? source_->trailers() : nullptr; }

private:
    std::size_t available() const noexcept { return held_.size() - held_begin_ + piece_.size(); }
    void check_idle() const;
    // Reads one more piece behind the buffered bytes. False at the end.
    Coro<bool> more();
    // Appends piece_ to held_: the source's next piece invalidates it.
    void hold_piece();
    // Makes the buffered bytes contiguous.
    std::string_view gather();
    std::string take(std::size_t size);

    detail::BodySource* source_;
    std::string_view piece_;      // of the source, not read yet; follows held_
    std::string held_;            // bytes that were kept while waiting for more
    std::size_t held_begin_ = 0;  // the bytes before it were read
    std::uint64_t total_bytes_ = 0;
    bool ended_ = false;
    bool reading_ = false;
};

// The result of iter_chunked(), iter_any() and lines(). It must not outlive the reader.
class BodyReader::Pieces {
public:
    // The next piece or line; nullopt at the end. Cancel, errors: as the reads of BodyReader.
    Coro<std::optional<std::string>> next();

private:
    friend class BodyReader;
    enum class Kind : std::uint8_t { chunked, any, line };
    Pieces(BodyReader& reader, Kind kind, std::size_t size) noexcept : reader_(&reader), kind_(kind), size_(size) {}

    BodyReader* reader_;
    Kind kind_;
    std::size_t size_;
};

// The result of iter_chunks(). It must not outlive the reader.
class BodyReader::Chunks {
public:
    // The next pair of readchunk(); nullopt at the end. Cancel, errors: as readchunk().
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
