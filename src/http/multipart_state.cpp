// The splitter below MultipartReader: delimiters, preamble and epilogue, part headers, and their limits. A part's
// content leaves here as it was sent; multipart.cpp decodes it.
#include "http/multipart_state.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::detail {

namespace {

constexpr std::size_t kLongestBoundary = 70;  // RFC 2046 section 5.1.1
constexpr std::size_t kMostPadding = 256;     // white space between a boundary and its line's end

[[noreturn]] void throw_cut_short(const char* where) {
    throw MultipartError(std::string("the multipart body ends within ") + where + ": it was cut short");
}

}  // namespace

MultipartState::MultipartState(BodyReader& body, std::string_view boundary, const MultipartLimits& its_limits)
    : input(&body), limits(its_limits), delimiter_("\r\n--") {
    if (boundary.empty() || boundary.size() > kLongestBoundary || !wire::is_field_value(boundary)) {
        throw MultipartError("the boundary '" + wire::printable(boundary) +
                             "' is not valid: it must have 1 to 70 characters (RFC 2046 section 5.1.1)");
    }
    delimiter_ += boundary;
    buffer_ = "\r\n";  // the first delimiter may be the first line
}

// --- finding delimiters ------------------------------------------------------------------------------------------

// A delimiter is a line of its own. A line that only begins like one ("--boundaryandmore") is data.
MultipartState::Look MultipartState::judge(std::string_view behind) const noexcept {
    if (behind.starts_with("--")) return {Look::Kind::closing, delimiter_.size() + 2};
    if (behind.empty() || behind == "-") return {Look::Kind::unknown, 0};
    const std::size_t padding = std::min(behind.find_first_not_of(" \t"), behind.size());
    const std::string_view end = behind.substr(padding);
    if (padding > kMostPadding) return {Look::Kind::data, 0};
    if (end.starts_with("\r\n")) return {Look::Kind::delimiter, delimiter_.size() + padding + 2};
    if (end.empty() || end == "\r") return {Look::Kind::unknown, 0};
    return {Look::Kind::data, 0};
}

// How many bytes at the end of `text` may be the beginning of a delimiter. Its only CR is its first character.
std::size_t MultipartState::cut_delimiter(std::string_view text) const noexcept {
    const std::string_view tail = text.substr(text.size() - std::min(text.size(), delimiter_.size() - 1));
    const std::size_t begin = tail.rfind('\r');
    if (begin == std::string_view::npos) return 0;
    return delimiter_.starts_with(tail.substr(begin)) ? tail.size() - begin : 0;
}

MultipartState::Look MultipartState::look() const noexcept {
    const std::string_view text = rest();
    std::size_t from = 0;
    while (true) {
        const std::size_t at = text.find(delimiter_, from);
        if (at == std::string_view::npos) {
            const std::size_t size = text.size() - cut_delimiter(text);
            return {size > 0 ? Look::Kind::data : Look::Kind::unknown, size};
        }
        const Look verdict = judge(text.substr(at + delimiter_.size()));
        if (verdict.kind == Look::Kind::data) {
            from = at + 2;
        } else {
            return at > 0 ? Look{Look::Kind::data, at} : verdict;
        }
    }
}

// --- reading -----------------------------------------------------------------------------------------------------

Coro<std::string_view> MultipartState::receive() {
    const std::string_view piece = co_await input->readany_view();
    received_ += piece.size();
    if (limits.max_body > 0 && received_ > limits.max_body) {
        throw MultipartError("the multipart body is larger than " + std::to_string(limits.max_body) + " bytes", true);
    }
    co_return piece;
}

Coro<> MultipartState::fill() {
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::string_view piece = co_await receive();
    if (piece.empty()) {
        throw_cut_short(stage == Stage::part ? "a part" : stage == Stage::head ? "a part's header" : "its preamble");
    }
    buffer_ += piece;
}

