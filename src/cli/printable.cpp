// UTF-8, one character after the other. Source: RFC 3629.
#include "cli/printable.hpp"

#include "http/wire/syntax.hpp"

#include <array>

namespace aio::cli {

namespace {

struct Range {
    char32_t first, last;
};

constexpr std::array<Range, 5> kUnprintable = {
    {{0x00, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xd800, 0xdfff}}};

bool is_printable(char32_t c) noexcept {
    for (const Range& range : kUnprintable) {
        if (c >= range.first && c <= range.last) return false;
    }
    return c <= 0x10ffff;
}

constexpr unsigned char byte_at(std::string_view text, std::size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

// How many bytes a character has that begins so; 0: none does.
std::size_t size_of_character(unsigned char first) noexcept {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

}  // namespace

Character take_character(std::string_view& text) noexcept {
    constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};  // shorter forms are not allowed
    const std::size_t size = size_of_character(byte_at(text, 0));
    bool good = size > 0 && size <= text.size();
    char32_t value = byte_at(text, 0);
    if (good && size > 1) {
        value &= 0x7fu >> size;
        for (std::size_t i = 1; i < size; ++i) {
            good = good && (byte_at(text, i) & 0xc0) == 0x80;
            value = value << 6 | (byte_at(text, i) & 0x3f);
        }
        good = good && value >= kSmallest[size];
    }
    const std::string_view bytes = text.substr(0, good ? size : 1);
    text.remove_prefix(bytes.size());
    return {bytes, good && is_printable(value)};
}

std::string printable_line(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const Character next = take_character(text);
        if (next.printable || next.bytes == "\n") {
            result += next.bytes;
            continue;
        }
        for (const char c : next.bytes) {
            result += "\\x";
            http::wire::append_hex(result, c);
        }
    }
    return result;
}

}  // namespace aio::cli
