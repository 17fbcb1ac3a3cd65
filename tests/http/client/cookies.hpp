// A jar's way from what one URL sets to what another is sent.
#pragma once

#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/headers.hpp>

#include <string>
#include <string_view>

namespace aio::test {

inline void set(http::CookieJar& jar, std::string_view url, std::string_view set_cookie) {
    http::Headers headers;
    headers.add("Set-Cookie", set_cookie);
    jar.update_cookies(headers, http::URL(url));
}

// What a jar sends to `to` after `from` sent `set_cookie`.
inline std::string after(std::string_view from, std::string_view set_cookie, std::string_view to,
                         bool unsafe = false) {
    http::CookieJar jar({.unsafe = unsafe});
    set(jar, from, set_cookie);
    return jar.cookie_header(http::URL(to));
}

}  // namespace aio::test
