// What tests of SQLite share.
#pragma once

#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/sqlite.hpp>
#include <aio/sync/event.hpp>

#include "support/async_test.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace aio::test {

// A directory that is removed in the end.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = std::filesystem::temp_directory_path() / "aio_sqlite_XXXXXX";
        if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        if (::getpid() != owner_) return;  // a child that ends
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string file(const std::string& name = "test.db") const { return path_ / name; }

private:
    std::filesystem::path path_;
    pid_t owner_ = ::getpid();
};

// A gate in the connection's thread: a statement that calls the function gate() stays there until it is opened, or interrupted by
// nothing at all. `reached` is set when it is there.
class Gate {
public:
    // Adds the function gate(x), which returns x.
    static Coro<std::shared_ptr<Gate>> in(sqlite::Connection db) {
        auto gate = std::make_shared<Gate>();
        EventLoop* const loop = &get_running_loop();
        auto stay = [gate, loop](std::int64_t x) {
            loop->call_soon_threadsafe([gate] { gate->reached.set(); });
            gate->closed_.wait(true);
            return x;
        };
        co_await db.create_function("gate", stay);
        co_return gate;
    }
    void open() {
        closed_ = false;
        closed_.notify_all();
    }
    void close() {
        closed_ = true;
        reached.clear();
    }

    Event reached;

private:
    std::atomic<bool> closed_{true};
};

// A statement that never ends.
inline constexpr const char* kEndless =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";

// Adds the function begun(x), which returns x and sets the event that is returned.
inline Coro<std::shared_ptr<Event>> notice_begin(sqlite::Connection db) {
    auto event = std::make_shared<Event>();
    EventLoop* const loop = &get_running_loop();
    auto tell = [event, loop](std::int64_t x) {
        loop->call_soon_threadsafe([event] { event->set(); });
        return x;
    };
    co_await db.create_function("begun", tell);
    co_return event;
}

}  // namespace aio::test
