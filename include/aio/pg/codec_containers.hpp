// Codecs of what contains other values: arrays, composites, ranges, hstore.
#pragma once

#include <aio/db/aggregate.hpp>
#include <aio/pg/codec.hpp>
#include <aio/pg/record.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace aio::pg {

namespace detail {

// The codec of an argument: its own, or that of text for string literals and everything else that is text.
template <class T>
consteval auto codec_of() {
    if constexpr (requires { sizeof(Codec<T>); }) {
        return std::type_identity<Codec<T>>{};
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        return std::type_identity<Codec<std::string_view>>{};
    } else {
        return std::type_identity<void>{};
    }
}
template <class T>
using CodecOf = typename decltype(codec_of<T>())::type;

template <class T>
concept NullArgument = std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>;

template <class T>
void encode_field(std::string& output, Oid oid, const TypeCatalog& catalog, std::size_t parameter, Part part,
                  const T& value) {
    if constexpr (NullArgument<T>) {
        append_null(output);
    } else if constexpr (is_optional<T>) {
        if (value) {
            encode_field(output, oid, catalog, parameter, part, *value);
        } else {
            append_null(output);
        }
    } else {
        const std::size_t begin = begin_length(output);
        Encoder(output, oid, catalog, parameter, part).encode(value);
        end_length(output, begin);
    }
}

// Vectors of vectors, down to what is no array. bytea is none.
template <class T>
struct ArrayShape {
    static constexpr std::size_t kRank = 0;
    using Leaf = T;
};
template <class T>
    requires(!std::same_as<T, std::byte>)
struct ArrayShape<std::vector<T>> {
    static constexpr std::size_t kRank = 1 + ArrayShape<T>::kRank;
    using Leaf = typename ArrayShape<T>::Leaf;
};

template <class T>
inline constexpr bool is_view = false;
template <>
inline constexpr bool is_view<std::string_view> = true;
template <>
inline constexpr bool is_view<std::span<const std::byte>> = true;
template <class T>
inline constexpr bool is_view<std::optional<T>> = is_view<T>;

template <class T>
inline constexpr bool is_range = false;
template <class T>
inline constexpr bool is_range<Range<T>> = true;
template <class T>
inline constexpr bool is_range<std::optional<Range<T>>> = true;

// Measures `list`, which is `level` vectors deep; `first` is the first one of its level.
template <class T>
void measure(const Encoder& encoder, const std::vector<T>& list, std::span<Dimension> dimensions, bool first) {
    const auto size = static_cast<std::int32_t>(list.size());
    if (first) dimensions[0].size = size;
    if (dimensions[0].size != size) throw_not_rectangular(encoder);
    if constexpr (ArrayShape<T>::kRank > 0) {
        for (const T& each : list) {
            measure(encoder, each, dimensions.subspan(1), first);
            first = false;
        }
    }
}

template <class T>
bool has_null(const std::vector<T>& list) {
    if constexpr (ArrayShape<T>::kRank > 0) {
        return std::ranges::any_of(list, [](const T& each) { return has_null(each); });
    } else if constexpr (is_optional<T>) {
        return std::ranges::any_of(list, [](const T& each) { return !each; });
    } else {
        return false;
    }
}

template <class T>
void encode_elements(Encoder& encoder, Oid element, const std::vector<T>& list) {
    for (auto&& each : list) {  // of std::vector<bool>, a proxy
        if constexpr (ArrayShape<T>::kRank > 0) {
            encode_elements(encoder, element, each);
        } else {
            encoder.encode_part<T>(element, Part::element, each);
        }
    }
}

template <class T>
void decode_elements(ArrayReader& reader, std::vector<T>& list, std::span<const Dimension> dimensions) {
    const auto size = static_cast<std::size_t>(dimensions[0].size);
    list.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        if constexpr (ArrayShape<T>::kRank > 0) {
            decode_elements(reader, list.emplace_back(), dimensions.subspan(1));
        } else {
            list.push_back(reader.next().get<T>());
        }
    }
}

template <class T>
std::vector<Range<T>> decode_multirange(const Value& value, NameOf name) {
    std::string_view rest;
    const std::size_t size = read_multirange_size(value, rest, name);
    std::vector<Range<T>> result;
    result.reserve(size);
    while (result.size() < size) {
        const bool last = result.size() + 1 == size;
        result.push_back(next_range(value, rest, last).get<Range<T>>());
    }
    return result;
}

}  // namespace detail

