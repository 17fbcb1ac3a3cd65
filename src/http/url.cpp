// URL: parsing, its parts, and what is made of it.
#include <aio/http/url.hpp>

#include "http/wire/host_name.hpp"
#include "http/wire/percent.hpp"
#include "http/wire/syntax.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace aio::http {

namespace {

using wire::kPathChars, wire::kQueryChars, wire::kSegmentChars, wire::kUserChars;

std::uint16_t default_port(std::string_view scheme) noexcept {
    if (scheme == "http" || scheme == "ws") return 80;
    if (scheme == "https" || scheme == "wss") return 443;
    if (scheme == "ftp") return 21;
    return 0;
}

bool is_scheme(std::string_view text) noexcept {
    if (text.empty() || !wire::is_alpha(text.front())) return false;
    for (const char c : text) {
        if (!wire::is_alpha(c) && !wire::is_digit(c) && c != '+' && c != '-' && c != '.') return false;
    }
    return true;
}

// RFC 3986 section 5.2.4.
std::string without_dot_segments(std::string_view path) {
    std::string result;
    result.reserve(path.size());
    while (!path.empty()) {
        const bool slash = path.front() == '/';
        const std::string_view segment = path.substr(0, path.find('/', slash ? 1 : 0));
        path.remove_prefix(segment.size());
        const std::string_view name = segment.substr(slash ? 1 : 0);
        if (name != "." && name != "..") {
            result += segment;
            continue;
        }
        if (const std::size_t last = result.rfind('/'); name == "..")
            result.erase(last == std::string::npos ? 0 : last);
        if (!slash) {
            if (!path.empty()) path.remove_prefix(1);  // nothing is left of "../" at the beginning
        } else if (path.empty()) {
            result += '/';
        }
    }
    return result;
}

// The path of a URL with a host: it begins with "/" and goes nowhere but down.
std::string absolute_path(std::string_view path) {
    if (path.find("/.") == std::string_view::npos) return std::string(path.empty() ? "/" : path);
    return without_dot_segments(path);
}

}  // namespace

URL::URL(std::string_view text, URLOptions options) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) throw InvalidURL(text, "it has a control character");
        if (options.encoded && c == ' ') throw InvalidURL(text, "it has a space, which an encoded URL must not have");
    }
    const auto quoted = [&](std::string_view part, const wire::CharSet& plain) {
        return options.encoded ? std::string(part) : wire::requote(part, plain);
    };
    std::string_view rest = text;
    const std::size_t fragment = rest.find('#');
    if (fragment != std::string_view::npos) {
        fragment_ = quoted(rest.substr(fragment + 1), kQueryChars);
        rest = rest.substr(0, fragment);
    }
    const std::size_t query = rest.find('?');
    if (query != std::string_view::npos) {
        has_query_ = true;
        query_ = quoted(rest.substr(query + 1), kQueryChars);
        rest = rest.substr(0, query);
    }
    const std::size_t colon = rest.find(':');
    if (colon < rest.find('/') && is_scheme(rest.substr(0, colon))) {
        scheme_ = wire::lowered(rest.substr(0, colon));
        rest.remove_prefix(colon + 1);
    }
    if (rest.starts_with("//")) {
        rest.remove_prefix(2);
        const std::string_view authority = rest.substr(0, rest.find('/'));
        rest.remove_prefix(authority.size());
        parse_authority(authority, text);
    }
    require_host(text);
    path_ = quoted(rest, kPathChars);
    if (has_host_ && (!options.encoded || path_.empty())) path_ = absolute_path(path_);
}

void URL::parse_authority(std::string_view authority, std::string_view whole) {
    has_host_ = true;
    // Browsers take it for a slash: "http://a\\@b/" would be another host for them.
    if (authority.find('\\') != std::string_view::npos) throw InvalidURL(whole, "it has a backslash before the path");
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        std::string_view password = authority.substr(0, at);
        user_ = wire::requote(wire::take_until(password, ':'), kUserChars);
        if (authority.substr(0, at).find(':') != std::string_view::npos) {
            password_ = wire::requote(password, kUserChars);
        }
        authority.remove_prefix(at + 1);
    }
    std::string_view host = authority;
    const std::size_t bracket = authority.rfind(']');
    const std::size_t colon = authority.rfind(':');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        const std::string_view port = authority.substr(colon + 1);
        host = authority.substr(0, colon);
        if (!port.empty()) {
            port_ = wire::parse_number<std::uint16_t>(port);
            if (!port_)
                throw InvalidURL(whole, "the port '" + std::string(port) + "' is not a number from 0 to 65535");
        }
    }
    if (host.find(':') != std::string_view::npos && !host.starts_with('[')) {
        throw InvalidURL(whole, "an IPv6 address must be in brackets, a port must be digits");
    }
    set_host(host, whole);
}

