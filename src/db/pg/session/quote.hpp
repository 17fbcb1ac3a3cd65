// Names and literals inside of SQL that the driver writes itself. Internal.
#pragma once

#include <string>
#include <string_view>

namespace aio::pg::detail {

inline std::string quoted(std::string_view text, char mark) {
    std::string result(1, mark);
    for (const char c : text) result.append(c == mark ? 2 : 1, c);
    return result + mark;
}
inline std::string quoted_name(std::string_view name) { return quoted(name, '"'); }
// Precondition: standard_conforming_strings is on, as it is by default.
inline std::string quoted_literal(std::string_view text) { return quoted(text, '\''); }

}  // namespace aio::pg::detail
