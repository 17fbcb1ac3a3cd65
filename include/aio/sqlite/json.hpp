// TEXT as nlohmann::json, for programs that include <nlohmann/json.hpp>.
//
// A JSON null is a value, not NULL: read a column that may be NULL as std::optional<nlohmann::json>.
#pragma once

#if __has_include(<nlohmann/json_fwd.hpp>)
#include <aio/sqlite/codec.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <string_view>

namespace aio::sqlite {

namespace detail {
// The text, unless it is nested too deep for nlohmann::json, which destroys what it holds recursively.
std::string_view read_json_text(const Value& value, NameOf name);
}  // namespace detail

// A template, so that nlohmann::json need be complete only where it is used.
template <std::same_as<nlohmann::json> JSON>
struct Codec<JSON> {
    static JSON decode(const Value& value) {
        JSON result = JSON::parse(detail::read_json_text(value, &db::type_name<JSON>), nullptr, false);
        if (result.is_discarded()) detail::throw_malformed(value, "it is no JSON");
        return result;
    }
    static void encode(Encoder& encoder, const JSON& value) { encoder.write_text(value.dump()); }
};

}  // namespace aio::sqlite

#endif
