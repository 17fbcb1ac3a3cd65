// The answers to commands, packet by packet: which packet is what. Whoever calls keeps what it says.
//
//   head ──▶ OK, without rows ───────────────┬──▶ over
//     │ ──▶ error ──────────────────────────▶│
//     │ ──▶ request for a file ──▶ head      │
//     └▶ columns ──▶ rows ──▶ end of rows ──▶│
//   head ◀── more results ◀──────────────────┘
//
// Source: MySQL 8.0 source documentation, "Text Protocol", "COM_STMT_EXECUTE Response", "COM_STMT_FETCH",
// "COM_STMT_PREPARE Response".
#pragma once

#include "db/mysql/wire/server_packets.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aio::mysql::wire {

class ResultReader {
public:
    enum class Event : std::uint8_t {
        columns,    // a result with rows begins; column_count() says how many it has
        column,     // a column's definition
        separator,  // behind the definitions of an older server; nothing to do
        row,
        rows_end,  // of a result; end() says what the server told
        ok,        // a result without rows; end() likewise
        error,     // nothing follows
        file       // the server wants the content of a file: LOAD DATA LOCAL
    };

    // no_eof: kNoEof was agreed upon.
    explicit ResultReader(bool no_eof) noexcept : no_eof_(no_eof) {}

    // The next answer is to a statement, or to a COM_STMT_FETCH: rows of a cursor with so many columns.
    void begin() noexcept { state_ = State::head; }
    void begin_rows(std::size_t columns) noexcept {
        state_ = State::rows;
        column_count_ = columns;
    }

    // Errors: ProtocolError. Precondition: not is_over().
    Event read(std::string_view payload);

    // Whether the answer has ended, with all of its results.
    bool is_over() const noexcept { return state_ == State::over; }
    std::size_t column_count() const noexcept { return column_count_; }
    // Of the last result that ended. A view: its text is valid as long as the packet.
    const Ok& end() const noexcept { return end_; }

private:
    enum class State : std::uint8_t { head, columns, separator, rows, over };

    Event read_head(std::string_view payload);
    Event read_row(std::string_view payload);
    Event ended(const Ok& end, Event event) noexcept;
    bool is_end_of_rows(std::string_view payload) const noexcept;

    bool no_eof_;
    State state_ = State::head;
    std::size_t column_count_ = 0;
    std::size_t columns_left_ = 0;
    Ok end_;
};

// The answer to a COM_STMT_PREPARE: what the statement takes and returns.
class PrepareReader {
public:
    enum class Event : std::uint8_t { head, parameter, column, separator, error };

    explicit PrepareReader(bool no_eof) noexcept : no_eof_(no_eof) {}
    // Errors: ProtocolError. Precondition: not is_over().
    Event read(std::string_view payload);
    bool is_over() const noexcept { return stage_ == Stage::over; }
    const PrepareOk& head() const noexcept { return head_; }

private:
    enum class Stage : std::uint8_t { head, parameters, parameters_end, columns, columns_end, over };
    void settle() noexcept;

    bool no_eof_;
    Stage stage_ = Stage::head;
    PrepareOk head_;
    std::size_t left_ = 0;
};

}  // namespace aio::mysql::wire
