// Arrays with their dimensions, and ranges.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace aio::pg {

// One dimension of an array.
struct Dimension {
    std::int32_t size = 0;         // the number of its indices
    std::int32_t lower_bound = 1;  // the index of the first element

    friend bool operator==(const Dimension&, const Dimension&) = default;
};

// An array of any shape. std::vector<T> and vectors of vectors are simpler, but have no lower bounds, and an empty one has no
// dimensions.
template <class T>
struct Array {
    std::vector<T> elements;            // row by row: the last index varies fastest
    std::vector<Dimension> dimensions;  // at most 6; none if the array is empty

    Array() noexcept = default;
    // An array of one dimension, whose first index is 1.
    explicit Array(std::vector<T> list) : elements(std::move(list)) {
        if (!elements.empty()) dimensions.push_back({static_cast<std::int32_t>(elements.size()), 1});
    }
    // The product of the dimensions' sizes is the number of elements; otherwise passing it is a ValueError.
    Array(std::vector<T> list, std::vector<Dimension> shape)
        : elements(std::move(list)), dimensions(std::move(shape)) {}
    friend bool operator==(const Array&, const Array&) = default;
};

// A range of T: int4range is a Range<int>, `tstzrange` a Range<std::chrono::sys_time<std::chrono::microseconds>>. A multirange
// is a std::vector<Range<T>>. The default is the range of everything.
template <class T>
struct Range {
    std::optional<T> lower;        // nothing: it has no lower bound
    std::optional<T> upper;        // the same
    bool lower_inclusive = true;   // false without that bound
    bool upper_inclusive = false;  // the same
    bool empty = false;            // it contains nothing, and has no bounds

    // The range of everything.
    Range() noexcept : lower_inclusive(false) {}
    // [lower, upper), as PostgreSQL's functions make ranges; other bounds are set by the members.
    Range(std::optional<T> from, std::optional<T> to)
        : lower(std::move(from)), upper(std::move(to)), lower_inclusive(lower.has_value()) {}

    // The range that contains nothing.
    static Range nothing() {
        Range range;
        range.empty = true;
        return range;
    }
    // Whether `value` is inside, for types whose order is PostgreSQL's.
    bool contains(const T& value) const
        requires std::totally_ordered<T>
    {
        if (empty) return false;
        if (lower && (lower_inclusive ? value < *lower : !(*lower < value))) return false;
        return !(upper && (upper_inclusive ? *upper < value : !(value < *upper)));
    }
    friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace aio::pg
