// The types of a database: enums, composites, domains, ranges, those of extensions. Internal.
#pragma once

#include <aio/pg/type.hpp>

#include "db/pg/session/session.hpp"

#include <functional>
#include <vector>

namespace aio::pg::detail {

// Asks the server what these types are made of, tells the session's catalog, and calls `done` with whether that went well: if
// not, values of these types travel as text. Errors: those of Session::submit(); `done` is not called then.
void learn_types(Session& session, const std::vector<Oid>& types, std::function<void(bool)> done);

}  // namespace aio::pg::detail
