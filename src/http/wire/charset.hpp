// Text of any charset as UTF-8.
#pragma once

#include <aio/base/unicode.hpp>
#include <aio/http/charset.hpp>

#include "base/utf8.hpp"

#include <string>
#include <string_view>

namespace aio::http::wire {

using ::aio::detail::DecodeErrors;

// `bytes`, which are text in `charset` (any case), as UTF-8, without a byte order mark. An empty charset is UTF-8;
// "utf-16" without a mark is little-endian, as browsers and Python on this machine have it. What is not UTF-8, ASCII,
// ISO-8859-1, Windows-1252 or UTF-16 goes through iconv.
// Errors: UnknownCharsetError; aio::UnicodeDecodeError with offsets into `bytes`, if they are to be strict.
std::string to_utf8(std::string_view bytes, std::string_view charset, DecodeErrors errors = DecodeErrors::strict);

}  // namespace aio::http::wire
