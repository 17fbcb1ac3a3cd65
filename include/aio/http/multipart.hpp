// A multipart body, part by part, as it arrives: uploads of any size in bounded memory (aiohttp.MultipartReader).
//
//     aio::http::MultipartReader parts(request.content(), boundary);
//     while (auto part = co_await parts.next()) {
//         if (part->filename()) co_await part->to_file("/srv/uploads/" + new_name());
//         else                  fields[part->name()] = co_await part->text();
//     }
//
// Parts are read in order; next() skips the rest of the present part. Content-Transfer-Encoding (base64,
// quoted-printable) and Content-Encoding are decoded. Line ends are CRLF: other line ends are refused or belong to the
// data, so that no other reader can find other parts.
//
// Of all reads: *Resumes* as the reads of the body. *Cancel*: nothing is lost. *Errors*: MultipartError; those of the
// body; RuntimeError for a part after next() was called.
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

// The body is no valid multipart body, or too large; the message has the position.
class MultipartError : public Error {
public:
    explicit MultipartError(const std::string& message, bool too_large = false)
        : Error(message), too_large_(too_large) {}
    // Whether a limit was exceeded (a server then answers 413, and 400 otherwise).
    bool too_large() const noexcept { return too_large_; }

private:
    bool too_large_;
};

// The limits of a MultipartReader; beyond one, reads throw MultipartError.
struct MultipartLimits {
    std::size_t max_parts = 1000;               // of the whole body
    std::size_t max_header_bytes = 16 * 1024;   // of one part
    std::size_t max_header_fields = 64;         // of one part
    std::size_t max_preamble = 64 * 1024;       // bytes before the first part
    std::size_t max_epilogue = 64 * 1024;       // bytes behind the last one
    std::uint64_t max_body = 0;                 // all bytes, with delimiters and headers; 0: any number
    std::size_t max_memory = 16 * 1024 * 1024;  // bytes that read() and text() of one part may return
    std::size_t max_depth = 4;                  // parts within parts
};

namespace detail {
struct MultipartState;
struct MultipartPart;
}  // namespace detail

class MultipartReader;

// One part: aiohttp.BodyPartReader. A handle, valid until its reader's next().
class BodyPart {
public:
    // The header fields of the part.
    const Headers& headers() const noexcept;
    // The field name, from Content-Disposition; empty if there is none.
    const std::string& name() const noexcept;
    // The file name that the sender gives: do not use it as a path. nullopt for a part that is no file.
    const std::optional<std::string>& filename() const noexcept;
    // The media type, lower case, without parameters; "text/plain" if none is given (RFC 7578 section 4.4).
    const std::string& content_type() const noexcept;
    // The charset of its Content-Type; empty if none is given.
    const std::string& charset() const noexcept;

    // All bytes of the part. Errors: MultipartError beyond max_memory.
    Coro<std::string> read();
    // At most `size` bytes, at least one; empty at the end.
    Coro<std::string> read_chunk(std::size_t size = 64 * 1024);
    // read() as UTF-8. Errors: UnknownCharsetError, aio::UnicodeDecodeError too.
    Coro<std::string> text();
    // Writes the part, of any size, to a file, and replaces an existing one. Result: the number of bytes.
    // Cancel, Errors: the file is removed. OSError.
    Coro<std::uint64_t> to_file(std::string path);
    // Skips the rest of the part.
    Coro<> release();
    // The part as a BodyReader, for lines, pieces...
    BodyReader& content() noexcept;
    // Whether it was read to its end.
    bool at_eof() const noexcept;

    // Whether its content type is multipart.
    bool is_multipart() const noexcept;
    // A reader of its own parts. Errors: MultipartError if it is not multipart, or nested too deep.
    MultipartReader multipart();

private:
    friend class MultipartReader;
    explicit BodyPart(std::shared_ptr<detail::MultipartPart> part) noexcept : part_(std::move(part)) {}
    std::shared_ptr<detail::MultipartPart> part_;
};

// A reader of the parts of a body: aiohttp.MultipartReader.
class MultipartReader {
public:
    // `body` must outlive it. Errors: MultipartError for a boundary that is empty, or longer
    // than RFC 2046's 70 characters.
    MultipartReader(BodyReader& body, std::string boundary, MultipartLimits limits = {});
    MultipartReader(MultipartReader&&) noexcept;
    MultipartReader& operator=(MultipartReader&&) noexcept;
    ~MultipartReader();

    // The next part; nullopt after the last one. The rest of the body is then read and dropped.
    Coro<std::optional<BodyPart>> next();
    // Whether next() has returned nullopt.
    bool at_eof() const noexcept;

private:
    friend class BodyPart;
    explicit MultipartReader(std::shared_ptr<detail::MultipartState> state) noexcept;
    std::shared_ptr<detail::MultipartState> state_;
};

// The boundary of a Content-Type. Errors: MultipartError if that is not multipart, or has no boundary.
std::string multipart_boundary(std::string_view content_type);

}  // namespace aio::http
