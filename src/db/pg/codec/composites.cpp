// Composites, ranges, multiranges and hstore: values that contain values of other types.
//
// Source: PostgreSQL 17, src/backend/utils/adt: rowtypes.c (record_send), rangetypes.c (range_send) with
// src/include/utils/rangetypes.h (the flags), multirangetypes.c (multirange_send); contrib/hstore/hstore_io.c (hstore_send).
#include <aio/pg/codec_functions.hpp>
#include <aio/pg/record.hpp>

#include "db/pg/codec/big_endian.hpp"

#include <algorithm>
#include <utility>

namespace aio::pg {

namespace detail {

namespace {

// The flags of a range.
constexpr unsigned kEmpty = 0x01, kLowerInclusive = 0x02, kUpperInclusive = 0x04, kNoLower = 0x08, kNoUpper = 0x10;

// A count of parts that have at least `least` bytes each.
std::size_t take_count(const Value& value, std::string_view& rest, std::size_t least) {
    Input input(value, rest);
    const auto count = input.take<std::int32_t>();
    rest = input.rest();
    if (count < 0 || static_cast<std::size_t>(count) > rest.size() / least) {
        throw_malformed(value, "it has fewer parts than it says");
    }
    return static_cast<std::size_t>(count);
}

void append_count(Encoder& encoder, std::size_t count) {
    if (!std::in_range<std::int32_t>(count)) throw_out_of_range(encoder, std::to_string(count) + " parts");
    append_big_endian(encoder.output(), static_cast<std::int32_t>(count));
}

}  // namespace

std::optional<std::string_view> take_field(const Value& value, std::string_view& rest) {
    Input input(value, rest);
    const auto size = input.take<std::int32_t>();
    std::optional<std::string_view> result;
    if (size < -1) throw_malformed(value, "a length in it is negative");
    if (size >= 0) result = input.take_bytes(static_cast<std::size_t>(size));
    rest = input.rest();
    return result;
}

// --- composites ------------------------------------------------------------------------------------------------------

RecordReader::RecordReader(const Value& value, NameOf name) : record_(value), name_(name), rest_(value.bytes()) {
    expect_layout(value, Layout::record, name);
    size_ = take_count(value, rest_, 8);
}

Value RecordReader::next() {
    Input input(record_, rest_);
    const auto oid = input.take<Oid>();
    rest_ = input.rest();
    return record_.part(oid, take_field(record_, rest_), Part::field);
}

void RecordReader::finish() const { Input(record_, rest_).finish(); }

void RecordReader::throw_wrong_size(std::size_t wanted) const {
    throw db::TypeMismatchError(record_.describe() + " (" + record_.catalog().name(record_.oid()) + ") has " +
                                std::to_string(size_) + " fields, but " + name_() + " has " + std::to_string(wanted));
}

bool has_known_fields(const Value& record) {
    if (record.type().kind != TypeKind::composite) return true;
    const std::span<const TypeField> known = record.type().fields;
    RecordReader reader(record, &db::type_name<Record>);
    if (reader.size() != known.size()) return false;
    return std::ranges::all_of(known, [&](const TypeField& field) { return reader.next().oid() == field.type; });
}

std::span<const TypeField> encode_record_header(Encoder& encoder, std::size_t count, NameOf name) {
    expect_layout(encoder, Layout::record, name);
    const std::span<const TypeField> fields = encoder.type().fields;
    if (fields.size() != count) {
        throw db::TypeMismatchError(encoder.describe() + " has the type " + encoder.catalog().name(encoder.oid()) +
                                    " with " + std::to_string(fields.size()) + " fields, but " + name() + " has " +
                                    std::to_string(count));
    }
    append_count(encoder, count);
    return fields;
}

void encode_record_field_type(Encoder& encoder, Oid oid) { append_big_endian(encoder.output(), oid); }

std::size_t field_index(const Type& type, std::string_view name, const std::string& where) {
    const auto found = std::ranges::find(type.fields, name, &TypeField::name);
    if (found != type.fields.end()) return static_cast<std::size_t>(found - type.fields.begin());
    const std::string fields = type.fields.empty() ? "whose fields have no names" : "";
    throw db::ColumnError(where + ", a composite " + (fields.empty() ? std::string(type.name) + "," : fields + ",") +
                          " has no field \"" + std::string(name) + "\"");
}

// --- ranges ----------------------------------------------------------------------------------------------------------

RangeParts read_range(const Value& value, NameOf name) {
    expect_layout(value, Layout::range, name);
    Input input(value);
    const unsigned flags = input.take<std::uint8_t>();
    std::string_view rest = input.rest();
    const auto take_bound = [&] {
        const std::optional<std::string_view> bytes = take_field(value, rest);
        if (!bytes) throw_malformed(value, "a bound of it is NULL");
        return value.part(value.type().element, bytes, Part::bound);
    };
    RangeParts parts;
    parts.empty = (flags & kEmpty) != 0;
    if (!parts.empty && (flags & kNoLower) == 0) {
        parts.lower = take_bound();
        parts.lower_inclusive = (flags & kLowerInclusive) != 0;
    }
    if (!parts.empty && (flags & kNoUpper) == 0) {
        parts.upper = take_bound();
        parts.upper_inclusive = (flags & kUpperInclusive) != 0;
    }
    Input(value, rest).finish();
    return parts;
}

Oid encode_range_flags(Encoder& encoder, bool empty, bool has_lower, bool has_upper, bool lower_inclusive,
                       bool upper_inclusive, NameOf name) {
    expect_layout(encoder, Layout::range, name);
    unsigned flags = 0;
    if (empty) {
        flags = kEmpty;
    } else {
        flags |= !has_lower ? kNoLower : lower_inclusive ? kLowerInclusive : 0;
        flags |= !has_upper ? kNoUpper : upper_inclusive ? kUpperInclusive : 0;
    }
    encoder.output() += static_cast<char>(flags);
    return encoder.type().element;
}

std::size_t read_multirange_size(const Value& value, std::string_view& rest, NameOf name) {
    expect_layout(value, Layout::multirange, name);
    rest = value.bytes();
    const std::size_t size = take_count(value, rest, 5);
    if (size == 0) Input(value, rest).finish();
    return size;
}

Value next_range(const Value& value, std::string_view& rest, bool last) {
    const std::optional<std::string_view> bytes = take_field(value, rest);
    if (!bytes) throw_malformed(value, "a range of it is NULL");
    if (last) Input(value, rest).finish();
    return value.part(value.type().element, bytes, Part::element);
}

Oid encode_multirange_header(Encoder& encoder, std::size_t count) {
    append_count(encoder, count);
    return encoder.type().element;
}

// --- hstore ----------------------------------------------------------------------------------------------------------

HstoreReader::HstoreReader(const Value& value, NameOf name) : value_(value), rest_(value.bytes()) {
    expect_layout(value, Layout::hstore, name);
    size = take_count(value, rest_, 8);
}

std::pair<std::string_view, std::optional<std::string_view>> HstoreReader::next() {
    const std::optional<std::string_view> key = take_field(value_, rest_);
    if (!key) throw_malformed(value_, "a key of it is NULL");
    const std::optional<std::string_view> text = take_field(value_, rest_);
    return {*key, text};
}

void HstoreReader::finish() const { Input(value_, rest_).finish(); }

void encode_hstore_header(Encoder& encoder, std::size_t count, NameOf name) {
    expect_layout(encoder, Layout::hstore, name);
    append_count(encoder, count);
}

void append_hstore_text(Encoder& encoder, std::optional<std::string_view> text) {
    if (!text) return append_null(encoder.output());
    const std::size_t begin = begin_length(encoder.output());
    encoder.output() += *text;
    end_length(encoder.output(), begin);
}

}  // namespace detail

// --- Record ----------------------------------------------------------------------------------------------------------

Record::Record(const Value& value) : value_(value), has_known_fields_(detail::has_known_fields(value)) {
    detail::RecordReader reader(value_, &db::type_name<Record>);
    fields_.reserve(reader.size());
    for (std::size_t i = 0; i < reader.size(); ++i) fields_.push_back(reader.next());
    reader.finish();
}

const Value& Record::operator[](std::size_t index) const {
    if (index < fields_.size()) return fields_[index];
    throw db::ColumnError(value_.describe() + " has " + std::to_string(fields_.size()) + " fields, and no field " +
                          std::to_string(index));
}

const Value& Record::operator[](std::string_view name) const {
    if (!has_known_fields_) {
        throw db::TypeMismatchError(value_.describe() + " has other fields than the type " +
                                    value_.catalog().name(value_.oid()) +
                                    " had when the driver asked for it, so that \"" + std::string(name) +
                                    "\" cannot be found: run the statement again, after reload_schema_state()");
    }
    return (*this)[detail::field_index(value_.type(), name, value_.describe())];
}

}  // namespace aio::pg
