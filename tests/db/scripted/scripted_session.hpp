// A session of the scripted server, and what all of its statements need.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/core/timeout.hpp>
#include <aio/io/stream.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/messages.hpp"
#include "support/async_test.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::test::scripted {

struct Backend;

// What the sessions share.
struct Database {
    std::vector<std::uint32_t> numbers;  // what was inserted and committed
    std::vector<Backend*> backends;
    Event left;  // one of them
};

struct Portal {
    std::string sql;
    std::vector<std::optional<std::string>> arguments;
    std::uint32_t rows = 0;  // that were sent
    std::uint32_t number() const { return arguments.empty() ? 0 : fake::load(arguments[0].value_or("")); }
};

// A session, or a cancel request.
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

    Database& database;
    StreamReader reader;
    StreamWriter writer;
    std::uint32_t pid = 0;
    std::string output;
    char status = 'I';
    bool skips = false;  // to the next Sync
    bool is_request = false, is_idle = false, is_dropped = false, is_asleep = false, is_cancelled = false;
    Event woken;
    std::map<std::string, std::string> statements;
    std::map<std::string, Portal> portals;
    std::map<std::string, std::size_t> savepoints;
    std::vector<std::uint32_t> inserted;  // and not committed
    std::set<std::string> channels;
    std::string notifications;  // to be sent when the session is idle
};

inline Coro<std::string> read_body(Backend& backend, std::size_t header) {
    const std::string length = co_await backend.reader.readexactly(4);
    const std::size_t size = fake::load(length) - header;
    if (size == 0) co_return {};
    co_return co_await backend.reader.readexactly(static_cast<std::ptrdiff_t>(size));
}

inline Coro<> flush(Backend& backend) {
    if (backend.output.empty()) co_return;
    backend.writer.write(backend.output);
    backend.output.clear();
    co_await backend.writer.drain();
}

inline void fail(Backend& backend, std::string_view sqlstate, std::string_view text) {
    backend.output += fake::error(sqlstate, text);
    backend.skips = true;
    if (backend.status == 'I') backend.inserted.clear();
    if (backend.status == 'T') backend.status = 'E';
}

inline void commit(Backend& backend) {
    backend.database.numbers.insert(backend.database.numbers.end(), backend.inserted.begin(), backend.inserted.end());
    backend.inserted.clear();
    backend.savepoints.clear();
    backend.portals.clear();
}

inline void end_batch(Backend& backend) {
    backend.skips = false;
    if (backend.status == 'I') commit(backend);
    backend.output += std::exchange(backend.notifications, {}) + fake::ready(backend.status);
}

inline Coro<> until_woken(Backend& backend) { co_await backend.woken.wait(); }

// False: it was cancelled.
inline Coro<bool> sleep_for(Backend& backend, std::uint32_t milliseconds) {
    co_await flush(backend);
    backend.woken.clear();
    backend.is_cancelled = false;
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
    const UnwatchedAllocations mine;
    if (backend.is_cancelled) fail(backend, "57014", "canceling statement due to user request");
    co_return !backend.is_cancelled;
}

}  // namespace aio::test::scripted
