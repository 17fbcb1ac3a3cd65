// SQLSTATE codes and the names of their errors.
#include "db/pg/wire/sqlstate.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace aio::test {
namespace {

using namespace pg::wire;

static_assert(sqlstate_name("23505") == "UniqueViolationError");
static_assert(sqlstate_of("UniqueViolationError") == "23505");
static_assert(sqlstate_class("23505") == "Integrity Constraint Violation");
static_assert(nearest_sqlstate_name("23999") == "IntegrityConstraintViolationError");

TEST(PgSqlstate, names_are_asyncpgs) {
    EXPECT_EQ(sqlstate_name("40001"), "SerializationError");
    EXPECT_EQ(sqlstate_name("40P01"), "DeadlockDetectedError");
    EXPECT_EQ(sqlstate_name("42601"), "PostgresSyntaxError");
    EXPECT_EQ(sqlstate_name("42P01"), "UndefinedTableError");
    EXPECT_EQ(sqlstate_name("57014"), "QueryCanceledError");
    EXPECT_EQ(sqlstate_name("22P02"), "InvalidTextRepresentationError");
    EXPECT_EQ(sqlstate_name("08P01"), "ProtocolViolationError");
    EXPECT_EQ(sqlstate_name("28P01"), "InvalidPasswordError");
    EXPECT_EQ(sqlstate_name("39004"), "NullValueInExternalRoutineNotAllowedError");
}

TEST(PgSqlstate, each_name_has_one_code) {
    std::set<std::string_view> names;
    for (const SqlstateName& entry : kSqlstateErrors) {
        EXPECT_EQ(entry.code.size(), 5u);
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_EQ(sqlstate_of(entry.name), entry.code);
        EXPECT_EQ(sqlstate_name(entry.code), entry.name);
        EXPECT_NE(sqlstate_class(entry.code), "") << entry.code;
        EXPECT_NE(sqlstate_name(std::string(entry.code.substr(0, 2)) + "000"), "") << entry.code;
    }
}

TEST(PgSqlstate, unknown_codes) {
    EXPECT_EQ(nearest_sqlstate_name("22ZZZ"), "DataError");
    EXPECT_EQ(nearest_sqlstate_name("99999"), "");
    EXPECT_EQ(sqlstate_class("99999"), "");
    EXPECT_EQ(sqlstate_of("NoSuchError"), "");
    for (const std::string_view code : {"", "2", "23", "2350", "235055"}) {
        EXPECT_EQ(sqlstate_name(code), "");
        EXPECT_EQ(nearest_sqlstate_name(code), "");
    }
}

}  // namespace
}  // namespace aio::test
