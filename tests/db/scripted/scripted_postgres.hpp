// A PostgreSQL server on the loop itself, so that tests of the driver run on the simulator, where everything can be made to fail
// (support/rerun.hpp). It knows a few statements by their text, and is honest about them: prepared statements, portals, the state
// of transactions, COPY, notifications, cancel requests. Whatever else it is asked is a syntax error.
//
// What it allocates for itself neither counts nor fails; its connections and tasks do.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/timeout.hpp>
#include <aio/io/server.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/messages.hpp"
#include "db/scripted/scripted_login.hpp"
#include "support/async_test.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::test::scripted {

// The statements with a parameter that it knows.
constexpr std::string_view kEcho = "SELECT $1::int", kSeries = "SELECT generate_series(1, $1::int)",
                           kInsert = "INSERT INTO numbers VALUES($1)", kDivide = "SELECT 1 / $1::int",
                           kSleep = "SELECT sleep($1::int)",  // milliseconds, which it returns
    kMood = "SELECT 'ok'::mood WHERE $1 > 0",                 // of a type of the database
    kDie = "SELECT die($1::int)";                             // ends in the middle of a row

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
        while (!backends_.empty()) {
            left_.clear();
            co_await left_.wait();
        }
        co_await listener_->wait_closed();
    }
    void drop_clients() {
        for (Backend* backend : backends_) {
            backend->is_dropped = true;
            backend->woken.set();
            backend->writer.abort();
        }
    }

    std::vector<std::uint32_t> numbers;  // what was inserted and committed
    int logins = 0, most_cancels = 0;    // cancel requests that were there at the same time

