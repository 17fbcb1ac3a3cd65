// Text of strangers, for terminals and for the names of files: control characters move the cursor and more, and some that
// are no control characters turn what stands around them the other way round (CVE-2021-42574).
#pragma once

#include <string>
#include <string_view>

namespace aio::cli {

struct Character {
    std::string_view bytes;
    bool printable;
};

// Takes the first character off `text`, which is not empty. Not printable: C0, DEL, C1 (U+0080 to U+009F), the ends of
// lines and paragraphs (U+2028, U+2029), the marks that change the direction of text (U+202A to U+202E, U+2066 to
// U+2069), and each byte of what is no UTF-8.
Character take_character(std::string_view& text) noexcept;

// `text`, in which what is not printable is "\xNN", byte by byte; line ends stay.
std::string printable_line(std::string_view text);

}  // namespace aio::cli
