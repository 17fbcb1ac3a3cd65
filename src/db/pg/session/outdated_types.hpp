// Composite types that were altered since they were learnt: ALTER TYPE, ALTER TABLE. Internal.
//
// The server does not announce a change, and the type keeps its oid. But a composite's value says how many fields it has and of
// which types. Rows are compared with what the driver knows before anybody reads a field by name; types that differ, or that are
// first met inside of a value, are learnt and the statements are prepared anew. The rows at hand stay valid, since they hold
// bytes: they get the new catalogue, also in a transaction. What leaves number and types as they were,
// such as a new name, shows in no value.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/pg/type.hpp>

#include "db/pg/session/result_data.hpp"
#include "db/pg/session/session.hpp"

#include <vector>

namespace aio::pg::detail {

// Whether values of the type may have composites in them.
bool may_hold_records(Oid oid, const TypeCatalog& types);
// The types in the rows that are not as the rows' catalogue has them. Nothing for statements without composites, whose rows are
// not looked at.
std::vector<Oid> outdated_types(const ResultData& result);
// Learns them, and gives the result what is known then. A failure is none here: reading a field by name finds it. Cancel: they
// are learnt all the same.
Coro<> learn_anew(Session& session, std::vector<Oid> outdated, ResultData& result);

}  // namespace aio::pg::detail
