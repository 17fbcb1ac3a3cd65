#include <aio/base/error.hpp>
#include <aio/http/headers.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aio::http {
namespace {

using testing::ElementsAre;
using Texts = std::vector<std::string>;

Texts texts(const Headers& headers) {
    Texts all;
    for (const auto& [name, value] : headers) all.push_back(std::string(name) + "=" + std::string(value));
    return all;
}

TEST(Headers, keep_the_order_and_case_in_which_they_came) {
    Headers headers;
    headers.add("B", "1").add("a", "2").add("b", "3");
    EXPECT_THAT(texts(headers), ElementsAre("B=1", "a=2", "b=3"));
    EXPECT_EQ(headers.size(), 3u);
    EXPECT_EQ(headers[1].name, "a");
}

TEST(Headers, names_are_found_without_regard_to_case) {
    const Headers headers{{"Content-Type", "text/html"}};
    EXPECT_EQ(headers.get("content-TYPE"), "text/html");
    EXPECT_TRUE(headers.contains("CONTENT-TYPE"));
    EXPECT_FALSE(headers.contains("Content-Typ"));
    EXPECT_EQ(headers.get("Accept"), std::nullopt);
    EXPECT_EQ(headers.get("Accept", "none"), "none");
}

TEST(Headers, get_is_the_first_and_getall_all) {
    const Headers headers{{"A", "1"}, {"B", "x"}, {"a", "2"}};
    EXPECT_EQ(headers.get("a"), "1");
    EXPECT_THAT(headers.getall("a"), ElementsAre("1", "2"));
    EXPECT_EQ(headers.combined("A"), "1, 2");
    EXPECT_EQ(headers.combined("C"), "");
}

TEST(Headers, set_takes_the_place_of_the_first_and_removes_the_others) {
    Headers headers{{"A", "1"}, {"B", "x"}, {"a", "2"}, {"C", "y"}};
    headers.set("A", "3");
    EXPECT_THAT(texts(headers), ElementsAre("A=3", "B=x", "C=y"));
    headers.set("D", "4");
    EXPECT_THAT(texts(headers), ElementsAre("A=3", "B=x", "C=y", "D=4"));
}

TEST(Headers, setdefault_changes_nothing_that_is_there) {
    Headers headers{{"A", "1"}};
    headers.setdefault("a", "2").setdefault("B", "3");
    EXPECT_THAT(texts(headers), ElementsAre("A=1", "B=3"));
}

TEST(Headers, update_replaces_the_names_of_the_other) {
    Headers headers{{"A", "1"}, {"B", "2"}, {"A", "3"}};
    headers.update({{"a", "4"}, {"C", "5"}, {"c", "6"}});
    EXPECT_THAT(texts(headers), ElementsAre("B=2", "a=4", "C=5", "c=6"));
    headers.update(headers);
    EXPECT_EQ(headers.size(), 4u);
}

TEST(Headers, remove_tells_whether_there_was_one) {
    Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    EXPECT_TRUE(headers.remove("A"));
    EXPECT_FALSE(headers.remove("A"));
    EXPECT_THAT(texts(headers), ElementsAre("B=2"));
    headers.clear();
    EXPECT_TRUE(headers.empty());
}

TEST(Headers, lists_looks_at_the_members_of_all_fields) {
    const Headers headers{{"Connection", "keep-alive, Upgrade"}, {"connection", "\tfoo ,,bar"}};
    for (const char* member : {"keep-alive", "upgrade", "FOO", "bar"})
        EXPECT_TRUE(headers.lists("Connection", member));
    for (const char* member : {"keep", "alive", "close"}) EXPECT_FALSE(headers.lists("Connection", member));
}

TEST(Headers, values_lose_the_white_space_around_them) {
    Headers headers;
    headers.add("A", " \t two words \t");
    EXPECT_EQ(headers.get("A"), "two words");
}

TEST(Headers, a_line_end_in_a_value_is_refused) {
    Headers headers{{"A", "1"}};
    for (const char* value : {"x\r\nB: 2", "x\ny", "x\ry", "x\x1b", "x\x7f"}) {
        EXPECT_THROW(headers.add("A", value), ValueError) << value;
        EXPECT_THROW(headers.set("A", value), ValueError) << value;
    }
    EXPECT_THROW(headers.add("A", std::string_view("x\0y", 3)), ValueError);
    EXPECT_THAT(texts(headers), ElementsAre("A=1")) << "nothing changed";
    headers.add("A", "tab\tand \xc3\xa9");  // these are no line ends
}

TEST(Headers, a_name_that_is_no_token_is_refused) {
    Headers headers;
    for (const char* name : {"", "A B", "A:", "A\r\n", "(A)", "\xc3\xa9", "A\t"}) {
        EXPECT_THROW(headers.add(name, "1"), ValueError) << name;
    }
    EXPECT_TRUE(headers.empty());
}

TEST(Headers, the_message_of_a_refusal_is_printable) {
    try {
        Headers().add("A", "x\r\ny");
        FAIL();
    } catch (const ValueError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("'x\\x0d\\x0ay'"));
    }
}

TEST(Headers, may_be_given_what_they_hold) {
    Headers headers{{"Name", "value"}};
    for (int i = 0; i < 100; ++i) headers.add(headers[0].name, headers[0].value);
    for (const auto& [name, value] : headers) EXPECT_TRUE(name == "Name" && value == "value");
    headers.set(headers[50].name, headers[50].value);
    EXPECT_THAT(texts(headers), ElementsAre("Name=value"));
}

TEST(Headers, that_change_for_ever_do_not_grow_for_ever) {
    Headers headers{{"A", "1"}};
    for (int i = 0; i < 10'000; ++i) headers.set("B", std::to_string(i));
    EXPECT_EQ(headers.get("B"), "9999");
    EXPECT_EQ(headers.get("A"), "1");
    EXPECT_LT(headers.text_size(), 200u);
}

TEST(Headers, take_text_as_it_stood_on_the_wire) {
    Headers headers;
    headers.append_field({0, 10}, {13, 18});  // before its text
    headers.append_text("Connection:  cl");
    headers.append_text("ose\r\nEmpty:");
    headers.append_field({20, 25}, {26, 26});
    EXPECT_THAT(texts(headers), ElementsAre("Connection=close", "Empty="));
    headers.set("Empty", "no").add(headers[0].name, headers[0].value);
    EXPECT_THAT(texts(headers), ElementsAre("Connection=close", "Empty=no", "Connection=close"));
}

TEST(Headers, copies_and_moves_are_their_own) {
    Headers headers{{"A", "1"}};
    Headers copy = headers;
    copy.set("A", "2");
    EXPECT_EQ(headers.get("A"), "1");
    const Headers moved = std::move(headers);
    EXPECT_EQ(moved.get("A"), "1");
    headers.clear();
    headers.add("B", "3");
    EXPECT_THAT(texts(headers), ElementsAre("B=3"));
}

}  // namespace
}  // namespace aio::http
