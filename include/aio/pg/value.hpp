// Value, a value as the server sent it, and Encoder, which writes an argument: the interface of codecs.
//
// A program needs Value to write a codec of its own, and to inspect a value whose type is known only at run time. A Value is a
// view: it is valid as long as the row that it comes from.
#pragma once

#include <aio/db/conversion_error.hpp>
#include <aio/db/type_name.hpp>
#include <aio/pg/type.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace aio::pg {

// How T is passed and read. Specialize it for types of your own, at file scope:
//
//     template <> struct aio::pg::Codec<Celsius> {
//         static Celsius decode(const Value& value) { return {value.get<double>()}; }        // never NULL
//         static void encode(Encoder& encoder, const Celsius& celsius) { encoder.encode(celsius.degrees); }
//     };
//
// A `static constexpr Oid kOid` gives the type of a parameter where the server was not asked for it.
template <class T>
struct Codec;

namespace detail {

using db::detail::is_optional;
using db::detail::NameOf;

// What a value is part of.
enum class Part : std::uint8_t { whole, element, field, bound };

}  // namespace detail

class Value;

namespace detail {
[[noreturn]] void throw_null(const Value& value, NameOf name);
}

// A column's value, or a part of it: an element of an array, a field of a composite, a bound of a range.
class Value {
public:
    // Nothing: NULL. `column` is the column's name, for messages. All arguments must outlive the value.
    Value(Oid oid, Format format, std::optional<std::string_view> bytes, const TypeCatalog& catalog,
          std::string_view column, detail::Part part = detail::Part::whole) noexcept
        : Value(oid, catalog.resolve(oid), format, bytes, catalog, column, part) {}
    // The same, of a type that was resolved before.
    Value(Oid oid, const Type& resolved, Format format, std::optional<std::string_view> bytes,
          const TypeCatalog& catalog, std::string_view column, detail::Part part = detail::Part::whole) noexcept
        : bytes_(bytes.value_or(std::string_view())),
          column_(column),
          catalog_(&catalog),
          type_(&resolved),
          oid_(oid),
          format_(format),
          part_(part),
          null_(!bytes) {}

    // The value as a T. Views (std::string_view, std::span, Record) are valid as long as the row. Errors:
    // db::TypeMismatchError, db::NullValueError, db::OutOfRangeError, db::MalformedValueError.
    template <class T>
    T get() const {
        static_assert(
            requires { Codec<T>::decode(*this); } || detail::is_optional<T>,
            "aio::pg: a column cannot be read as this type: specialize aio::pg::Codec for it, or name a struct's "
            "fields with AIO_DB_COLUMNS");
        if constexpr (detail::is_optional<T>) {
            if (null_) return std::nullopt;
            return get<typename T::value_type>();
        } else {
            if (null_) detail::throw_null(*this, &db::type_name<T>);
            return Codec<T>::decode(*this);
        }
    }

    // Whether it is NULL.
    bool is_null() const noexcept { return null_; }
    // The type; of a domain, its base.
    const Type& type() const noexcept { return *type_; }
    // The type that the server reported.
    Oid oid() const noexcept { return oid_; }
    // The format of bytes().
    Format format() const noexcept { return format_; }
    // The bytes from the server; empty if it is NULL.
    std::string_view bytes() const noexcept { return bytes_; }
    // The name of the column that it belongs to.
    std::string_view column() const noexcept { return column_; }
    // The types of the connection.
    const TypeCatalog& catalog() const noexcept { return *catalog_; }
    // For messages: `column "born"`, `an element of column "tags"`.
    std::string describe() const;

    // For codecs: a value inside this one.
    Value part(Oid oid, std::optional<std::string_view> bytes, detail::Part part) const noexcept {
        return {oid, format_, bytes, *catalog_, column_, part};
    }

private:
    std::string_view bytes_;
    std::string_view column_;
    const TypeCatalog* catalog_;
    const Type* type_;
    Oid oid_;
    Format format_;
    detail::Part part_;
    bool null_;
};

// Writes the bytes of an argument, in the format of the parameter's type.
class Encoder {
public:
    // For the driver. `parameter`: its number, from 1, for messages. The output and the catalog must outlive it.
    Encoder(std::string& output, Oid oid, const TypeCatalog& catalog, std::size_t parameter,
            detail::Part part = detail::Part::whole) noexcept
        : output_(output),
          catalog_(catalog),
          type_(catalog.resolve(oid)),
          oid_(oid),
          parameter_(parameter),
          part_(part),
          // A part is inside of a binary value.
          format_(part == detail::Part::whole ? catalog.format(oid) : Format::binary) {}

    // Encodes `value` as the whole argument: for codecs of types that wrap another.
    template <class T>
    void encode(const T& value);
    // Encodes a value inside this one, of type `oid`: its length and its bytes, or NULL.
    template <class T>
    void encode_part(Oid oid, detail::Part part, const T& value);

    // The parameter's type; of a domain, its base.
    const Type& type() const noexcept { return type_; }
    // The type that the server reported.
    Oid oid() const noexcept { return oid_; }
    // The format of the bytes to write: text only if no binary format of the type is known.
    Format format() const noexcept { return format_; }
    // The types of the connection.
    const TypeCatalog& catalog() const noexcept { return catalog_; }
    // Append the bytes to this string.
    std::string& output() noexcept { return output_; }
    // For messages: `$2`, `an element of $2`.
    std::string describe() const;

private:
    std::string& output_;
    const TypeCatalog& catalog_;
    const Type& type_;
    Oid oid_;
    std::size_t parameter_;
    detail::Part part_;
    Format format_;
};

namespace detail {

// "... has the type date, which cannot be read as int; read it as ...".
[[noreturn]] void throw_mismatch(const Value& value, NameOf name);
[[noreturn]] void throw_mismatch(const Encoder& encoder, NameOf name);
// `what`: the value that does not fit.
[[noreturn]] void throw_out_of_range(const Value& value, std::string_view what, NameOf name);
[[noreturn]] void throw_out_of_range(const Encoder& encoder, std::string_view what);
[[noreturn]] void throw_malformed(const Value& value, std::string_view why);

// A length of four bytes in front of a value, which is filled in when its end is known.
std::size_t begin_length(std::string& output);
void end_length(std::string& output, std::size_t begin);
void append_null(std::string& output);

}  // namespace detail

}  // namespace aio::pg
