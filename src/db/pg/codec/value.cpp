// The messages of values that do not fit: where, which type, which C++ type, and which would do. Also the lengths in front of
// values, which every codec shares.
#include <aio/pg/value.hpp>

#include <aio/pg/parameters.hpp>

#include "db/pg/codec/big_endian.hpp"

#include <limits>

namespace aio::pg {

namespace {

const char* prefix_of(detail::Part part) noexcept {
    switch (part) {
        case detail::Part::element: return "an element of ";
        case detail::Part::field: return "a field of ";
        case detail::Part::bound: return "a bound of ";
        case detail::Part::whole: break;
    }
    return "";
}

// The C++ types that fit, the usual one first; the table is in codec.hpp.
const char* fitting(Layout layout) noexcept {
    switch (layout) {
        case Layout::text_only:
        case Layout::text:
        case Layout::versioned_text: return "std::string";
        case Layout::nothing: return "std::monostate";
        case Layout::boolean: return "bool";
        case Layout::int2: return "std::int16_t";
        case Layout::int4: return "int";
        case Layout::int8: return "std::int64_t";
        case Layout::oid: return "std::uint32_t";
        case Layout::xid8: return "std::uint64_t";
        case Layout::float4: return "float or double";
        case Layout::float8: return "double";
        case Layout::numeric: return "aio::pg::Numeric, std::string or double";
        case Layout::money: return "aio::pg::Money";
        case Layout::json:
        case Layout::versioned_json: return "std::string or nlohmann::json";
        case Layout::letter: return "char";
        case Layout::bytes: return "std::vector<std::byte> or aio::pg::Bytes";
        case Layout::uuid: return "aio::pg::Uuid or std::string";
        case Layout::date: return "std::chrono::year_month_day or std::chrono::sys_days";
        case Layout::time: return "std::chrono::hh_mm_ss<std::chrono::microseconds>";
        case Layout::timetz: return "aio::pg::TimeTz";
        case Layout::timestamp: return "std::chrono::local_time<std::chrono::microseconds>";
        case Layout::timestamptz: return "std::chrono::sys_time<std::chrono::microseconds>";
        case Layout::interval: return "aio::pg::Interval or std::chrono::microseconds";
        case Layout::inet: return "aio::pg::Inet";
        case Layout::macaddr: return "aio::pg::MacAddress";
        case Layout::macaddr8: return "aio::pg::MacAddress8";
        case Layout::bits: return "aio::pg::BitString";
        case Layout::point: return "aio::pg::Point";
        case Layout::line: return "aio::pg::Line";
        case Layout::lseg: return "aio::pg::LineSegment";
        case Layout::box: return "aio::pg::Box";
        case Layout::path: return "aio::pg::Path";
        case Layout::polygon: return "aio::pg::Polygon";
        case Layout::circle: return "aio::pg::Circle";
        case Layout::lsn: return "aio::pg::Lsn";
        case Layout::tid: return "aio::pg::Tid";
        case Layout::hstore: return "std::map<std::string, std::optional<std::string>>";
        case Layout::array: return "std::vector of its elements' type";
        case Layout::record: return "std::tuple, aio::pg::Record or a struct with AIO_DB_COLUMNS";
        case Layout::range: return "aio::pg::Range of its bounds' type";
        case Layout::multirange: return "std::vector<aio::pg::Range> of its bounds' type";
    }
    return "std::string";
}

const char* fitting(Layout layout, Format format) noexcept {
    return format == Format::text ? "std::string, as it travels in text format" : fitting(layout);
}

}  // namespace

std::string Value::describe() const {
    return prefix_of(part_) + (column_.empty() ? "the value" : "column \"" + std::string(column_) + "\"");
}

std::string Encoder::describe() const { return std::string(prefix_of(part_)) + "$" + std::to_string(parameter_); }

namespace detail {

void throw_null(const Value& value, NameOf name) {
    throw db::NullValueError(value.describe() + " (" + value.catalog().name(value.oid()) + ") is NULL, which " +
                             name() + " cannot hold; read it as std::optional<" + name() + ">");
}

void throw_mismatch(const Value& value, NameOf name) {
    throw db::TypeMismatchError(value.describe() + " has the type " + value.catalog().name(value.oid()) +
                                ", which cannot be read as " + name() + "; read it as " +
                                fitting(value.type().layout, value.format()));
}

void throw_mismatch(const Encoder& encoder, NameOf name) {
    throw db::TypeMismatchError(encoder.describe() + " has the type " + encoder.catalog().name(encoder.oid()) +
                                ", for which " + name() + " cannot be passed; pass " +
                                fitting(encoder.type().layout, encoder.format()));
}

void throw_out_of_range(const Value& value, std::string_view what, NameOf name) {
    throw db::OutOfRangeError(value.describe() + " (" + value.catalog().name(value.oid()) + ") is " +
                              std::string(what) + ", which does not fit into " + name());
}

void throw_out_of_range(const Encoder& encoder, std::string_view what) {
    throw db::OutOfRangeError(encoder.describe() + " has the type " + encoder.catalog().name(encoder.oid()) +
                              ", which cannot hold " + std::string(what));
}

void throw_malformed(const Value& value, std::string_view why) {
    throw db::MalformedValueError(value.describe() + " (" + value.catalog().name(value.oid()) +
                                  ") is malformed, as the server sent it: " + std::string(why));
}

std::size_t begin_length(std::string& output) {
    output.append(4, '\0');
    return output.size();
}

void end_length(std::string& output, std::size_t begin) {
    const std::size_t size = output.size() - begin;
    if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw db::OutOfRangeError("a value of " + std::to_string(size) +
                                  " bytes was passed; PostgreSQL takes no more than 2147483647");
    }
    store_big_endian(output.data() + begin - 4, static_cast<std::int32_t>(size));
}

void append_null(std::string& output) { append_big_endian(output, std::int32_t{-1}); }

void check_argument_count(std::size_t parameters, std::size_t arguments) {
    if (parameters == arguments) return;
    throw db::ArgumentCountError("the statement has " + std::to_string(parameters) +
                                 (parameters == 1 ? " parameter, but " : " parameters, but ") +
                                 std::to_string(arguments) +
                                 (arguments == 1 ? " argument was passed" : " arguments were passed"));
}

}  // namespace detail

}  // namespace aio::pg
