// Cookies as they stand in headers: Cookie of a request, Set-Cookie of a response. CookieJar keeps them.
//
//     aio::http::Cookie cookie("session", "8f3a");
//     cookie.http_only = true;
//     response.headers().add("Set-Cookie", cookie.header());   // session=8f3a; HttpOnly
//
// Source: RFC 6265; draft-ietf-httpbis-rfc6265bis-15, where browsers went on (prefixes, SameSite, sizes).
#pragma once

#include <aio/http/into_string.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

struct Cookie {
    Cookie() = default;
    Cookie(IntoString its_name, IntoString its_value)
        : name(std::move(its_name).str()), value(std::move(its_value).str()) {}

    std::string name, value;
    // The domain with all below it, lower case, without a leading dot. Empty: the host that sets it, alone.
    std::string domain;
    // Empty: the directory of the URL that sets it.
    std::string path;
    std::optional<std::int64_t> max_age;  // seconds; 0 or less removes the cookie. Counts before expires
    std::optional<std::int64_t> expires;  // seconds since 1970. Neither of them: until the program ends
    bool secure = false;
    bool http_only = false;
    bool partitioned = false;
    // Of a cookie that is in a jar: `domain` is a host, and not what is below it.
    bool host_only = false;
    // "Strict", "Lax", "None", or empty. For browsers: no request of a program comes from another site.
    std::string same_site;

    // The value of a Set-Cookie header. What may not stand in a value is quoted as Python's http.cookies does it.
    // Errors: ValueError for a name that is no token, a domain, path or same_site with ";" or a control character, and
    // what every browser refuses: a name "__Secure-..." without secure; "__Host-..." without it, with a domain, or with
    // another path than "/".
    std::string header() const;

    friend bool operator==(const Cookie&, const Cookie&) = default;
};

// The cookies of a request's Cookie header, in order, unquoted; a name may stand there more than once. What is no
// cookie is left out.
std::vector<std::pair<std::string, std::string>> parse_cookie_header(std::string_view text);

// One Set-Cookie header, read as browsers do: nothing fails, attributes that make no sense are as if they were not
// there, the last of equal ones counts. The value stays as it is sent, quotes included.
// Nothing: it has no name, a control character, or more than 4096 bytes of name and value.
std::optional<Cookie> parse_set_cookie(std::string_view text);

// "a;b" as "\"a\\073b\"", and back. Values that need no quotes get none.
std::string quote_cookie_value(std::string_view value);
std::string unquote_cookie_value(std::string_view text);

}  // namespace aio::http
