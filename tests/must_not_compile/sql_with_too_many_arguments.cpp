// expect: this_sql_has_fewer_placeholders_than_arguments__see_db_runtime
#include <aio/db/sql.hpp>

template <class... Args>
void execute(aio::db::Sql<Args...>, const Args&...) {}

void select() { execute("SELECT '$2' || $1", "a", 2); }
