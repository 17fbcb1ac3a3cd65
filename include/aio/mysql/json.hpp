// JSON as nlohmann::json, for programs that include <nlohmann/json.hpp>. MariaDB's JSON is text, so any text is read.
//
// A JSON null is a value, not NULL: read a column that may be NULL as std::optional<nlohmann::json>.
#pragma once

#if __has_include(<nlohmann/json_fwd.hpp>)
#include <aio/mysql/codec.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace aio::mysql {

// A template, so that nlohmann::json need be complete only where it is used.
template <std::same_as<nlohmann::json> JSON>
struct Codec<JSON> {
    static JSON decode(const Value& value) {
        const std::string_view text = detail::read_text(value, &db::type_name<JSON>);
        detail::check_json_depth(value, text);
        JSON result = JSON::parse(text, nullptr, false);
        if (result.is_discarded()) detail::throw_malformed(value, "it is no JSON");
        return result;
    }
    static void encode(Encoder& encoder, const JSON& value) { detail::encode_text(encoder, value.dump()); }
};

}  // namespace aio::mysql

#endif