template <class T>
void Encoder::encode(const T& value) {
    using Chosen = detail::CodecOf<T>;
    static_assert(
        requires { Chosen::encode(*this, value); },
        "aio::pg: a value of this type cannot be passed: specialize aio::pg::Codec for it, or name a struct's fields "
        "with AIO_DB_COLUMNS");
    if constexpr (requires { Chosen::encode(*this, value); }) Chosen::encode(*this, value);
}

template <class T>
void Encoder::encode_part(Oid oid, detail::Part part, const T& value) {
    detail::encode_field(output_, oid, catalog_, parameter_, part, value);
}

// --- arrays ----------------------------------------------------------------------------------------------------------

// Also multiranges, as vectors of ranges.
template <class T>
struct Codec<std::vector<T>> {
    using Vector = std::vector<T>;
    static constexpr std::size_t kRank = detail::ArrayShape<Vector>::kRank;
    static_assert(kRank <= detail::kMostDimensions, "aio::pg: an array of PostgreSQL has at most 6 dimensions");

    static Vector decode(const Value& value) {
        if constexpr (detail::is_range<T> && !detail::is_optional<T>) {
            using Bound = typename decltype(T::lower)::value_type;
            if (value.type().layout == Layout::multirange) {
                return detail::decode_multirange<Bound>(value, &db::type_name<Vector>);
            }
        }
        using Leaf = typename detail::ArrayShape<Vector>::Leaf;
        detail::ArrayReader reader(value, detail::is_view<Leaf>, &db::type_name<Vector>);
        Vector result;
        if (reader.size() > 0) {
            if (reader.dimensions().size() != kRank) detail::throw_wrong_rank(value, kRank, &db::type_name<Vector>);
            detail::decode_elements(reader, result, reader.dimensions());
        }
        reader.finish();
        return result;
    }

    static void encode(Encoder& encoder, const Vector& value) {
        if constexpr (detail::is_range<T> && !detail::is_optional<T>) {
            if (encoder.type().layout == Layout::multirange) {
                const Oid range = detail::encode_multirange_header(encoder, value.size());
                for (const T& each : value) encoder.encode_part(range, detail::Part::element, each);
                return;
            }
        }
        const Oid element = detail::array_element(encoder, &db::type_name<Vector>);
        std::array<Dimension, kRank> dimensions{};
        detail::measure(encoder, value, dimensions, true);
        std::size_t count = 1;
        for (const Dimension& each : dimensions) count *= static_cast<std::size_t>(each.size);
        detail::encode_array_header(encoder, dimensions, count, detail::has_null(value));
        if (count > 0) detail::encode_elements(encoder, element, value);
    }
};

// To pass; reading needs an owner.
template <class T>
    requires(!std::same_as<T, const std::byte>)
struct Codec<std::span<T>> {
    static void encode(Encoder& encoder, std::span<T> value) {
        using Element = std::remove_cv_t<T>;
        const Oid element = detail::array_element(encoder, &db::type_name<std::span<T>>);
        bool has_null = false;
        if constexpr (detail::is_optional<Element>) {
            has_null = std::ranges::any_of(value, [](const Element& each) { return !each; });
        }
        const Dimension dimension{static_cast<std::int32_t>(value.size()), 1};
        detail::encode_array_header(encoder, {&dimension, 1}, value.size(), has_null);
        for (const Element& each : value) encoder.encode_part(element, detail::Part::element, each);
    }
};

template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
    static std::array<T, N> decode(const Value& value) {
        detail::ArrayReader reader(value, detail::is_view<T>, &db::type_name<std::array<T, N>>);
        if (reader.size() != N || (N > 0 && reader.dimensions().size() != 1)) {
            detail::throw_out_of_range(value, "an array of " + std::to_string(reader.size()) + " elements",
                                       &db::type_name<std::array<T, N>>);
        }
        std::array<T, N> result{};
        for (T& each : result) each = reader.next().template get<T>();
        reader.finish();
        return result;
    }
    static void encode(Encoder& encoder, const std::array<T, N>& value) {
        Codec<std::span<const T>>::encode(encoder, std::span<const T>(value));
    }
};

template <class T>
struct Codec<Array<T>> {
    static Array<T> decode(const Value& value) {
        detail::ArrayReader reader(value, detail::is_view<T>, &db::type_name<Array<T>>);
        Array<T> result;
        if (reader.size() > 0) result.dimensions.assign(reader.dimensions().begin(), reader.dimensions().end());
        result.elements.reserve(reader.size());
        for (std::size_t i = 0; i < reader.size(); ++i) result.elements.push_back(reader.next().template get<T>());
        reader.finish();
        return result;
    }
    static void encode(Encoder& encoder, const Array<T>& value) {
        const Oid element = detail::array_element(encoder, &db::type_name<Array<T>>);
        detail::encode_array_header(encoder, value.dimensions, value.elements.size(),
                                    detail::has_null(value.elements));
        detail::encode_elements(encoder, element, value.elements);
    }
};

