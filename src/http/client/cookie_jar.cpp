// CookieJar's public functions, on top of a CookieStore. cookie_store.cpp has the rules (domains, paths, expiry,
// limits), cookie_file.cpp the file format of save() and load(), http/cookies.cpp the syntax of the headers.
#include <aio/base/error.hpp>
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/headers.hpp>
#include <aio/io/file_system.hpp>

#include "http/client/cookie_store.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http {

using detail::CookieStore;

CookieJar::CookieJar(CookieJarOptions options) : store_(std::make_unique<CookieStore>(options)) {}
CookieJar::~CookieJar() = default;

CookieJar& CookieJar::treat_as_secure_origin(const URL& origin) {
    store_->add_secure_origin(origin);
    return *this;
}

void CookieJar::update_cookies(const Headers& response_headers, const URL& response_url) {
    for (const auto& [name, value] : response_headers) {
        if (!wire::equal_ignoring_case(name, "Set-Cookie")) continue;
        if (auto cookie = parse_set_cookie(value)) {
            store_->set(std::move(*cookie), response_url, CookieStore::Origin::server);
        }
    }
}

void CookieJar::update_cookies(const std::vector<Cookie>& cookies, const URL& response_url) {
    for (const Cookie& cookie : cookies) {
        if (!wire::is_token(cookie.name)) {
            throw ValueError("the cookie name '" + wire::printable(cookie.name) + "' is not a token");
        }
    }
    for (const Cookie& cookie : cookies) store_->set(cookie, response_url, CookieStore::Origin::program);
}

std::string CookieJar::cookie_header(const URL& request_url) {
    std::string header;
    for (const detail::StoredCookie* stored : store_->matches(request_url)) {
        if (!header.empty()) header += "; ";
        header.append(stored->cookie.name).append("=").append(store_->value_to_send(*stored));
    }
    return header;
}

std::vector<Cookie> CookieJar::filter_cookies(const URL& request_url) {
    std::vector<Cookie> cookies;
    for (const detail::StoredCookie* stored : store_->matches(request_url)) cookies.push_back(stored->cookie);
    return cookies;
}

void CookieJar::clear() noexcept { store_->clear(); }

void CookieJar::clear_domain(std::string_view domain) {
    store_->erase_if(
        [&](const detail::StoredCookie& stored) { return detail::domain_matches(stored.cookie.domain, domain); });
}

void CookieJar::clear_chosen(const Chosen& chosen) {
    store_->erase_if([&](const detail::StoredCookie& stored) { return chosen(stored.cookie); });
}

std::vector<Cookie> CookieJar::cookies() const {
    std::vector<Cookie> result;
    for (const detail::StoredCookie* stored : store_->all()) result.push_back(stored->cookie);
    return result;
}

std::size_t CookieJar::size() const { return store_->size(); }

Coro<> CookieJar::save(std::string path) const {
    std::string text = detail::cookie_file(*store_);
    co_await files::write_file(std::move(path), std::move(text), {.atomic = true, .permissions = 0600});
}

Coro<> CookieJar::load(std::string path) {
    const std::string text = co_await files::read_file(std::move(path));
    std::vector<Cookie> cookies = detail::parse_cookie_file(text);
    store_->clear();
    for (Cookie& cookie : cookies) store_->restore(std::move(cookie));
}

}  // namespace aio::http
