// json and jsonb as nlohmann::json, for programs that include <nlohmann/json.hpp>.
//
// A JSON null is a value, not NULL: read a column that may be NULL as std::optional<nlohmann::json>.
#pragma once

#if __has_include(<nlohmann/json_fwd.hpp>)
#include <aio/pg/codec.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <string>
#include <string_view>

#define AIO_PG_HAS_JSON 1

namespace aio::pg {

// A template, so that nlohmann::json need be complete only where it is used.
template <std::same_as<nlohmann::json> JSON>
struct Codec<JSON> {
    static constexpr Oid kOid = 3802;
    static JSON decode(const Value& value) {
        const std::string_view text = detail::read_json_text(value, &db::type_name<JSON>);
        detail::check_json_depth(value, text);
        JSON result = JSON::parse(text, nullptr, false);
        if (result.is_discarded()) detail::throw_malformed(value, "it is no JSON");
        return result;
    }
    static void encode(Encoder& encoder, const JSON& value) {
        detail::encode_json_text(encoder, value.dump(), &db::type_name<JSON>);
    }
};

}  // namespace aio::pg

#endif
