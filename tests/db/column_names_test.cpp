#include <aio/db/column_names.hpp>
#include <aio/db/conversion_error.hpp>

#include "db/json_depth.hpp"

#include <gtest/gtest.h>

#include <string>

namespace aio::test {
namespace {

TEST(ColumnNames, each_is_found_however_many_there_are) {
    db::detail::ColumnNames names;
    for (std::size_t count = 0; count < 300; ++count) {
        EXPECT_FALSE(names.find("c" + std::to_string(count)));
        names.add("c" + std::to_string(count));
        names.add("same");
        for (std::size_t i = 0; i <= count; ++i) EXPECT_EQ(names.find("c" + std::to_string(i)), 2 * i);
        EXPECT_EQ(names.find("same"), 1u);
    }
    EXPECT_EQ(names.size(), 600u);
    names.clear();
    EXPECT_FALSE(names.find("same"));
}

TEST(ColumnNames, say_what_there_is) {
    db::detail::ColumnNames names;
    names.add("id");
    EXPECT_EQ(names.at(0), "id");
    const auto message_of = [](const auto& call) -> std::string {
        try {
            call();
        } catch (const db::ColumnError& error) {
            return error.what();
        }
        return {};
    };
    EXPECT_EQ(message_of([&] { names.at(1); }),
              "the result has 1 columns, and none with the number 1 (they are counted from 0)");
    EXPECT_EQ(message_of([&] { names.position("ID"); }), "the result has no column \"ID\"");
}

TEST(JSONDepth, brackets_in_strings_do_not_count) {
    using db::detail::is_deep_json;
    EXPECT_FALSE(is_deep_json(std::string(1'000, '[')));
    EXPECT_TRUE(is_deep_json(std::string(1'001, '[')));
    EXPECT_FALSE(is_deep_json(std::string(500, '[') + std::string(500, ']') + std::string(1'000, '{')));
    EXPECT_TRUE(is_deep_json(std::string(500, ']') + std::string(1'001, '{')));
    EXPECT_FALSE(is_deep_json("[\"" + std::string(2'000, '[') + "\"]"));
    EXPECT_TRUE(is_deep_json("[\"\\\"\", " + std::string(1'000, '[')));
    EXPECT_FALSE(is_deep_json("\"\\"));
}

}  // namespace
}  // namespace aio::test
