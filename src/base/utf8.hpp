// UTF-8 and the ends of lines: what text mode does to the bytes of a file, and what HTTP and WebSocket ask of text.
// Source: Unicode 15 table 3-7; CPython 3.13 Objects/unicodeobject.c (reasons and extents of errors), io.TextIOWrapper.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::detail {

enum class DecodeErrors : std::uint8_t { strict, replace, ignore };

// How lines end, and what becomes of their ends.
enum class Newlines : std::uint8_t {
    bytes,      // binary: "\n" ends a line
    universal,  // None: "\n", "\r", "\r\n" end a line and are read as "\n"
    any,        // "": the same, and stay as they are
    lf,         // "\n", "\r" or "\r\n" alone; "\n" is written as that
    cr,
    crlf
};

// The first sequence of bytes that is no character: its extent, and why. None: begin == npos.
struct BadBytes {
    std::size_t begin = std::string_view::npos;
    std::size_t length = 0;
    const char* reason = "";
    bool cut_short = false;  // the bytes end inside a character that may go on

    explicit operator bool() const noexcept { return begin != std::string_view::npos; }
};

// Looks from `from` on.
BadBytes find_bad_utf8(std::string_view bytes, std::size_t from = 0) noexcept;

// Whole characters at the front of `bytes`: up to `wanted` of them, as they will be counted after decoding.
// `more` says that other bytes follow, so that what they may belong to is left.
struct Prefix {
    std::size_t bytes = 0;
    std::size_t characters = 0;
};
Prefix take_characters(std::string_view bytes, std::size_t wanted, DecodeErrors errors, Newlines newlines, bool more,
                       Prefix from = {}) noexcept;

// Where the first line ends, after its end; npos when it is not there, or (at the end of `bytes` and `more`) not
// certain. `from`: no line ends before.
std::size_t find_line_end(std::string_view bytes, Newlines newlines, bool more, std::size_t from = 0) noexcept;

// Decodes whole text: replaces or leaves out what is no UTF-8, and makes "\n" of ends of lines if they are universal.
// Precondition with strict: there is nothing bad in it.
std::string decode(std::string_view bytes, DecodeErrors errors, Newlines newlines);
// Whether decode() would give the same bytes. Precondition: they are good.
bool is_plain(std::string_view bytes, Newlines newlines) noexcept;

// What is written for `text`: the ends of lines as `newlines` wants them. Empty `storage` unless it was needed.
std::string_view encode_newlines(std::string_view text, Newlines newlines, std::string& storage);

}  // namespace aio::detail
