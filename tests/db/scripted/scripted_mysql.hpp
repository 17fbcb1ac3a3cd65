// A MySQL server on the loop itself, so that tests of the driver run on the simulator, where everything can be made to fail
// (support/rerun.hpp). It knows a few statements by their text (mysql_session.hpp), and is honest about them: prepared statements,
// cursors, transactions, KILL QUERY. Whatever else it is asked is a syntax error.
//
// What it allocates for itself neither counts nor fails; its connections and tasks do.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/io/server.hpp>
#include <aio/mysql.hpp>

#include "db/mysql/wire/proofs.hpp"
#include "db/scripted/faults.hpp"
#include "db/scripted/mysql_session.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::test::scripted_mysql {

class ScriptedMysql {
public:
    // A server that lives as long as the test. `password`: what clients must have; nothing: all are trusted.
    static Coro<ScriptedMysql*> start(std::string password = {}) {
        ScriptedMysql* server = &keep<ScriptedMysql>();
        server->password_ = std::move(password);
        auto handler = [server](StreamReader reader, StreamWriter writer) {
            return serve(*server, std::move(reader), std::move(writer));
        };
        server->listener_ = co_await start_server(handler, "127.0.0.1", 0);
        server->port_ = server->listener_->port();
        co_return server;
    }

    std::string dsn(std::string_view password = {}) const {
        return "mysql://me:" + std::string(password) + "@127.0.0.1:" + std::to_string(port_) +
               "/?ssl_mode=disabled&connect_timeout=5";
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

    // What was inserted and committed.
    const std::vector<std::uint64_t>& numbers() const noexcept { return database_.numbers; }
    int logins = 0, most_kills = 0;  // requests to stop a statement that were there at the same time

private:
    static Coro<> serve(ScriptedMysql& server, StreamReader reader, StreamWriter writer) {
        Backend backend(server.database_, std::move(reader), std::move(writer));
        try {
            const bool is_welcome = co_await server.log_in(backend);
            if (is_welcome) co_await server.converse(backend);
            backend.writer.close();
            co_await backend.writer.wait_closed();
        } catch (const Error&) {
            // The client is gone, or was dropped.
        } catch (const std::bad_alloc&) {
            // The session ends, as one of a server without memory does.
        }
    }

    static Coro<std::string> next_packet(Backend& backend) {
        const std::string header = co_await backend.reader.readexactly(4);
        backend.sequence = static_cast<unsigned char>(header[3]) + 1;
        const std::uint64_t size = load(std::string_view(header).substr(0, 3));
        co_return co_await backend.reader.readexactly(static_cast<std::ptrdiff_t>(size));
    }

    void greet(Backend& backend) {
        const UnwatchedAllocations mine;
        backend.id = ++last_id_;
        std::string greeting = fake::handshake_payload();
        greeting.replace(8, 4, fake::number(backend.id, 4));
        backend.output = fake::packet(0, greeting);
    }
    bool judge(Backend& backend, std::string_view login) {
        const UnwatchedAllocations mine;
        const std::string proof = mysql::wire::native_proof(password_, fake::kScramble);
        const bool is_right = login.find(proof) != login.npos;
        if (is_right) {
            ++logins;
            succeed(backend);
        } else {
            fail(backend, 1045, "28000", "Access denied for user 'me'");
        }
        return is_right;
    }
    Coro<bool> log_in(Backend& backend) {
        greet(backend);
        co_await flush(backend);
        const std::string login = co_await next_packet(backend);
        const bool is_welcome = judge(backend, login);
        co_await flush(backend);
        co_return is_welcome;
    }

    Coro<> converse(Backend& backend) {
        while (true) {
            const std::string command = co_await next_packet(backend);
            if (command[0] == 0x01) co_return;
            if (command[0] == 0x17) {
                const Execution execution{std::string_view(command).substr(1)};
                co_await run(backend, execution);
            } else {
                take(backend, command[0], std::string_view(command).substr(1));
            }
            note_kills();
            co_await flush(backend);
        }
    }

    static std::string_view statement_of(const Backend& backend, std::uint32_t id) {
        const auto found = backend.statements.find(id);
        return found == backend.statements.end() ? std::string_view() : std::string_view(found->second);
    }
    static Coro<> run(Backend& backend, Execution execution) {
        const std::string_view sql = statement_of(backend, execution.id);
        if (sql == kDie) co_await die(backend);
        if (sql == kSleep) {
            const bool is_over = co_await sleep_for(backend, execution.number);
            if (!is_over) co_return note_kill(backend);
        }
        const UnwatchedAllocations mine;
        execute(backend, execution);
    }

    void note_kills() {
        const auto is_request = [](const Backend* backend) { return backend->is_request; };
        most_kills = std::max(most_kills, static_cast<int>(std::ranges::count_if(database_.backends, is_request)));
    }

    std::optional<Server> listener_;
    int port_ = 0;
    std::string password_;
    Database database_;
    std::uint32_t last_id_ = 0;
};

// For Faults.
struct MysqlSide {
    using Server = ScriptedMysql;
    using Connection = mysql::Connection;
    using Pool = mysql::Pool;
    using PooledConnection = mysql::PooledConnection;
    using ConnectOptions = mysql::ConnectOptions;
    using PoolOptions = mysql::PoolOptions;
    static Coro<Connection> connect(const std::string& dsn, ConnectOptions options) {
        return mysql::connect(dsn, options);
    }
    static Coro<Pool> create_pool(const std::string& dsn, PoolOptions options) {
        return mysql::create_pool(dsn, options);
    }
    static Coro<int> echo(const Connection& connection, int number) {
        return connection.fetchval<int>(kEcho, number);
    }
};

template <class Body>
Coro<> on_connection(Body body, mysql::ConnectOptions options = {}) {
    return scripted::Faults<MysqlSide>::on_connection(std::move(body), options);
}
template <class Body>
Coro<> on_pool(Body body, mysql::PoolOptions options) {
    return scripted::Faults<MysqlSide>::on_pool(std::move(body), options);
}

}  // namespace aio::test::scripted_mysql