Coro<std::string_view> MultipartState::read_piece() {
    while (stage == Stage::part) {
        const Look front = look();
        if (front.kind == Look::Kind::unknown) {
            co_await fill();
            continue;
        }
        const std::string_view piece = rest().substr(0, front.size);
        begin_ += front.size;
        if (front.kind == Look::Kind::data) co_return piece;
        stage = front.kind == Look::Kind::closing ? Stage::epilogue : Stage::head;
    }
    co_return std::string_view();
}

Coro<> MultipartState::skip_preamble() {
    std::size_t skipped = 0;
    while (stage == Stage::preamble) {
        const Look front = look();
        if (front.kind == Look::Kind::unknown) {
            co_await fill();
            continue;
        }
        begin_ += front.size;
        skipped += front.size;
        if (front.kind == Look::Kind::closing) {
            stage = Stage::epilogue;
        } else if (front.kind == Look::Kind::delimiter) {
            stage = Stage::head;
        } else if (skipped > limits.max_preamble) {
            throw MultipartError("the multipart body has no boundary within its first " +
                                     std::to_string(limits.max_preamble) + " bytes",
                                 true);
        }
    }
}

Coro<> MultipartState::skip_epilogue() {
    std::size_t skipped = rest().size();
    begin_ = buffer_.size();
    while (skipped <= limits.max_epilogue) {
        const std::string_view dropped = co_await receive();
        if (dropped.empty()) {
            stage = Stage::ended;
            co_return;
        }
        skipped += dropped.size();
    }
    throw MultipartError(
        "the multipart body has more than " + std::to_string(limits.max_epilogue) + " bytes after its last part",
        true);
}

Coro<> MultipartState::read_head(Headers& headers) {
    std::size_t searched = 0;
    while (true) {
        const std::string_view text = rest();
        // The line's end of the delimiter is behind us: an empty line at once means that there are no fields.
        const std::size_t end = text.starts_with("\r\n") ? 0 : text.find("\r\n\r\n", searched);
        if (end != std::string_view::npos && end <= limits.max_header_bytes) {
            parse_head(text.substr(0, end), headers);
            begin_ += end == 0 ? 2 : end + 4;
            co_return;
        }
        if (text.size() >= 4 && text.size() - 4 >= limits.max_header_bytes) {  // an end that fits would be here
            throw MultipartError(
                "the header of a part is longer than " + std::to_string(limits.max_header_bytes) + " bytes", true);
        }
        searched = text.size() < 3 ? 0 : text.size() - 3;
        co_await fill();
    }
}

void MultipartState::parse_head(std::string_view lines, Headers& headers) const {
    while (!lines.empty()) {
        const std::size_t end = lines.find("\r\n");
        std::string_view value = lines.substr(0, end);
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
        const bool field = value.find(':') != std::string_view::npos;
        const std::string_view name = wire::take_until(value, ':');
        if (!field || !wire::is_token(name) || !wire::is_field_value(value)) {
            throw MultipartError("the header of a part has the line '" + wire::printable(name) +
                                 "', which is not a header field");
        }
        if (headers.size() == limits.max_header_fields) {
            throw MultipartError(
                "a part has more than " + std::to_string(limits.max_header_fields) + " header fields", true);
        }
        headers.add(name, value);
    }
}

Coro<bool> MultipartState::next_part(Headers& headers) {
    ++serial;  // whoever reads the part before this one is told
    if (stage == Stage::preamble) co_await skip_preamble();
    while (stage == Stage::part) co_await read_piece();
    if (stage == Stage::epilogue) co_await skip_epilogue();
    if (stage == Stage::ended) co_return false;
    if (parts == limits.max_parts) {
        throw MultipartError("the body has more than " + std::to_string(limits.max_parts) + " parts", true);
    }
    co_await read_head(headers);
    ++parts;
    stage = Stage::part;
    co_return true;
}

}  // namespace aio::http::detail
