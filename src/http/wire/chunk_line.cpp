// Chunk lines, byte by byte: most have a few digits and nothing else.
#include "http/wire/chunk_line.hpp"

#include "http/wire/syntax.hpp"

namespace aio::http::wire {

namespace {

// Inside quotes: everything but control characters, and the two that have a meaning there.
bool is_quoted_text(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7f) || c == '\t';
}

}  // namespace

ChunkLine::Result ChunkLine::take(std::string_view& data) noexcept {
    for (std::size_t i = 0; i < data.size(); ++i) {
        const bool ends = state_ == State::lf && data[i] == '\n';
        if (!ends && !step(data[i])) return Result::fault;
        if (!ends) continue;
        data.remove_prefix(i + 1);
        return Result::done;
    }
    data = {};
    return Result::more;
}

bool ChunkLine::add_digit(char c) noexcept {
    const int digit = hex_value(c);
    if (digit < 0) return false;
    if (size_ >> 60 != 0) return fail("a chunk size of more than 64 bits");
    size_ = size_ << 4 | static_cast<unsigned>(digit);
    state_ = State::digits;
    return true;
}

// Behind the size, or a whole extension.
bool ChunkLine::end_part(char c) noexcept {
    if (c == '\r') {
        state_ = State::lf;
    } else if (c == ';') {
        state_ = State::before_name;
    } else if (is_blank(c)) {
        state_ = State::before_semicolon;
    } else {
        return fail(c == '\n' ? "LF without CR" : "garbage after a chunk size or a chunk extension");
    }
    return true;
}

bool ChunkLine::step(char c) noexcept {
    switch (state_) {
        case State::data_cr: state_ = State::data_lf; return c == '\r' || fail("chunk data without CR LF after them");
        case State::data_lf:
            state_ = State::first_digit;
            return c == '\n' || fail("chunk data without CR LF after them");
        case State::first_digit: return add_digit(c) || fail("a chunk size that is not a hexadecimal number");
        case State::digits:
            if (hex_value(c) >= 0) return add_digit(c);
            return end_part(c);
        case State::before_semicolon:
            if (c == ';') state_ = State::before_name;
            return c == ';' || is_blank(c) || fail("white space after a chunk size");
        case State::before_name:
            if (is_blank(c)) return true;
            state_ = State::name;
            return is_token_char(c) || fail("a chunk extension without a name");
        case State::name:
        case State::behind_name:
            if (state_ == State::name && is_token_char(c)) return true;
            if (c == '=') {
                state_ = State::before_value;
            } else if (is_blank(c)) {
                state_ = State::behind_name;
            } else {
                return (state_ == State::name || c == ';') ? end_part(c)
                                                           : fail("white space after a chunk extension");
            }
            return true;
        case State::before_value:
            if (is_blank(c)) return true;
            state_ = c == '"' ? State::quoted : State::value;
            return c == '"' || is_token_char(c) || fail("a chunk extension without a value");
        case State::value: return is_token_char(c) || end_part(c);
        case State::quoted:
            if (c == '"') state_ = State::behind_quotes;
            if (c == '\\') state_ = State::quoted_pair;
            return is_quoted_text(c) || fail("a control character in a chunk extension");
        case State::quoted_pair:
            state_ = State::quoted;
            return is_quoted_text(c) || fail("a control character in a chunk extension");
        case State::behind_quotes: return end_part(c);
        case State::lf: return fail("CR without LF");
    }
    return false;
}

}  // namespace aio::http::wire
