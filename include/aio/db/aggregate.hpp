// Rows into structs: the fields of an aggregate are counted and visited, without macros.
//
//     struct User { int id; std::string name; std::optional<std::chrono::year_month_day> born; };
//
//     auto user = db::from_row<User>(row);         // by position: the row has exactly three columns
//
// One line makes from_row() match columns by name. It lists a column for each field, in the order of the fields; the names may
// differ from those of the fields, and the row may have further columns:
//
//     AIO_DB_COLUMNS(User, id, name, born)         // at file scope
//
// A struct may have 1 to 32 fields, no base class, and no C arrays (std::array is fine).
#pragma once

#include <aio/db/conversion_error.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::db {

// The names of a struct's columns, in the order of its fields. AIO_DB_COLUMNS specializes it; where names are no C++ identifiers,
// a program does:
// `template <> inline constexpr auto aio::db::column_names<User> = aio::db::names("id", "name", "born");`
template <class T>
inline constexpr auto column_names = nullptr;

// The value of column_names<T>.
template <std::convertible_to<std::string_view>... Names>
constexpr std::array<std::string_view, sizeof...(Names)> names(const Names&... names) {
    return {std::string_view(names)...};
}

// Whether column_names<T> was specialized: T is read by name.
template <class T>
concept Named = !std::is_same_v<std::remove_const_t<decltype(column_names<T>)>, std::nullptr_t>;

namespace detail {

inline constexpr std::size_t kMostFields = 32;

// Converts to whatever a field is.
struct AnyField {
    template <class T>
    operator T() const;
};

template <std::size_t>
using AnyFieldAt = AnyField;

template <class T, std::size_t... I>
constexpr bool takes_fields(std::index_sequence<I...>) {
    return requires { T{AnyFieldAt<I>{}...}; };
}

template <class T, std::size_t N = kMostFields + 1>
constexpr std::size_t count_fields() {
    if constexpr (N == 0 || takes_fields<T>(std::make_index_sequence<N>{})) {
        return N;
    } else {
        return count_fields<T, N - 1>();
    }
}

constexpr std::size_t count_names(std::string_view list) {
    std::size_t count = 1;
    for (const char c : list) count += c == ',';
    return count;
}

// "a, b, c", the spelling of a macro's arguments.
template <std::size_t N>
constexpr std::array<std::string_view, N> split_names(std::string_view list) {
    std::array<std::string_view, N> result;
    for (std::string_view& name : result) {
        name = list.substr(0, list.find(','));
        list.remove_prefix(name.size() == list.size() ? name.size() : name.size() + 1);
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
    }
    return result;
}

}  // namespace detail

// A struct whose fields can be counted.
template <class T>
concept Aggregate = std::is_class_v<T> && std::is_aggregate_v<T> && !std::is_empty_v<T>;

// The number of T's fields.
template <Aggregate T>
inline constexpr std::size_t field_count = detail::count_fields<T>();

// A tuple of references to the fields of `value`, which is const if `value` is.
template <class T>
    requires Aggregate<std::remove_const_t<T>>
