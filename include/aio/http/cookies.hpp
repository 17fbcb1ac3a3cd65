// Cookies in headers: Cookie of a request, Set-Cookie of a response. CookieJar stores them.
//
//     aio::http::Cookie cookie("session", "8f3a");
//     cookie.http_only = true;
//     response.headers().add("Set-Cookie", cookie.header());   // session=8f3a; HttpOnly
//
// Source: RFC 6265; draft-ietf-httpbis-rfc6265bis-15 for what browsers have added (prefixes, SameSite, sizes).
#pragma once

#include <aio/http/into_string.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

// A cookie with its attributes: Python's http.cookies.Morsel.
struct Cookie {
    Cookie() = default;
    // A session cookie of the host that sets it.
    Cookie(IntoString its_name, IntoString its_value)
        : name(std::move(its_name).str()), value(std::move(its_value).str()) {}

    std::string name, value;  // of the pair that is sent back
    // This domain and all below it, lower case, without a leading dot. Empty: only the host that sets it.
    std::string domain;
    // Empty: the directory of the URL that sets it.
    std::string path;
    std::optional<std::int64_t> max_age;  // seconds; 0 or less removes the cookie. Takes precedence over expires
    std::optional<std::int64_t> expires;  // seconds since 1970. With neither: until the program ends
    bool secure = false;                  // sent over TLS only
    bool http_only = false;               // hidden from scripts of a page
    bool partitioned = false;             // for browsers: stored separately for each top-level site
    // Of a cookie that is in a jar: it is for the host `domain`, not for the domains below it.
    bool host_only = false;
    // "Strict", "Lax", "None", or empty. For browsers: no request of a program comes from another site.
    std::string same_site;

    // The value of a Set-Cookie header. Characters that a value may not contain are quoted as by Python's http.cookies.
    // Errors: ValueError for a name that is no token, for a domain, path or same_site with ";" or a control character,
    // and for cookies that every browser refuses: a name "__Secure-..." without secure; "__Host-..." without it, with a
    // domain, or with another path than "/".
    std::string header() const;

    friend bool operator==(const Cookie&, const Cookie&) = default;
};

// The cookies of a request's Cookie header as (name, value) in order, unquoted; a name may occur more than once. Parts
// that are no cookie are left out.
std::vector<std::pair<std::string, std::string>> parse_cookie_header(std::string_view text);

// One Set-Cookie header, parsed as by browsers: invalid attributes are ignored, and of equal ones the last counts. The
// value stays as it was sent, quotes included.
// Result: nullopt if it has no name, a control character, or more than 4096 bytes of name and value.
std::optional<Cookie> parse_set_cookie(std::string_view text);

// "a;b" as "\"a\\073b\"", and back. Values that need no quotes get none.
std::string quote_cookie_value(std::string_view value);
std::string unquote_cookie_value(std::string_view text);

}  // namespace aio::http
