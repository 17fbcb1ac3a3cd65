// A session of the scripted MySQL server: the statements that it knows, and their answers.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/core/timeout.hpp>
#include <aio/io/stream.hpp>
#include <aio/sync/event.hpp>

#include "db/mysql/fake_mysql.hpp"
#include "support/async_test.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::test::scripted_mysql {

namespace fake = fake_mysql;

// The statements with a parameter that it knows.
inline constexpr std::string_view kEcho = "SELECT ?";
inline constexpr std::string_view kSeries = "SELECT n FROM series WHERE n <= ?";
inline constexpr std::string_view kInsert = "INSERT INTO numbers VALUES(?)";
inline constexpr std::string_view kDivide = "SELECT 1 DIV ?";
inline constexpr std::string_view kSleep = "SELECT sleep(?)";  // milliseconds, which it returns
inline constexpr std::string_view kDie = "SELECT die(?)";      // the server ends in the middle of the answer

struct Backend;

// What the sessions share.
struct Database {
    std::vector<std::uint64_t> numbers;  // what was inserted and committed
    std::vector<Backend*> backends;
    Event left;  // one of them
};

struct Backend {
    Backend(Database& all, StreamReader in, StreamWriter out)
        : database(all), reader(std::move(in)), writer(std::move(out)) {
        const UnwatchedAllocations mine;
        database.backends.push_back(this);
    }
    Backend(const Backend&) = delete;
    ~Backend() {
        std::erase(database.backends, this);
        database.left.set();
        writer.abort();
    }

    struct Cursor {
        std::uint64_t sent = 0, last = 0;
    };

    Database& database;
    StreamReader reader;
    StreamWriter writer;
    std::uint32_t id = 0;
    int sequence = 1;  // of the next packet of the answer
    std::string output;
    bool in_transaction = false, is_request = false, is_dropped = false, is_asleep = false, is_killed = false;
    Event woken;
    std::uint32_t last_statement = 0;
    std::map<std::uint32_t, std::string> statements;
    std::map<std::uint32_t, Cursor> cursors;
    std::map<std::string, std::size_t, std::less<>> savepoints;
    std::vector<std::uint64_t> inserted;  // and not committed
};

// --- what is sent ----------------------------------------------------------------------------------------------------

inline void answer(Backend& backend, const std::string& payload) {
    backend.output += fake::packet(backend.sequence++, payload);
}
inline int status_of(const Backend& backend) { return 2 | (backend.in_transaction ? 1 : 0); }
inline void succeed(Backend& backend, int affected = 0, int flags = 0) {
    answer(backend, fake::ok_payload(status_of(backend) | flags, 0, affected));
}
inline void fail(Backend& backend, int code, std::string_view state, std::string_view text) {
    answer(backend, fake::error_payload(code, state, text));
}
inline void end_rows(Backend& backend, int flags = 0) {
    answer(backend, fake::ok_payload(status_of(backend) | flags, 0xfe));
}
inline void begin_rows(Backend& backend) {
    answer(backend, fake::number(1, 1));
    answer(backend, fake::column_payload());
}

inline Coro<> flush(Backend& backend) {
    if (backend.output.empty()) co_return;
    backend.writer.write(backend.output);
    backend.output.clear();
    co_await backend.writer.drain();
}

// --- transactions ----------------------------------------------------------------------------------------------------

inline void end_transaction(Backend& backend, bool commits) {
    auto& numbers = backend.database.numbers;
    if (commits) numbers.insert(numbers.end(), backend.inserted.begin(), backend.inserted.end());
    backend.inserted.clear();
    backend.savepoints.clear();
    backend.in_transaction = false;
}

inline void insert(Backend& backend, std::uint64_t number) {
    backend.inserted.push_back(number);
    if (!backend.in_transaction) end_transaction(backend, true);
}

inline void kill(Backend& killer, std::uint64_t id) {
    killer.is_request = true;
    for (Backend* backend : killer.database.backends) {
        // One that executes nothing ignores it.
        if (backend->id != id || !backend->is_asleep) continue;
        backend->is_killed = true;
        backend->woken.set();
    }
}

// Whether `sql` begins with `words`, which are removed.
inline bool take_words(std::string_view& sql, std::string_view words) {
    if (!sql.starts_with(words)) return false;
    sql.remove_prefix(words.size());
    return true;
}

inline std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// One statement of the text protocol. False: it failed, and no other one is run. flags: of the status.
inline bool run_text(Backend& backend, std::string_view sql, int flags) {
    if (take_words(sql, "START TRANSACTION") || sql == "BEGIN") {
        end_transaction(backend, true);
        backend.in_transaction = true;
    } else if (sql == "COMMIT" || sql == "ROLLBACK") {
        end_transaction(backend, sql == "COMMIT");
    } else if (take_words(sql, "SAVEPOINT ")) {
        backend.savepoints[std::string(sql)] = backend.inserted.size();
    } else if (sql.starts_with("ROLLBACK TO SAVEPOINT ") || sql.starts_with("RELEASE SAVEPOINT ")) {
        const bool is_rollback = take_words(sql, "ROLLBACK TO SAVEPOINT ");
        take_words(sql, "RELEASE SAVEPOINT ");
        const auto found = backend.savepoints.find(sql);
        if (found == backend.savepoints.end()) {
            fail(backend, 1305, "42000", "SAVEPOINT does not exist");
            return false;
        }
        if (is_rollback) {
            backend.inserted.resize(found->second);
        } else {
            backend.savepoints.erase(found);
        }
    } else if (take_words(sql, "KILL QUERY ")) {
        kill(backend, number_in(sql));
    } else if (take_words(sql, "INSERT ")) {
        insert(backend, number_in(sql));
    } else if (take_words(sql, "SELECT ")) {
        begin_rows(backend);
        answer(backend, fake::text(sql));
        end_rows(backend, flags);
        return true;
    } else if (!sql.starts_with("DO ") && !sql.starts_with("SET ")) {
        fail(backend, 1064, "42000", "You have an error in your SQL syntax");
        return false;
    }
    succeed(backend, 0, flags);
    return true;
}

