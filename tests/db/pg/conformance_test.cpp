// PostgreSQL in the suite of all drivers (tests/db/conformance).
#include "db/conformance/suite.hpp"
#include "db/pg/with_server.hpp"

namespace aio::test {
namespace {

struct PostgresDb {
    using Connection = pg::Connection;
    using Pool = pg::Pool;
    using TransactionOptions = pg::TransactionOptions;

    static constexpr bool kSendsAhead = true;

    static bool is_there() { return !simulated() && find_postgres(); }
    static Coro<Connection> connect() { return pg::connect(postgres().dsn("options=-cclient_min_messages=warning")); }
    static Coro<Pool> create_pool(std::size_t max_size) {
        const std::string dsn = postgres().dsn("options=-cclient_min_messages=warning");
        return pg::create_pool(dsn, {.max_size = max_size});
    }
    static db::RuntimeSql sql(std::string_view text) {
        return conformance::kept(conformance::with_numbered_placeholders(text));
    }
    static db::RuntimeSql nap() { return conformance::kept("SELECT pg_sleep(60)"); }
};

AIO_DB_CONFORMANCE(PgConformance, PostgresDb)

}  // namespace
}  // namespace aio::test
