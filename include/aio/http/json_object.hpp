// JSON objects and arrays from a list of arguments, for every function that takes JSON.
//
//     co_await session.post(url).json("id", 7, "tags", json_array("a", "b"));   // {"id":7,"tags":["a","b"]}
//     co_return Response::json("error", "no such user").set_status(404);
//     co_await ws.send_json("type", "move", "to", json_object("x", 1, "y", 2));
//
// nlohmann/json's own spelling, {{"id", 7}}, is a list in braces: g++ 12 refuses it inside a co_await expression
// (docs/compilers.md). This one is safe everywhere, with both compilers. Include <nlohmann/json.hpp> to use it.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#if __has_include(<nlohmann/json_fwd.hpp>)
#include <nlohmann/json_fwd.hpp>
#define AIO_HTTP_HAS_JSON 1

namespace aio::http {

namespace detail {

// nlohmann::json, which is complete only where these templates are used.
template <class...>
struct LateJSON {
    using type = nlohmann::json;
};

// A json is no key, although it converts to everything.
template <class T>
concept JSONKey = !std::same_as<std::remove_cvref_t<T>, nlohmann::json> && std::convertible_to<T, std::string_view>;

template <class... Args>
consteval bool every_second_is_a_key() {
    std::size_t i = 0;
    bool result = true;
    ((result = result && (i++ % 2 == 1 || JSONKey<Args>)), ...);
    return result;
}

template <class JSON>
void add_pairs(JSON&) {}
template <class JSON, class Key, class Value, class... Rest>
void add_pairs(JSON& object, Key&& key, Value&& value, Rest&&... rest) {
    static_assert(
        std::constructible_from<JSON, Value>,
        "nlohmann::json cannot be made of this value: write a to_json() for its type, or give another value");
    if constexpr (std::constructible_from<JSON, Value>) {
        object[std::string(static_cast<std::string_view>(key))] = JSON(std::forward<Value>(value));
    }
    add_pairs(object, std::forward<Rest>(rest)...);
}

}  // namespace detail

// An object of the keys and values. Of equal keys the last one counts, as in Python. Errors:
// std::bad_alloc; those of nlohmann::json.
template <class... Pairs>
auto json_object(Pairs&&... pairs) {
    constexpr bool kEven = sizeof...(Pairs) % 2 == 0;
    constexpr bool kKeys = detail::every_second_is_a_key<Pairs...>();
    static_assert(kEven, "JSON of keys and values: a value is missing; write json(\"key\", value, \"key\", value)");
    static_assert(!kEven || kKeys, "JSON of keys and values: a key must be a string; write json(\"key\", value)");
    using JSON = typename detail::LateJSON<Pairs...>::type;
    JSON object = JSON::object();
    if constexpr (kEven && kKeys) detail::add_pairs(object, std::forward<Pairs>(pairs)...);
    return object;
}

// An array of values of any types.
template <class... Values>
auto json_array(Values&&... values) {
    using JSON = typename detail::LateJSON<Values...>::type;
    JSON array = JSON::array();
    (array.push_back(JSON(std::forward<Values>(values))), ...);
    return array;
}

}  // namespace aio::http

#endif
