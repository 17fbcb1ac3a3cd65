// The depth is measured before anything is built, so that a document that is too deep need not be destroyed either.
#include "http/json_text.hpp"

#include <aio/http/json.hpp>

#include <nlohmann/json.hpp>

#include <string_view>

namespace aio::http::detail {

namespace {

// For invalid JSON the result means little, but the depth is never less than the one a parser reaches.
bool is_deeper_than(std::size_t limit, std::string_view text) noexcept {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > limit) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace

nlohmann::json parse_json(const std::string& text) {
    if (is_deeper_than(kMaxJSONDepth, text)) {
        throw JSONDepthError("the JSON document has more than " + std::to_string(kMaxJSONDepth) +
                             " arrays and objects inside one another");
    }
    return nlohmann::json::parse(text);
}

}  // namespace aio::http::detail
