// C++ enums as the labels of a database's enum type.
//
//     enum class Mood { sad, ok, happy };
//     AIO_DB_ENUM(Mood, sad, ok, happy)   // at file scope; the labels are the names of the enumerators
//
// Where labels differ from the names, specialize enum_names:
//
//     template <>
//     inline constexpr auto aio::db::enum_names<Mood> =
//         aio::db::enumerators<Mood>({{Mood::sad, "very sad"}, {Mood::ok, "ok"}});
#pragma once

#include <aio/db/aggregate.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace aio::db {

// An enumerator and its label in the database.
template <class E>
struct Enumerator {
    E value;                 // the C++ side
    std::string_view label;  // the database's side
};

// The labels of E, an array of Enumerator<E>.
template <class E>
inline constexpr auto enum_names = nullptr;

// The value of enum_names<E>.
template <class E, std::size_t N>
constexpr std::array<Enumerator<E>, N> enumerators(const Enumerator<E> (&list)[N]) {
    std::array<Enumerator<E>, N> result;
    for (std::size_t i = 0; i < N; ++i) result[i] = list[i];
    return result;
}

// An enum that has labels.
template <class E>
concept NamedEnum =
    std::is_enum_v<E> && !std::is_same_v<std::remove_const_t<decltype(enum_names<E>)>, std::nullptr_t>;

// The label of `value`, or nothing if it has none.
template <NamedEnum E>
constexpr std::optional<std::string_view> enum_label(E value) noexcept {
    for (const Enumerator<E>& each : enum_names<E>) {
        if (each.value == value) return each.label;
    }
    return std::nullopt;
}

// The enumerator with this label, or nothing.
template <NamedEnum E>
constexpr std::optional<E> enum_value(std::string_view label) noexcept {
    for (const Enumerator<E>& each : enum_names<E>) {
        if (each.label == label) return each.value;
    }
    return std::nullopt;
}

namespace detail {

template <class E, std::size_t N>
constexpr std::array<Enumerator<E>, N> zip_enumerators(const std::array<E, N>& values, std::string_view list) {
    const std::array<std::string_view, N> labels = split_names<N>(list);
    std::array<Enumerator<E>, N> result;
    for (std::size_t i = 0; i < N; ++i) result[i] = {values[i], labels[i]};
    return result;
}

}  // namespace detail

}  // namespace aio::db

// At file scope, outside of any namespace: the enumerators of Type whose names are the database's labels.
#define AIO_DB_ENUM(Type, ...)                                                          \
    template <>                                                                         \
    inline constexpr auto aio::db::enum_names<Type> = [] {                              \
        using enum Type;                                                                \
        return aio::db::detail::zip_enumerators(std::array{__VA_ARGS__}, #__VA_ARGS__); \
    }();
