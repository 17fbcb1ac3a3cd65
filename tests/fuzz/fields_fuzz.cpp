// The values of header fields: what was read and is written again is read as the same; ranges lie within what they are of.
#include "http/wire/date.hpp"
#include "http/wire/etag.hpp"
#include "http/wire/host_name.hpp"
#include "http/wire/range.hpp"
#include "http/wire/request_rules.hpp"

#include "property.hpp"

namespace aio::fuzz {

using namespace http::wire;

namespace {

void try_range(std::string_view text, std::uint64_t size) {
    const auto ranges = parse_range(text, size);
    if (!ranges) return;
    std::uint64_t total = 0;
    for (const ByteRange& range : *ranges) {
        require(range.first <= range.last && range.last < size, "ranges lie within", text);
        total += range.size();
        const auto again = parse_content_range(content_range(range, size));
        require(again && again->range == range && again->size == size, "Content-Range goes there and back", text);
    }
    require(total <= size && ranges->size() <= kMostRanges, "ranges are no more than the whole", text);
}

void run(std::string_view input) {
    const unsigned choice = take_byte(input);
    try_range(input, choice * choice * 1000);
    try_range(input, UINT64_MAX - choice);
    static_cast<void>(parse_content_range(input));
    if (const auto time = parse_date(input)) {
        require(parse_date(format_date(*time)) == time || *time < -62135596800 || *time > 253402300799,
                "dates go there and back", input);
    }
    if (const auto tag = parse_etag(input)) {
        require(parse_etag(tag->header()) == tag, "tags go there and back", input);
        require(etag_matches(input, *tag, false), "a tag names itself", input);
    }
    static_cast<void>(etag_matches(input, EntityTag("a"), choice & 1));
    static_cast<void>(target_problem(choice & 1 ? "GET" : "CONNECT", input));
    static_cast<void>(is_host_field(input));
    static_cast<void>(is_ip_address(input));
}

}  // namespace

}  // namespace aio::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    aio::fuzz::run(aio::fuzz::as_text(data, size));
    return 0;
}
