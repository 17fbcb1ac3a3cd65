#include <aio/db/sql.hpp>

#include <gtest/gtest.h>

#include <string>

namespace aio::db {
namespace {

std::size_t pg(std::string_view text) { return count_placeholders(Dialect::postgresql, text); }
std::size_t mysql(std::string_view text) { return count_placeholders(Dialect::mysql, text); }
std::size_t sqlite(std::string_view text) { return count_placeholders(Dialect::sqlite, text); }

TEST(Placeholders, the_highest_number_counts) {
    EXPECT_EQ(pg(""), 0u);
    EXPECT_EQ(pg("SELECT 1"), 0u);
    EXPECT_EQ(pg("SELECT $1"), 1u);
    EXPECT_EQ(pg("SELECT $2, $1, $2"), 2u);
    EXPECT_EQ(pg("SELECT $12"), 12u);
    EXPECT_EQ(pg("$1"), 1u);
    EXPECT_EQ(pg("SELECT $1::int, $2::text"), 2u);
    EXPECT_EQ(pg("SELECT a[$1:$2]"), 2u);
    EXPECT_EQ(pg("SELECT ($1)+$2-$3"), 3u);
    EXPECT_EQ(pg("SELECT $99999999999999999999999"), 1'000'000u);
}

TEST(Placeholders, literals_have_none) {
    EXPECT_EQ(pg("SELECT '$1'"), 0u);
    EXPECT_EQ(pg("SELECT '$1', $2"), 2u);
    EXPECT_EQ(pg("SELECT 'it''s $1', $1"), 1u);
    EXPECT_EQ(pg(R"(SELECT 'a\', $1)"), 1u);        // no escape: standard_conforming_strings
    EXPECT_EQ(pg(R"(SELECT E'a\', $1', $2)"), 2u);  // an escape
    EXPECT_EQ(pg(R"(SELECT e'\\', $1)"), 1u);
    EXPECT_EQ(pg("SELECT E'a'\n  '\\'$1', $2"), 2u);  // goes on in the next line
    EXPECT_EQ(pg(R"(SELECT E'it''s \'$3', $1)"), 1u);
    EXPECT_EQ(pg(R"(SELECT U&'\0041$1', B'0', X'$1')"), 0u);
    EXPECT_EQ(pg(R"(SELECT type'\', $1)"), 1u);  // "e" ends a name here
    EXPECT_EQ(pg("SELECT '$1"), 0u);             // not closed: the server's error
    EXPECT_EQ(pg("SELECT E'\\"), 0u);
}

TEST(Placeholders, quoted_names_have_none) {
    EXPECT_EQ(pg(R"(SELECT "a$1", "b""$2", $1)"), 1u);
    EXPECT_EQ(pg(R"(SELECT "it's", $1, "it's")"), 1u);
}

TEST(Placeholders, a_dollar_inside_a_name_is_none) {
    EXPECT_EQ(pg("SELECT a$1 FROM t$2"), 0u);
    EXPECT_EQ(pg("SELECT \xc3\xa9$1"), 0u);
    EXPECT_EQ(pg("SELECT 1$1"), 0u);
    EXPECT_EQ(pg("SELECT $"), 0u);
    EXPECT_EQ(pg("SELECT $a"), 0u);
}

TEST(Placeholders, dollar_quotes_have_none) {
    EXPECT_EQ(pg("SELECT $$ $1 $$"), 0u);
    EXPECT_EQ(pg("SELECT $$ $1 ' $$, $1"), 1u);
    EXPECT_EQ(pg("SELECT $tag$ $$ $1 $other$ $tag$, $2"), 2u);
    EXPECT_EQ(pg("SELECT $f1$ $2 $f1$ || $1"), 1u);
    EXPECT_EQ(pg("SELECT $$ $1"), 0u);
    EXPECT_EQ(pg("SELECT $a$ $1 $A$ $2 $a$"), 0u);  // tags know case
    EXPECT_EQ(pg("SELECT $$$$, $1"), 1u);
}

TEST(Placeholders, comments_have_none) {
    EXPECT_EQ(pg("SELECT 1 -- $1\n"), 0u);
    EXPECT_EQ(pg("SELECT 1 -- '\n, $1"), 1u);
    EXPECT_EQ(pg("SELECT /* $1 */ $2"), 2u);
    EXPECT_EQ(pg("SELECT /* /* $3 */ $2 */ $1"), 1u);  // they nest
    EXPECT_EQ(pg("SELECT /* /* */ $1"), 0u);
    EXPECT_EQ(pg("SELECT 1 /"), 0u);
    EXPECT_EQ(pg("SELECT 1 --"), 0u);
    EXPECT_EQ(pg("/*/ $1 */ $2"), 2u);
}

TEST(Placeholders, question_marks_of_jsonb_are_operators) { EXPECT_EQ(pg("SELECT j ? 'a' AND j ?| $1"), 1u); }

TEST(Placeholders, of_mysql) {
    EXPECT_EQ(mysql("SELECT ?, ?"), 2u);
    EXPECT_EQ(mysql(R"(SELECT '?', "?", `?`, 'a\'?', "a""?", ?)"), 1u);
    EXPECT_EQ(mysql("SELECT ? # ?\n, ? -- ?\n, 5--?, /* ? */ ?"), 4u);
    EXPECT_EQ(mysql("SELECT `a\\`, ?"), 1u);
    EXPECT_EQ(mysql("SELECT $1"), 0u);
}

TEST(Placeholders, of_sqlite) {
    EXPECT_EQ(sqlite("SELECT ?, ?"), 2u);
    EXPECT_EQ(sqlite(R"(SELECT '?', "?", `?`, [?], 'a\', ?)"), 1u);
    EXPECT_EQ(sqlite("SELECT ?3, ?1"), 3u);
    EXPECT_EQ(sqlite("SELECT 1 --?\n, ? /* /* ? */ , ?"), 2u);
}

TEST(Placeholders, of_sqlite_with_names) {
    EXPECT_EQ(sqlite("SELECT :a, @a, $a"), 3u);
    EXPECT_EQ(sqlite("SELECT :a, :b, :a, ':c', :ab"), 3u);
    EXPECT_EQ(sqlite("SELECT ?, :a, ?5, :b, :a"), 6u);
    EXPECT_EQ(sqlite("SELECT $a::b(c), $a::b(d), :a(1)"), 3u);
    EXPECT_EQ(sqlite("SELECT 1 : 2, a$b, 'x' || :1, $"), 1u);
}

// Only the arguments decide what Args is.
template <class... Args>
std::string_view execute(Sql<Args...> sql, const Args&...) {
    return sql.text();
}

TEST(Sql, takes_as_many_arguments_as_it_has_placeholders) {
    EXPECT_EQ(execute("SELECT 1"), "SELECT 1");
    EXPECT_EQ(execute("SELECT $1, $2", 1, "a"), "SELECT $1, $2");
    static constexpr std::string_view kText = "SELECT $1";
    EXPECT_EQ(execute(kText, 1), kText);
}

TEST(Sql, of_run_time_is_not_checked) {
    const std::string text = "SELECT $1, $2";
    EXPECT_EQ(execute(runtime(text), 1), text);
    EXPECT_EQ(execute(runtime("PREPARE q AS SELECT $1")), "PREPARE q AS SELECT $1");
}

}  // namespace
}  // namespace aio::db
