// Messages of PostgreSQL's protocol as a server sends them, made by hand: for servers that are none, in threads
// (fake_postgres.hpp) and on the loop (db/scripted).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aio::test::fake {

inline std::string number(std::uint32_t value, int bytes = 4) {
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
    return text;
}
inline std::string zero_terminated(std::string_view text) { return std::string(text) + '\0'; }
inline std::string message(char type, std::string_view body = {}) {
    return type + number(static_cast<std::uint32_t>(body.size() + 4)) + std::string(body);
}

inline std::string ready(char status = 'I') { return message('Z', std::string(1, status)); }
inline std::string authentication(std::uint32_t kind, std::string_view data = {}) {
    return message('R', number(kind) + std::string(data));
}
inline std::string parameter(std::string_view name, std::string_view value) {
    return message('S', zero_terminated(name) + zero_terminated(value));
}
inline std::string report(char type, std::string_view severity, std::string_view sqlstate, std::string_view text) {
    return message(type, "S" + zero_terminated(severity) + "V" + zero_terminated(severity) + "C" +
                             zero_terminated(sqlstate) + "M" + zero_terminated(text) + '\0');
}
inline std::string error(std::string_view sqlstate, std::string_view text) {
    return report('E', "ERROR", sqlstate, text);
}
inline std::string notice() { return report('N', "NOTICE", "00000", "hear, hear"); }

constexpr std::uint32_t kInt4 = 23;
// `columns` of one type.
inline std::string row_description(std::size_t columns = 1, std::uint32_t type = kInt4) {
    std::string body = number(static_cast<std::uint32_t>(columns), 2);
    for (std::size_t i = 0; i < columns; ++i) {
        body += zero_terminated("n") + number(0) + number(0, 2) + number(type) + number(4, 2) + number(~0u) +
                number(1, 2);
    }
    return message('T', body);
}
inline std::string parameter_description(std::size_t count = 1) {
    std::string body = number(static_cast<std::uint32_t>(count), 2);
    for (std::size_t i = 0; i < count; ++i) body += number(kInt4);
    return message('t', body);
}
inline std::string row(const std::vector<std::string>& values) {
    std::string body = number(static_cast<std::uint32_t>(values.size()), 2);
    for (const std::string& value : values) body += number(static_cast<std::uint32_t>(value.size())) + value;
    return message('D', body);
}
inline std::string row(std::uint32_t value) { return row({number(value)}); }
inline std::string parsed() { return message('1'); }
inline std::string bound() { return message('2'); }
inline std::string complete(std::string_view tag = "SELECT 1") { return message('C', zero_terminated(tag)); }

// The honest answer to Parse and Describe of a statement with one parameter and one column, both int4.
inline std::string described() { return parsed() + parameter_description() + row_description(); }

inline std::uint32_t load(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

}  // namespace aio::test::fake
