// Percent-encoding: quote() and requote() of wire, and what url.hpp declares: quote(), unquote(), urlencode(),
// parse_qsl(). Which characters stay plain in which part of a URL is in percent.hpp and url.cpp.
#include "http/wire/percent.hpp"

#include <aio/http/url.hpp>

namespace aio::http {

namespace {

constexpr wire::CharSet kFormChars = wire::kUnreserved.with("*");

void append_quoted(std::string& result, char c) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto u = static_cast<unsigned char>(c);
    result += '%';
    result += kDigits[u >> 4];
    result += kDigits[u & 15];
}

// The byte that the "%XX" at `at` stands for; -1 if none stands there.
int quoted_byte(std::string_view text, std::size_t at) noexcept {
    if (text[at] != '%' || text.size() < at + 3) return -1;
    const int high = wire::hex_value(text[at + 1]);
    const int low = wire::hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

}  // namespace

std::string wire::requote(std::string_view text, const CharSet& plain) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (plain.has(c)) {
            result += c;
        } else if (const int byte = quoted_byte(text, i); byte >= 0) {
            const char quoted = static_cast<char>(byte);
            if (kUnreserved.has(quoted)) {
                result += quoted;
            } else {
                append_quoted(result, quoted);
            }
            i += 2;
        } else {
            append_quoted(result, c);
        }
    }
    return result;
}

std::string wire::quote(std::string_view text, const CharSet& plain) {
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (plain.has(c)) {
            result += c;
        } else {
            append_quoted(result, c);
        }
    }
    return result;
}

std::string quote(std::string_view text, std::string_view also) {
    return wire::quote(text, wire::kUnreserved.with(also));
}

std::string unquote(std::string_view text, bool plus) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (const int byte = quoted_byte(text, i); byte >= 0) {
            result += static_cast<char>(byte);
            i += 2;
        } else {
            result += plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    return result;
}

std::string urlencode(const Query& query) {
    std::string result;
    const auto append = [&](std::string_view text) {
        for (const char c : text) {
            if (c == ' ') {
                result += '+';
            } else if (kFormChars.has(c)) {
                result += c;
            } else {
                append_quoted(result, c);
            }
        }
    };
    for (const auto& [name, value] : query) {
        if (!result.empty()) result += '&';
        append(name);
        result += '=';
        append(value);
    }
    return result;
}

Query parse_qsl(std::string_view text) {
    Query query;
    while (!text.empty()) {
        std::string_view value = wire::take_until(text, '&');
        if (value.empty()) continue;
        const std::string_view name = wire::take_until(value, '=');
        query.emplace_back(unquote(name, true), unquote(value, true));
    }
    return query;
}

}  // namespace aio::http