void URL::set_host(std::string_view host, std::string_view whole) {
    try {
        host_ = wire::normalised_host(host);
    } catch (const ValueError& problem) {
        throw InvalidURL(whole, problem.what());
    }
}

// Source: RFC 9110 sections 4.2.1 and 4.2.2. A reference "//" would take it from whom it is joined to.
void URL::require_host(std::string_view whole) const {
    if (!host_.empty()) return;
    if (default_port(scheme_) != 0) throw InvalidURL(whole, "it has no host: write " + scheme_ + "://HOST/PATH");
    if (has_host_ && scheme_.empty()) throw InvalidURL(whole, "no host follows the //");
}

// --- the parts ---------------------------------------------------------------------------------------------------

std::string URL::host() const { return wire::readable_host(host_); }

std::uint16_t URL::port() const noexcept { return port_.value_or(default_port(scheme_)); }

bool URL::is_default_port() const noexcept { return port() == default_port(scheme_) && port() != 0; }

std::string URL::user() const { return unquote(user_); }

std::optional<std::string> URL::password() const {
    if (!password_) return std::nullopt;
    return unquote(*password_);
}

std::string URL::path() const { return unquote(path_); }
std::string URL::query_string() const { return unquote(query_, true); }
Query URL::query() const { return parse_qsl(query_); }
std::string URL::fragment() const { return unquote(fragment_); }
std::string URL::name() const { return unquote(std::string_view(path_).substr(path_.rfind('/') + 1)); }

std::string URL::suffix() const {
    const std::string last = name();
    const std::size_t dot = last.rfind('.');
    return dot == std::string::npos || dot == 0 || dot + 1 == last.size() ? "" : last.substr(dot);
}

std::string URL::path_qs() const {
    std::string text = path_.empty() && has_host_ ? "/" : path_;
    if (has_query_) text.append("?").append(query_);
    return text;
}

void URL::append_host_port(std::string& text, bool zone) const {
    if (host_.find(':') == std::string::npos) {
        text += host_;
    } else {
        const std::size_t percent = std::min(host_.find('%'), host_.size());
        text.append("[").append(host_, 0, percent);
        if (zone && percent < host_.size()) text.append("%25").append(host_, percent + 1);
        text += ']';
    }
    if (port_ && !is_default_port()) text.append(":").append(std::to_string(*port_));
}

std::string URL::host_port() const {
    std::string text;
    append_host_port(text, false);
    return text;
}

void URL::append_authority(std::string& text, bool credentials) const {
    text += "//";
    if (credentials && (!user_.empty() || password_)) {
        text += user_;
        if (password_) text.append(":").append(*password_);
        text += '@';
    }
    append_host_port(text, true);
}

std::string URL::to_text(bool credentials) const {
    std::string text;
    text.reserve(scheme_.size() + host_.size() + path_.size() + query_.size() + 16);
    if (!scheme_.empty()) text.append(scheme_).append(":");
    if (has_host_) {
        append_authority(text, credentials);
    } else if (path_.starts_with("//")) {
        text += "/.";  // else the first segment would be read as a host
    } else if (scheme_.empty() && path_.find(':') < path_.find('/')) {
        text += "./";  // or as a scheme
    }
    text += path_;
    if (has_query_) text.append("?").append(query_);
    if (!fragment_.empty()) text.append("#").append(fragment_);
    return text;
}

std::string URL::str() const { return to_text(true); }
std::string URL::str_without_credentials() const { return to_text(false); }

URL URL::origin() const {
    if (!has_host_ || scheme_.empty()) throw InvalidURL(str(), "it is relative, so it has no origin");
    URL url;
    url.scheme_ = scheme_;
    url.host_ = host_;
    url.has_host_ = true;
    if (!is_default_port()) url.port_ = port_;
    return url;
}

URL URL::relative() const {
    if (!has_host_) throw InvalidURL(str(), "it is relative already");
    URL url;
    url.path_ = path_;
    url.query_ = query_;
    url.fragment_ = fragment_;
    url.has_query_ = has_query_;
    return url;
}

bool URL::same_origin(const URL& other) const noexcept {
    return scheme_ == other.scheme_ && host_ == other.host_ && port() == other.port();
}

