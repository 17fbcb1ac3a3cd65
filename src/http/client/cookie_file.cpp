// cookies.txt: a line per cookie, seven fields with tabs between them.
//
//     #HttpOnly_.example.org  TRUE  /  TRUE  1893456000  session  8f3a
//     |                       |     |  |     |           name     value
//     |                       |     |  |     expires, seconds since 1970; 0: not written down, until the program ends
//     |                       |     |  secure
//     domain                  |     path
//                             the hosts below it, too
//
// Source: curl 8's docs/HTTP-COOKIES.md; "#HttpOnly_" is curl's own, which others understand.
#include "http/client/cookie_store.hpp"

#include <aio/base/error.hpp>

#include "http/wire/syntax.hpp"

#include <array>

namespace aio::http::detail {

namespace {

constexpr std::string_view kHttpOnly = "#HttpOnly_";
constexpr std::string_view kAllHosts = "*";

std::string_view yes_no(bool yes) noexcept { return yes ? "TRUE" : "FALSE"; }

Cookie parse_line(std::string_view line, std::size_t number) {
    const bool http_only = line.starts_with(kHttpOnly);
    if (http_only) line.remove_prefix(kHttpOnly.size());
    std::array<std::string_view, 7> fields;
    for (std::size_t i = 0; i < 6; ++i) fields[i] = wire::take_until(line, '\t');
    fields[6] = line;
    const auto expires = wire::parse_number<std::int64_t>(fields[4]);
    if (!expires || fields[0].empty() || !fields[2].starts_with('/') || fields[5].empty()) {
        throw ValueError("cookie file, line " + std::to_string(number) +
                         ": not the 7 tab-separated fields of the Netscape format");
    }
    Cookie cookie{std::string(fields[5]), std::string(fields[6])};
    if (fields[0] != kAllHosts) {
        cookie.domain = wire::lowered(fields[0].substr(fields[0].starts_with('.') ? 1 : 0));
        cookie.host_only = !wire::equal_ignoring_case(fields[1], "TRUE");
    }
    cookie.path = fields[2];
    cookie.secure = wire::equal_ignoring_case(fields[3], "TRUE");
    cookie.http_only = http_only;
    if (*expires > 0) cookie.expires = *expires;
    return cookie;
}

}  // namespace

std::string cookie_file(const CookieStore& store) {
    std::string text =
        "# Netscape HTTP Cookie File\n# Written by aiocpp. Whoever has these cookies is logged in as you.\n\n";
    for (const StoredCookie* stored : store.all()) {
        const Cookie& cookie = stored->cookie;
        if (cookie.http_only) text += kHttpOnly;
        if (!cookie.host_only && !cookie.domain.empty()) text += '.';
        text.append(cookie.domain.empty() ? kAllHosts : std::string_view(cookie.domain)).append("\t");
        text.append(yes_no(!cookie.host_only)).append("\t").append(cookie.path).append("\t");
        text.append(yes_no(cookie.secure))
            .append("\t")
            .append(std::to_string(cookie.expires.value_or(0)))
            .append("\t");
        text.append(cookie.name).append("\t").append(store.value_to_send(*stored)).append("\n");
    }
    return text;
}

std::vector<Cookie> parse_cookie_file(std::string_view text) {
    std::vector<Cookie> cookies;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = wire::take_until(text, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || (line.starts_with('#') && !line.starts_with(kHttpOnly))) continue;
        cookies.push_back(parse_line(line, number));
    }
    return cookies;
}

}  // namespace aio::http::detail
