// A multipart body, part by part, as it comes: uploads of any size in bounded memory (aiohttp.MultipartReader).
//
//     aio::http::MultipartReader parts(request.content(), boundary);
//     while (auto part = co_await parts.next()) {
//         if (part->filename()) co_await part->to_file("/srv/uploads/" + new_name());
//         else                  fields[part->name()] = co_await part->text();
//     }
//
// Parts come in order; the next one skips what is left of this one. Content-Transfer-Encoding (base64,
// quoted-printable) and Content-Encoding are undone. Line ends are CRLF: what other readers may split elsewhere is
// refused or belongs to the data.
//
// Of all reads: *Resumes* as the body's do. *Cancel*: nothing is lost. *Errors*: MultipartError; what the body throws;
// RuntimeError for a part that the reader has left behind.
// Thread rule: the loop's thread. Source: RFC 2046 section 5.1; RFC 7578; RFC 2045 section 6; WHATWG Fetch,
// "multipart/form-data parser" (2024).
#pragma once

#include <aio/base/error.hpp>
#include <aio/http/body_reader.hpp>
#include <aio/http/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http {

// The body is not what a multipart body has to be, or is too large; the message says where.
class MultipartError : public Error {
public:
    explicit MultipartError(const std::string& message, bool too_large = false)
        : Error(message), too_large_(too_large) {}
    // Whether a limit was passed (a server answers 413 then, and 400 otherwise).
    bool too_large() const noexcept { return too_large_; }

private:
    bool too_large_;
};

struct MultipartLimits {
    std::size_t max_parts = 1000;
    std::size_t max_header_bytes = 16 * 1024;   // of one part
    std::size_t max_header_fields = 64;         // of one part
    std::size_t max_preamble = 64 * 1024;       // bytes before the first part
    std::size_t max_epilogue = 64 * 1024;       // bytes behind the last one
    std::uint64_t max_body = 0;                 // all bytes, of delimiters and headers too; 0: any number
    std::size_t max_memory = 16 * 1024 * 1024;  // what read() and text() of one part may give
    std::size_t max_depth = 4;                  // parts within parts
};

namespace detail {
struct MultipartState;
struct MultipartPart;
}  // namespace detail

class MultipartReader;

// One part; a handle. Valid until its reader goes to the next one.
class BodyPart {
public:
    const Headers& headers() const noexcept;
    // Of its Content-Disposition; empty if there is none.
    const std::string& name() const noexcept;
    // What the sender calls it: never a path to write to. Nothing for a part that is no file.
    const std::optional<std::string>& filename() const noexcept;
    // Lower case, without parameters; "text/plain" if none is given (RFC 7578 section 4.4).
    const std::string& content_type() const noexcept;
    // The charset of its Content-Type; empty if none is given.
    const std::string& charset() const noexcept;

    // All of it. Errors: MultipartError past max_memory.
    Coro<std::string> read();
    // At most `size` bytes, at least one; empty at the end.
    Coro<std::string> read_chunk(std::size_t size = 64 * 1024);
    // read() as UTF-8. Errors: UnknownCharsetError, aio::UnicodeDecodeError too.
    Coro<std::string> text();
    // Writes all of it to a file, replacing one that is there; gives the bytes. Any size.
    // Cancel, Errors: the file is removed. OSError.
    Coro<std::uint64_t> to_file(std::string path);
    // Reads to its end, and drops it.
    Coro<> release();
    // Lines, pieces, and all else that bodies have.
    BodyReader& content() noexcept;
    bool at_eof() const noexcept;

    bool is_multipart() const noexcept;
    // Its own parts. Errors: MultipartError if it is none, or too deep.
    MultipartReader multipart();

private:
    friend class MultipartReader;
    explicit BodyPart(std::shared_ptr<detail::MultipartPart> part) noexcept : part_(std::move(part)) {}
    std::shared_ptr<detail::MultipartPart> part_;
};

class MultipartReader {
public:
    // `body` outlives it. Errors: MultipartError for a boundary that is empty, or longer than RFC 2046's 70 characters.
    MultipartReader(BodyReader& body, std::string boundary, MultipartLimits limits = {});
    MultipartReader(MultipartReader&&) noexcept;
    MultipartReader& operator=(MultipartReader&&) noexcept;
    ~MultipartReader();

    // The next part; nothing behind the last one. The rest of the body is then read and dropped.
    Coro<std::optional<BodyPart>> next();
    // Whether next() gave nothing.
    bool at_eof() const noexcept;

private:
    friend class BodyPart;
    explicit MultipartReader(std::shared_ptr<detail::MultipartState> state) noexcept;
    std::shared_ptr<detail::MultipartState> state_;
};

// The boundary that a Content-Type names. Errors: MultipartError if it is not multipart, or names none.
std::string multipart_boundary(std::string_view content_type);

}  // namespace aio::http
