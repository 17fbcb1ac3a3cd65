// Prepared statements of a session: the server is asked once what a statement takes and returns. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/pg/type.hpp>

#include "db/pg/session/session.hpp"
#include "db/pg/session/statement_cache.hpp"
#include "db/pg/wire/message_reader.hpp"

#include <exception>
#include <memory>
#include <string_view>
#include <vector>

namespace aio::pg::detail {

// One of the cache that can be run at once; null: prepare() has to see to it.
std::shared_ptr<const Statement> find_prepared(Session& session, std::string_view sql);
// A statement of the cache, which is prepared if it is new; its database types are known then. Cancel: it is prepared all the
// same. Errors: the server's, with a hint where a pooler may be the cause.
Coro<std::shared_ptr<const Statement>> prepare(Session& session, std::string_view sql);

// What ParameterDescription and RowDescription say.
void take_parameters(Statement& statement, const wire::Message& message);
void take_columns(Statement& statement, const wire::Message& message);
void forget_description(Statement& statement) noexcept;
// In which formats the columns come, by what is known of their types. The statement keeps the catalog.
void choose_formats(Statement& statement, std::shared_ptr<const TypeCatalog> types);
// The types of it that the session does not know, or doubts.
std::vector<Oid> unknown_types(const Statement& statement, const Session& session);

// Errors: this one, always; where a pooler may be the cause, with a hint.
[[noreturn]] void rethrow_with_hint(const std::exception_ptr& error);

}  // namespace aio::pg::detail
