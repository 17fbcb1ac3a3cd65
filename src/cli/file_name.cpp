// Taking out of a name what leads elsewhere, or deceives who reads it.
#include "cli/file_name.hpp"

#include "cli/printable.hpp"

#include "http/wire/parameters.hpp"
#include "http/wire/syntax.hpp"

namespace aio::cli {

namespace {

constexpr std::size_t kLongest = 200;  // Linux has 255, and ".part.json" comes behind

// At most `size` bytes of UTF-8, and no half character.
std::string_view cut(std::string_view text, std::size_t size) {
    if (text.size() <= size) return text;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    return text.substr(0, size);
}

}  // namespace

std::string safe_file_name(std::string_view wanted) {
    const std::size_t slash = wanted.find_last_of("/\\");
    if (slash != std::string_view::npos) wanted.remove_prefix(slash + 1);
    std::string name;
    while (!wanted.empty()) {
        const Character next = take_character(wanted);
        const bool hides = name.empty() && (next.bytes == "." || next.bytes == " ");
        if (next.printable && !hides) name += next.bytes;
    }
    return std::string(cut(name, kLongest));
}

std::string name_of_url(const http::URL& url) {
    const std::string name = safe_file_name(url.name());
    return name.empty() ? "index.html" : name;
}

std::optional<std::string> name_of_disposition(std::string_view header) {
    const auto disposition = http::wire::parse_disposition(header);
    if (!disposition || !disposition->filename) return std::nullopt;
    std::string name = safe_file_name(*disposition->filename);
    if (name.empty()) return std::nullopt;
    // A later -C - would take it for the beginning of a download of ours.
    for (const std::string_view ours : {".part", ".part.json"}) {
        if (name.size() < ours.size()) continue;
        if (http::wire::equal_ignoring_case(name.substr(name.size() - ours.size()), ours)) return name + "_";
    }
    return name;
}

}  // namespace aio::cli
