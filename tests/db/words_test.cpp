// Guesses about SQL by its words.
#include "db/words.hpp"

#include <gtest/gtest.h>

namespace aio::db::detail {
namespace {

TEST(WordsInSql, are_found_anywhere_in_either_case) {
    for (const char* const sql : {"advisory", "SELECT pg_ADVISORY_lock(1)", "v V advisorx AdViSoRy", "vvadvisory"}) {
        EXPECT_TRUE(mentions(sql, "advisory")) << sql;
    }
    for (const char* const sql : {"", "v", "dvisory", "advisor", "SELECT 1", "advi sory", "ad_visory"}) {
        EXPECT_FALSE(mentions(sql, "advisory")) << sql;
    }
    EXPECT_TRUE(mentions("select SET_config('a', 'b', false)", "set_config"));
    EXPECT_FALSE(mentions("select a_b, c_d from set", "set_config"));
    EXPECT_TRUE(mentions("GET_LOCK('a', 1)", "lock("));
    EXPECT_TRUE(mentions("SET @a := 1", ":="));
}

TEST(WordsInSql, first_ones_are_whole_words) {
    for (const char* const sql : {"select", "SELECT 1", " \n\t((Select 1)", "select*from t", "select;"}) {
        EXPECT_TRUE(begins_with_one(sql, "insert", "select")) << sql;
    }
    for (const char* const sql : {"", "selec", "selected", "select_1", "-- select", "x select"}) {
        EXPECT_FALSE(begins_with_one(sql, "insert", "select")) << sql;
    }
}

}  // namespace
}  // namespace aio::db::detail
