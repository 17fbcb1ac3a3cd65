// expect: constant expression
#include <aio/db/sql.hpp>

#include <string>

template <class... Args>
void execute(aio::db::Sql<Args...>, const Args&...) {}

void drop(const std::string& table) { execute("DROP TABLE " + table); }
