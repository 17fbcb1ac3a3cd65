// The text forms of Uuid, Inet, MAC addresses, BitString and Lsn. That of Numeric: numeric.cpp.
#include <aio/pg/values.hpp>

#include <aio/base/error.hpp>

#include "db/pg/codec/hex.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace aio::pg {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_hex(std::string& output, std::uint8_t byte) {
    output += kHexDigits[byte >> 4];
    output += kHexDigits[byte & 15];
}

// The text of an error: long ones are cut, since they may be anything.
std::string quoted(std::string_view text) {
    return "'" + std::string(text.substr(0, 60)) + (text.size() > 60 ? "...'" : "'");
}

// Fills `bytes` from hexadecimal digits. Where one of `separators` may be is up to `may_separate`, which gets the number of
// digits before it. Result: whether the text had all digits and nothing else.
template <class MaySeparate>
bool read_hex(std::string_view text, std::span<std::uint8_t> bytes, const MaySeparate& may_separate) {
    std::size_t digits = 0;
    bool separated = false;
    for (const char c : text) {
        const int digit = detail::hex_value(c);
        if (digit < 0) {
            if (separated || !may_separate(c, digits)) return false;
            separated = true;
            continue;
        }
        if (digits == 2 * bytes.size()) return false;
        std::uint8_t& byte = bytes[digits / 2];
        byte = static_cast<std::uint8_t>(digits % 2 == 0 ? digit << 4 : byte | digit);
        ++digits;
        separated = false;
    }
    return digits == 2 * bytes.size() && !separated;
}

}  // namespace

// --- Uuid ------------------------------------------------------------------------------------------------------------

Uuid::Uuid(std::string_view text) {
    std::string_view inner = text;
    const bool braces = inner.size() >= 2 && inner.front() == '{' && inner.back() == '}';
    if (braces) inner = inner.substr(1, inner.size() - 2);
    const auto may_separate = [](char c, std::size_t digits) { return c == '-' && digits > 0 && digits % 4 == 0; };
    if (!read_hex(inner, bytes, may_separate)) {
        throw ValueError(quoted(text) + " is no UUID; one is a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    }
}

std::string Uuid::to_string() const {
    std::string result;
    result.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) result += '-';
        append_hex(result, bytes[i]);
    }
    return result;
}

// --- Inet ------------------------------------------------------------------------------------------------------------

Inet::Inet(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string host(text.substr(0, slash));
    is_ipv6 = host.find(':') != host.npos;
    const unsigned most = is_ipv6 ? 128 : 32;
    unsigned bits = most;
    bool valid =
        host.find('\0') == host.npos && ::inet_pton(is_ipv6 ? AF_INET6 : AF_INET, host.c_str(), address.data()) == 1;
    if (valid && slash != text.npos) {
        const std::string_view length = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
        valid = error == std::errc() && end == length.data() + length.size() && bits <= most;
    }
    if (!valid)
        throw ValueError(quoted(text) + " is no network address; some are 10.0.0.1, 10.0.0.0/8, 2001:db8::/32");
    prefix = static_cast<std::uint8_t>(bits);
}

std::string Inet::to_string() const {
    char text[INET6_ADDRSTRLEN];
    std::string result = ::inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, address.data(), text, sizeof text);
    if (prefix != (is_ipv6 ? 128 : 32)) result += "/" + std::to_string(prefix);
    return result;
}

// --- MAC addresses ---------------------------------------------------------------------------------------------------

template <std::size_t N>
BasicMacAddress<N>::BasicMacAddress(std::string_view text) {
    const auto may_separate = [](char c, std::size_t digits) {
        return (c == ':' || c == '-' || c == '.') && digits > 0 && digits % 2 == 0;
    };
    if (!read_hex(text, bytes, may_separate)) {
        throw ValueError(quoted(text) + " is no MAC address of " + std::to_string(N) +
                         " bytes; one begins 08:00:2b:");
    }
}

template <std::size_t N>
std::string BasicMacAddress<N>::to_string() const {
    std::string result;
    for (const std::uint8_t byte : bytes) {
        if (!result.empty()) result += ':';
        append_hex(result, byte);
    }
    return result;
}

template struct BasicMacAddress<6>;
template struct BasicMacAddress<8>;

// --- BitString -------------------------------------------------------------------------------------------------------

BitString::BitString(std::string_view text) : bytes_((text.size() + 7) / 8, '\0'), size_(text.size()) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '0' && text[i] != '1') throw ValueError(quoted(text) + " is no string of the bits 0 and 1");
        if (text[i] == '1') bytes_[i / 8] = static_cast<char>(bytes_[i / 8] | 0x80 >> i % 8);
    }
}

BitString::BitString(std::string bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {
    if (bytes_.size() != size / 8 + (size % 8 != 0)) {
        throw ValueError(std::to_string(size) + " bits do not have " + std::to_string(bytes_.size()) + " bytes");
    }
    if (size % 8 != 0) bytes_.back() = static_cast<char>(bytes_.back() & 0xff00 >> size % 8);
}

std::string BitString::to_string() const {
    std::string result;
    result.reserve(size_);
    for (std::size_t i = 0; i < size_; ++i) result += (*this)[i] ? '1' : '0';
    return result;
}

// --- Lsn -------------------------------------------------------------------------------------------------------------

Lsn::Lsn(std::string_view text) {
    const auto half = [&](std::string_view digits) {
        std::uint32_t result = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result, 16);
        if (error != std::errc() || end != digits.data() + digits.size() || digits.size() > 8) {
            throw ValueError(quoted(text) + " is no position in the log; one is 16/B374D848");
        }
        return result;
    };
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::uint64_t high = half(text.substr(0, slash));
    value = high << 32 | half(slash == text.size() ? std::string_view() : text.substr(slash + 1));
}

std::string Lsn::to_string() const {
    std::string result;
    for (const auto half : {static_cast<std::uint32_t>(value >> 32), static_cast<std::uint32_t>(value)}) {
        char digits[8];
        const auto end = std::to_chars(digits, digits + sizeof digits, half, 16).ptr;
        if (!result.empty()) result += '/';
        for (const char* at = digits; at != end; ++at) result += static_cast<char>(*at >= 'a' ? *at - 32 : *at);
    }
    return result;
}

}  // namespace aio::pg
