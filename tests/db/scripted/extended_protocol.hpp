// The extended protocol of the scripted server: prepared statements and portals.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>

#include "db/pg/messages.hpp"
#include "db/scripted/scripted_session.hpp"
#include "support/async_test.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::test::scripted {

// The statements with a parameter that it knows.
inline constexpr std::string_view kEcho = "SELECT $1::int";
inline constexpr std::string_view kSeries = "SELECT generate_series(1, $1::int)";
inline constexpr std::string_view kInsert = "INSERT INTO numbers VALUES($1)";
inline constexpr std::string_view kDivide = "SELECT 1 / $1::int";
inline constexpr std::string_view kSleep = "SELECT sleep($1::int)";          // milliseconds, which it returns
inline constexpr std::string_view kMood = "SELECT 'ok'::mood WHERE $1 > 0";  // of a type of the database
inline constexpr std::string_view kDie = "SELECT die($1::int)";              // ends in the middle of a row

inline std::string take_text(std::string_view& body) {
    std::string text(body.substr(0, body.find('\0')));
    body.remove_prefix(std::min(text.size() + 1, body.size()));
    return text;
}
inline std::uint32_t take_u16(std::string_view& body) {
    const std::uint32_t value = fake::load(body.substr(0, 2));
    body.remove_prefix(2);
    return value;
}

inline bool is_known(std::string_view sql) {
    for (const std::string_view known : {kEcho, kSeries, kInsert, kDivide, kSleep, kMood, kDie}) {
        if (sql == known) return true;
    }
    return sql.starts_with("WITH RECURSIVE wanted") || sql == "SELECT * FROM \"numbers\"";
}

inline void parse(Backend& backend, std::string_view body) {
    const std::string name = take_text(body), sql = take_text(body);
    if (!is_known(sql)) return fail(backend, "42601", "syntax error");
    if (!name.empty() && backend.statements.contains(name)) return fail(backend, "42P05", "it is there");
    backend.statements[name] = sql;
    backend.output += fake::parsed();
}

// The enum "mood", as the driver's question for types has it.
inline constexpr std::uint32_t kMoodType = 50'000;
inline std::vector<std::string> mood_type() {
    const std::string none = fake::number(0) + fake::number(0);
    return {fake::number(kMoodType), "mood", "e", fake::number(0), fake::number(0), none + fake::number(25),
            none + fake::number(26), ","};
}

inline void describe(Backend& backend, std::string_view name) {
    const auto found = backend.statements.find(std::string(name));
    if (found == backend.statements.end()) return fail(backend, "26000", "there is no such statement");
    const bool has_parameter = found->second.find('$') != std::string::npos;
    backend.output += fake::parameter_description(has_parameter ? 1 : 0);
    backend.output += found->second == kInsert ? fake::message('n')
                      : found->second == kMood ? fake::row_description(1, kMoodType)
                                               : fake::row_description();
}

inline void bind(Backend& backend, std::string_view body) {
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

inline void run_portal(Backend& backend, Portal& portal, std::uint32_t most) {
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

inline Coro<> die(Backend& backend) {
    backend.output += fake::row(7).substr(0, 9);
    co_await flush(backend);
    throw EOFError("the server dies");
}

inline Coro<> execute(Backend& backend, std::string_view body) {
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

// All requests but Execute.
inline void take(Backend& backend, char type, std::string_view body) {
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
            return;
        }
        default: return;  // Flush, and what comes behind a COPY that has failed
    }
}

}  // namespace aio::test::scripted
