// Decoders for UTF-8, ASCII, ISO-8859-1, Windows-1252 and UTF-16, and iconv for all other charsets except UTF-7.
// Invalid UTF-8 is found by base/utf8.cpp.
#include "http/wire/charset.hpp"

#include <aio/base/error.hpp>

#include "http/wire/syntax.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>

namespace aio::http::wire {

namespace {

enum class Charset : std::uint8_t { utf8, ascii, latin1, windows_1252, utf16, utf16le, utf16be };

constexpr std::uint32_t kReplacement = 0xFFFD;

// Names as IANA registers them and as they are met (their "-" and "_" are dropped before they are looked up).
std::optional<Charset> known_charset(std::string_view name) {
    static constexpr std::pair<std::string_view, Charset> kNames[] = {
        {"", Charset::utf8},
        {"utf8", Charset::utf8},
        {"unicode11utf8", Charset::utf8},
        {"usascii", Charset::ascii},
        {"ascii", Charset::ascii},
        {"iso88591", Charset::latin1},
        {"latin1", Charset::latin1},
        {"l1", Charset::latin1},
        {"windows1252", Charset::windows_1252},
        {"cp1252", Charset::windows_1252},
        {"utf16", Charset::utf16},
        {"utf16le", Charset::utf16le},
        {"utf16be", Charset::utf16be},
    };
    std::string plain = lowered(name);
    std::erase_if(plain, [](char c) { return c == '-' || c == '_'; });
    for (const auto& [known, charset] : kNames) {
        if (plain == known) return charset;
    }
    return std::nullopt;
}

void append_utf8(std::string& text, std::uint32_t c) {
    const auto low = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else if (c < 0x800) {
        text += static_cast<char>(0xC0 | c >> 6);
        text += low(c);
    } else if (c < 0x10000) {
        text += static_cast<char>(0xE0 | c >> 12);
        text += low(c >> 6);
        text += low(c);
    } else {
        text += static_cast<char>(0xF0 | c >> 18);
        text += low(c >> 12);
        text += low(c >> 6);
        text += low(c);
    }
}

// What to do where bytes are no character.
class Problems {
public:
    Problems(std::string_view charset, DecodeErrors errors) : charset_(charset), errors_(errors) {}
    void found(std::string& text, std::size_t begin, std::size_t size, const char* reason) const {
        if (errors_ == DecodeErrors::replace) append_utf8(text, kReplacement);
        if (errors_ != DecodeErrors::strict) return;
        throw UnicodeDecodeError("the text is not in the charset " +
                                     printable(charset_.empty() ? "utf-8" : charset_) + ": " + reason + " at byte " +
                                     std::to_string(begin),
                                 static_cast<std::int64_t>(begin), static_cast<std::int64_t>(begin + size));
    }

private:
    std::string_view charset_;
    DecodeErrors errors_;
};

std::string from_utf8(std::string_view bytes, const Problems& problems) {
    const std::size_t mark = bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    std::string text;
    std::size_t done = mark;
    while (const ::aio::detail::BadBytes bad = ::aio::detail::find_bad_utf8(bytes, done)) {
        text += bytes.substr(done, bad.begin - done);
        problems.found(text, bad.begin, bad.length, bad.reason);
        done = bad.begin + bad.length;
    }
    text += bytes.substr(done);
    return text;
}

// What Windows-1252 has at 0x80 to 0x9F; 0: nothing. Source: unicode.org's mapping table CP1252.TXT, 2.01.
constexpr std::array<std::uint16_t, 32> kWindows1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::string from_bytes(std::string_view bytes, Charset charset, const Problems& problems) {
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 8);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::uint32_t c = static_cast<unsigned char>(bytes[i]);
        const bool upper_controls = c >= 0x80 && c < 0xA0;
        if (charset == Charset::windows_1252 && upper_controls) c = kWindows1252[c - 0x80];
        if (c >= 0x80 && charset == Charset::ascii) {
            problems.found(text, i, 1, "a byte above 127");
        } else if (c == 0 && upper_controls) {
            problems.found(text, i, 1, "a byte without a character");
        } else {
            append_utf8(text, c);
        }
    }
    return text;
}

