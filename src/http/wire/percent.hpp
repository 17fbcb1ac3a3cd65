// Percent-encoding: what may stand in a part of a URL, and how the rest is written. Source: RFC 3986 section 2.
#pragma once

#include "http/wire/syntax.hpp"

#include <string>
#include <string_view>

namespace aio::http::wire {

// What may stand in each part of a URL without quotes (RFC 3986 section 3).
inline constexpr CharSet kUserChars = kUnreserved.with("!$&'()*+,;=");
inline constexpr CharSet kSegmentChars = kUserChars.with(":@");
inline constexpr CharSet kPathChars = kSegmentChars.with("/");
inline constexpr CharSet kQueryChars = kPathChars.with("?");  // and fragments

// Quotes what is not in `plain` (which has the unreserved characters), and leaves quoted bytes as they are, with upper-case
// digits; quoted unreserved characters lose their quotes. A "%" that quotes nothing becomes "%25".
std::string requote(std::string_view text, const CharSet& plain);
// Quotes what is not in `plain`, "%" too.
std::string quote(std::string_view text, const CharSet& plain);

}  // namespace aio::http::wire
