// The names of C++ types in error messages: "std::optional<std::string>", as a program writes them, where the compiler
// would print "std::optional<std::__cxx11::basic_string<char> >".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace aio::db {

namespace detail {

// The name of a C++ type, for messages.
using NameOf = std::string (*)();

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
constexpr std::string_view compilers_name() {
    // g++: "...compilers_name() [with T = int; std::string_view = ...]"; clang: "...compilers_name() [T = int]".
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("T = ") + 4);
    return text.substr(0, text.find(';') == text.npos ? text.rfind(']') : text.find(';'));
}

// The names that the compilers do not spell as programs do. Empty: it is the compiler's.
template <class T>
constexpr std::string_view usual_name() {
    if constexpr (std::is_same_v<T, std::string>) return "std::string";
    if constexpr (std::is_same_v<T, std::string_view>) return "std::string_view";
    if constexpr (std::is_same_v<T, std::byte>) return "std::byte";
    if constexpr (std::is_same_v<T, std::nullptr_t>) return "std::nullptr_t";
    if constexpr (std::is_same_v<T, std::int64_t>) return "std::int64_t";
    if constexpr (std::is_same_v<T, std::uint64_t>) return "std::uint64_t";
    if constexpr (std::is_same_v<T, std::int16_t>) return "std::int16_t";
    if constexpr (std::is_same_v<T, std::uint16_t>) return "std::uint16_t";
    if constexpr (std::is_same_v<T, std::int8_t>) return "std::int8_t";
    if constexpr (std::is_same_v<T, std::uint8_t>) return "std::uint8_t";
    if constexpr (std::is_same_v<T, unsigned>) return "unsigned";
    if constexpr (std::is_same_v<T, std::chrono::sys_days>) return "std::chrono::sys_days";
    if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) return "std::chrono::nanoseconds";
    if constexpr (std::is_same_v<T, std::chrono::microseconds>) return "std::chrono::microseconds";
    if constexpr (std::is_same_v<T, std::chrono::milliseconds>) return "std::chrono::milliseconds";
    if constexpr (std::is_same_v<T, std::chrono::seconds>) return "std::chrono::seconds";
    if constexpr (std::is_same_v<T, std::chrono::minutes>) return "std::chrono::minutes";
    if constexpr (std::is_same_v<T, std::chrono::hours>) return "std::chrono::hours";
    if constexpr (std::is_same_v<T, std::chrono::days>) return "std::chrono::days";
    return {};
}

template <class T>
struct TypeName {
    static std::string get() {
        constexpr std::string_view kUsual = usual_name<T>();
        return std::string(kUsual.empty() ? compilers_name<T>() : kUsual);
    }
};

template <class T>
struct TypeName<std::optional<T>> {
    static std::string get() { return "std::optional<" + TypeName<T>::get() + ">"; }
};

template <class T>
struct TypeName<std::vector<T>> {
    static std::string get() { return "std::vector<" + TypeName<T>::get() + ">"; }
};

template <class T, std::size_t N>
struct TypeName<std::span<T, N>> {
    static std::string get() {
        return std::string("std::span<") + (std::is_const_v<T> ? "const " : "") +
               TypeName<std::remove_const_t<T>>::get() + ">";
    }
};

template <class D>
    requires(!std::is_same_v<D, std::chrono::days>)
struct TypeName<std::chrono::sys_time<D>> {
    static std::string get() { return "std::chrono::sys_time<" + TypeName<D>::get() + ">"; }
};

template <class D>
struct TypeName<std::chrono::local_time<D>> {
    static std::string get() { return "std::chrono::local_time<" + TypeName<D>::get() + ">"; }
};

template <class D>
struct TypeName<std::chrono::hh_mm_ss<D>> {
    static std::string get() { return "std::chrono::hh_mm_ss<" + TypeName<D>::get() + ">"; }
};

}  // namespace detail

// The name of T, without its const, for messages to people.
template <class T>
std::string type_name() {
    return detail::TypeName<std::remove_cv_t<T>>::get();
}

}  // namespace aio::db
