// Which text is a URL already, and what is added to one that is not.
#include "http/given_url.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>
#include <string>

namespace aio::http::detail {

namespace {

// "http:x" and "https:/x" are meant as URLs, and lack a host; "http:8080" is a host and its port.
bool names_http(std::string_view text) noexcept {
    const std::string_view scheme = text.substr(0, text.find(':'));
    if (scheme.size() == text.size()) return false;
    const std::string_view rest = text.substr(scheme.size() + 1);
    const bool port = !rest.empty() && wire::is_digit(rest.front());
    return !port && (wire::equal_ignoring_case(scheme, "http") || wire::equal_ignoring_case(scheme, "https"));
}

bool names_scheme(std::string_view text) noexcept {
    const std::size_t end = text.find("://");
    return end != std::string_view::npos && text.find_first_of("/?#") > end;
}

}  // namespace

URL unchanged_url(std::string_view text) {
    const bool quoted = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return URL(text, {.encoded = quoted});
}

URL typed_url(std::string_view text) {
    if (names_scheme(text) || names_http(text)) return unchanged_url(text);
    return unchanged_url("http://" + std::string(text));
}

}  // namespace aio::http::detail
