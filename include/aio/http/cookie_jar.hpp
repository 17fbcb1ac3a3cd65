// The cookies of a client: takes them out of responses, puts them into requests (aiohttp.CookieJar).
//
//     auto jar = std::make_shared<aio::http::CookieJar>();
//     jar->update_cookies(response.headers(), response.url());
//     jar->cookie_header(aio::http::URL("https://example.org/account"));   // "session=8f3a; theme=dark"
//
// A cookie goes back only where it may: to the host that set it, or a domain above it that is nobody's registry ("co.uk",
// "github.io": the public suffix list tells), at its path, over TLS if it is secure, until it expires.
// Hosts that are addresses set no cookies, and get none but the program's own, unless the jar is unsafe: who has an
// address changes. A cookie without TLS neither is secure nor takes the place of one that is.
//
// It is bounded: 180 cookies of a site, 3300 in all, 4096 bytes each. Past that those go that were not used for the
// longest time, insecure ones first. These are Chromium's numbers; RFC 6265 section 6.1 asks for 50 and 3000 at least.
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

struct CookieJarOptions {
    bool unsafe = false;       // hosts that are IP addresses may have cookies, too
    bool quote_cookie = true;  // values that the program gave are quoted if they need it; else they go as they are
    bool dummy = false;        // keeps nothing: aiohttp.DummyCookieJar
};

class CookieJar {
public:
    explicit CookieJar(CookieJarOptions options = {});
    ~CookieJar();
    CookieJar(const CookieJar&) = delete;
    CookieJar& operator=(const CookieJar&) = delete;

    // This origin may set and get secure cookies although it has no TLS: a service behind a proxy of its own, say.
    CookieJar& treat_as_secure_origin(const URL& origin);

    // Takes every Set-Cookie of a response that came from `response_url`. Those that may not be set are left out.
    void update_cookies(const Headers& response_headers, const URL& response_url);
    // The program's own. Those without a domain, and without `response_url`, go to all hosts.
    // Errors: ValueError, and nothing changed, for a name that is no token.
    void update_cookies(const std::vector<Cookie>& cookies, const URL& response_url = {});

    // The value of the Cookie header for a request, longest paths first; empty if there are none.
    std::string cookie_header(const URL& request_url);
    // The same, as cookies.
    std::vector<Cookie> filter_cookies(const URL& request_url);

    void clear() noexcept;
    // Those of this domain and all below it.
    void clear_domain(std::string_view domain);
    // Those for which `chosen(const Cookie&)` is true.
    template <std::predicate<const Cookie&> F>
    void clear_if(F&& chosen) {
        clear_chosen(Chosen(std::forward<F>(chosen)));
    }

    // All that have not expired, in the order they were set. domain is never empty but for those that go to all hosts.
    std::vector<Cookie> cookies() const;
    std::size_t size() const;
    bool empty() const { return size() == 0; }

    // Writes them to a file, that of Netscape which curl, wget and yt-dlp read and write, for its owner's eyes only; the
    // old file stays until the new one is complete. Cookies that last until the program ends are among them; what only
    // concerns browsers (same_site, partitioned) is not. A domain "*" is one that goes to all hosts.
    // Cancel: it goes on. Errors: OSError.
    Coro<> save(std::string path) const;
    // Makes those in the file the jar's. Cancel: nothing changed. Errors: OSError; ValueError naming the line that cannot
    // be read; nothing changed.
    Coro<> load(std::string path);

private:
    using Chosen = ::aio::detail::Function<bool(const Cookie&)>;
    void clear_chosen(const Chosen& chosen);

    std::unique_ptr<detail::CookieStore> store_;
};

}  // namespace aio::http
