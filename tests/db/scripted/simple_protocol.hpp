// The simple protocol of the scripted server: scripts of transactions, notifications and COPY.
#pragma once

#include <aio/core/coro.hpp>

#include "db/pg/messages.hpp"
#include "db/scripted/scripted_session.hpp"
#include "support/async_test.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::test::scripted {

inline std::uint32_t number_in(std::string_view statement) {
    std::uint32_t number = 0;
    for (const char c : statement)
        number = c >= '0' && c <= '9' ? number * 10 + static_cast<unsigned>(c - '0') : number;
    return number;
}

inline void notify(const std::string& channel, const Backend& from) {
    const std::string name = channel.substr(1, channel.size() - 2);
    const std::string bytes =
        fake::message('A', fake::number(from.pid) + fake::zero_terminated(name) + fake::zero_terminated("news"));
    for (Backend* backend : from.database.backends) {
        if (!backend->channels.contains(channel)) continue;
        if (backend->is_idle) {
            backend->writer.write(bytes);
        } else {
            backend->notifications += bytes;
        }
    }
}

inline void run(Backend& backend, std::string_view statement) {
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

// Pieces of some rows each.
inline Coro<> copy_out(Backend& backend) {
    backend.output += fake::message('H', fake::number(0, 1) + fake::number(1, 2) + fake::number(0, 2));
    for (int i = 0; i < 3; ++i) {
        backend.output += fake::message('d', std::string(40, 'x') + "\n");
        co_await flush(backend);
    }
    backend.output += fake::message('c') + fake::complete("COPY 3");
}

inline Coro<> copy_in(Backend& backend) {
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

inline Coro<> run_script(Backend& backend, std::string script) {
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

}  // namespace aio::test::scripted
