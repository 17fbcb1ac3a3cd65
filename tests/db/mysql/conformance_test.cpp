// MariaDB in the suite of all drivers (tests/db/conformance).
#include "db/conformance/suite.hpp"
#include "db/mysql/with_server.hpp"

namespace aio::test {
namespace {

struct MariaDb {
    using Connection = mysql::Connection;
    using Pool = mysql::Pool;
    using TransactionOptions = mysql::TransactionOptions;

    static constexpr bool kSendsAhead = true;

    static bool is_there() { return !simulated() && find_mariadb(); }
    static Coro<Connection> connect() { return mysql::connect(mariadb().dsn()); }
    static Coro<Pool> create_pool(std::size_t max_size) {
        return mysql::create_pool(mariadb().dsn(), {.max_size = max_size});
    }
    static db::RuntimeSql sql(std::string_view text) { return conformance::kept(std::string(text)); }
    static db::RuntimeSql nap() { return conformance::kept("SELECT sleep(60)"); }
    // TEXT ends at 64 KiB.
    static std::string columns(std::string text) {
        const std::size_t found = text.find(" TEXT");
        if (found != std::string::npos) text.replace(found, 5, " LONGTEXT");
        return text;
    }
};

AIO_DB_CONFORMANCE(MysqlConformance, MariaDb)

}  // namespace
}  // namespace aio::test
