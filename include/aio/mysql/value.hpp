// Value, a value as the server sent it, and Encoder, which writes an argument: the interface of codecs.
//
// A program needs Value to write a codec of its own, and to inspect a value whose type is known only at run time. A Value is a
// view: it is valid as long as the row that it comes from.
#pragma once

#include <aio/db/conversion_error.hpp>
#include <aio/db/type_name.hpp>
#include <aio/mysql/type.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace aio::mysql {

// How T is passed and read. Specialize it for types of your own, at file scope:
//
//     template <> struct aio::mysql::Codec<Celsius> {
//         static Celsius decode(const Value& value) { return {value.get<double>()}; }        // never NULL
//         static void encode(Encoder& encoder, const Celsius& celsius) { encoder.encode(celsius.degrees); }
//     };
template <class T>
struct Codec;

namespace detail {

using db::detail::is_optional;
using db::detail::NameOf;

}  // namespace detail

// How the bytes of a value are to be read: statements with arguments are answered in binary, others in text.
enum class Format : std::uint8_t { text, binary };

class Value;

namespace detail {
[[noreturn]] void throw_null(const Value& value, NameOf name);
}

// A column's value.
class Value {
public:
    // Nothing: NULL. `column` is the column's name, for messages. All arguments must outlive the value.
    Value(const ColumnType& type, Format format, std::optional<std::string_view> bytes,
          std::string_view column) noexcept
        : bytes_(bytes.value_or(std::string_view())), column_(column), type_(&type), format_(format), null_(!bytes) {}

    // The value as a T. Views (std::string_view, std::span) are valid as long as the row. Errors: db::TypeMismatchError,
    // db::NullValueError, db::OutOfRangeError, db::MalformedValueError.
    template <class T>
    T get() const {
        static_assert(
            requires { Codec<T>::decode(*this); } || detail::is_optional<T>,
            "aio::mysql: a column cannot be read as this type: specialize aio::mysql::Codec for it");
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
    // The column's type.
    const ColumnType& type() const noexcept { return *type_; }
    // The format of bytes().
    Format format() const noexcept { return format_; }
    // The bytes from the server; empty if it is NULL.
    std::string_view bytes() const noexcept { return bytes_; }
    // The name of its column.
    std::string_view column() const noexcept { return column_; }
    // For messages: `column "born" (DATE)`.
    std::string describe() const;

private:
    std::string_view bytes_;
    std::string_view column_;
    const ColumnType* type_;
    Format format_;
    bool null_;
};

// Writes an argument: its type, and its bytes in the binary protocol. The server converts it to what the statement needs.
class Encoder {
public:
    // For the driver. `parameter`: its number, from 1, for messages.
    Encoder(std::string& output, std::size_t parameter) noexcept : output_(output), parameter_(parameter) {}

    // Encodes `value` as the whole argument: for codecs of types that wrap another.
    template <class T>
    void encode(const T& value);

    // What a codec writes: the type, and the bytes. They are text for the server unless the type is numeric or a time.
    void set_type(FieldType type, bool is_unsigned = false) noexcept {
        type_ = static_cast<std::uint16_t>(static_cast<unsigned>(type) | (is_unsigned ? 0x8000U : 0U));
    }
    // Bytes of a fixed layout.
    std::string& output() noexcept { return output_; }
    // Bytes of a type whose values have any length.
    void append_text(std::string_view text);
    // As the protocol sends it.
    std::uint16_t type() const noexcept { return type_; }
    // For messages: `argument 2`.
    std::string describe() const;

private:
    std::string& output_;
    std::size_t parameter_;
    std::uint16_t type_ = static_cast<std::uint16_t>(FieldType::null);
};

namespace detail {

// "... has the type DATE, which cannot be read as int; read it as ...".
[[noreturn]] void throw_mismatch(const Value& value, NameOf name);
// `what`: the value that does not fit.
[[noreturn]] void throw_out_of_range(const Value& value, std::string_view what, NameOf name);
[[noreturn]] void throw_out_of_range(const Encoder& encoder, std::string_view what);
[[noreturn]] void throw_malformed(const Value& value, std::string_view why);

}  // namespace detail

}  // namespace aio::mysql