std::string from_utf16(std::string_view bytes, Charset charset, const Problems& problems) {
    std::size_t at = 0;
    bool big = charset == Charset::utf16be;
    const bool big_mark = charset != Charset::utf16le && bytes.starts_with("\xFE\xFF");
    const bool little_mark = charset != Charset::utf16be && bytes.starts_with("\xFF\xFE");
    if (big_mark || little_mark) {
        big = big_mark;
        at = 2;
    }
    const auto unit = [&](std::size_t i) {
        const auto first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
        return static_cast<std::uint32_t>(big ? first << 8 | second : second << 8 | first);
    };
    std::string text;
    text.reserve(bytes.size());
    for (; at + 1 < bytes.size(); at += 2) {
        const std::uint32_t c = unit(at);
        if (c < 0xD800 || c > 0xDFFF) {
            append_utf8(text, c);
            continue;
        }
        const std::uint32_t next = c < 0xDC00 && at + 3 < bytes.size() ? unit(at + 2) : 0;
        if (next >= 0xDC00 && next <= 0xDFFF) {
            append_utf8(text, 0x10000 + ((c - 0xD800) << 10) + (next - 0xDC00));
            at += 2;
        } else {
            problems.found(text, at, 2, "half a surrogate pair");
        }
    }
    if (at < bytes.size()) problems.found(text, at, 1, "half a code unit");
    return text;
}

// --- all others --------------------------------------------------------------------------------------------------

class Converter {
public:
    // iconv takes the name for a file's in places, and knows suffixes ("//IGNORE"): only plain names go there. UTF-7
    // hides characters from whoever checks the text before it is decoded.
    explicit Converter(std::string_view charset) : handle_(kNone) {
        const bool plain =
            !charset.empty() && charset.size() <= 40 && std::all_of(charset.begin(), charset.end(), [](char c) {
                return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == ':';
            });
        const std::string name(charset);
        if (plain && !starts_ignoring_case(name, "utf-7") && !starts_ignoring_case(name, "utf7")) {
            handle_ = ::iconv_open("UTF-8", name.c_str());
            if (handle_ == kNone && errno == ENOMEM) throw std::bad_alloc();
            if (handle_ == kNone && errno != EINVAL) {  // its converter is a file
                throw_os_error(errno, "load the converter of the charset '" + name + "'");
            }
        }
        if (handle_ == kNone) {
            throw UnknownCharsetError("the charset '" + printable(charset) +
                                      "' is unknown: read the bytes, or give another charset");
        }
    }
    ~Converter() { ::iconv_close(handle_); }
    Converter(const Converter&) = delete;

    std::string convert(std::string_view bytes, const Problems& problems) {
        std::string text;
        char* in = const_cast<char*>(bytes.data());
        std::size_t in_left = bytes.size();
        while (in_left > 0) {
            if (call(&in, &in_left, text) != EILSEQ && in_left > 0) {  // EINVAL: cut short
                problems.found(text, bytes.size() - in_left, in_left, "a character that is cut short");
                break;
            }
            if (in_left == 0) break;
            problems.found(text, bytes.size() - in_left, 1, "a byte that begins no character");
            ++in;
            --in_left;
        }
        call(nullptr, nullptr, text);  // some charsets keep the last character until it is certain
        return text;
    }

private:
    static inline const iconv_t kNone = reinterpret_cast<iconv_t>(-1);

    // Until the end or a problem: 0, EILSEQ or EINVAL.
    int call(char** in, std::size_t* in_left, std::string& text) {
        while (true) {
            char room[4096];
            char* out = room;
            std::size_t out_left = sizeof room;
            const std::size_t result = ::iconv(handle_, in, in_left, &out, &out_left);
            const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
            text.append(room, sizeof room - out_left);
            if (error != E2BIG) return error;
        }
    }

    iconv_t handle_;
};

}  // namespace

std::string to_utf8(std::string_view bytes, std::string_view charset, DecodeErrors errors) {
    const Problems problems(charset, errors);
    const auto known = known_charset(charset);
    if (!known) return Converter(charset).convert(bytes, problems);
    switch (*known) {
        case Charset::utf8: return from_utf8(bytes, problems);
        case Charset::ascii:
        case Charset::latin1:
        case Charset::windows_1252: return from_bytes(bytes, *known, problems);
        default: return from_utf16(bytes, *known, problems);
    }
}

}  // namespace aio::http::wire
