// Encoding and decoding single values, for the tests of codecs.
#pragma once

#include <aio/pg/types.hpp>

#include "db/pg/codec/database_types.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace aio::pg {

// Bytes from hexadecimal digits; blanks between them do not count.
inline std::string hex(std::string_view digits) {
    std::string result;
    int high = -1;
    for (const char c : digits) {
        if (c == ' ') continue;
        const int value = c <= '9' ? c - '0' : c - 'a' + 10;
        if (high >= 0) result += static_cast<char>(high << 4 | value);
        high = high >= 0 ? -1 : value;
    }
    EXPECT_EQ(high, -1) << "an odd number of digits: " << digits;
    return result;
}

inline std::string to_hex(std::string_view bytes) {
    std::string result;
    for (const char c : bytes) {
        result += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        result += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return result;
}

inline Value value_of(std::string_view bytes, Oid oid, Format format = Format::binary) {
    return {oid, format, bytes, test_types(), "born"};
}

inline Value null_of(Oid oid) { return {oid, Format::binary, std::nullopt, test_types(), "born"}; }

template <class T>
T decoded(std::string_view bytes, Oid oid) {
    return value_of(bytes, oid).get<T>();
}

template <class T>
T from_text(std::string_view text, Oid oid) {
    return value_of(text, oid, Format::text).get<T>();
}

// The bytes of a parameter that is not NULL.
template <class T>
std::string encoded(Oid oid, const T& value) {
    Parameters parameters;
    parameters.add(oid, test_types(), value);
    return std::string(parameters.values().substr(4));
}

// The message of the E that `f` throws.
template <class E, class F>
std::string message_of(F f) {
    try {
        f();
    } catch (const E& error) {
        return error.what();
    } catch (const std::exception& error) {
        ADD_FAILURE() << "another class of error: " << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

// Bytes that are too few or too many are an error, and never read beyond their end.
template <class T>
void expect_exact_length(Oid oid, const std::string& bytes) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string cut(bytes.data(), size);  // of its own, so that AddressSanitizer sees its end
        EXPECT_THROW(decoded<T>(cut, oid), db::MalformedValueError) << size << " of " << bytes.size() << " bytes";
    }
    EXPECT_THROW(decoded<T>(bytes + '\0', oid), db::MalformedValueError);
}

// `value` has these bytes, which are read as the same value again.
template <class T>
void expect_bytes(Oid oid, const T& value, std::string_view digits) {
    EXPECT_EQ(to_hex(encoded(oid, value)), to_hex(hex(digits)));
    EXPECT_EQ(decoded<T>(hex(digits), oid), value) << digits;
    expect_exact_length<T>(oid, hex(digits));
}

}  // namespace aio::pg
