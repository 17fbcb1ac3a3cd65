// expect: this_sql_has_more_placeholders_than_arguments__see_db_runtime
#include <aio/db/sql.hpp>

template <class... Args>
void execute(aio::db::SQLiteSql<Args...>, const Args&...) {}

void insert() { execute("INSERT INTO t(name) VALUES(?, '?')"); }
