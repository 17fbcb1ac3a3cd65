// Which cookies may be set, which are sent where, and which are evicted.
#include "http/client/cookie_store.hpp"

#include <aio/base/error.hpp>

#include "http/wire/date.hpp"
#include "http/wire/host_name.hpp"
#include "http/wire/percent.hpp"
#include "http/wire/syntax.hpp"

#include <libpsl.h>

#include <algorithm>
#include <atomic>
#include <limits>

namespace aio::http::detail {

namespace {

std::atomic<std::int64_t (*)() noexcept> replaced_clock = nullptr;

// As the library was built with it; else the system's.
const psl_ctx_t* suffix_list() noexcept {
    static const psl_ctx_t* const list = ::psl_builtin() ? ::psl_builtin() : ::psl_latest(nullptr);
    return list;
}

// "example.com." is the same name as "example.com", in its absolute form: of the same registry, and the same site. All
// else takes them for two hosts, as browsers do.
std::string without_root_dot(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return std::string(host);
}

// Whether a resolver takes the host for an address, however it is written: "127.0.0.1.", "127.1", "0x7f.0.0.1". Such
// hosts end in a number (WHATWG URL, "ends in a number"), and no name of a host does.
bool is_address(std::string_view host) noexcept {
    if (host.ends_with('.')) host.remove_suffix(1);
    if (wire::is_ip_address(host)) return true;
    std::string_view last = host.substr(host.rfind('.') + 1);
    if (last.empty()) return false;
    if (std::all_of(last.begin(), last.end(), wire::is_digit)) return true;
    if (!last.starts_with("0x")) return false;
    last.remove_prefix(2);
    return std::all_of(last.begin(), last.end(), [](char c) { return wire::hex_value(c) >= 0; });
}

// The registrable domain of a host; the host itself if it is an address, or a public suffix.
std::string site_of(const std::string& host) {
    if (is_address(host)) return host;
    const std::string name = without_root_dot(host);
    const char* const domain = ::psl_registrable_domain(suffix_list(), name.c_str());
    return domain ? domain : name;
}

// Quoted as the paths of URLs are: "/%7Eu" and "/~u" are the same.
std::string normal_path(std::string_view path) { return wire::requote(path, wire::kPathChars); }

// ".", "..", "a..b": no host, and none below it.
bool has_empty_label(std::string_view domain) noexcept {
    return domain.empty() || domain.starts_with('.') || domain.find("..") != std::string_view::npos;
}

// `later` seconds from now, which may be as many as fit.
std::int64_t time_after(std::int64_t now, std::int64_t later) noexcept {
    return later > std::numeric_limits<std::int64_t>::max() - now ? std::numeric_limits<std::int64_t>::max()
                                                                  : now + later;
}

bool same_cookie(const Cookie& a, const Cookie& b) noexcept {
    return a.name == b.name && a.domain == b.domain && a.path == b.path && a.host_only == b.host_only;
}

// The order of eviction: insecure ones first, then the least recently used (rfc6265bis section 5.7).
bool goes_before(const StoredCookie* a, const StoredCookie* b) noexcept {
    if (a->cookie.secure != b->cookie.secure) return b->cookie.secure;
    return a->used < b->used;
}

}  // namespace

std::int64_t cookie_now() noexcept {
    const auto clock = replaced_clock.load(std::memory_order_relaxed);
    return clock ? clock() : wire::unix_time();
}
void set_cookie_clock(std::int64_t (*clock)() noexcept) noexcept { replaced_clock.store(clock); }

// --- what matches what -------------------------------------------------------------------------------------------

bool is_public_suffix(const std::string& domain) {
    if (!domain.ends_with('.')) return ::psl_is_public_suffix(suffix_list(), domain.c_str()) != 0;
    return ::psl_is_public_suffix(suffix_list(), without_root_dot(domain).c_str()) != 0;
}

bool domain_matches(std::string_view host, std::string_view domain) noexcept {
    if (host == domain) return true;
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
           !is_address(host);
}

bool path_matches(std::string_view request_path, std::string_view cookie_path) noexcept {
    if (!request_path.starts_with(cookie_path)) return false;
    return request_path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
           request_path[cookie_path.size()] == '/';
}

std::string default_cookie_path(std::string_view request_path) {
    const std::size_t last = request_path.rfind('/');
    if (!request_path.starts_with('/') || last == 0) return "/";
    return std::string(request_path.substr(0, last));
}

// --- setting -----------------------------------------------------------------------------------------------------

bool CookieStore::is_secure(const URL& url) const noexcept {
    if (url.scheme() == "https" || url.scheme() == "wss") return true;
    return std::any_of(secure_origins_.begin(), secure_origins_.end(),
                       [&](const URL& origin) { return origin.same_origin(url); });
}

// Sets the domain that the cookie is kept under. Result: whether it may have it. A server's leading dot was removed
// already: another one is a mistake.
bool CookieStore::settle_domain(Cookie& cookie, const std::string& host, Origin origin) const {
    if (cookie.domain.empty()) {
        cookie.domain = host;
        cookie.host_only = !host.empty();
        return true;
    }
    try {
        std::string_view domain = cookie.domain;
        if (origin == Origin::program && domain.starts_with('.')) domain.remove_prefix(1);
        cookie.domain = wire::normalised_host(domain);
    } catch (const ValueError&) {
        return false;
    }
    if (has_empty_label(cookie.domain)) return false;
    if (host.empty()) return true;  // the program may say what it likes
    if (cookie.domain == host && (is_public_suffix(host) || is_address(host))) {
        cookie.host_only = true;
        return true;
    }
    cookie.host_only = false;
    return !is_public_suffix(cookie.domain) && domain_matches(host, cookie.domain);
}

// The rules of rfc6265bis section 5.7 for what comes without TLS, and for names with a prefix.
bool CookieStore::server_may_set(const Cookie& cookie, bool domain_given, const URL& url) {
    const bool secure_url = is_secure(url);
    if (cookie.secure && !secure_url) return false;
    if (wire::starts_ignoring_case(cookie.name, "__Secure-") && !cookie.secure) return false;
    if (wire::starts_ignoring_case(cookie.name, "__Host-") &&
        (!cookie.secure || domain_given || cookie.path != "/")) {
        return false;
    }
    if (secure_url) return true;
    const auto site = sites_.find(site_of(cookie.domain));
    if (site == sites_.end()) return true;
    return std::none_of(site->second.begin(), site->second.end(), [&](const StoredCookie& other) {
        const Cookie& old = other.cookie;
        return old.secure && old.name == cookie.name && path_matches(cookie.path, old.path) &&
               (domain_matches(old.domain, cookie.domain) || domain_matches(cookie.domain, old.domain));
    });
}

void CookieStore::set(Cookie cookie, const URL& url, Origin origin) {
    const std::string& host = url.raw_host();
    if (options_.dummy || (!options_.unsafe && is_address(host))) return;
    const bool domain_given = !cookie.domain.empty();
    if (!settle_domain(cookie, host, origin)) return;
    if (!cookie.path.starts_with('/')) cookie.path = default_cookie_path(host.empty() ? "/" : url.raw_path());
    // No request has a tab there, and the file of cookies has one between its fields.
    if (cookie.name.find('\t') != std::string::npos || cookie.path.find('\t') != std::string::npos) return;
    cookie.path = normal_path(cookie.path);
    if (origin == Origin::server && !server_may_set(cookie, domain_given, url)) return;
    if (cookie.max_age) {
        const std::int64_t now = cookie_now();
        cookie.expires = *cookie.max_age <= 0 ? now : time_after(now, *cookie.max_age);
        cookie.max_age.reset();
    }
    put(std::move(cookie), origin == Origin::server);
}

void CookieStore::restore(Cookie cookie) {
    cookie.path = normal_path(cookie.path);
    if (!options_.dummy) put(std::move(cookie), true);
}

void CookieStore::put(Cookie cookie, bool as_is) {
    const bool expired = cookie.expires && *cookie.expires <= cookie_now();
    const std::string site = site_of(cookie.domain);
    auto found = sites_.find(site);
    if (found != sites_.end()) {
        Cookies& cookies = found->second;
        const auto old = std::find_if(cookies.begin(), cookies.end(),
                                      [&](const StoredCookie& other) { return same_cookie(other.cookie, cookie); });
        if (old != cookies.end()) {
            if (expired) {
                cookies.erase(old);
                --count_;
            } else {
                old->cookie = std::move(cookie);
                old->used = next_serial_++;
                old->as_is = as_is;
            }
            return;
        }
    }
    if (expired) return;
    Cookies& cookies = found != sites_.end() ? found->second : sites_[site];
    StoredCookie stored;
    stored.cookie = std::move(cookie);
    stored.created = stored.used = next_serial_++;
    stored.as_is = as_is;
    cookies.push_back(std::move(stored));
    ++count_;
    if (cookies.size() > kMostOfSite && !site.empty()) purge_site(cookies);
    if (count_ > kMost) purge_all();
}

// --- getting -----------------------------------------------------------------------------------------------------

std::vector<StoredCookie*> CookieStore::matches(const URL& url) {
    std::vector<StoredCookie*> result;
    if (sites_.empty()) return result;
    const std::string& host = url.raw_host();
    const std::string path = normal_path(url.raw_path());  // of a URL that is sent unchanged
    const bool secure = is_secure(url);
    const std::int64_t now = cookie_now();
    const auto collect = [&](const std::string& site, auto&& goes_there) {
        const auto found = sites_.find(site);
        if (found == sites_.end()) return;
        erase_from(found->second, [&](const StoredCookie& stored) { return stored.expired(now); });
        for (StoredCookie& stored : found->second) {
            const Cookie& cookie = stored.cookie;
            if ((cookie.secure && !secure) || !path_matches(path, cookie.path)) continue;
            if (goes_there(cookie)) result.push_back(&stored);
        }
    };
    if (options_.unsafe || !is_address(host)) {
        collect(site_of(host), [&](const Cookie& cookie) {
            return cookie.host_only ? cookie.domain == host : domain_matches(host, cookie.domain);
        });
    }
    // The site's own count before those for all hosts.
    const std::size_t own = host.empty() ? 0 : result.size();
    if (!host.empty()) {
        collect("", [&](const Cookie& cookie) {
            return std::none_of(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(own),
                                [&](const StoredCookie* other) { return other->cookie.name == cookie.name; });
        });
    }
    std::sort(result.begin(), result.end(), [](const StoredCookie* a, const StoredCookie* b) {
        if (a->cookie.path.size() != b->cookie.path.size()) return a->cookie.path.size() > b->cookie.path.size();
        return a->created < b->created;
    });
    for (StoredCookie* stored : result) stored->used = next_serial_++;
    return result;
}

std::string CookieStore::value_to_send(const StoredCookie& stored) const {
    if (stored.as_is || (!options_.quote_cookie && wire::is_field_value(stored.cookie.value)))
        return stored.cookie.value;
    return quote_cookie_value(stored.cookie.value);
}

std::vector<const StoredCookie*> CookieStore::all() const {
    std::vector<const StoredCookie*> result;
    const std::int64_t now = cookie_now();
    for (const auto& [site, cookies] : sites_) {
        for (const StoredCookie& stored : cookies) {
            if (!stored.expired(now)) result.push_back(&stored);
        }
    }
    std::sort(result.begin(), result.end(),
              [](const StoredCookie* a, const StoredCookie* b) { return a->created < b->created; });
    return result;
}

std::size_t CookieStore::size() const {
    const std::int64_t now = cookie_now();
    std::size_t count = 0;
    for (const auto& [site, cookies] : sites_) {
        for (const StoredCookie& stored : cookies) count += !stored.expired(now);
    }
    return count;
}

// --- dropping ----------------------------------------------------------------------------------------------------

void CookieStore::clear() noexcept {
    sites_.clear();
    count_ = 0;
}

void CookieStore::purge_site(Cookies& cookies) {
    const std::int64_t now = cookie_now();
    erase_from(cookies, [&](const StoredCookie& stored) { return stored.expired(now); });
    if (cookies.size() <= kMostOfSite) return;
    std::vector<const StoredCookie*> order;
    for (const StoredCookie& stored : cookies) order.push_back(&stored);
    const auto last = order.begin() + static_cast<std::ptrdiff_t>(cookies.size() - (kMostOfSite - kPurgedOfSite));
    std::nth_element(order.begin(), last, order.end(), goes_before);
    std::vector<std::uint64_t> gone;
    for (auto i = order.begin(); i != last; ++i) gone.push_back((*i)->created);
    std::sort(gone.begin(), gone.end());
    erase_from(cookies, [&](const StoredCookie& stored) {
        return std::binary_search(gone.begin(), gone.end(), stored.created);
    });
}

void CookieStore::purge_all() {
    const std::int64_t now = cookie_now();
    erase_if([&](const StoredCookie& stored) { return stored.expired(now); });
    if (count_ <= kMost) return;
    std::vector<std::uint64_t> used;
    for (const auto& [site, cookies] : sites_) {
        for (const StoredCookie& stored : cookies) {
            if (!stored.cookie.domain.empty()) used.push_back(stored.used);
        }
    }
    const std::size_t surplus = std::min(count_ - (kMost - kPurged), used.size());
    if (surplus == 0) return;
    const auto last = used.begin() + static_cast<std::ptrdiff_t>(surplus - 1);
    std::nth_element(used.begin(), last, used.end());
    const std::uint64_t newest_to_go = *last;
    erase_if(
        [&](const StoredCookie& stored) { return stored.used <= newest_to_go && !stored.cookie.domain.empty(); });
}

}  // namespace aio::http::detail
