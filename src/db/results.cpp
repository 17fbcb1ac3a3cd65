// What fetchval() says when there is no row.
#include <aio/db/results.hpp>

#include <aio/db/errors.hpp>

namespace aio::db::detail {

void throw_no_row() {
    throw NoRowError("fetchval: the statement returned no row; fetchval<std::optional<T>>() would return nullopt");
}

}  // namespace aio::db::detail
