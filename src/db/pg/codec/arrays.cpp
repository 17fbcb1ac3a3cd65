// Arrays: their header and elements, read one by one. Their text format: array_text.cpp.
//
// Source: PostgreSQL 17, src/backend/utils/adt/arrayfuncs.c: array_send(), array_recv().
#include <aio/pg/codec_functions.hpp>

#include "db/pg/codec/array_text.hpp"
#include "db/pg/codec/big_endian.hpp"

#include <algorithm>
#include <utility>

namespace aio::pg::detail {

namespace {

constexpr Oid kInt2Vector = 22, kOidVector = 30;

// The number of elements, or nothing if it is more than `most`.
std::optional<std::size_t> count_elements(std::span<const Dimension> dimensions, std::size_t most) noexcept {
    std::size_t count = dimensions.empty() ? 0 : 1;
    for (const Dimension& each : dimensions) {
        if (each.size == 0) return 0;
    }
    for (const Dimension& each : dimensions) {
        if (each.size < 0 || static_cast<std::size_t>(each.size) > most / count) return std::nullopt;
        count *= static_cast<std::size_t>(each.size);
    }
    return count;
}

}  // namespace

ArrayReader::ArrayReader(const Value& value, bool views, NameOf name)
    : array_(value), name_(name), views_(views), rest_(value.bytes()) {
    const bool is_array = value.type().layout == Layout::array;
    if (!is_array) throw_mismatch(value, name);
    element_ = value.type().element;
    if (value.format() == Format::text) {
        read_text_header();
    } else {
        read_binary_header();
    }
}

void ArrayReader::read_binary_header() {
    Input input(array_);
    const auto rank = input.take<std::int32_t>();
    const auto flags = input.take<std::int32_t>();
    element_ = input.take<Oid>();
    if (rank < 0 || static_cast<std::size_t>(rank) > kMostDimensions)
        throw_malformed(array_, "it has too many dimensions");
    if (flags != 0 && flags != 1) throw_malformed(array_, "its flags are unknown");
    rank_ = static_cast<std::size_t>(rank);
    for (std::size_t i = 0; i < rank_; ++i) {
        dimensions_[i].size = input.take<std::int32_t>();
        dimensions_[i].lower_bound = input.take<std::int32_t>();
    }
    rest_ = input.rest();
    const std::optional<std::size_t> count = count_elements(dimensions(), rest_.size() / 4);
    if (!count) throw_malformed(array_, "it has fewer elements than its dimensions say");
    size_ = *count;
}

void ArrayReader::read_text_header() {
    if (!take_array_bounds(rest_, dimensions_)) throw_malformed(array_, "its bounds are no bounds");
    const std::optional<std::size_t> rank = measure_array_text(rest_, array_.type().delimiter, dimensions_);
    if (!rank) throw_malformed(array_, "its text is no array");
    rank_ = *rank;
    size_ = count_elements(dimensions(), rest_.size()).value_or(0);
}

std::optional<std::string_view> ArrayReader::next_text() {
    while (true) {
        ArrayText text(rest_, array_.type().delimiter);
        const ArrayText::Token token = text.next();
        if (token == ArrayText::Token::end) throw_malformed(array_, "it ends too early");
        rest_ = text.rest();
        if (token == ArrayText::Token::null) return std::nullopt;
        if (token != ArrayText::Token::element) continue;
        if (!text.is_unescaped()) return text.element();
        if (views_) throw_mismatch(array_, name_);
        unescaped_ = text.element();
        return unescaped_;
    }
}

Value ArrayReader::next() {
    const bool is_text = array_.format() == Format::text;
    return array_.part(element_, is_text ? next_text() : take_field(array_, rest_), Part::element);
}

void ArrayReader::finish() const {
    if (array_.format() == Format::binary && !rest_.empty()) throw_malformed(array_, "it is too long");
}

Oid array_element(const Encoder& encoder, NameOf name) {
    expect_layout(encoder, Layout::array, name);
    if (encoder.type().element == 0) throw_mismatch(encoder, name);
    return encoder.type().element;
}

void encode_array_header(Encoder& encoder, std::span<const Dimension> dimensions, std::size_t count, bool has_null) {
    const std::optional<std::size_t> product = count_elements(dimensions, std::max<std::size_t>(count, 1));
    if (product != count || dimensions.size() > kMostDimensions) {
        throw db::OutOfRangeError(encoder.describe() + ": an array of " + std::to_string(count) +
                                  " elements does not have the " + std::to_string(dimensions.size()) +
                                  " dimensions that were passed with it; at most 6 are possible");
    }
    std::string& output = encoder.output();
    append_big_endian(output, static_cast<std::int32_t>(count == 0 ? 0 : dimensions.size()));
    append_big_endian(output, std::int32_t{has_null});
    append_big_endian(output, encoder.type().element);
    if (count == 0) return;
    // int2vector and oidvector begin at 0. (The server has no binary format of an empty one.)
    const bool is_vector = encoder.type().oid == kInt2Vector || encoder.type().oid == kOidVector;
    for (const Dimension& each : dimensions) {
        append_big_endian(output, each.size);
        append_big_endian(output, is_vector ? 0 : each.lower_bound);
    }
}

void throw_not_rectangular(const Encoder& encoder) {
    throw db::OutOfRangeError(encoder.describe() +
                              ": the vectors inside of a vector differ in their number of elements, "
                              "but an array of PostgreSQL is rectangular");
}

void throw_wrong_rank(const Value& value, std::size_t rank, NameOf name) {
    throw_out_of_range(value, "an array whose number of dimensions is not " + std::to_string(rank), name);
}

}  // namespace aio::pg::detail
