// The messages of values that do not fit: where, which type, which C++ type, and which would do. Also the arguments of a
// statement, one after the other.
#include <aio/mysql/value.hpp>

#include <aio/mysql/parameters.hpp>

#include "db/mysql/wire/integers.hpp"

namespace aio::mysql {

namespace {

// The C++ types that fit, the usual one first; the table is in codec.hpp.
const char* fitting(const ColumnType& type) noexcept {
    switch (type.kind()) {
        case Kind::integer:
            return type.is_unsigned() ? "std::uint64_t or another integer" : "std::int64_t or another integer";
        case Kind::real: return type.type == FieldType::float_ ? "float or double" : "double";
        case Kind::decimal: return "aio::mysql::Numeric, std::string or double";
        case Kind::bits: return "std::uint64_t or aio::mysql::Bytes";
        case Kind::date: return "std::chrono::year_month_day or aio::mysql::DateTime";
        case Kind::datetime: return "std::chrono::local_time<std::chrono::microseconds> or aio::mysql::DateTime";
        case Kind::time: return "std::chrono::microseconds";
        case Kind::null: return "a std::optional";
        case Kind::text: break;
    }
    return type.is_bytes() ? "std::vector<std::byte> or aio::mysql::Bytes" : "std::string";
}

}  // namespace

std::string Value::describe() const { return "column \"" + std::string(column_) + "\" (" + type_->name() + ")"; }

std::string Encoder::describe() const { return "argument " + std::to_string(parameter_); }

void Encoder::append_text(std::string_view text) { wire::append_lenenc_text(output_, text); }

void Parameters::added(std::uint16_t type, bool is_null) {
    const std::size_t index = ends_.size();
    ends_.push_back(values_.size());
    if (index % 8 == 0) nulls_ += '\0';
    if (is_null) nulls_.back() = static_cast<char>(nulls_.back() | 1 << (index % 8));
    wire::append_int(types_, type, 2);
}

void Parameters::add_null() { added(static_cast<std::uint16_t>(FieldType::null), true); }

namespace detail {

void throw_null(const Value& value, NameOf name) {
    throw db::NullValueError(value.describe() + " is NULL, which " + name() +
                             " cannot hold; read it as std::optional<" + name() + ">");
}

void throw_mismatch(const Value& value, NameOf name) {
    throw db::TypeMismatchError(value.describe() + " cannot be read as " + name() + "; read it as " +
                                fitting(value.type()));
}

void throw_out_of_range(const Value& value, std::string_view what, NameOf name) {
    throw db::OutOfRangeError(value.describe() + " is " + std::string(what) + ", which does not fit into " + name());
}

void throw_out_of_range(const Encoder& encoder, std::string_view what) {
    throw db::OutOfRangeError(encoder.describe() + " is " + std::string(what) + ", which MySQL cannot hold");
}

void throw_malformed(const Value& value, std::string_view why) {
    throw db::MalformedValueError(value.describe() + " is malformed, as the server sent it: " + std::string(why));
}

void check_argument_count(std::size_t parameters, std::size_t arguments) {
    if (parameters == arguments) return;
    throw db::ArgumentCountError("the statement has " + std::to_string(parameters) +
                                 (parameters == 1 ? " parameter, but " : " parameters, but ") +
                                 std::to_string(arguments) +
                                 (arguments == 1 ? " argument was passed" : " arguments were passed"));
}

}  // namespace detail

}  // namespace aio::mysql
