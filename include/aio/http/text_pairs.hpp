// Names and values for queries, forms and paths, as arguments: params("q", text, "page", 2). A list of them in braces
// is refused by g++ 12 inside a co_await expression (docs/compilers.md). Internal, except the accepted types: names are
// strings; values are strings or integers.
#pragma once

#include <aio/http/server/parse_text.hpp>
#include <aio/http/url.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace aio::http::detail {

template <class T>
concept PairName = std::convertible_to<const T&, std::string_view>;
template <class T>
concept PairValue = PairName<T> || TextInteger<T>;

template <class... Args>
consteval bool are_names_and_values() {
    std::size_t i = 0;
    bool result = true;
    ((result = result && (i++ % 2 == 0 ? PairName<Args> : PairValue<Args>)), ...);
    return result;
}

template <PairValue T>
std::string pair_text(const T& value) {
    if constexpr (PairName<T>) {
        return std::string(static_cast<std::string_view>(value));
    } else {
        return std::to_string(value);
    }
}

inline void append_pairs(Query&) noexcept {}
template <class Name, class Value, class... Rest>
void append_pairs(Query& pairs, const Name& name, const Value& value, const Rest&... rest) {
    pairs.emplace_back(pair_text(name), pair_text(value));
    append_pairs(pairs, rest...);
}

template <class... Args>
Query text_pairs(const Args&... args) {
    constexpr bool kEven = sizeof...(Args) % 2 == 0;
    constexpr bool kFit = are_names_and_values<Args...>();
    static_assert(kEven, "names and values: a value is missing; write (\"name\", value, \"name\", value)");
    static_assert(
        !kEven || kFit,
        "names and values: a name must be a string, a value a string or an integer; write (\"name\", value)");
    Query pairs;
    if constexpr (kEven && kFit) append_pairs(pairs, args...);
    return pairs;
}

}  // namespace aio::http::detail
