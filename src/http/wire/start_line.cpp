// Request lines and status lines: a small machine, whose states are the parts of the line.
#include "http/wire/start_line.hpp"

#include "http/wire/syntax.hpp"

#include <algorithm>

namespace aio::http::wire {

namespace {

constexpr std::string_view kVersion = "HTTP/1.", kUsualEnd = "HTTP/1.1\r\n";

bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7f; }

bool has_lower_case(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

void StartLine::begin() noexcept {
    state_ = role_ == Parser::Role::requests ? State::method : State::version;
    method_size_ = at_ = 0;
    fault_ = Fault::none;
}

StartLine::Result StartLine::fail(Fault fault, std::string_view explanation) noexcept {
    fault_ = fault;
    explanation_ = explanation;
    return Result::fault;
}

StartLine::Result StartLine::take(std::string_view& data, Head& head) {
    while (!data.empty()) {
        const char c = data.front();
        Result result = Result::more;
        switch (state_) {
            case State::method: result = take_method(data, head); break;
            case State::target: result = take_target(data, head); break;
            case State::reason: result = take_reason(data, head); break;
            case State::version:
                if (at_ == 0 && role_ == Parser::Role::requests && data.starts_with(kUsualEnd)) [[likely]] {
                    head.minor_version = 1;
                    data.remove_prefix(kUsualEnd.size());
                    return Result::done;
                }
                [[fallthrough]];
            case State::minor: result = take_version(c, head); break;
            case State::space:
            case State::code:
            case State::reason_begin: result = take_code(c, head); break;
            case State::cr:
                if (c == '\n') return fail(Fault::bad_message, "LF without CR");
                if (c != '\r') return fail(Fault::bad_message, "garbage after the HTTP version");
                state_ = State::lf;
                break;
            case State::lf:
                if (c != '\n') return fail(Fault::bad_message, "CR without LF");
                data.remove_prefix(1);
                return Result::done;
        }
        if (result == Result::fault) return result;
        // The three that take many bytes at once have removed them.
        if (result == Result::more) data.remove_prefix(1);
    }
    return Result::more;
}

// Up to the space, which take() removes. Result::done: all of `data` is taken.
StartLine::Result StartLine::take_method(std::string_view& data, Head& head) noexcept {
    std::size_t size = 0;
    while (size < data.size() && is_token_char(data[size])) ++size;
    const std::size_t room = method_.size() - method_size_;
    const std::string_view taken = data.substr(0, std::min(size, room));
    if (has_lower_case(taken)) return fail(Fault::bad_message, "a method in lower case: methods are upper case");
    if (size > room) return fail(Fault::unsupported_method, "a method that is longer than any that exists");
    std::copy(taken.begin(), taken.end(), method_.begin() + method_size_);
    method_size_ = static_cast<std::uint8_t>(method_size_ + size);
    data.remove_prefix(size);
    if (data.empty()) return Result::done;
    if (data.front() != ' ' || method_size_ == 0) return fail(Fault::bad_message, "a method that is not a token");
    head.method = {method_.data(), method_size_};
    state_ = State::target;
    return Result::more;
}

StartLine::Result StartLine::take_target(std::string_view& data, Head& head) {
    const std::size_t room = limit_ - head.target.size();
    std::string_view part = data.substr(0, std::min(data.find(' '), data.size()));
    const bool ends = part.size() < data.size();
    const bool too_long = part.size() > room;
    part = part.substr(0, room);
    const auto bad = std::find_if_not(part.begin(), part.end(), is_visible);
    if (bad != part.end()) {
        const bool line_ends = *bad == '\r' || *bad == '\n';
        return fail(Fault::bad_message, line_ends ? "a request line without an HTTP version"
                                                  : "a character in the target that must be percent-encoded");
    }
    if (too_long) return fail(Fault::target_too_long, "the target is longer than the limit");
    head.target.append(part);
    data.remove_prefix(part.size());
    if (!ends) return Result::done;
    if (head.target.empty()) return fail(Fault::bad_message, "more than one space in the request line");
    state_ = State::version;
    return Result::more;
}

// A minor version above 1 promises what 1.1 does (RFC 9110 section 2.5).
StartLine::Result StartLine::take_version(char c, Head& head) noexcept {
    constexpr std::size_t kMajor = 5;
    const bool request = role_ == Parser::Role::requests;
    if (state_ == State::version) {
        if (at_ == kMajor && is_digit(c) && c != kVersion[at_]) {
            return fail(Fault::unsupported_version, "a version other than HTTP/1.0 and HTTP/1.1");
        }
        if (c != kVersion[at_]) {
            return fail(Fault::bad_message,
                        request ? "a request line without an HTTP version, or with more than one space"
                                : "a status line without an HTTP version");
        }
        if (++at_ == kVersion.size()) state_ = State::minor;
        return Result::more;
    }
    if (!is_digit(c)) return fail(Fault::bad_message, "an HTTP version that is not a number");
    head.minor_version = c == '0' ? 0 : 1;
    state_ = request ? State::cr : State::space;
    return Result::more;
}

// Three digits between spaces; without a reason the second space may be missing.
StartLine::Result StartLine::take_code(char c, Head& head) noexcept {
    constexpr std::string_view kProblem = "a status code that is not three digits";
    if (state_ == State::space) {
        if (c != ' ') return fail(Fault::bad_message, kProblem);
        at_ = 0;
        state_ = State::code;
    } else if (state_ == State::code) {
        if (!is_digit(c) || (at_ == 0 && c == '0')) return fail(Fault::bad_message, kProblem);
        head.status = 10 * head.status + (c - '0');
        if (++at_ == 3) state_ = State::reason_begin;
    } else if (c == ' ') {
        state_ = State::reason;
    } else {
        if (c == '\n') return fail(Fault::bad_message, "LF without CR");
        if (c != '\r') return fail(Fault::bad_message, kProblem);
        state_ = State::lf;
    }
    return Result::more;
}

StartLine::Result StartLine::take_reason(std::string_view& data, Head& head) {
    const std::size_t room = limit_ - head.reason.size();
    std::string_view part = data.substr(0, std::min(data.find_first_of("\r\n"), data.size()));
    const bool ends = part.size() < data.size();
    const bool too_long = part.size() > room;
    part = part.substr(0, room);
    if (!is_field_value(part)) return fail(Fault::bad_message, "a control character in the status line");
    if (too_long) return fail(Fault::fields_too_large, "the status line is longer than the limit");
    head.reason.append(part);
    data.remove_prefix(part.size());
    if (!ends) return Result::done;
    if (data.front() == '\n') return fail(Fault::bad_message, "LF without CR");
    state_ = State::lf;
    return Result::more;
}

}  // namespace aio::http::wire
