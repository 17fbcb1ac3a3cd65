// The lines of an event stream, found in bytes that are cut anywhere, and the fields on them.
#include "http/wire/sse_parser.hpp"

#include "base/utf8.hpp"
#include "http/wire/syntax.hpp"

#include <limits>
#include <utility>

namespace aio::http::wire {

namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";
constexpr std::size_t kNoMark = kMark.size();
constexpr std::string_view kLineEnds = "\r\n";

// Line ends and colons are never part of a longer character, so that a value can be decoded by itself.
std::string decoded(std::string_view value) {
    using aio::detail::DecodeErrors, aio::detail::Newlines;
    if (!aio::detail::find_bad_utf8(value)) return std::string(value);
    return aio::detail::decode(value, DecodeErrors::replace, Newlines::bytes);
}

void append_lines(std::string& text, std::string_view prefix, std::string_view lines) {
    while (true) {
        const std::size_t end = lines.find_first_of(kLineEnds);
        text.append(prefix).append(lines.substr(0, end)).append("\n");
        if (end == std::string_view::npos) return;
        lines.remove_prefix(end + (lines.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

}  // namespace

SSELimitError::SSELimitError(std::size_t limit)
    : Error("an event is longer than " + std::to_string(limit) + " bytes"), limit_(limit) {}

void SSEParser::check(std::size_t size, std::size_t extra) {
    if (size <= limit_ || size - limit_ <= extra) return;
    too_large_ = true;
    throw SSELimitError(limit_);
}

void SSEParser::restart() noexcept {
    line_.clear();
    type_.clear();
    data_.clear();
    id_ = last_event_id_;
    mark_ = 0;
    after_cr_ = in_comment_ = too_large_ = false;
}

// One mark at the beginning does not count. Bytes that only begin like one belong to the first line.
void SSEParser::skip_mark(std::string_view& input) {
    while (mark_ < kNoMark && !input.empty()) {
        if (input.front() != kMark[mark_]) {
            line_.assign(kMark.substr(0, mark_));
            mark_ = kNoMark;
            return;
        }
        ++mark_;
        input.remove_prefix(1);
    }
}

std::optional<SSEEvent> SSEParser::read(std::string_view& input) {
    if (too_large_) throw SSELimitError(limit_);
    if (mark_ < kNoMark) skip_mark(input);
    while (!input.empty()) {
        if (std::exchange(after_cr_, false) && input.front() == '\n') {
            input.remove_prefix(1);
            continue;
        }
        const std::size_t end = input.find_first_of(kLineEnds);
        const std::string_view part = input.substr(0, end);
        if (end == std::string_view::npos) {
            input = {};
            keep_part(part);
            break;
        }
        after_cr_ = input[end] == '\r';
        input.remove_prefix(end + 1);
        if (std::optional<SSEEvent> event = end_line(part)) return event;
    }
    return std::nullopt;
}

// A line is not complete yet. Comments are not kept: they may be of any length.
void SSEParser::keep_part(std::string_view part) {
    if (in_comment_) return;
    if (line_.empty() && part.starts_with(':')) {
        in_comment_ = true;
        return;
    }
    check(line_.size() + part.size(), kLineExtra);
    line_.append(part);
}

std::optional<SSEEvent> SSEParser::end_line(std::string_view line) {
    if (std::exchange(in_comment_, false)) return std::nullopt;
    std::string whole;
    if (!line_.empty()) {
        keep_part(line);
        whole.swap(line_);
        line = whole;
    }
    if (line.empty()) return dispatch();
    if (line.starts_with(':')) return std::nullopt;  // a comment
    check(line.size(), kLineExtra);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        take_field(line, {});
    } else {
        std::string_view value = line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        take_field(line.substr(0, colon), value);
    }
    return std::nullopt;
}

void SSEParser::take_field(std::string_view name, std::string_view value) {
    if (name == "retry") {
        if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) return;
        retry_ms_ = parse_number<std::uint64_t>(value).value_or(std::numeric_limits<std::uint64_t>::max());
        return;
    }
    if (name == "id" && value.find('\0') != std::string_view::npos) return;
    std::string text = decoded(value);
    if (name == "data") {
        check(type_.size() + id_.size() + data_.size() + text.size());
        data_.append(text).append("\n");
    } else if (name == "event") {
        check(text.size() + id_.size() + data_.size());
        type_ = std::move(text);
    } else if (name == "id") {
        check(type_.size() + text.size() + data_.size());
        id_ = std::move(text);
    }
}

std::optional<SSEEvent> SSEParser::dispatch() {
    last_event_id_ = id_;
    SSEEvent event;
    event.type = std::exchange(type_, {});
    if (data_.empty()) return std::nullopt;
    event.data = std::exchange(data_, {});
    event.data.pop_back();
    event.last_event_id = last_event_id_;
    return event;
}

// --- writing ---------------------------------------------------------------------------------------------------------

void append_sse_event(std::string& text, std::string_view data, std::string_view type,
                      std::optional<std::string_view> id, std::optional<std::uint64_t> retry_ms) {
    if (type.find_first_of(kLineEnds) != std::string_view::npos) {
        throw ValueError("cannot send an event of the type '" + printable(type) + "': it has a line end");
    }
    if (id && id->find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
        throw ValueError("cannot send an event with the id '" + printable(*id) + "': it has a line end or a NUL");
    }
    if (!type.empty()) text.append("event: ").append(type).append("\n");
    if (id) text.append("id: ").append(*id).append("\n");
    if (retry_ms) text.append("retry: ").append(std::to_string(*retry_ms)).append("\n");
    append_lines(text, "data: ", data);
    text.append("\n");
}

void append_sse_comment(std::string& text, std::string_view comment) {
    append_lines(text, ": ", comment);
    text.append("\n");
}

}  // namespace aio::http::wire
