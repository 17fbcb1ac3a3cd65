#include "cli/file_name.hpp"

#include "http/wire/parameters.hpp"

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
    for (const char c : wanted) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        if (!control && !(name.empty() && (c == '.' || c == ' '))) name += c;
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
    return name;
}

}  // namespace aio::cli
