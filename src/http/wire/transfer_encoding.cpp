// Incremental decoders of base64 and quoted-printable, for parts of multipart bodies. HTTP's own Transfer-Encoding is
// not here: parser_callbacks.cpp checks it, and parser.cpp reads its chunks.
#include "http/wire/transfer_encoding.hpp"

#include "http/wire/syntax.hpp"

namespace aio::http::wire {

std::optional<TransferEncoding> parse_transfer_encoding(std::string_view text) noexcept {
    text = trimmed(text);
    if (equal_ignoring_case(text, "base64")) return TransferEncoding::base64;
    if (equal_ignoring_case(text, "quoted-printable")) return TransferEncoding::quoted_printable;
    for (const std::string_view plain : {"", "7bit", "8bit", "binary"}) {
        if (equal_ignoring_case(text, plain)) return TransferEncoding::identity;
    }
    return std::nullopt;
}

namespace {

// 0 to 63; -1 for white space and line ends, which do not count; -2 for what may not stand there.
int base64_value(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return c == '\r' || c == '\n' || c == ' ' || c == '\t' ? -1 : -2;
}

}  // namespace

void TransferDecoder::decode_base64(std::string_view input, std::string& output) {
    for (const char c : input) {
        if (c == '=') {
            padded_ = true;
            continue;
        }
        const int value = base64_value(c);
        if (value == -1) continue;
        if (value < 0 || padded_) throw ValueError("'" + printable({&c, 1}) + "' in base64");
        bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
        if (++characters_ < 4) continue;
        output += static_cast<char>(bits_ >> 16);
        output += static_cast<char>(bits_ >> 8);
        output += static_cast<char>(bits_);
        characters_ = 0;
    }
}

// One character at a time: an escape, a soft line break, or white space before a line's end, may be cut anywhere.
void TransferDecoder::decode_quoted(char c, std::string& output) {
    if (held_.starts_with('=')) {
        held_ += c;
        if (held_ == "=\n" || held_ == "=\r\n") {  // the line goes on
            held_.clear();
        } else if (held_.size() == 3) {
            const int high = hex_value(held_[1]), low = hex_value(held_[2]);
            if (high < 0 || low < 0) throw ValueError("'" + printable(held_) + "' in quoted-printable");
            output += static_cast<char>(high << 4 | low);
            held_.clear();
        }
        return;
    }
    constexpr std::size_t kLongestLine = 998;  // RFC 5322 section 2.1.1: what is longer is data
    if ((c == ' ' || c == '\t') && held_.size() < kLongestLine) {
        held_ += c;
        return;
    }
    if (c != '\r' && c != '\n') output += held_;  // else it was added on the way (RFC 2045 section 6.7, rule 3)
    held_.clear();
    if (c == '=') {
        held_ = "=";
    } else {
        output += c;
    }
}

void TransferDecoder::decode(std::string_view input, std::string& output) {
    if (encoding_ == TransferEncoding::identity) {
        output += input;
    } else if (encoding_ == TransferEncoding::base64) {
        decode_base64(input, output);
    } else {
        for (const char c : input) decode_quoted(c, output);
    }
}

void TransferDecoder::finish(std::string& output) {
    if (encoding_ == TransferEncoding::quoted_printable && held_.starts_with('=') && held_.size() > 1) {
        throw ValueError("quoted-printable ends within '" + printable(held_) + "'");
    }
    if (encoding_ != TransferEncoding::base64) return;
    // Two characters are one byte, three are two; whether "=" fills them up does not matter.
    if (characters_ == 1) throw ValueError("base64 ends within a byte");
    if (characters_ >= 2) output += static_cast<char>(bits_ >> (characters_ == 2 ? 4 : 10));
    if (characters_ == 3) output += static_cast<char>(bits_ >> 2);
    characters_ = 0;
}

}  // namespace aio::http::wire
