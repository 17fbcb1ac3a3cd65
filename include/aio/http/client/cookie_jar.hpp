// The cookies of a client: stored from responses, added to requests (aiohttp.CookieJar).
//
//     auto jar = std::make_shared<aio::http::CookieJar>();
//     jar->update_cookies(response.headers(), response.url());
//     jar->cookie_header(aio::http::URL("https://example.org/account"));   // "session=8f3a; theme=dark"
//
// A cookie is sent only to the host that set it, or to its domain, which may not be a public suffix ("co.uk",
// "github.io", by the public suffix list), at its path, over TLS if it is secure, until it expires.
// Hosts that are IP addresses set no cookies, and get only the program's own, unless the jar is unsafe: addresses
// change hands. A cookie set without TLS is not secure, and does not replace a secure one.
//
// It is bounded: 180 cookies of a site, 3300 in all, 4096 bytes each. Beyond that the least recently used are dropped,
// insecure ones first. These are Chromium's numbers; RFC 6265 section 6.1 requires at least 50 and 3000.
//
// Thread rule: one thread at a time. Source: RFC 6265 section 5.3 and 5.4; rfc6265bis-15; aiohttp 3.11 cookiejar.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/cookies.hpp>
#include <aio/http/url.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http {

class Headers;
namespace detail {
class CookieStore;
}

// The options of a CookieJar.
struct CookieJarOptions {
    bool unsafe = false;       // hosts that are IP addresses may have cookies, too
    bool quote_cookie = true;  // values from the program are quoted if they need it; else they are sent as they are
    bool dummy = false;        // stores nothing: aiohttp.DummyCookieJar
};

// A store of cookies with the rules of RFC 6265: aiohttp.CookieJar.
class CookieJar {
public:
    // An empty jar.
    explicit CookieJar(CookieJarOptions options = {});
    ~CookieJar();
    CookieJar(const CookieJar&) = delete;
    CookieJar& operator=(const CookieJar&) = delete;

    // This origin may set and get secure cookies although it has no TLS: a service behind its own proxy, for example.
    CookieJar& treat_as_secure_origin(const URL& origin);

    // Stores the cookies of every Set-Cookie header of a response from `response_url`,
    // except those that it may not set.
    void update_cookies(const Headers& response_headers, const URL& response_url);
    // Stores the program's own cookies. Those without a domain, and without `response_url`, are sent to all hosts.
    // Errors: ValueError, and nothing changed, for a name that is no token.
    void update_cookies(const std::vector<Cookie>& cookies, const URL& response_url = {});

    // The value of the Cookie header for a request, longest paths first; empty if there are none.
    std::string cookie_header(const URL& request_url);
    // The same, as cookies.
    std::vector<Cookie> filter_cookies(const URL& request_url);

    // Removes all cookies.
    void clear() noexcept;
    // Removes those of this domain and all below it.
    void clear_domain(std::string_view domain);
    // Removes those for which `chosen(const Cookie&)` is true.
    template <std::predicate<const Cookie&> F>
    void clear_if(F&& chosen) {
        clear_chosen(Chosen(std::forward<F>(chosen)));
    }

    // All cookies that have not expired, in the order in which they were set. Only those for
    // all hosts have an empty domain.
    std::vector<Cookie> cookies() const;
    // The number of cookies that have not expired.
    std::size_t size() const;
    bool empty() const { return size() == 0; }

    // Writes the cookies to a file in Netscape's format, as curl, wget and yt-dlp, readable for its owner only; the old
    // file stays until the new one is complete. Session cookies are included; attributes for browsers (same_site,
    // partitioned) are not. The domain "*" means all hosts.
    // Cancel: the file is written all the same. Errors: OSError.
    Coro<> save(std::string path) const;
    // Replaces the jar's cookies by those of a file of save(). Cancel: nothing is changed. Errors: OSError; ValueError,
    // whose message has the invalid line; nothing is changed then.
    Coro<> load(std::string path);

private:
    using Chosen = ::aio::detail::Function<bool(const Cookie&)>;
    void clear_chosen(const Chosen& chosen);

    std::unique_ptr<detail::CookieStore> store_;
};

}  // namespace aio::http
