// Which exception a server's report becomes.
#include <aio/db/errors.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace aio::db {
namespace {

ErrorReport report(std::string sqlstate) {
    ErrorReport made;
    made.severity = "ERROR";
    made.sqlstate = std::move(sqlstate);
    made.message = "it failed";
    return made;
}

template <class E>
bool becomes(const std::string& sqlstate) {
    try {
        std::rethrow_exception(make_database_error(report(sqlstate)));
    } catch (const E& error) {
        return typeid(error) == typeid(E) && error.sqlstate() == sqlstate;
    } catch (...) {
        return false;
    }
}

TEST(DatabaseErrors, the_state_decides_then_its_class) {
    EXPECT_TRUE(becomes<UniqueViolationError>("23505"));
    EXPECT_TRUE(becomes<IntegrityError>("23000"));
    EXPECT_TRUE(becomes<SerializationError>("40001"));
    EXPECT_TRUE(becomes<TransactionError>("25P02"));
    EXPECT_TRUE(becomes<QueryCanceledError>("57014"));
    EXPECT_TRUE(becomes<ServerShutdownError>("57P01"));
    EXPECT_TRUE(becomes<OperationalError>("53200"));
    EXPECT_TRUE(becomes<OperationalError>("55006"));
    EXPECT_TRUE(becomes<LockNotAvailableError>("55P03"));
    EXPECT_TRUE(becomes<AuthenticationError>("28P01"));
    EXPECT_TRUE(becomes<UndefinedTableError>("42P01"));
    EXPECT_TRUE(becomes<ProgrammingError>("42P02"));
    EXPECT_TRUE(becomes<InternalError>("XX001"));
}

TEST(DatabaseErrors, an_unknown_state_is_a_database_error) {
    for (const char* state : {"", "4", "99999", "ZZ000", "P0001", "a very long one"}) {
        EXPECT_TRUE(becomes<DatabaseError>(state)) << state;
    }
}

TEST(DatabaseErrors, say_all_that_helps) {
    ErrorReport full = report("42601");
    full.detail = "why";
    full.hint = "do this";
    full.statement = "SELEC";
    const DatabaseError error(full);
    EXPECT_STREQ(error.what(), "it failed\nDETAIL: why\nHINT: do this\nSTATEMENT: SELEC");
}

// Extremes: db::ErrorReport::position, db::ErrorReport::code
TEST(DatabaseErrors, keep_any_number) {
    for (const std::int32_t position :
         {std::numeric_limits<std::int32_t>::min(), 0, std::numeric_limits<std::int32_t>::max()}) {
        ErrorReport made = report("42601");
        made.position = made.code = position;
        EXPECT_EQ(DatabaseError(made).report().position, position);
        EXPECT_EQ(DatabaseError(made).report().code, position);
    }
}

}  // namespace
}  // namespace aio::db
