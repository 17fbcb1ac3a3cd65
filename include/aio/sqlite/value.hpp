// Value, a value as SQLite has it, and Encoder, which writes an argument: the interface of codecs.
//
// A program needs Value to write a codec of its own, and to inspect a value whose type is known only at run time, which is every
// value of SQLite: the type belongs to the value, not to the column. A Value is a view: it is valid as long as the row, or the
// call of a function, that it comes from.
#pragma once

#include <aio/db/conversion_error.hpp>
#include <aio/db/type_name.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aio::sqlite {

// The types of values.
enum class Type : std::uint8_t { null, integer, real, text, blob };

// How T is passed and read. Specialize it for types of your own, at file scope:
//
//     template <> struct aio::sqlite::Codec<Celsius> {
//         static Celsius decode(const Value& value) { return {value.get<double>()}; }        // never NULL
//         static void encode(Encoder& encoder, const Celsius& celsius) { encoder.encode(celsius.degrees); }
//     };
template <class T>
struct Codec;

namespace detail {

using db::detail::is_optional;
using db::detail::NameOf;

// A value in a result or among arguments. The bytes of text and blobs are elsewhere, in a string.
struct Cell {
    union {
        std::int64_t integer;
        double real;
        std::size_t offset;  // of the first byte
    };
    std::uint32_t size = 0;  // in bytes; SQLite has no value of 2 GiB
    Type type = Type::null;

    Cell() noexcept : integer(0) {}
};

}  // namespace detail

class Value;

namespace detail {
[[noreturn]] void throw_null(const Value& value, NameOf name);
}

// A column's value, or an argument of a function.
class Value {
public:
    // For the library. `place` names the column or parameter in messages; it and `bytes` must outlive the value.
    Value(const detail::Cell& cell, const char* bytes, std::string_view place) noexcept
        : cell_(cell), bytes_(bytes), place_(place) {}

    // The value as a T. Views (std::string_view, std::span) are valid as long as the row. Errors: db::TypeMismatchError,
    // db::NullValueError, db::OutOfRangeError, db::MalformedValueError.
    template <class T>
    T get() const {
        static_assert(
            requires { Codec<T>::decode(*this); } || detail::is_optional<T>,
            "aio::sqlite: a value cannot be read as this type: specialize aio::sqlite::Codec for it");
        if constexpr (detail::is_optional<T>) {
            if (is_null()) return std::nullopt;
            return get<typename T::value_type>();
        } else {
            if (is_null()) detail::throw_null(*this, &db::type_name<T>);
            return Codec<T>::decode(*this);
        }
    }

    bool is_null() const noexcept { return cell_.type == Type::null; }
    Type type() const noexcept { return cell_.type; }
    // Preconditions: the type is integer, or real.
    std::int64_t integer() const noexcept { return cell_.integer; }
    double real() const noexcept { return cell_.real; }
    // The bytes of text or a blob; empty for the other types.
    std::string_view bytes() const noexcept {
        const bool has_bytes = cell_.type == Type::text || cell_.type == Type::blob;
        return has_bytes ? std::string_view(bytes_ + cell_.offset, cell_.size) : std::string_view();
    }
    // For messages: `column "born"`, `argument 2 of half()`.
    std::string describe() const;

private:
    detail::Cell cell_;
    const char* bytes_;
    std::string_view place_;  // a column's name; or, with a blank in it, a description
};

// Writes an argument of a statement, or the result of a function.
class Encoder {
public:
    // For the library. `parameter`: its number, from 1, for messages; or 0 and its name.
    Encoder(detail::Cell& cell, std::string& bytes, std::size_t parameter, std::string_view name = {}) noexcept
        : cell_(cell), bytes_(bytes), parameter_(parameter), name_(name) {}

    // Encodes `value` as the argument: for codecs of types that wrap another.
    template <class T>
    void encode(const T& value);

    void write_null() noexcept { cell_ = detail::Cell(); }
    void write_integer(std::int64_t value) noexcept;
    // Errors: db::OutOfRangeError for NaN, which SQLite would store as NULL.
    void write_real(double value);
    // UTF-8 and any bytes, which are copied; zero bytes are kept. Errors: db::OutOfRangeError for 2 GiB or more.
    void write_text(std::string_view text) { write_bytes(Type::text, text); }
    void write_blob(std::string_view bytes) { write_bytes(Type::blob, bytes); }

    // For messages: `?2`, `:name`.
    std::string describe() const;

private:
    void write_bytes(Type type, std::string_view bytes);

    detail::Cell& cell_;
    std::string& bytes_;
    std::size_t parameter_;
    std::string_view name_;
};

namespace detail {

// "column "age" is TEXT, which cannot be read as int; read it as std::string".
[[noreturn]] void throw_mismatch(const Value& value, NameOf name);
// `what`: the value that does not fit.
[[noreturn]] void throw_out_of_range(const Value& value, std::string_view what, NameOf name);
[[noreturn]] void throw_out_of_range(const Encoder& encoder, std::string_view what);
[[noreturn]] void throw_malformed(const Value& value, std::string_view why);

}  // namespace detail

}  // namespace aio::sqlite
