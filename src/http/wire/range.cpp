// Range, resolved against a size, and Content-Range. server/file_sender.cpp answers with the parts.
// Request::http_range() has a parser of its own, for one range and without a size: server/request.cpp.
#include "http/wire/range.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>
#include <limits>

namespace aio::http::wire {

namespace {

constexpr std::uint64_t kInfinite = std::numeric_limits<std::uint64_t>::max();

// Digits; numbers that are too large for us are larger than any representation.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    return parse_number(text).value_or(kInfinite);
}

// One member of the set, "0-99", "100-" or "-5", as it is written: {first, last}, {first, infinite}; of the last n
// bytes of `size`, {size - n, infinite}. A part of nothing begins at the infinite end.
std::optional<ByteRange> parse_spec(std::string_view spec, std::uint64_t size) noexcept {
    const std::size_t dash = spec.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view first_text = spec.substr(0, dash);
    const std::string_view last_text = spec.substr(dash + 1);
    if (first_text.empty()) {
        const auto suffix = parse_position(last_text);
        if (!suffix) return std::nullopt;
        if (*suffix == 0) return ByteRange{kInfinite, kInfinite};
        return ByteRange{size - std::min(size, *suffix), kInfinite};
    }
    const auto first = parse_position(first_text);
    const auto last = last_text.empty() ? std::optional(kInfinite) : parse_position(last_text);
    if (!first || !last || *last < *first) return std::nullopt;
    return ByteRange{*first, *last};
}

}  // namespace

std::optional<std::vector<ByteRange>> parse_range(std::string_view header, std::uint64_t size) {
    std::string_view rest = header;
    if (header.find('=') == std::string_view::npos || !equal_ignoring_case(take_until(rest, '='), "bytes")) {
        return std::nullopt;
    }
    std::vector<ByteRange> ranges;
    std::size_t count = 0;
    std::uint64_t total = 0;
    while (!rest.empty()) {
        const std::string_view spec = trimmed(take_until(rest, ','));
        if (spec.empty()) continue;  // lists may have empty members
        auto range = parse_spec(spec, size);
        if (!range || ++count > kMostRanges) return std::nullopt;
        // The last bytes of nothing: satisfiable by the letter, but no Content-Range could say so.
        if (size == 0 && range->first == 0 && spec.front() == '-') return std::nullopt;
        if (range->first >= size) continue;
        range->last = std::min(range->last, size - 1);
        if (range->size() > size - total) return std::nullopt;
        total += range->size();
        ranges.push_back(*range);
    }
    if (count == 0) return std::nullopt;
    return ranges;
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
    return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" + std::to_string(size);
}

std::string unsatisfied_range(std::uint64_t size) { return "bytes */" + std::to_string(size); }

std::optional<ContentRange> parse_content_range(std::string_view header) noexcept {
    std::string_view rest = header;
    if (!equal_ignoring_case(take_until(rest, ' '), "bytes")) return std::nullopt;
    std::string_view last_text = take_until(rest, '/');
    const std::string_view first_text = take_until(last_text, '-');
    const auto first = parse_number(first_text);
    const auto last = parse_number(last_text);
    if (!first || !last || *last < *first) return std::nullopt;
    if (rest == "*") return ContentRange{{*first, *last}, std::nullopt};
    const auto size = parse_number(rest);
    if (!size || *last >= *size) return std::nullopt;
    return ContentRange{{*first, *last}, size};
}

}  // namespace aio::http::wire