private:
    struct Portal {
        std::string sql;
        std::vector<std::optional<std::string>> arguments;
        std::uint32_t rows = 0;  // that were sent
        std::uint32_t number() const { return arguments.empty() ? 0 : fake::load(arguments[0].value_or("")); }
    };

    // A session, or a cancel request.
    struct Backend {
        Backend(ScriptedPostgres& all, StreamReader in, StreamWriter out)
            : server(all), reader(std::move(in)), writer(std::move(out)) {
            const UnwatchedAllocations mine;
            server.backends_.push_back(this);
        }
        Backend(const Backend&) = delete;
        ~Backend() {
            std::erase(server.backends_, this);
            server.left_.set();
            writer.abort();
        }

        ScriptedPostgres& server;
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

    static constexpr std::uint32_t kKey = 4711;

    // --- connections -----------------------------------------------------------------------------------------------

    static Coro<> serve(ScriptedPostgres& server, StreamReader reader, StreamWriter writer) {
        Backend backend(server, std::move(reader), std::move(writer));
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

    static Coro<std::string> read_body(Backend& backend, std::size_t header) {
        const std::string length = co_await backend.reader.readexactly(4);
        const std::size_t size = fake::load(length) - header;
        if (size == 0) co_return {};
        co_return co_await backend.reader.readexactly(static_cast<std::ptrdiff_t>(size));
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
                         fake::parameter("in_hot_standby", "off") +
                         fake::message('K', fake::number(backend.pid) + fake::number(kKey)) + fake::ready();
        co_return true;
    }

    void note_cancels() {
        const auto is_request = [](const Backend* backend) { return backend->is_request; };
        most_cancels = std::max(most_cancels, static_cast<int>(std::ranges::count_if(backends_, is_request)));
    }

    // A session that is not asleep ignores it, as the signal of a real one comes to nothing between statements.
    void cancel(std::uint32_t pid, std::uint32_t key) {
        for (Backend* backend : backends_) {
            if (backend->pid != pid || key != kKey || !backend->is_asleep) continue;
            backend->is_cancelled = true;
            backend->woken.set();
        }
    }

    static Coro<> flush(Backend& backend) {
        if (backend.output.empty()) co_return;
        backend.writer.write(backend.output);
        backend.output.clear();
        co_await backend.writer.drain();
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

    // --- the extended protocol -------------------------------------------------------------------------------------

    static std::string take_text(std::string_view& body) {
        std::string text(body.substr(0, body.find('\0')));
        body.remove_prefix(std::min(text.size() + 1, body.size()));
        return text;
    }
    static std::uint32_t take_u16(std::string_view& body) {
        const std::uint32_t value = fake::load(body.substr(0, 2));
        body.remove_prefix(2);
        return value;
    }

    static void fail(Backend& backend, std::string_view sqlstate, std::string_view text) {
        backend.output += fake::error(sqlstate, text);
        backend.skips = true;
        if (backend.status == 'I') backend.inserted.clear();
        if (backend.status == 'T') backend.status = 'E';
    }

    static bool is_known(std::string_view sql) {
        for (const std::string_view known : {kEcho, kSeries, kInsert, kDivide, kSleep, kMood, kDie}) {
            if (sql == known) return true;
        }
        return sql.starts_with("WITH RECURSIVE wanted") || sql == "SELECT * FROM \"numbers\"";
    }

    void take(Backend& backend, char type, std::string_view body) {
        const UnwatchedAllocations mine;
        if (type == 'S') return end_batch(backend);
        if (backend.skips) return;
        switch (type) {
            case 'P': return parse(backend, body);
            case 'D': return describe(backend, body.substr(1, body.size() - 2));
            case 'B': return bind(backend, body);
            case 'C': {
                const std::string name(body.substr(1, body.size() - 2));
                body[0] == 'S' ? backend.statements.erase(name) : backend.portals.erase(name);
                backend.output += fake::message('3');
            }
            default: return;  // Flush, and what comes behind a COPY that has failed
        }
    }

    static void parse(Backend& backend, std::string_view body) {
        const std::string name = take_text(body), sql = take_text(body);
        if (!is_known(sql)) return fail(backend, "42601", "syntax error");
        if (!name.empty() && backend.statements.contains(name)) return fail(backend, "42P05", "it is there");
        backend.statements[name] = sql;
        backend.output += fake::parsed();
    }

    static void describe(Backend& backend, std::string_view name) {
        const auto found = backend.statements.find(std::string(name));
        if (found == backend.statements.end()) return fail(backend, "26000", "there is no such statement");
        const bool has_parameter = found->second.find('$') != std::string::npos;
        backend.output += fake::parameter_description(has_parameter ? 1 : 0);
        backend.output += found->second == kInsert ? fake::message('n')
                          : found->second == kMood ? fake::row_description(1, kMoodType)
                                                   : fake::row_description();
    }

    static void bind(Backend& backend, std::string_view body) {
        const std::string name = take_text(body);
        const auto statement = backend.statements.find(take_text(body));
        if (statement == backend.statements.end()) return fail(backend, "26000", "there is no such statement");
        Portal portal{statement->second, {}};
        body.remove_prefix(2 * take_u16(body));
        for (std::uint32_t count = take_u16(body); count > 0; --count) {
            const std::uint32_t size = fake::load(body);
            body.remove_prefix(4);
            if (size == ~0u) {
                portal.arguments.emplace_back();
                continue;
            }
            portal.arguments.emplace_back(body.substr(0, size));
            body.remove_prefix(size);
        }
        backend.portals[name] = std::move(portal);
        backend.output += fake::bound();
    }

    void end_batch(Backend& backend) {
        backend.skips = false;
        if (backend.status == 'I') commit(backend);
        backend.output += std::exchange(backend.notifications, {}) + fake::ready(backend.status);
    }
    void commit(Backend& backend) {
        numbers.insert(numbers.end(), backend.inserted.begin(), backend.inserted.end());
        backend.inserted.clear();
        backend.savepoints.clear();
        backend.portals.clear();
    }

    Coro<> execute(Backend& backend, std::string_view body) {
        const std::string name = take_text(body);
        const std::uint32_t most = fake::load(body);
        if (backend.skips) co_return;
        const auto found = backend.portals.find(name);
        if (found == backend.portals.end()) co_return fail(backend, "34000", "there is no such portal");
        if (backend.status == 'E') co_return fail(backend, "25P02", "the transaction has failed");
        Portal& portal = found->second;
        if (portal.sql == kSleep) {
            const bool is_over = co_await sleep_for(backend, portal.number());
            if (!is_over) co_return;
        }
        if (portal.sql == kDie) co_await die(backend);
        const UnwatchedAllocations mine;
        run_portal(backend, portal, most == 0 ? ~0u : most);
    }

    static void run_portal(Backend& backend, Portal& portal, std::uint32_t most) {
        const std::uint32_t number = portal.number();
        if (portal.sql == kInsert) {
            backend.inserted.push_back(number);
            backend.output += fake::complete("INSERT 0 1");
            return;
        }
        if (portal.sql == kDivide && number == 0) return fail(backend, "22012", "division by zero");
        const std::uint32_t last = portal.sql == kSeries ? number : 1;
        std::uint32_t sent = 0;
        for (; portal.rows < last && sent < most; ++sent) {
            ++portal.rows;
            backend.output += portal.sql == kMood              ? fake::row({std::string("ok")})
                              : portal.sql == kSeries          ? fake::row(portal.rows)
                              : portal.sql.starts_with("WITH") ? fake::row(mood_type())
                                                               : fake::row(number);
        }
        backend.output += sent == most ? fake::message('s') : fake::complete("SELECT " + std::to_string(sent));
    }

    // The enum "mood", as the driver's question for types has it.
    static constexpr std::uint32_t kMoodType = 50'000;
    static std::vector<std::string> mood_type() {
        const std::string none = fake::number(0) + fake::number(0);
        return {fake::number(kMoodType), "mood", "e", fake::number(0), fake::number(0), none + fake::number(25),
                none + fake::number(26), ","};
    }

    // False: it was cancelled.
    static Coro<bool> sleep_for(Backend& backend, std::uint32_t milliseconds) {
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
    static Coro<> until_woken(Backend& backend) { co_await backend.woken.wait(); }

    static Coro<> die(Backend& backend) {
        backend.output += fake::row(7).substr(0, 9);
        co_await flush(backend);
        throw EOFError("the server dies");
    }

    // --- the simple protocol ---------------------------------------------------------------------------------------

    Coro<> run_script(Backend& backend, std::string script) {
        backend.skips = false;
        std::string_view rest = script;
        while (!rest.empty() && !backend.skips) {
            std::string_view statement = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(statement.size() + 1, rest.size()));
            while (statement.starts_with(' ')) statement.remove_prefix(1);
            if (backend.status == 'E' && !statement.starts_with("ROLLBACK") && !statement.starts_with("COMMIT")) {
                fail(backend, "25P02", "the transaction has failed");
            } else if (statement.starts_with("COPY") && statement.find("FROM STDIN") != statement.npos) {
                co_await copy_in(backend);
            } else if (statement.starts_with("COPY")) {
                co_await copy_out(backend);
            } else if (statement.starts_with("SLEEP ")) {
                const bool is_over = co_await sleep_for(backend, number_in(statement));
                if (is_over) backend.output += fake::complete("SLEEP");
            } else {
                run(backend, statement);
            }
        }
        const UnwatchedAllocations mine;
        end_batch(backend);
    }

    static std::uint32_t number_in(std::string_view statement) {
        std::uint32_t number = 0;
        for (const char c : statement)
            number = c >= '0' && c <= '9' ? number * 10 + static_cast<unsigned>(c - '0') : number;
        return number;
    }

    void run(Backend& backend, std::string_view statement) {
        const UnwatchedAllocations mine;
        const std::string word(statement.substr(0, statement.find(' ')));
        const std::string last(statement.substr(statement.rfind(' ') + 1));
        const bool is_rollback = word == "ROLLBACK" || word == "COMMIT";
        std::string tag = word;
        if (word == "BEGIN") {
            backend.status = 'T';
        } else if (statement.starts_with("ROLLBACK TO")) {
            const auto found = backend.savepoints.find(last);
            if (found == backend.savepoints.end()) return fail(backend, "3B001", "there is no such savepoint");
            backend.inserted.resize(std::min(found->second, backend.inserted.size()));
            backend.status = 'T';
        } else if (is_rollback) {
            if (backend.status == 'I') backend.output += fake::report('N', "WARNING", "25P01", "no transaction");
            if (backend.status == 'E') tag = "ROLLBACK";
            if (tag == "ROLLBACK") backend.inserted.clear();
            backend.status = 'I';
            commit(backend);
        } else if (word == "SAVEPOINT") {
            backend.savepoints[last] = backend.inserted.size();
        } else if (word == "RELEASE") {
            if (backend.savepoints.erase(last) == 0) return fail(backend, "3B001", "there is no such savepoint");
        } else if (word == "LISTEN") {
            backend.channels.insert(last);
        } else if (word == "UNLISTEN") {
            last == "*" ? backend.channels.clear() : static_cast<void>(backend.channels.erase(last));
        } else if (word == "NOTIFY") {
            notify(last, backend);
        } else if (word == "INSERT") {
            backend.inserted.push_back(number_in(statement));
            tag = "INSERT 0 1";
        } else if (word != "CLOSE" && word != "RESET" && statement != "SELECT pg_advisory_unlock_all()") {
            return fail(backend, "42601", "syntax error");
        }
        backend.output += fake::complete(tag);
    }

    void notify(const std::string& channel, const Backend& from) {
        const std::string name = channel.substr(1, channel.size() - 2);
        const std::string bytes =
            fake::message('A', fake::number(from.pid) + fake::zero_terminated(name) + fake::zero_terminated("news"));
        for (Backend* backend : backends_) {
            if (!backend->channels.contains(channel)) continue;
            if (backend->is_idle) {
                backend->writer.write(bytes);
            } else {
                backend->notifications += bytes;
            }
        }
    }

    // Pieces of some rows each.
    static Coro<> copy_out(Backend& backend) {
        backend.output += fake::message('H', fake::number(0, 1) + fake::number(1, 2) + fake::number(0, 2));
        for (int i = 0; i < 3; ++i) {
            backend.output += fake::message('d', std::string(40, 'x') + "\n");
            co_await flush(backend);
        }
        backend.output += fake::message('c') + fake::complete("COPY 3");
    }

    static Coro<> copy_in(Backend& backend) {
        backend.output += fake::message('G', fake::number(0, 1) + fake::number(1, 2) + fake::number(0, 2));
        co_await flush(backend);
        std::string data;
        while (true) {
            const std::string type = co_await backend.reader.readexactly(1);
            const std::string body = co_await read_body(backend, 4);
            const UnwatchedAllocations mine;
            if (type == "d") {
                data += body;
            } else if (type == "f") {
                co_return fail(backend, "57014", "COPY from stdin failed");
            } else if (type == "c") {
                break;
            } else if (type != "S" && type != "H") {
                co_return fail(backend, "08P01", "unexpected message in COPY");
            }
        }
        const UnwatchedAllocations mine;
        int rows = 0;
        if (data.starts_with("PGCOPY")) {  // binary: 19 bytes, and for each row 2 + 4 + 4
            for (std::size_t at = 19; at + 10 <= data.size(); at += 10, ++rows)
                backend.inserted.push_back(fake::load(std::string_view(data).substr(at + 6)));
        } else {
            for (std::string_view rest = data; !rest.empty(); ++rows) {
                const std::string_view line = rest.substr(0, rest.find('\n'));
                rest.remove_prefix(std::min(line.size() + 1, rest.size()));
                backend.inserted.push_back(number_in(line));
            }
        }
        backend.output += fake::complete("COPY " + std::to_string(rows));
    }

    std::optional<Server> listener_;
    int port_ = 0;
    std::string password_;
    std::vector<Backend*> backends_;
    Event left_;  // one of them
    std::uint32_t last_pid_ = 0;
};

}  // namespace aio::test::scripted
