// The syntax of cookies: quoting, parsing Cookie and Set-Cookie, building Set-Cookie. Whether a client stores and sends
// a cookie is decided in client/cookie_store.cpp; the lenient date of Expires is parsed in wire/cookie_date.cpp.
#include <aio/base/error.hpp>
#include <aio/http/cookies.hpp>

#include "http/wire/cookie_date.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <limits>

namespace aio::http {

namespace {

constexpr std::size_t kMostBytes = 4096;           // of name and value (rfc6265bis section 5.6)
constexpr std::size_t kMostAttributeBytes = 1024;  // of an attribute's value, which is else ignored

// What RFC 6265 section 4.1.1 lets stand in a value; and bytes above 127, which all sides pass on as they are.
bool is_cookie_octet(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u == 0x21 || (u >= 0x23 && u <= 0x2B) || (u >= 0x2D && u <= 0x3A) || (u >= 0x3C && u <= 0x5B) ||
           (u >= 0x5D && u != 0x7F);
}

bool is_octal(char c, char most) noexcept { return c >= '0' && c <= most; }

}  // namespace

// --- quotes ------------------------------------------------------------------------------------------------------

// Python's http.cookies: "\"" and "\\" get a backslash, all else that may not stand there is "\ooo", in octal.
std::string quote_cookie_value(std::string_view value) {
    if (std::all_of(value.begin(), value.end(), is_cookie_octet)) return std::string(value);
    std::string result = "\"";
    for (const char c : value) {
        const auto u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (u < 0x20 || u == 0x7F || c == ';' || c == ',') {
            result += '\\';
            result += static_cast<char>('0' + (u >> 6));
            result += static_cast<char>('0' + (u >> 3 & 7));
            result += static_cast<char>('0' + (u & 7));
        } else {
            result += c;
        }
    }
    result += '"';
    return result;
}

std::string unquote_cookie_value(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
    text = text.substr(1, text.size() - 2);
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            result += text[i];
        } else if (i + 3 < text.size() && is_octal(text[i + 1], '3') && is_octal(text[i + 2], '7') &&
                   is_octal(text[i + 3], '7')) {
            result += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
            i += 3;
        } else {
            result += text[++i];
        }
    }
    return result;
}

// --- headers -----------------------------------------------------------------------------------------------------

namespace {

void check_attribute(std::string_view cookie, std::string_view attribute, std::string_view value) {
    if (wire::is_field_value(value) && value.find(';') == std::string_view::npos) return;
    throw ValueError("the " + std::string(attribute) + " of the cookie " + std::string(cookie) + ", '" +
                     wire::printable(value) + "', has a ';' or a control character");
}

void check_prefix(const Cookie& cookie) {
    const bool host = wire::starts_ignoring_case(cookie.name, "__Host-");
    if (!host && !wire::starts_ignoring_case(cookie.name, "__Secure-")) return;
    if (!cookie.secure) throw ValueError("a cookie named " + cookie.name + " must be secure, or browsers refuse it");
    if (host && (!cookie.domain.empty() || (cookie.path != "/" && !cookie.path.empty()))) {
        throw ValueError("a cookie named " + cookie.name +
                         " must have no domain and the path /, or browsers refuse it");
    }
}

}  // namespace

std::string Cookie::header() const {
    if (!wire::is_token(name)) throw ValueError("the cookie name '" + wire::printable(name) + "' is not a token");
    check_attribute(name, "domain", domain);
    check_attribute(name, "path", path);
    check_attribute(name, "same_site", same_site);
    check_prefix(*this);
    std::string text = name + "=" + quote_cookie_value(value);
    if (expires) text += "; Expires=" + wire::format_date(*expires);
    if (max_age) text += "; Max-Age=" + std::to_string(*max_age);
    if (!domain.empty()) text += "; Domain=" + domain;
    const bool host_prefix = wire::starts_ignoring_case(name, "__Host-");
    if (!path.empty() || host_prefix) text += "; Path=" + (path.empty() ? std::string("/") : path);
    if (secure) text += "; Secure";
    if (http_only) text += "; HttpOnly";
    if (!same_site.empty()) text += "; SameSite=" + same_site;
    if (partitioned) text += "; Partitioned";
    return text;
}

std::vector<std::pair<std::string, std::string>> parse_cookie_header(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> cookies;
    while (!text.empty()) {
        // A quoted value has no ";" in it: those who quote write "\073".
        std::string_view value = wire::trimmed(wire::take_until(text, ';'));
        const bool pair = value.find('=') != std::string_view::npos;
        const std::string_view name = wire::trimmed(wire::take_until(value, '='));
        if (!pair || name.empty()) continue;
        cookies.emplace_back(std::string(name), unquote_cookie_value(wire::trimmed(value)));
    }
    return cookies;
}

// --- Set-Cookie --------------------------------------------------------------------------------------------------

namespace {

// Digits with a sign before them, at most what fits (RFC 6265 section 5.2.2).
std::optional<std::int64_t> parse_max_age(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.empty() || !std::all_of(text.begin(), text.end(), wire::is_digit)) return std::nullopt;
    if (negative) return 0;
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    return wire::parse_number<std::int64_t>(text).value_or(kMost);
}

void apply_attribute(Cookie& cookie, std::string_view name, std::string_view value) {
    if (value.size() > kMostAttributeBytes) return;
    if (wire::equal_ignoring_case(name, "expires")) {
        if (const auto time = wire::parse_cookie_date(value)) cookie.expires = *time;
    } else if (wire::equal_ignoring_case(name, "max-age")) {
        if (const auto seconds = parse_max_age(value)) cookie.max_age = *seconds;
    } else if (wire::equal_ignoring_case(name, "domain")) {
        cookie.domain = wire::lowered(value.substr(value.starts_with('.') ? 1 : 0));
    } else if (wire::equal_ignoring_case(name, "path")) {
        cookie.path = value.starts_with('/') ? std::string(value) : std::string();
    } else if (wire::equal_ignoring_case(name, "secure")) {
        cookie.secure = true;
    } else if (wire::equal_ignoring_case(name, "httponly")) {
        cookie.http_only = true;
    } else if (wire::equal_ignoring_case(name, "partitioned")) {
        cookie.partitioned = true;
    } else if (wire::equal_ignoring_case(name, "samesite")) {
        cookie.same_site.clear();
        for (const std::string_view known : {"Strict", "Lax", "None"}) {
            if (wire::equal_ignoring_case(value, known)) cookie.same_site = known;
        }
    }
}

}  // namespace

std::optional<Cookie> parse_set_cookie(std::string_view text) {
    if (!wire::is_field_value(text)) return std::nullopt;
    std::string_view value = wire::take_until(text, ';');
    if (value.find('=') == std::string_view::npos) return std::nullopt;
    const std::string_view name = wire::trimmed(wire::take_until(value, '='));
    value = wire::trimmed(value);
    if (name.empty() || name.size() + value.size() > kMostBytes) return std::nullopt;
    Cookie cookie{std::string(name), std::string(value)};
    while (!text.empty()) {
        std::string_view attribute_value = wire::take_until(text, ';');
        const std::string_view attribute = wire::trimmed(wire::take_until(attribute_value, '='));
        apply_attribute(cookie, attribute, wire::trimmed(attribute_value));
    }
    return cookie;
}

}  // namespace aio::http
