// expect: this_sql_has_more_placeholders_than_arguments__see_db_runtime
#include <aio/db/sql.hpp>

template <class... Args>
void execute(aio::db::Sql<Args...>, const Args&...) {}

void insert() { execute("INSERT INTO users(name, born) VALUES($1, $2) -- $3", "Bob"); }
