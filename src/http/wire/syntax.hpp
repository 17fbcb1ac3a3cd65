// The characters of HTTP: tokens, field values, lists; and small work on text that all of http shares.
// Source: RFC 9110 section 5.6.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
// The digit's value; -1 if it is none.
constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Some of the 256 characters.
class CharSet {
public:
    static constexpr CharSet letters_and_digits() noexcept {
        CharSet set;
        for (std::size_t c = 0; c < 128; ++c)
            set.has_[c] = is_alpha(static_cast<char>(c)) || is_digit(static_cast<char>(c));
        return set;
    }
    constexpr CharSet with(std::string_view more) const noexcept {
        CharSet set = *this;
        for (const char c : more) set.has_[static_cast<unsigned char>(c)] = true;
        return set;
    }
    constexpr bool has(char c) const noexcept { return has_[static_cast<unsigned char>(c)]; }
    constexpr bool has_all(std::string_view text) const noexcept {
        for (const char c : text) {
            if (!has(c)) return false;
        }
        return true;
    }

private:
    std::array<bool, 256> has_{};
};

inline constexpr CharSet kTokenChars = CharSet::letters_and_digits().with("!#$%&'*+-.^_`|~");
// What never needs quotes in a URL (RFC 3986 section 2.3).
inline constexpr CharSet kUnreserved = CharSet::letters_and_digits().with("-._~");

constexpr bool is_token_char(char c) noexcept { return kTokenChars.has(c); }
constexpr bool is_token(std::string_view text) noexcept { return !text.empty() && kTokenChars.has_all(text); }

// No control character but the tab. (A loop without an early end: compilers make vectors of it.)
inline bool is_field_value(std::string_view text) noexcept {
    unsigned bad = 0;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        bad |= static_cast<unsigned>(u < 0x20) & static_cast<unsigned>(u != '\t');
        bad |= static_cast<unsigned>(u == 0x7f);
    }
    return bad == 0;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

constexpr bool starts_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

inline std::string lowered(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = lower(c);
    return result;
}

// Without spaces and tabs at both ends.
constexpr std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// What stands before the next `separator` in `rest`, which loses both; without one, all of it.
constexpr std::string_view take_until(std::string_view& rest, char separator) noexcept {
    const std::size_t at = rest.find(separator);
    const std::string_view part = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    return part;
}

// Whether a list with commas has this member, without regard to case.
constexpr bool list_has(std::string_view list, std::string_view member) noexcept {
    while (!list.empty()) {
        if (equal_ignoring_case(trimmed(take_until(list, ',')), member)) return true;
    }
    return false;
}

// A line of a head.
inline void append_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
}

// Two lower-case digits.
inline void append_hex(std::string& text, char byte) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto u = static_cast<unsigned char>(byte);
    text += kDigits[u >> 4];
    text += kDigits[u & 15];
}

inline void append_number(std::string& text, std::uint64_t number, int base = 10) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    text.append(digits.data(), end);
}

// "1f4\r\n", before a chunk.
inline void append_chunk_size(std::string& text, std::size_t size) {
    append_number(text, size, 16);
    text.append("\r\n");
}

// Digits only, no sign; nothing if it is something else or too large.
template <class Number = std::uint64_t>
std::optional<Number> parse_number(std::string_view text, int base = 10) noexcept {
    Number number{};
    if (text.empty() || hex_value(text.front()) < 0) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// For messages to people: at most 80 characters, what cannot be printed as \xNN.
std::string printable(std::string_view text);

}  // namespace aio::http::wire
