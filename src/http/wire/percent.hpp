// Percent-encoding: what may stand in a part of a URL, and how the rest is written. Source: RFC 3986 section 2.
#pragma once

#include <string>
#include <string_view>

namespace aio::http::wire {

// Quotes what is neither unreserved nor in `also`, and leaves quoted bytes as they are, with upper-case digits; quoted
// unreserved characters lose their quotes. A "%" that quotes nothing becomes "%25".
std::string requote(std::string_view text, std::string_view also);

}  // namespace aio::http::wire
