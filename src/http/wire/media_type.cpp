// Parsing and matching of media types, and the table of types by file extension.
// The parameters are parsed in parameters.cpp.
#include "http/wire/media_type.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>
#include <array>

namespace aio::http::wire {

bool MediaType::matches(std::string_view pattern) const noexcept {
    const std::string_view wanted_type = take_until(pattern, '/');
    if (wanted_type != "*" && !equal_ignoring_case(wanted_type, type)) return false;
    return pattern == "*" || equal_ignoring_case(pattern, subtype);
}

std::string MediaType::str() const {
    std::string text = essence();
    for (const auto& [name, value] : parameters) text += "; " + name + "=" + quoted_if_needed(value);
    return text;
}

std::optional<MediaType> parse_media_type(std::string_view text) {
    const std::size_t end = std::min(text.find(';'), text.size());
    std::string_view subtype = trimmed(text.substr(0, end));
    const std::string_view type = take_until(subtype, '/');
    if (!is_token(type) || !is_token(subtype)) return std::nullopt;
    MediaType result;
    result.type = lowered(type);
    result.subtype = lowered(subtype);
    if (auto parameters = parse_parameters(text.substr(end))) result.parameters = std::move(*parameters);
    return result;
}

bool is_json(const MediaType& type) noexcept {
    if (type.subtype == "json") return type.type == "application" || type.type == "text";
    return type.subtype.size() > 5 && type.subtype.ends_with("+json");
}

namespace {

struct Entry {
    std::string_view extension, type;
};

// In order of the extensions. Source: IANA's registry of media types; for those that are not in it (7z, ...)
// what Debian's media-types 10 and Python 3.13's mimetypes agree on.
constexpr std::array kTypes = std::to_array<Entry>({
    {"3gp", "video/3gpp"},
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"aif", "audio/x-aiff"},
    {"aiff", "audio/x-aiff"},
    {"apng", "image/apng"},
    {"atom", "application/atom+xml"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"br", "application/x-brotli"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/x-csrc"},
    {"cc", "text/x-c++src"},
    {"cjs", "text/javascript"},
    {"cpp", "text/x-c++src"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/vnd.debian.binary-package"},
    {"diff", "text/x-diff"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"eot", "application/vnd.ms-fontobject"},
    {"eps", "application/postscript"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"flv", "video/x-flv"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"gltf", "model/gltf+json"},
    {"gpx", "application/gpx+xml"},
    {"gz", "application/gzip"},
    {"h", "text/x-chdr"},
    {"heic", "image/heic"},
    {"hpp", "text/x-c++hdr"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"iso", "application/x-iso9660-image"},
    {"jar", "application/java-archive"},
    {"java", "text/x-java"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/jsonl"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"kml", "application/vnd.google-earth.kml+xml"},
    {"log", "text/plain"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4v", "video/mp4"},
    {"map", "application/json"},
    {"markdown", "text/markdown"},
    {"md", "text/markdown"},
    {"mid", "audio/midi"},
    {"mjs", "text/javascript"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"patch", "text/x-diff"},
    {"pdf", "application/pdf"},
    {"pem", "application/x-pem-file"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"py", "text/x-python"},
    {"rar", "application/vnd.rar"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"sh", "application/x-sh"},
    {"sql", "application/sql"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"ts", "video/mp2t"},
    {"tsv", "text/tab-separated-values"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/x-wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xsl", "application/xslt+xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
});

constexpr bool by_extension(const Entry& a, const Entry& b) noexcept { return a.extension < b.extension; }

}  // namespace

std::string_view guess_media_type(std::string_view path_or_extension) noexcept {
    constexpr std::string_view kUnknown = "application/octet-stream";
    static_assert(std::is_sorted(kTypes.begin(), kTypes.end(), by_extension));
    std::string_view extension = path_or_extension.substr(path_or_extension.rfind('/') + 1);
    const std::size_t dot = extension.rfind('.');
    if (dot == std::string_view::npos && extension.size() != path_or_extension.size()) return kUnknown;
    extension.remove_prefix(dot + 1);
    char text[16];
    if (extension.size() > sizeof text) return kUnknown;
    std::transform(extension.begin(), extension.end(), text, lower);
    const Entry wanted{{text, extension.size()}, {}};
    const auto* const found = std::lower_bound(kTypes.begin(), kTypes.end(), wanted, by_extension);
    return found != kTypes.end() && found->extension == wanted.extension ? found->type : kUnknown;
}

}  // namespace aio::http::wire
