// Media types: "text/html; charset=utf-8", and which one fits a file. Source: RFC 9110 section 8.3.1.
#pragma once

#include "http/wire/parameters.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aio::http::wire {

struct MediaType {
    MediaType() noexcept {}

    std::string type, subtype;  // lower case
    Parameters parameters;

    // The value of a parameter, in any case of its name; empty if it is not there.
    std::string_view parameter(std::string_view name) const noexcept { return wire::parameter(parameters, name); }
    std::string_view charset() const noexcept { return parameter("charset"); }
    // "text/html"
    std::string essence() const { return type + "/" + subtype; }
    // "text/html", "text/*", "*/*", in any case.
    bool matches(std::string_view pattern) const noexcept;
    std::string str() const;
};

// Nothing if it is no media type. Parameters that make no sense are dropped, and the type stays.
std::optional<MediaType> parse_media_type(std::string_view text);

// application/json, text/json, and all that is JSON below ("application/problem+json").
bool is_json(const MediaType& type) noexcept;

// By what stands behind the last dot: of a path ("a/b.html"), a file name, or an extension (".html", "html").
// "application/octet-stream" for all others.
std::string_view guess_media_type(std::string_view path_or_extension) noexcept;

}  // namespace aio::http::wire
