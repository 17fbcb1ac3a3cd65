// A PostgreSQL server on the loop itself, so that tests of the driver run on the simulator, where everything can be made to fail
// (support/rerun.hpp). It knows a few statements by their text, and is honest about them: prepared statements, portals, the state
// of transactions, COPY, notifications, cancel requests. Whatever else it is asked is a syntax error.
//
// What it allocates for itself neither counts nor fails; its connections and tasks do.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/io/server.hpp>

#include "db/pg/messages.hpp"
#include "db/scripted/extended_protocol.hpp"
#include "db/scripted/scripted_login.hpp"
#include "db/scripted/scripted_session.hpp"
#include "db/scripted/simple_protocol.hpp"
#include "support/async_test.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::test::scripted {

class ScriptedPostgres {
public:
    // A server that lives as long as the test. `password`: what clients must have; nothing: all are trusted.
    static Coro<ScriptedPostgres*> start(std::string password = {}) {
        ScriptedPostgres* server = &keep<ScriptedPostgres>();
        server->password_ = std::move(password);
        auto handler = [server](StreamReader reader, StreamWriter writer) {
            return serve(*server, std::move(reader), std::move(writer));
        };
        server->listener_ = co_await start_server(handler, "127.0.0.1", 0);
        server->port_ = server->listener_->port();
        co_return server;
    }

    int port() const { return port_; }
    std::string dsn(std::string_view password = {}) const {
        return "host=127.0.0.1 port=" + std::to_string(port_) + " user=me sslmode=disable connect_timeout=5" +
               (password.empty() ? "" : " password=" + std::string(password));
    }

    // Drops all clients, and waits until nothing is left of them.
    Coro<> stop() {
        listener_->close();
        drop_clients();
        while (!database_.backends.empty()) {
            database_.left.clear();
            co_await database_.left.wait();
        }
        co_await listener_->wait_closed();
    }
    void drop_clients() {
        for (Backend* backend : database_.backends) {
            backend->is_dropped = true;
            backend->woken.set();
            backend->writer.abort();
        }
    }

    // Makes it a standby or a primary, which it tells those that are connected.
    void set_standby(bool is_standby) {
        const UnwatchedAllocations mine;
        is_standby_ = is_standby;
        for (Backend* backend : database_.backends) {
            backend->writer.write(fake::parameter("in_hot_standby", is_standby ? "on" : "off"));
        }
    }

    // What was inserted and committed.
    const std::vector<std::uint32_t>& numbers() const noexcept { return database_.numbers; }
    int logins = 0, most_cancels = 0;  // cancel requests that were there at the same time

private:
    static constexpr std::uint32_t kKey = 4711;

    // --- connections -----------------------------------------------------------------------------------------------

    static Coro<> serve(ScriptedPostgres& server, StreamReader reader, StreamWriter writer) {
        Backend backend(server.database_, std::move(reader), std::move(writer));
        try {
            const bool is_session = co_await server.begin(backend);
            if (is_session) co_await server.converse(backend);
            backend.writer.close();
            co_await backend.writer.wait_closed();
        } catch (const Error&) {
            // The client is gone, or was dropped.
        } catch (const std::bad_alloc&) {
            // The session ends, as one of a server without memory does.
        }
    }

    Coro<bool> begin(Backend& backend) {
        const std::string body = co_await read_body(backend, 4);
        if (fake::load(body) == 80'877'102) {
            backend.is_request = true;
            note_cancels();
            cancel(fake::load(std::string_view(body).substr(4)), fake::load(std::string_view(body).substr(8)));
            co_return false;
        }
        if (!password_.empty()) co_await log_in(backend.reader, backend.writer, password_);
        const UnwatchedAllocations mine;
        backend.pid = ++last_pid_;
        ++logins;
        backend.output = fake::authentication(0) + fake::parameter("server_version", "15.0") +
                         fake::parameter("in_hot_standby", is_standby_ ? "on" : "off") +
                         fake::message('K', fake::number(backend.pid) + fake::number(kKey)) + fake::ready();
        co_return true;
    }

    void note_cancels() {
        const auto is_request = [](const Backend* backend) { return backend->is_request; };
        most_cancels =
            std::max(most_cancels, static_cast<int>(std::ranges::count_if(database_.backends, is_request)));
    }

    // A session that is not asleep ignores it, as the signal of a real one comes to nothing between statements.
    void cancel(std::uint32_t pid, std::uint32_t key) {
        for (Backend* backend : database_.backends) {
            if (backend->pid != pid || key != kKey || !backend->is_asleep) continue;
            backend->is_cancelled = true;
            backend->woken.set();
        }
    }

    Coro<> converse(Backend& backend) {
        while (true) {
            co_await flush(backend);
            backend.is_idle = true;
            const std::string type = co_await backend.reader.readexactly(1);
            backend.is_idle = false;
            const std::string body = co_await read_body(backend, 4);
            switch (type[0]) {
                case 'X': co_return;
                case 'E': co_await execute(backend, body); break;
                case 'Q': co_await run_script(backend, body.substr(0, body.size() - 1)); break;
                default: take(backend, type[0], body);
            }
        }
    }

    std::optional<Server> listener_;
    int port_ = 0;
    std::string password_;
    bool is_standby_ = false;
    Database database_;
    std::uint32_t last_pid_ = 0;
};

}  // namespace aio::test::scripted
