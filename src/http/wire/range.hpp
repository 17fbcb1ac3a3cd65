// Parts of a representation: what Range asks for, what Content-Range says.
// Source: RFC 9110 section 14.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http::wire {

// Of bytes, both ends included.
struct ByteRange {
    std::uint64_t first = 0, last = 0;
    std::uint64_t size() const noexcept { return last - first + 1; }
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// More parts than this in one request are no honest ones: each costs a header of its own.
inline constexpr std::size_t kMostRanges = 32;

// What `header`, the value of Range, asks of a representation of `size` bytes, in its order: parts that begin behind
// the end are left out, others end with it. Empty: none is left, the answer is 416. Nothing: answer as if there were no
// Range, because it is not in bytes, breaks the grammar, or its parts are too many or longer in all than the whole (an
// attack of old: CVE-2011-3192).
std::optional<std::vector<ByteRange>> parse_range(std::string_view header, std::uint64_t size);

// "bytes 0-99/1234", of a 206.
std::string content_range(const ByteRange& range, std::uint64_t size);
// "bytes */1234", of a 416.
std::string unsatisfied_range(std::uint64_t size);

// A 206's Content-Range: the part, and the whole's size unless that is "*". Nothing for anything else.
struct ContentRange {
    ByteRange range;
    std::optional<std::uint64_t> size;
};
std::optional<ContentRange> parse_content_range(std::string_view header) noexcept;

}  // namespace aio::http::wire
