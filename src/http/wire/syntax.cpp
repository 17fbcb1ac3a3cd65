// printable(), for error messages. All other functions of syntax.hpp are inline.
#include "http/wire/syntax.hpp"

namespace aio::http::wire {

std::string printable(std::string_view text) {
    constexpr std::size_t kMost = 80;
    std::string result;
    for (const char c : text.substr(0, kMost)) {
        const auto u = static_cast<unsigned char>(c);
        if (u >= 0x20 && u < 0x7f) {
            result += c;
        } else {
            result += "\\x";
            append_hex(result, c);
        }
    }
    if (text.size() > kMost) result += "...";
    return result;
}

}  // namespace aio::http::wire
