// What a CookieJar keeps: which cookies may be set, which go where, and which have to go.
//
// Cookies stand by site, the registrable domain of their own ("example.co.uk" for "www.example.co.uk"): a cookie and all
// hosts it goes to are of one site, because no cookie's domain is a public suffix. So a request looks at the cookies of
// its site only, 180 at the most; those that the program gave to all hosts stand under the site "".
#pragma once

#include <aio/http/client/cookie_jar.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aio::http::detail {

// Seconds since 1970. Tests set a clock of their own; null: the machine's.
std::int64_t cookie_now() noexcept;
void set_cookie_clock(std::int64_t (*clock)() noexcept) noexcept;

struct StoredCookie {
    Cookie cookie;                        // domain and path are filled in; expires counts, max_age is never set
    std::uint64_t created = 0, used = 0;  // serial numbers
    bool as_is = false;                   // the value came from a server, and goes back unchanged

    bool expired(std::int64_t now) const noexcept { return cookie.expires && *cookie.expires <= now; }
};

class CookieStore {
public:
    // Chromium's limits (net/cookies/cookie_monster.h, 2024): past the most, so many go that it is not for each cookie.
    static constexpr std::size_t kMostOfSite = 180, kPurgedOfSite = 30;
    static constexpr std::size_t kMost = 3300, kPurged = 300;

    enum class Origin : std::uint8_t { server, program };

    explicit CookieStore(CookieJarOptions options) noexcept : options_(options) {}

    const CookieJarOptions& options() const noexcept { return options_; }
    void add_secure_origin(const URL& origin) { secure_origins_.push_back(origin.origin()); }

    // RFC 6265 section 5.3. A cookie that may not be set is dropped; one that has expired removes its predecessor.
    void set(Cookie cookie, const URL& url, Origin origin);
    // Puts it there as it is, if it has not expired: from a file.
    void restore(Cookie cookie);

    // Those for a request, in their order (RFC 6265 section 5.4). Valid until the next change.
    std::vector<StoredCookie*> matches(const URL& url);
    std::string value_to_send(const StoredCookie& stored) const;

    // All that have not expired, oldest first.
    std::vector<const StoredCookie*> all() const;
    std::size_t size() const;
    void clear() noexcept;
    template <class Predicate>
    void erase_if(Predicate&& predicate);

private:
    using Cookies = std::vector<StoredCookie>;

    bool is_secure(const URL& url) const noexcept;
    bool settle_domain(Cookie& cookie, const std::string& host, Origin origin) const;
    bool server_may_set(const Cookie& cookie, bool domain_given, const URL& url);
    void put(Cookie cookie, bool as_is);
    void purge_site(Cookies& cookies);
    void purge_all();
    template <class Predicate>
    void erase_from(Cookies& cookies, Predicate&& predicate);

    CookieJarOptions options_;
    std::vector<URL> secure_origins_;
    std::unordered_map<std::string, Cookies> sites_;
    std::size_t count_ = 0;
    std::uint64_t next_serial_ = 0;
};

bool is_public_suffix(const std::string& domain);
// Whether `host` is `domain` or below it (RFC 6265 section 5.1.3).
bool domain_matches(std::string_view host, std::string_view domain) noexcept;
// Section 5.1.4.
bool path_matches(std::string_view request_path, std::string_view cookie_path) noexcept;
std::string default_cookie_path(std::string_view request_path);

// Netscape's format, and back. Errors: ValueError naming the line.
std::string cookie_file(const CookieStore& store);
std::vector<Cookie> parse_cookie_file(std::string_view text);

template <class Predicate>
void CookieStore::erase_from(Cookies& cookies, Predicate&& predicate) {
    count_ -= std::erase_if(cookies, predicate);
}

template <class Predicate>
void CookieStore::erase_if(Predicate&& predicate) {
    for (auto& [site, cookies] : sites_) erase_from(cookies, predicate);
    std::erase_if(sites_, [](const auto& site) { return site.second.empty(); });
}

}  // namespace aio::http::detail
