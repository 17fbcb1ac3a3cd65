// A URL in its parts (yarl.URL): parsed, requoted, joined; a value that does not change.
//
//     aio::http::URL url("https://example.org/search?q=été#top");
//     url.host();                              // "example.org"
//     url.path_qs();                           // "/search?q=%C3%A9t%C3%A9": the target of a request
//     url.join("../index.html").str();         // "https://example.org/index.html"
//
// Characters that a URL may not contain are quoted (UTF-8, then %XX); quoted ones stay so, except letters, digits and
// "-._~", which never need it. Host names are converted to lower case and to IDNA ("é.example" is "xn--9ca.example").
// "." and ".." in the path of an absolute URL are resolved. Functions named raw_ return a part as it is sent, the
// others unquoted.
//
// A signed URL must be sent as it was signed: `URL(text, {.encoded = true})` does not change
// its path, query and fragment.
//
// http, https, ws, wss and ftp need a host: no URL of these schemes is parsed, joined or rebuilt without one. (A
// resolver takes the empty host for this machine.)
//
// Source: RFC 3986; RFC 5891 (IDNA 2008, by libidn2); yarl 1.18.
#pragma once

#include <aio/http/errors.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

// The parameters of a query, in order; a name may occur more than once.
using Query = std::vector<std::pair<std::string, std::string>>;

// The options of a URL's constructor. Trivially destructible, so that `session.get(URL(text, {.encoded = true}))` is
// safe in a co_await expression on g++ 12.
struct URLOptions {
    // The text is quoted already, and not changed: path, query and fragment are not requoted, "." and ".." not
    // resolved. The host is normalised all the same.
    bool encoded = false;
};

// An absolute or relative URL: yarl.URL.
class URL {
public:
    URL() noexcept = default;
    // Errors: InvalidURL, whose message has the URL and the problem; also for a space in a text that is `encoded`.
    URL(std::string_view text) : URL(text, URLOptions()) {}
    URL(std::string_view text, URLOptions options);
    template <class S>
        requires(std::convertible_to<const S&, std::string_view> && !std::same_as<S, std::string_view>)
    URL(const S& text) : URL(std::string_view(text)) {}

    // "https", lower case; empty for a relative reference.
    const std::string& scheme() const noexcept { return scheme_; }
    // The host, without the brackets of IPv6 addresses, and with the zone: "fe80::1%eth0".
    std::string host() const;
    const std::string& raw_host() const noexcept { return host_; }
    // The port in the URL, else the default of the scheme, else 0; explicit_port(): only the one in the URL.
    std::uint16_t port() const noexcept;
    std::optional<std::uint16_t> explicit_port() const noexcept { return port_; }
    std::string user() const;
    // nullopt if there is none; "http://user:@host/" has an empty one.
    std::optional<std::string> password() const;
    std::string path() const;
    const std::string& raw_path() const noexcept { return path_; }
    // The query without "?".
    std::string query_string() const;
    const std::string& raw_query_string() const noexcept { return query_; }
    // The parameters of the query; a "+" there is a space.
    Query query() const;
    std::string fragment() const;
    // The last segment of the path, and its extension with the dot.
    std::string name() const;
    std::string suffix() const;

    // "/path?query": the target of a request to the host.
    std::string path_qs() const;
    // "host:port", with brackets around IPv6 addresses, without their zone, and without the default port of the scheme:
    // for the Host header.
    std::string host_port() const;
    // "https://host:port", without user, path and more. Errors: InvalidURL for a relative reference.
    URL origin() const;
    // "/path?query#fragment"; "/.//path" where "//path" would name a host. Errors: InvalidURL for a relative reference.
    URL relative() const;
    // Whether scheme, host and port are the same; whether it has a host; whether its port is the default of its scheme.
    bool same_origin(const URL& other) const noexcept;
    bool is_absolute() const noexcept { return has_host_; }
    bool is_default_port() const noexcept;
    // The whole URL, quoted.
    std::string str() const;
    // The same without user and password: for messages and logs.
    std::string str_without_credentials() const;

    // The URL of `reference` relative to this one (RFC 3986 section 5.2). Errors: InvalidURL when the result has no
    // host and its scheme needs one.
    URL join(const URL& reference) const;
    // One more segment, quoted: url / "a b/c" ends in "/a%20b%2Fc". Errors: InvalidURL for "." and "..".
    URL operator/(std::string_view segment) const;
    // A copy with one part changed. The arguments are text, not quoted yet: with_path("/a%20b") has a percent sign in
    // its name. The other parts stay, but with_path(), with_name() and / drop query and fragment. Errors: InvalidURL.
    URL with_scheme(std::string_view scheme) const;
    URL with_host(std::string_view host) const;
    URL with_port(std::optional<std::uint16_t> port) const;
    URL with_user(std::string_view user, std::optional<std::string_view> password = std::nullopt) const;
    URL without_credentials() const;
    URL with_path(std::string_view path) const;
    URL with_query(const Query& query) const;
    // Appends parameters to those that are there.
    URL extend_query(const Query& query) const;
    URL with_fragment(std::string_view fragment) const;
    URL with_name(std::string_view name) const;

    // The default port of the scheme is equal to none.
    friend bool operator==(const URL& a, const URL& b) noexcept;

private:
    void parse_authority(std::string_view authority, std::string_view whole);
    void set_host(std::string_view host, std::string_view whole);
    void require_host(std::string_view whole) const;
    void append_authority(std::string& text, bool credentials) const;
    void append_host_port(std::string& text, bool zone) const;
    std::string to_text(bool credentials) const;

    // All quoted. host_ is not empty if scheme_ needs a host, and if scheme_ is empty and has_host_ is set.
    std::string scheme_, user_, host_, path_, query_, fragment_;
    std::optional<std::string> password_;
    std::optional<std::uint16_t> port_;
    bool has_host_ = false;   // there was a "//"
    bool has_query_ = false;  // there was a "?"
};

// Quotes everything but letters, digits, "-._~" and `also`.
std::string quote(std::string_view text, std::string_view also = "");
// The reverse of quote(). A "%" that begins no quoted byte stays. plus: "+" is a space.
std::string unquote(std::string_view text, bool plus = false);
// "a=1&b=x+y", as forms are sent (WHATWG URL, application/x-www-form-urlencoded), and back.
std::string urlencode(const Query& query);
Query parse_qsl(std::string_view text);

}  // namespace aio::http
