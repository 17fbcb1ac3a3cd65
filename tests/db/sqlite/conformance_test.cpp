// SQLite in the suite of all drivers (tests/db/conformance).
#include "db/conformance/suite.hpp"
#include "db/sqlite/with_database.hpp"

namespace aio::test {
namespace {

// One file for the whole process, as others have one server.
struct SqliteDb {
    using Connection = sqlite::Connection;
    using Pool = sqlite::Pool;
    using TransactionOptions = sqlite::TransactionOptions;

    static std::string file() {
        static const TemporaryDirectory directory;
        return directory.file();
    }
    static constexpr bool kSendsAhead = false;

    static bool is_there() { return true; }
    static Coro<Connection> connect() { return sqlite::connect(file()); }
    // Of its connections, one writes.
    static Coro<Pool> create_pool(std::size_t max_size) {
        return sqlite::create_pool(file(), {.max_readers = std::max<std::size_t>(1, max_size - 1)});
    }
    static db::RuntimeSql sql(std::string_view text) { return conformance::kept(std::string(text)); }
    static db::RuntimeSql nap() { return db::runtime(kEndless); }
};

AIO_DB_CONFORMANCE(SqliteConformance, SqliteDb)

}  // namespace
}  // namespace aio::test
