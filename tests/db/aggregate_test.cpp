#include <aio/db/aggregate.hpp>
#include <aio/db/enum_names.hpp>
#include <aio/db/type_name.hpp>

#include <gtest/gtest.h>

#include <any>
#include <chrono>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace aggregate_test {

struct One {
    int a;
};
struct Mixed {
    int id;
    std::string name;
    std::optional<std::string> note;
    std::vector<int> numbers;
    std::chrono::sys_days day;
    std::string_view view;
    One nested;
    std::array<int, 3> three;
    std::map<std::string, int> map;
    double real = 1.5;  // a default
};
struct Optionals {
    std::optional<int> a;
    std::optional<std::optional<int>> b;
    std::variant<int, std::string> c;
    std::unique_ptr<int> d;
};
struct ThirtyTwo {
    int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1, a2, a3, a4, a5;
    std::string last;
};
struct User {
    int id;
    std::string name;
    std::optional<double> score;
};
struct Renamed {
    int first, second;
};
enum class Mood { sad, ok, happy };
enum class Size { small, large, unnamed };

}  // namespace aggregate_test

AIO_DB_COLUMNS(aggregate_test::User, id, name, score)
AIO_DB_ENUM(aggregate_test::Mood, sad, ok, happy)

template <>
inline constexpr auto aio::db::column_names<aggregate_test::Renamed> = aio::db::names("1st", "2nd");
template <>
inline constexpr auto aio::db::enum_names<aggregate_test::Size> = aio::db::enumerators<aggregate_test::Size>(
    {{aggregate_test::Size::small, "S"}, {aggregate_test::Size::large, "L"}});

namespace aio::db {
namespace {

using namespace aggregate_test;

static_assert(field_count<One> == 1);
static_assert(field_count<Mixed> == 10);
static_assert(field_count<Optionals> == 4);
static_assert(field_count<ThirtyTwo> == 32);
static_assert(Named<User> && Named<Renamed> && !Named<Mixed>);

// A row whose columns are all of one name and value per type.
struct FakeRow {
    std::vector<std::pair<std::string, std::any>> columns;

    std::size_t size() const { return columns.size(); }
    template <class T>
    T get(std::size_t index) const {
        return std::any_cast<T>(columns.at(index).second);
    }
    template <class T>
    T get(std::string_view name) const {
        for (const auto& [each, value] : columns) {
            if (each == name) return std::any_cast<T>(value);
        }
        throw ColumnError("no column " + std::string(name));
    }
};

TEST(Aggregate, fields_are_references_to_the_struct) {
    One one{7};
    std::get<0>(tie_fields(one)) = 8;
    EXPECT_EQ(one.a, 8);
    ThirtyTwo many{};
    std::get<31>(tie_fields(many)) = "end";
    EXPECT_EQ(many.last, "end");
    const Mixed mixed{
        .id = 1, .name = "n", .note = {}, .numbers = {}, .day = {}, .view = {}, .nested = {}, .three = {}, .map = {}};
    EXPECT_EQ(std::get<9>(tie_fields(mixed)), 1.5);
}

TEST(FromRow, goes_by_position) {
    const FakeRow row{{{"x", 7}, {"y", 9}}};
    struct Pair {
        int a, b;
    };
    const auto [a, b] = from_row<Pair>(row);
    EXPECT_EQ(a, 7);
    EXPECT_EQ(b, 9);
}

TEST(FromRow, by_position_needs_as_many_columns_as_fields) {
    const FakeRow row{{{"x", 7}, {"y", 9}}};
    EXPECT_THROW(from_row<One>(row), ColumnError);
    try {
        from_row<One>(row);
    } catch (const ColumnError& error) {
        EXPECT_NE(std::string(error.what()).find("2 columns, but the struct has 1 fields"), std::string::npos)
            << error.what();
    }
}

TEST(FromRow, goes_by_name_with_one_line_per_type) {
    const FakeRow row{{{"name", std::string("Bob")}, {"unused", 0}, {"score", std::optional<double>()}, {"id", 3}}};
    const User user = from_row<User>(row);
    EXPECT_EQ(user.id, 3);
    EXPECT_EQ(user.name, "Bob");
    EXPECT_EQ(user.score, std::nullopt);
    EXPECT_THROW(from_row<Renamed>(row), ColumnError);
    EXPECT_EQ(from_row<Renamed>(FakeRow{{{"2nd", 2}, {"1st", 1}}}).first, 1);
}

TEST(EnumNames, have_both_directions) {
    EXPECT_EQ(enum_label(Mood::happy), "happy");
    EXPECT_EQ(enum_value<Mood>("ok"), Mood::ok);
    EXPECT_EQ(enum_value<Mood>("OK"), std::nullopt);
    EXPECT_EQ(enum_label(static_cast<Mood>(99)), std::nullopt);
    EXPECT_EQ(enum_label(Size::large), "L");
    EXPECT_EQ(enum_label(Size::unnamed), std::nullopt);
}

TEST(TypeName, is_what_a_program_writes) {
    EXPECT_EQ(type_name<int>(), "int");
    EXPECT_EQ(type_name<const unsigned>(), "unsigned");
    EXPECT_EQ(type_name<std::int64_t>(), "std::int64_t");
    EXPECT_EQ(type_name<std::optional<std::vector<std::string>>>(), "std::optional<std::vector<std::string>>");
    EXPECT_EQ(type_name<std::span<const std::byte>>(), "std::span<const std::byte>");
    EXPECT_EQ(type_name<std::chrono::sys_time<std::chrono::microseconds>>(),
              "std::chrono::sys_time<std::chrono::microseconds>");
    EXPECT_EQ(type_name<std::chrono::sys_days>(), "std::chrono::sys_days");
    EXPECT_EQ(type_name<std::chrono::year_month_day>(), "std::chrono::year_month_day");
}

}  // namespace
}  // namespace aio::db
