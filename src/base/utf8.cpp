// Validating UTF-8, counting whole characters, finding and translating line ends: bytes in, positions and reasons out.
// The exceptions for bad text are thrown by the callers: io/files/reading.cpp and writing.cpp, http/wire/charset.cpp.
#include "base/utf8.hpp"

#include <aio/base/assert.hpp>

#include <algorithm>
#include <cstring>

namespace aio::detail {

namespace {

constexpr std::size_t kNoByte = std::string_view::npos;
constexpr const char* kBadStart = "invalid start byte";
constexpr const char* kBadContinuation = "invalid continuation byte";
constexpr const char* kCutShort = "unexpected end of data";

// One character, or an invalid sequence.
struct Step {
    std::size_t length;
    const char* reason = nullptr;  // null: a character
};

bool within(unsigned char byte, unsigned low, unsigned high) noexcept { return byte >= low && byte <= high; }

// The values that the second byte of a sequence may have; later bytes are 80..BF.
struct Second {
    unsigned low = 0x80, high = 0xBF;
};
Second second_after(unsigned char first) noexcept {
    switch (first) {
        case 0xE0: return {0xA0, 0xBF};  // nothing that fits into two bytes
        case 0xED: return {0x80, 0x9F};  // no surrogates
        case 0xF0: return {0x90, 0xBF};  // nothing that fits into three
        case 0xF4: return {0x80, 0x8F};  // nothing past U+10FFFF
        default: return {};
    }
}

// Precondition: at < bytes.size(), and the byte there is not ASCII.
Step step(std::string_view bytes, std::size_t at) noexcept {
    AIO_ASSERT(at < bytes.size() && static_cast<unsigned char>(bytes[at]) >= 0x80);
    const auto first = static_cast<unsigned char>(bytes[at]);
    const std::size_t length = within(first, 0xC2, 0xDF)   ? 2
                               : within(first, 0xE0, 0xEF) ? 3
                               : within(first, 0xF0, 0xF4) ? 4
                                                           : 0;
    if (length == 0) return {1, kBadStart};
    for (std::size_t i = 1; i < length; ++i) {
        if (at + i == bytes.size()) return {i, kCutShort};
        const auto byte = static_cast<unsigned char>(bytes[at + i]);
        const Second range = i == 1 ? second_after(first) : Second{};
        if (!within(byte, range.low, range.high)) return {i, kBadContinuation};
    }
    return {length};
}

bool is_ascii(char byte) noexcept { return static_cast<unsigned char>(byte) < 0x80; }

// The index of the first byte from `at` on that is not ASCII; eight bytes are examined at a time.
std::size_t skip_ascii(std::string_view bytes, std::size_t at) noexcept {
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    while (at + 8 <= bytes.size()) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + at, 8);
        if (word & kHighBits) break;
        at += 8;
    }
    while (at < bytes.size() && is_ascii(bytes[at])) ++at;
    return at;
}

std::size_t find(std::string_view bytes, char wanted, std::size_t from) noexcept {
    if (from >= bytes.size()) return kNoByte;
    const void* found = std::memchr(bytes.data() + from, wanted, bytes.size() - from);
    return found ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) : kNoByte;
}

std::size_t after(std::size_t found) noexcept { return found == kNoByte ? kNoByte : found + 1; }

std::size_t find_universal_end(std::string_view bytes, bool more, std::size_t from) noexcept {
    const std::size_t lf = find(bytes, '\n', from);
    const std::size_t cr = find(lf == kNoByte ? bytes : bytes.substr(0, lf), '\r', from);
    if (cr == kNoByte) return after(lf);
    if (cr + 1 < bytes.size()) return bytes[cr + 1] == '\n' ? cr + 2 : cr + 1;
    return more ? kNoByte : cr + 1;  // the next byte may belong to it
}

}  // namespace

BadBytes find_bad_utf8(std::string_view bytes, std::size_t from) noexcept {
    for (std::size_t at = skip_ascii(bytes, from); at < bytes.size(); at = skip_ascii(bytes, at)) {
        const Step next = step(bytes, at);
        if (next.reason) return {at, next.length, next.reason, next.reason == kCutShort};
        at += next.length;
    }
    return {};
}

Prefix take_characters(std::string_view bytes, std::size_t wanted, DecodeErrors errors, Newlines newlines, bool more,
                       Prefix from) noexcept {
    Prefix taken = from;
    while (taken.characters < wanted && taken.bytes < bytes.size()) {
        const char byte = bytes[taken.bytes];
        std::size_t length = 1;
        bool counts = true;
        if (byte == '\r' && newlines == Newlines::universal) {
            if (taken.bytes + 1 == bytes.size() && more) break;
            length = taken.bytes + 1 < bytes.size() && bytes[taken.bytes + 1] == '\n' ? 2 : 1;
        } else if (!is_ascii(byte)) {
            const Step next = step(bytes, taken.bytes);
            if (next.reason == kCutShort && more) break;
            length = next.length;
            counts = !next.reason || errors != DecodeErrors::ignore;
        }
        taken.bytes += length;
        taken.characters += counts;
    }
    return taken;
}

std::size_t find_line_end(std::string_view bytes, Newlines newlines, bool more, std::size_t from) noexcept {
    switch (newlines) {
        case Newlines::universal:
        case Newlines::any: return find_universal_end(bytes, more, from);
        case Newlines::cr: return after(find(bytes, '\r', from));
        case Newlines::crlf: {
            const std::size_t found = bytes.find("\r\n", from == 0 ? 0 : from - 1);
            return found == kNoByte ? kNoByte : found + 2;
        }
        default: return after(find(bytes, '\n', from));
    }
}

bool is_plain(std::string_view bytes, Newlines newlines) noexcept {
    AIO_ASSERT(!find_bad_utf8(bytes));
    return newlines != Newlines::universal || find(bytes, '\r', 0) == kNoByte;
}

std::string decode(std::string_view bytes, DecodeErrors errors, Newlines newlines) {
    AIO_ASSERT(errors != DecodeErrors::strict || !find_bad_utf8(bytes));
    std::string text;
    text.reserve(bytes.size());
    const bool universal = newlines == Newlines::universal;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t plain = skip_ascii(bytes, at);
        for (; universal && at < plain; ++at) {
            if (bytes[at] != '\r') {
                text += bytes[at];
            } else if (at + 1 == bytes.size() || bytes[at + 1] != '\n') {
                text += '\n';
            }
        }
        text.append(bytes, at, plain - at);
        at = plain;
        if (at == bytes.size()) break;
        const Step next = step(bytes, at);
        if (!next.reason) {
            text.append(bytes, at, next.length);
        } else if (errors != DecodeErrors::ignore) {
            text += "\xEF\xBF\xBD";  // U+FFFD
        }
        at += next.length;
    }
    return text;
}

std::string_view encode_newlines(std::string_view text, Newlines newlines, std::string& storage) {
    if ((newlines != Newlines::cr && newlines != Newlines::crlf) || find(text, '\n', 0) == kNoByte) return text;
    storage.reserve(text.size() + text.size() / 16);
    for (const char byte : text) {
        if (byte != '\n') {
            storage += byte;
        } else {
            storage += newlines == Newlines::cr ? "\r" : "\r\n";
        }
    }
    return storage;
}

}  // namespace aio::detail