constexpr auto tie_fields(T& value) noexcept {
    constexpr std::size_t kCount = field_count<std::remove_const_t<T>>;
    static_assert(kCount > 0 && kCount <= detail::kMostFields, "aio::db: a struct of a row has 1 to 32 fields");
    // clang-format off
    if constexpr (kCount == 1) { auto& [a] = value; return std::tie(a); }
    else if constexpr (kCount == 2) { auto& [a,b] = value; return std::tie(a,b); }
    else if constexpr (kCount == 3) { auto& [a,b,c] = value; return std::tie(a,b,c); }
    else if constexpr (kCount == 4) { auto& [a,b,c,d] = value; return std::tie(a,b,c,d); }
    else if constexpr (kCount == 5) { auto& [a,b,c,d,e] = value; return std::tie(a,b,c,d,e); }
    else if constexpr (kCount == 6) { auto& [a,b,c,d,e,f] = value; return std::tie(a,b,c,d,e,f); }
    else if constexpr (kCount == 7) { auto& [a,b,c,d,e,f,g] = value; return std::tie(a,b,c,d,e,f,g); }
    else if constexpr (kCount == 8) { auto& [a,b,c,d,e,f,g,h] = value; return std::tie(a,b,c,d,e,f,g,h); }
    else if constexpr (kCount == 9) { auto& [a,b,c,d,e,f,g,h,i] = value; return std::tie(a,b,c,d,e,f,g,h,i); }
    else if constexpr (kCount == 10) { auto& [a,b,c,d,e,f,g,h,i,j] = value; return std::tie(a,b,c,d,e,f,g,h,i,j); }
    else if constexpr (kCount == 11) {
        auto& [a,b,c,d,e,f,g,h,i,j,k] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k);
    }
    else if constexpr (kCount == 12) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l);
    }
    else if constexpr (kCount == 13) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m);
    }
    else if constexpr (kCount == 14) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n);
    }
    else if constexpr (kCount == 15) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o);
    }
    else if constexpr (kCount == 16) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p);
    }
    else if constexpr (kCount == 17) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q);
    }
    else if constexpr (kCount == 18) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r);
    }
    else if constexpr (kCount == 19) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s);
    }
    else if constexpr (kCount == 20) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t);
    }
    else if constexpr (kCount == 21) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u);
    }
    else if constexpr (kCount == 22) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v);
    }
    else if constexpr (kCount == 23) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w);
    }
    else if constexpr (kCount == 24) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x);
    }
    else if constexpr (kCount == 25) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y);
    }
    else if constexpr (kCount == 26) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z);
    }
    else if constexpr (kCount == 27) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1);
    }
    else if constexpr (kCount == 28) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2);
    }
    else if constexpr (kCount == 29) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3);
    }
    else if constexpr (kCount == 30) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3,a4] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3,a4);
    }
    else if constexpr (kCount == 31) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3,a4,a5] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3,a4,a5);
    }
    else if constexpr (kCount == 32) {
        auto& [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3,a4,a5,a6] = value;
        return std::tie(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a1,a2,a3,a4,a5,a6);
    }
    // clang-format on
}

namespace detail {

template <class T, class Row, class... Fields>
T by_position(const Row& row, std::type_identity<std::tuple<Fields&...>>) {
    if (row.size() != sizeof...(Fields)) {
        throw ColumnError("the row has " + std::to_string(row.size()) + " columns, but the struct has " +
                          std::to_string(sizeof...(Fields)) +
                          " fields; select one column for each, or name them with " + "AIO_DB_COLUMNS");
    }
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return T{row.template get<Fields>(I)...};  // in this order, since the braces are
    }(std::index_sequence_for<Fields...>{});
}

// columns: for each field its column's name, or its position.
template <class T, class Row, class Column, std::size_t N, class... Fields>
T by_columns(const Row& row, const std::array<Column, N>& columns, std::type_identity<std::tuple<Fields&...>>) {
    static_assert(N == sizeof...(Fields), "aio::db: column_names<T> has one name for each field of T");
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return T{row.template get<Fields>(columns[I])...};
    }(std::index_sequence_for<Fields...>{});
}

template <class T>
using FieldsOf = std::type_identity<decltype(tie_fields(std::declval<T&>()))>;

}  // namespace detail

// Reads a row into a struct: by name if it has column_names, else by position. Row is any type with `size()`, `get<T>(index)`
// and `get<T>(name)`. Errors: ColumnError; those of the conversions.
template <Aggregate T, class Row>
T from_row(const Row& row) {
    using Fields = detail::FieldsOf<T>;
    if constexpr (Named<T>) {
        return detail::by_columns<T>(row, column_names<T>, Fields{});
    } else {
        return detail::by_position<T>(row, Fields{});
    }
}

// All rows of a result, whose names are looked up once. Errors: as from_row().
template <Aggregate T, class Rows>
std::vector<T> from_rows(const Rows& rows) {
    std::vector<T> structs;
    structs.reserve(rows.size());
    if constexpr (Named<T>) {
        std::array<std::size_t, column_names<T>.size()> columns = {};
        if (!rows.empty()) {
            const auto row = rows[0];
            for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = row.position(column_names<T>[i]);
        }
        for (const auto& row : rows) structs.push_back(detail::by_columns<T>(row, columns, detail::FieldsOf<T>{}));
    } else {
        for (const auto& row : rows) structs.push_back(from_row<T>(row));
    }
    return structs;
}

}  // namespace aio::db

// At file scope, outside of any namespace: reads and writes the struct by these column names.
#define AIO_DB_COLUMNS(Type, ...)                       \
    template <>                                         \
    inline constexpr auto aio::db::column_names<Type> = \
        aio::db::detail::split_names<aio::db::detail::count_names(#__VA_ARGS__)>(#__VA_ARGS__);
