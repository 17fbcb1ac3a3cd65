// What open() is told: "r+b", and how text is to be read.
#pragma once

#include "base/utf8.hpp"

#include <string>
#include <string_view>

namespace aio::files {
struct OpenOptions;
}

namespace aio::detail {

struct FileMode {
    bool reading = false;
    bool writing = false;
    bool appending = false;
    bool creating = false;    // w, a, x
    bool exclusive = false;   // x
    bool truncating = false;  // w
    bool binary = false;

    int flags() const noexcept;            // for open(2)
    std::string name() const;              // as the file's mode: "rb+"
    const char* purpose() const noexcept;  // "reading", for messages
};

struct TextRules {
    DecodeErrors errors = DecodeErrors::strict;
    Newlines newlines = Newlines::bytes;

    // "\n" is what it is on the way out.
    bool writes_plain() const noexcept { return newlines != Newlines::cr && newlines != Newlines::crlf; }
};

// Errors: ValueError for what is no mode, or options that do not go with it.
FileMode parse_mode(std::string_view mode);
TextRules parse_text_rules(const FileMode& mode, const files::OpenOptions& options);
DecodeErrors parse_errors(std::string_view name);
Newlines parse_newline(const char* newline);
void check_buffering(const FileMode& mode, const files::OpenOptions& options);

}  // namespace aio::detail
