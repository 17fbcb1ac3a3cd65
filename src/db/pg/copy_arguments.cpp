// COPY takes no parameters, so the server makes literals of the arguments, which replace the placeholders. Each literal is cast to
// the type that its parameter has in the query: '5'::pg_catalog.int4.
//
// Source: asyncpg 0.30 utils.py: _mogrify(), which replaces placeholders in quoted text as well, and does not cast.
#include <aio/db/errors.hpp>
#include <aio/db/sql.hpp>
#include <aio/pg/copy.hpp>

#include "db/pg/session/prepare.hpp"
#include "db/pg/session/session.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::pg::detail {

namespace {

// By schema and name: without these, "bit" would be bit(1).
constexpr std::string_view kNameTypes =
    "SELECT pg_catalog.format('%I.%I', n.nspname, t.typname)"
    " FROM pg_catalog.unnest($1::pg_catalog.oid[]) WITH ORDINALITY AS parameter(type, number)"
    " JOIN pg_catalog.pg_type t ON t.oid = parameter.type"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace ORDER BY parameter.number";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// `literals`: of $1, $2…
std::string replace_placeholders(std::string_view query, const std::vector<std::string>& literals) {
    std::string result;
    db::detail::PlaceholderCounter text(db::Dialect::postgresql, query);
    for (std::string_view token = text.token(); !token.empty(); token = text.token()) {
        if (token.size() < 2 || token[0] != '$' || !is_digit(token[1])) {
            result += token;
            continue;
        }
        std::size_t number = 0;
        for (const char digit : token.substr(1)) number = number * 10 + static_cast<std::size_t>(digit - '0');
        result += literals.at(number - 1);  // the server has accepted the numbers
    }
    return result;
}

}  // namespace

Coro<std::string> inline_arguments(SharedSession session, std::string query, EncodeArguments arguments) {
    // Else a quote in the query that we see might be none to the server, and a literal of ours would be inside of another.
    if (session->setting("standard_conforming_strings") == "off") {
        throw db::InterfaceError(
            "copy_from_query: a query with arguments cannot be used while standard_conforming_strings is off; set it "
            "to on");
    }
    std::vector<Oid> parameters;
    {
        const Session::Running running(*session);
        parameters = (co_await prepare(*session, query))->parameters;
    }
    if (parameters.empty()) {
        arguments(session->scratch(), *session->types(), parameters, 0);  // checks that there are none
        co_return query;
    }
    const SharedResult types = co_await run_with(session, kNameTypes, Execution{}, parameters);
    std::vector<std::string> names;
    std::string ask;
    for (std::size_t i = 0; i < Result::rows_of(*types); ++i) {
        names.push_back(Result::value_at(*types, i, 0).get<std::string>());
        ask += (ask.empty() ? "SELECT " : ", ") + std::string("pg_catalog.quote_nullable($") + std::to_string(i + 1) +
               "::" + names.back() + "::pg_catalog.text)";
    }
    const SharedResult texts = co_await run_statement(session, ask, arguments, {.wanted = RowsWanted::first});
    std::vector<std::string> literals;
    for (std::size_t i = 0; i < names.size(); ++i) {
        literals.push_back("(" + Result::value_at(*texts, 0, i).get<std::string>() + "::" + names[i] + ")");
    }
    co_return replace_placeholders(query, literals);
}

}  // namespace aio::pg::detail