bool operator==(const URL& a, const URL& b) noexcept {
    const auto parts = [](const URL& url) {
        return std::tie(url.scheme_, url.user_, url.password_, url.host_, url.path_, url.query_, url.fragment_,
                        url.has_host_, url.has_query_);
    };
    return parts(a) == parts(b) && a.port() == b.port() && (a.port_ == b.port_ || a.is_default_port());
}

// --- others made of it -------------------------------------------------------------------------------------------

URL URL::join(const URL& reference) const {
    URL url = reference;
    if (!reference.scheme_.empty()) return url;
    url.scheme_ = scheme_;
    if (reference.has_host_) return url;
    url.has_host_ = has_host_;
    url.user_ = user_;
    url.password_ = password_;
    url.host_ = host_;
    url.port_ = port_;
    if (reference.path_.empty()) {
        url.path_ = path_;
        if (!reference.has_query_) {
            url.query_ = query_;
            url.has_query_ = has_query_;
        }
    } else if (reference.path_.front() != '/') {
        const std::size_t slash = path_.rfind('/');
        const std::string folder = slash == std::string::npos ? (has_host_ ? "/" : "") : path_.substr(0, slash + 1);
        url.path_ = without_dot_segments(folder + reference.path_);
    } else {
        url.path_ = without_dot_segments(reference.path_);
    }
    url.require_host(reference.str_without_credentials());
    return url;
}

URL URL::operator/(std::string_view segment) const {
    if (segment == "." || segment == "..") throw InvalidURL(str(), "'.' and '..' are not segment names");
    URL url = *this;
    url.query_.clear();
    url.fragment_.clear();
    url.has_query_ = false;
    if (!url.path_.ends_with('/') && (has_host_ || !path_.empty())) url.path_ += '/';
    url.path_ += wire::quote(segment, kSegmentChars);
    return url;
}

URL URL::with_scheme(std::string_view scheme) const {
    if (!is_scheme(scheme)) throw InvalidURL(str(), "'" + wire::printable(scheme) + "' is not a scheme");
    URL url = *this;
    url.scheme_ = wire::lowered(scheme);
    url.require_host(str_without_credentials());
    return url;
}

URL URL::with_host(std::string_view host) const {
    if (!has_host_) throw InvalidURL(str(), "a relative URL has no host to replace");
    URL url = *this;
    url.set_host(host, host);
    if (url.host_.empty()) throw InvalidURL(str_without_credentials(), "the new host is empty");
    return url;
}

URL URL::with_port(std::optional<std::uint16_t> port) const {
    if (!has_host_) throw InvalidURL(str(), "a relative URL has no port to replace");
    URL url = *this;
    url.port_ = port;
    return url;
}

URL URL::with_user(std::string_view user, std::optional<std::string_view> password) const {
    if (!has_host_) throw InvalidURL(str(), "a relative URL has no user to replace");
    URL url = *this;
    url.user_ = wire::quote(user, kUserChars);
    url.password_.reset();
    if (password) url.password_ = wire::quote(*password, kUserChars);
    return url;
}

URL URL::without_credentials() const {
    URL url = *this;
    url.user_.clear();
    url.password_.reset();
    return url;
}

URL URL::with_path(std::string_view path) const {
    URL url = *this;
    url.path_ = wire::quote(path, kPathChars);
    if (has_host_) {
        if (!url.path_.starts_with('/')) url.path_.insert(0, 1, '/');
        url.path_ = absolute_path(url.path_);
    }
    url.query_.clear();
    url.fragment_.clear();
    url.has_query_ = false;
    return url;
}

URL URL::with_query(const Query& query) const {
    URL url = *this;
    url.query_ = urlencode(query);
    url.has_query_ = !query.empty();
    return url;
}

URL URL::extend_query(const Query& query) const {
    if (query.empty()) return *this;
    URL url = *this;
    if (!url.query_.empty() && !url.query_.ends_with('&')) url.query_ += '&';
    url.query_ += urlencode(query);
    url.has_query_ = true;
    return url;
}

URL URL::with_fragment(std::string_view fragment) const {
    URL url = *this;
    url.fragment_ = wire::quote(fragment, kQueryChars);
    return url;
}

URL URL::with_name(std::string_view name) const {
    if (name == "." || name == "..") throw InvalidURL(str(), "'.' and '..' are not file names");
    URL url = *this;
    url.path_.erase(url.path_.rfind('/') + 1);
    url.path_ += wire::quote(name, kSegmentChars);
    url.query_.clear();
    url.fragment_.clear();
    url.has_query_ = false;
    return url;
}

}  // namespace aio::http
