// Brackets are counted, but for those in strings.
#include "db/json_depth.hpp"

#include <cstddef>

namespace aio::db::detail {

bool is_deep_json(std::string_view text) noexcept {
    constexpr std::size_t kMost = 1'000;
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMost) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace aio::db::detail
