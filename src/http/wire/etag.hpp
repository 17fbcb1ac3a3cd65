// Entity tags: names of a representation's state, and the conditions about them.
// Source: RFC 9110 sections 8.8.3 (ETag), 13.1.1 (If-Match), 13.1.2 (If-None-Match).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http::wire {

struct EntityTag {
    std::string opaque;  // what stands between the quotes
    bool weak = false;   // equivalent, not the same bytes

    EntityTag() noexcept = default;
    explicit EntityTag(std::string text, bool is_weak = false) noexcept : opaque(std::move(text)), weak(is_weak) {}

    // "\"abc\"" or "W/\"abc\"". The text must be one that may stand there: is_entity_tag().
    std::string header() const;
    friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

// Whether the text may stand between the quotes: no quote, white space or control character.
bool is_entity_tag(std::string_view opaque) noexcept;

// One tag, and nothing else, as in ETag and If-Range.
std::optional<EntityTag> parse_etag(std::string_view text);

// Whether `list`, the value of If-Match or If-None-Match, names `tag`, or is "*", which is every state there is. What is
// no tag in it names nothing. strong: a weak tag equals none (If-Match, If-Range); else weak or not makes no difference
// (If-None-Match).
bool etag_matches(std::string_view list, const EntityTag& tag, bool strong) noexcept;

}  // namespace aio::http::wire
