// Parses entity tags, and compares one with a list. server/file_sender.cpp evaluates the conditions of a request, in
// their order, and answers 304 or 412.
#include "http/wire/etag.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::wire {

namespace {

struct View {
    std::string_view opaque;
    bool weak;
};

bool is_tag_char(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u > 0x20 && u != '"' && u != 0x7f;
}

// A tag at the front of `rest`, which loses it.
std::optional<View> take_tag(std::string_view& rest) noexcept {
    const bool weak = rest.starts_with("W/");
    const std::string_view quoted = rest.substr(weak ? 2 : 0);
    if (!quoted.starts_with('"')) return std::nullopt;
    const std::size_t end = quoted.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view opaque = quoted.substr(1, end - 1);
    if (!is_entity_tag(opaque)) return std::nullopt;
    rest = quoted.substr(end + 1);
    return View{opaque, weak};
}

}  // namespace

std::string EntityTag::header() const {
    std::string text = weak ? "W/\"" : "\"";
    text.append(opaque).append("\"");
    return text;
}

bool is_entity_tag(std::string_view opaque) noexcept {
    return std::all_of(opaque.begin(), opaque.end(), is_tag_char);
}

std::optional<EntityTag> parse_etag(std::string_view text) {
    std::string_view rest = trimmed(text);
    const auto tag = take_tag(rest);
    if (!tag || !rest.empty()) return std::nullopt;
    return EntityTag(std::string(tag->opaque), tag->weak);
}

bool etag_matches(std::string_view list, const EntityTag& tag, bool strong) noexcept {
    std::string_view rest = trimmed(list);
    if (rest == "*") return true;
    if (strong && tag.weak) return false;
    while (!rest.empty()) {
        const auto member = take_tag(rest);
        // What stands behind a tag before the next comma makes it something else.
        const bool whole = trimmed(take_until(rest, ',')).empty();
        rest = trimmed(rest);
        if (member && whole && member->opaque == tag.opaque && !(strong && member->weak)) return true;
    }
    return false;
}

}  // namespace aio::http::wire