// --- composites ------------------------------------------------------------------------------------------------------

// The fields by position; their number must be the composite's.
template <class... Ts>
struct Codec<std::tuple<Ts...>> {
    using Tuple = std::tuple<Ts...>;

    static Tuple decode(const Value& value) {
        detail::RecordReader reader(value, &db::type_name<Tuple>);
        if (reader.size() != sizeof...(Ts)) reader.throw_wrong_size(sizeof...(Ts));
        Tuple result{reader.next().template get<Ts>()...};  // in this order, since the braces are
        reader.finish();
        return result;
    }
    static void encode(Encoder& encoder, const Tuple& value) {
        const auto fields = detail::encode_record_header(encoder, sizeof...(Ts), &db::type_name<Tuple>);
        std::size_t i = 0;
        const auto encode_one = [&](const auto& field) {
            const Oid oid = fields[i++].type;
            detail::encode_record_field_type(encoder, oid);
            encoder.encode_part(oid, detail::Part::field, field);
        };
        std::apply([&](const auto&... each) { (encode_one(each), ...); }, value);
    }
};

template <>
struct Codec<Record> {
    static Record decode(const Value& value) { return Record(value); }
};

// A struct with AIO_DB_COLUMNS: the fields by name.
template <db::Named T>
struct Codec<T> {
    static T decode(const Value& value) { return db::from_row<T>(Record(value)); }
    static void encode(Encoder& encoder, const T& value) {
        constexpr const auto& kNames = db::column_names<T>;
        const auto own = db::tie_fields(value);
        const auto fields = detail::encode_record_header(encoder, kNames.size(), &db::type_name<T>);
        for (const TypeField& field : fields) {
            const auto found = std::ranges::find(kNames, std::string_view(field.name));
            if (found == kNames.end()) {
                throw db::ColumnError(encoder.describe() + " has a field " + field.name + ", which " +
                                      db::type_name<T>() + " has no column name for");
            }
            const auto index = static_cast<std::size_t>(found - kNames.begin());
            detail::encode_record_field_type(encoder, field.type);
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                ((I == index ? encoder.encode_part(field.type, detail::Part::field, std::get<I>(own)) : void()), ...);
            }(std::make_index_sequence<kNames.size()>{});
        }
    }
};

// --- ranges and hstore -----------------------------------------------------------------------------------------------

template <class T>
struct Codec<Range<T>> {
    static Range<T> decode(const Value& value) {
        const detail::RangeParts parts = detail::read_range(value, &db::type_name<Range<T>>);
        Range<T> range;
        range.empty = parts.empty;
        range.lower_inclusive = parts.lower_inclusive;
        range.upper_inclusive = parts.upper_inclusive;
        if (parts.lower) range.lower = parts.lower->get<T>();
        if (parts.upper) range.upper = parts.upper->get<T>();
        return range;
    }
    static void encode(Encoder& encoder, const Range<T>& value) {
        const Oid bound =
            detail::encode_range_flags(encoder, value.empty, value.lower.has_value(), value.upper.has_value(),
                                       value.lower_inclusive, value.upper_inclusive, &db::type_name<Range<T>>);
        if (value.empty) return;
        if (value.lower) encoder.encode_part(bound, detail::Part::bound, *value.lower);
        if (value.upper) encoder.encode_part(bound, detail::Part::bound, *value.upper);
    }
};

template <>
struct Codec<std::map<std::string, std::optional<std::string>>> {
    using Map = std::map<std::string, std::optional<std::string>>;

    static Map decode(const Value& value) {
        detail::HstoreReader reader(value, &db::type_name<Map>);
        Map result;
        for (std::size_t i = 0; i < reader.size; ++i) {
            const auto [key, text] = reader.next();
            result.insert_or_assign(std::string(key), text ? std::optional(std::string(*text)) : std::nullopt);
        }
        reader.finish();
        return result;
    }
    static void encode(Encoder& encoder, const Map& value) {
        detail::encode_hstore_header(encoder, value.size(), &db::type_name<Map>);
        for (const auto& [key, text] : value) {
            detail::append_hstore_text(encoder, key);
            detail::append_hstore_text(encoder, text);
        }
    }
};

}  // namespace aio::pg
