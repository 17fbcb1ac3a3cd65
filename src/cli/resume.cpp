// What servers say about ranges, and when to believe them.
#include "cli/resume.hpp"

#include "http/wire/etag.hpp"
#include "http/wire/range.hpp"
#include "http/wire/syntax.hpp"

namespace aio::cli {

namespace wire = http::wire;

void ask_for_rest(http::ClientRequest& request, std::uint64_t offset, const Validators& kept) {
    request.header("Range", "bytes=" + std::to_string(offset) + "-");
    const std::string& validator = kept.etag.empty() ? kept.last_modified : kept.etag;
    if (!validator.empty()) request.header("If-Range", validator);
}

namespace {

// The 123 of "bytes */123".
std::optional<std::uint64_t> size_of_unsatisfied(std::string_view content_range) {
    constexpr std::string_view kPrefix = "bytes */";
    if (!content_range.starts_with(kPrefix)) return std::nullopt;
    return wire::parse_number<std::uint64_t>(content_range.substr(kPrefix.size()));
}

bool differ(const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; }
bool differ(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) { return a && b && *a != *b; }

// Servers that know no If-Range send a part all the same. What they say about it tells whether it fits.
bool contradicts(const Validators& kept, const Validators& now) {
    return differ(kept.etag, now.etag) || (kept.etag.empty() && differ(kept.last_modified, now.last_modified)) ||
           differ(kept.size, now.size);
}

Answer understand_part(const http::Headers& headers, std::uint64_t offset, const Validators& kept) {
    const auto part = wire::parse_content_range(headers.get("Content-Range", ""));
    if (!part || part->range.first != offset) return Answer::again;
    const Validators now = validators_of(kept.url, 206, headers);
    return contradicts(kept, now) || now.coding != kept.coding ? Answer::again : Answer::append;
}

// Said to be the whole. But some servers send the rest under that status.
Answer understand_whole(int status, const http::Headers& headers, const Validators& kept) {
    const Validators now = validators_of(kept.url, status, headers);
    const bool same = !kept.etag.empty() && kept.etag == now.etag && kept.coding == now.coding;
    return is_part(status, headers) || (same && differ(kept.size, now.size)) ? Answer::again : Answer::restart;
}

}  // namespace

bool is_part(int status, const http::Headers& headers) {
    if (status == 206) return true;
    const auto part = wire::parse_content_range(headers.get("Content-Range", ""));
    return part && (part->range.first != 0 || (part->size && part->range.last + 1 != *part->size));
}

Answer understand(int status, const http::Headers& headers, std::uint64_t offset, const Validators& kept) {
    if (status == 206) return understand_part(headers, offset, kept);
    if (status == 416) {
        const auto size = size_of_unsatisfied(headers.get("Content-Range", ""));
        const bool all_there = size == offset && !contradicts(kept, validators_of(kept.url, status, headers));
        return all_there ? Answer::complete : Answer::again;
    }
    return status >= 200 && status < 300 ? understand_whole(status, headers, kept) : Answer::other;
}

Validators validators_of(const std::string& url, int status, const http::Headers& headers) {
    Validators result;
    result.url = url;
    const std::string_view etag = headers.get("ETag", "");
    const auto tag = wire::parse_etag(etag);
    if (tag && !tag->weak) result.etag = etag;
    result.last_modified = headers.get("Last-Modified", "");
    result.coding = wire::lowered(headers.combined("Content-Encoding"));
    if (result.coding == "identity") result.coding.clear();
    if (status == 206) {
        const auto part = wire::parse_content_range(headers.get("Content-Range", ""));
        if (part) result.size = part->size;
    } else if (status == 416) {
        result.size = size_of_unsatisfied(headers.get("Content-Range", ""));
    } else if (result.coding.empty()) {
        result.size = wire::parse_number<std::uint64_t>(headers.get("Content-Length", ""));
    }
    return result;
}

}  // namespace aio::cli