inline void run_script(Backend& backend, std::string_view sql) {
    constexpr int kMoreResults = 8;
    while (true) {
        const std::size_t end = sql.find("; ");
        const bool is_last = end == sql.npos;
        if (!run_text(backend, sql.substr(0, end), is_last ? 0 : kMoreResults) || is_last) return;
        sql.remove_prefix(end + 2);
    }
}

// --- prepared statements ---------------------------------------------------------------------------------------------

inline void prepare(Backend& backend, std::string_view sql) {
    const bool is_known =
        sql == kEcho || sql == kSeries || sql == kInsert || sql == kDivide || sql == kSleep || sql == kDie;
    if (!is_known) return fail(backend, 1064, "42000", "You have an error in your SQL syntax");
    const std::uint32_t id = ++backend.last_statement;
    backend.statements[id] = std::string(sql);
    const bool has_rows = sql != kInsert;
    std::string head = fake::prepare_ok_payload(has_rows ? 1 : 0, 1);
    head.replace(1, 4, fake::number(id, 4));
    answer(backend, head);
    answer(backend, fake::column_payload("?"));
    if (has_rows) answer(backend, fake::column_payload());
}

inline std::uint64_t load(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

// COM_STMT_EXECUTE, behind its first byte.
struct Execution {
    explicit Execution(std::string_view body)
        : id(static_cast<std::uint32_t>(load(body.substr(0, 4)))),
          with_cursor(body[4] != 0),
          number(load(body.substr(13))) {}
    std::uint32_t id;
    bool with_cursor;
    std::uint64_t number;  // its argument
};

inline void execute(Backend& backend, const Execution& execution) {
    const auto found = backend.statements.find(execution.id);
    if (found == backend.statements.end()) return fail(backend, 1243, "HY000", "Unknown prepared statement handler");
    const std::string& sql = found->second;
    if (sql == kInsert) {
        insert(backend, execution.number);
        return succeed(backend, 1);
    }
    if (sql == kDivide && execution.number == 0) return fail(backend, 1365, "22012", "Division by 0");
    begin_rows(backend);
    if (execution.with_cursor) {
        constexpr int kCursorExists = 64;
        backend.cursors[execution.id] = {0, execution.number};
        return end_rows(backend, kCursorExists);
    }
    const std::uint64_t first = sql == kSeries ? 1 : execution.number;
    for (std::uint64_t row = first; row <= execution.number; ++row) answer(backend, fake::row_payload(row));
    end_rows(backend);
}

inline void fetch(Backend& backend, std::uint32_t id, std::uint64_t rows) {
    constexpr int kCursorExists = 64, kLastRowSent = 128;
    Backend::Cursor& cursor = backend.cursors[id];
    for (; rows > 0 && cursor.sent < cursor.last; --rows) answer(backend, fake::row_payload(++cursor.sent));
    end_rows(backend, kCursorExists | (cursor.sent == cursor.last ? kLastRowSent : 0));
}

inline Coro<> until_woken(Backend& backend) { co_await backend.woken.wait(); }

// False: it was killed.
inline Coro<bool> sleep_for(Backend& backend, std::uint64_t milliseconds) {
    co_await flush(backend);
    backend.woken.clear();
    backend.is_killed = false;
    backend.is_asleep = true;
    auto wait = [&] { return until_woken(backend); };
    try {
        co_await with_timeout(std::chrono::milliseconds(milliseconds), wait);
    } catch (const TimeoutError&) {
        // It has slept.
    } catch (...) {
        backend.is_asleep = false;
        throw;
    }
    backend.is_asleep = false;
    if (backend.is_dropped) throw EOFError("the client was dropped");
    co_return !backend.is_killed;
}

inline void note_kill(Backend& backend) {
    const UnwatchedAllocations mine;
    fail(backend, 1317, "70100", "Query execution was interrupted");
}

inline Coro<> die(Backend& backend) {
    {
        const UnwatchedAllocations mine;
        begin_rows(backend);
        backend.output.resize(backend.output.size() - 3);
    }
    co_await flush(backend);
    throw EOFError("the server dies");
}

// All commands but COM_STMT_EXECUTE and COM_QUIT.
inline void take(Backend& backend, char command, std::string_view body) {
    const UnwatchedAllocations mine;
    switch (command) {
        case 0x02:
        case 0x0e: return succeed(backend);
        case 0x03: return run_script(backend, body);
        case 0x16: return prepare(backend, body);
        case 0x19: backend.statements.erase(static_cast<std::uint32_t>(load(body))); return;
        case 0x1c: return fetch(backend, static_cast<std::uint32_t>(load(body.substr(0, 4))), load(body.substr(4)));
        case 0x1f:
            end_transaction(backend, false);
            backend.statements.clear();
            return succeed(backend);
        default: return fail(backend, 1047, "08S01", "Unknown command");
    }
}

}  // namespace aio::test::scripted_mysql
