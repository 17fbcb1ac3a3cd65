// format_exception(), and what ExceptionGroup says of its errors.
#include <aio/base/exception_group.hpp>
#include <aio/base/format_exception.hpp>

#include <gmock/gmock.h>

#include <cstdint>
#include <stdexcept>

namespace aio::test {

namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::exception_ptr error(const std::string& text) { return std::make_exception_ptr(std::runtime_error(text)); }

std::exception_ptr group_of(std::vector<std::exception_ptr> errors) {
    return std::make_exception_ptr(ExceptionGroup("several", std::move(errors)));
}

}  // namespace

TEST(What, is_what_the_error_says_or_its_type) {
    EXPECT_EQ(what(error("what went wrong")), "what went wrong");
    EXPECT_EQ(what(std::make_exception_ptr(CancelledError())), "aio::CancelledError");
    EXPECT_EQ(what(std::make_exception_ptr("text")), "text");
    EXPECT_EQ(what(std::make_exception_ptr(5)), "int");
    EXPECT_EQ(what(nullptr), "");
}

TEST(FormatException, has_type_and_message) {
    EXPECT_EQ(format_exception(error("what went wrong")), "std::runtime_error: what went wrong");
    EXPECT_EQ(format_exception(std::make_exception_ptr(ValueError("bad"))), "aio::ValueError: bad");
    EXPECT_EQ(format_exception(std::make_exception_ptr(CancelledError())), "aio::CancelledError");
    EXPECT_EQ(format_exception(std::make_exception_ptr("text")), "char const*: text");
    EXPECT_EQ(format_exception(std::make_exception_ptr(5)), "int");
    EXPECT_EQ(format_exception(nullptr), "no exception");
}

TEST(FormatException, has_the_traceback_above) {
    const auto here = std::source_location::current();
    const std::string line = std::to_string(here.line());
    EXPECT_THAT(format_exception(error("x"), {here, here}),
                MatchesRegex("Traceback \\(most recent call last\\):\n"
                             "  File \".*format_exception_test.cpp\", line " +
                             line + ", in TestBody\n  File \".*format_exception_test.cpp\", line " + line +
                             ", in TestBody \\(its last await\\)\nstd::runtime_error: x"));
}

// std::throw_with_nested(), from the innermost error outward.
std::exception_ptr caused(std::exception_ptr cause, const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
        try {
            try {
                std::rethrow_exception(cause);
            } catch (...) {
                std::throw_with_nested(std::runtime_error(message));
            }
        } catch (...) {
            cause = std::current_exception();
        }
    }
    return cause;
}

TEST(FormatException, names_the_causes) {
    EXPECT_EQ(format_exception(caused(error("disk full"), {"cannot save", "request failed"})),
              "std::runtime_error: request failed\n"
              "caused by: std::runtime_error: cannot save\n"
              "caused by: std::runtime_error: disk full");
    EXPECT_EQ(format_exception(caused(group_of({error("one")}), {"several failed"})),
              "std::runtime_error: several failed\n"
              "caused by: | aio::ExceptionGroup: several (1 sub-exception)\n"
              "+-+---------------- 1 ----------------\n"
              "  | std::runtime_error: one\n"
              "  +------------------------------------");
    const std::string deep = format_exception(caused(error("x"), std::vector<std::string>(100, "again")));
    EXPECT_TRUE(deep.ends_with("caused by: std::runtime_error: again\n... (more than 10 causes)")) << deep;
}

TEST(FormatException, does_not_name_the_cancellation_within_a_timeout) {
    try {
        try {
            throw CancelledError();
        } catch (const CancelledError&) {
            throw TimeoutError();
        }
    } catch (...) {
        EXPECT_EQ(format_exception(std::current_exception()).find("caused by"), std::string::npos);
    }
}

TEST(FormatException, of_a_group_is_a_tree) {
    EXPECT_EQ(format_exception(group_of({error("one"), group_of({error("two\nlines")})})),
              "| aio::ExceptionGroup: several (2 sub-exceptions)\n"
              "+-+---------------- 1 ----------------\n"
              "  | std::runtime_error: one\n"
              "  +---------------- 2 ----------------\n"
              "  | | aio::ExceptionGroup: several (1 sub-exception)\n"
              "  | +-+---------------- 1 ----------------\n"
              "  |   | std::runtime_error: two\n"
              "  |   | lines\n"
              "  |   +------------------------------------\n"
              "  +------------------------------------");
}

TEST(FormatException, of_a_group_has_the_traceback_of_each_error) {
    const auto here = std::source_location::current();
    const ExceptionGroup group("several", {error("one"), error("two")}, {{here}, {}});
    const std::string text = format_exception(std::make_exception_ptr(group));
    EXPECT_THAT(text, HasSubstr("\n  | Traceback (most recent call last):\n  |   File "));
    EXPECT_THAT(text, HasSubstr("in TestBody (its last await)\n  | std::runtime_error: one\n"));
    EXPECT_THAT(text, HasSubstr("----\n  | std::runtime_error: two\n"));
}

TEST(FormatException, of_a_large_or_deep_group_is_limited) {
    const std::string wide = format_exception(group_of(std::vector(17, error("x"))));
    EXPECT_THAT(wide, HasSubstr("- 15 -"));
    EXPECT_THAT(wide, testing::Not(HasSubstr("- 16 -")));
    EXPECT_THAT(wide, HasSubstr("  | and 2 more exceptions\n"));
    std::exception_ptr deep = error("the innermost");
    for (int i = 0; i < 20; ++i) deep = group_of({deep});
    const std::string text = format_exception(deep);
    EXPECT_THAT(text, HasSubstr("... (more than 10 levels)"));
    EXPECT_THAT(text.substr(text.find('\n')), testing::Not(HasSubstr("the innermost")));
}

TEST(ExceptionGroup, what_has_the_first_errors) {
    const ExceptionGroup two("several", {error("one"), error("two")});
    EXPECT_STREQ(two.what(), "several (2 sub-exceptions): std::runtime_error: one; std::runtime_error: two");
    EXPECT_EQ(two.headline(), "several (2 sub-exceptions)");
    const ExceptionGroup four("several", std::vector(4, error("x")));
    EXPECT_STREQ(four.what(),
                 "several (4 sub-exceptions): std::runtime_error: x; std::runtime_error: x; "
                 "std::runtime_error: x; ...");
}

// Extremes: ExceptionGroup::traceback(place)
TEST(ExceptionGroup, keeps_the_traceback_of_each_error) {
    const auto here = std::source_location::current();
    const ExceptionGroup group("several", {error("one"), std::make_exception_ptr(ValueError("two"))}, {{}, {here}});
    const auto [values, others] = group.split<ValueError>();
    ASSERT_TRUE(values && others);
    EXPECT_EQ(values->traceback(0).size(), 1u);
    EXPECT_EQ(others->traceback(0).size(), 0u);
    EXPECT_THROW(others->traceback(1), std::out_of_range);
    EXPECT_THROW(others->traceback(SIZE_MAX), std::out_of_range);
    EXPECT_THROW(ExceptionGroup("x", {error("one")}, {{}, {}}), ValueError);
}

}  // namespace aio::test
