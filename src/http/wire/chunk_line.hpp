// What stands between the data of two chunks: CR LF, a size and extensions, CR LF. Extensions are checked and dropped.
// llhttp 8.1 refuses two extensions with values and quoted pairs, and takes extensions without a name.
//
// Source: RFC 9112 section 7.1; RFC 9110 section 5.6.4 (quoted strings).
#pragma once

#include <cstdint>
#include <string_view>

namespace aio::http::wire {

class ChunkLine {
public:
    enum class Result : std::uint8_t { more, done, fault };

    // Before the first chunk of a body.
    void begin() noexcept { start(State::first_digit); }
    // Behind the data of a chunk.
    void begin_behind_data() noexcept { start(State::data_cr); }

    // Takes the line's bytes from the front of `data`.
    Result take(std::string_view& data) noexcept;
    // Of the chunk's data, in bytes; 0: there are no more, the trailers follow.
    std::uint64_t size() const noexcept { return size_; }
    // Of a fault. For people.
    std::string_view explanation() const noexcept { return explanation_; }

private:
    enum class State : std::uint8_t {
        data_cr,
        data_lf,
        first_digit,
        digits,
        before_semicolon,  // white space behind the size or a value: only an extension may follow
        before_name,
        name,
        behind_name,  // white space
        before_value,
        value,
        quoted,
        quoted_pair,
        behind_quotes,
        lf,
    };

    void start(State state) noexcept {
        state_ = state;
        size_ = 0;
    }
    bool step(char c) noexcept;
    bool add_digit(char c) noexcept;
    bool end_part(char c) noexcept;
    bool fail(std::string_view explanation) noexcept {
        explanation_ = explanation;
        return false;
    }

    std::uint64_t size_ = 0;
    std::string_view explanation_;
    State state_ = State::first_digit;
};

}  // namespace aio::http::wire
