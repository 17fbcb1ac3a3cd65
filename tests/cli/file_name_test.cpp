#include "cli/file_name.hpp"

#include <gmock/gmock.h>

namespace aio::cli {
namespace {

TEST(ToolFileName, stays_in_its_directory) {
    EXPECT_EQ(safe_file_name("a.txt"), "a.txt");
    EXPECT_EQ(safe_file_name("../../etc/passwd"), "passwd");
    EXPECT_EQ(safe_file_name("/etc/passwd"), "passwd");
    EXPECT_EQ(safe_file_name("..\\..\\boot.ini"), "boot.ini");
    EXPECT_EQ(safe_file_name(".."), "");
    EXPECT_EQ(safe_file_name("a/.."), "");
    EXPECT_EQ(safe_file_name("a/"), "");
    EXPECT_EQ(safe_file_name(".bashrc"), "bashrc");
    EXPECT_EQ(safe_file_name(std::string("a\0b\x1b[31m\n", 9)), "ab[31m");
    EXPECT_EQ(safe_file_name("é.txt"), "é.txt");
}

TEST(ToolFileName, has_nothing_that_moves_a_cursor_or_turns_text_around) {
    EXPECT_EQ(safe_file_name("a\xc2\x9b\x33\x31mb"), "a31mb");      // C1, in UTF-8
    EXPECT_EQ(safe_file_name("a\x9b\x33\x31mb\xff"), "a31mb");      // and as a byte of its own
    EXPECT_EQ(safe_file_name("a\xe2\x80\xaegpj.exe"), "agpj.exe");  // U+202E
    EXPECT_EQ(safe_file_name("a\xe2\x81\xa6\xe2\x80\xa8"
                             "b"),
              "ab");  // U+2066, U+2028
    EXPECT_EQ(safe_file_name("a\xc0\xaf"
                             "b\xed\xa0\x80"),
              "ab");  // no UTF-8
    EXPECT_EQ(safe_file_name("\xc2\x85.bashrc"), "bashrc");
    EXPECT_EQ(safe_file_name("日本語 €.txt"), "日本語 €.txt");
    EXPECT_EQ(name_of_disposition("attachment; filename*=UTF-8''a%C2%9Bb"), "ab");
    EXPECT_EQ(name_of_url(http::URL("http://h/a%C2%9B%9Bb")), "ab");
}

TEST(ToolFileName, leaves_room_for_what_stands_beside_it) {
    const std::string name = safe_file_name(std::string(199, 'a') + "éé");
    EXPECT_EQ(name, std::string(199, 'a'));  // and no half of a character
    EXPECT_EQ(safe_file_name(std::string(300, 'a')).size(), 200u);
}

TEST(ToolFileName, of_a_url_is_its_last_segment) {
    EXPECT_EQ(name_of_url(http::URL("http://h/a/b.tar.gz?x=1#y")), "b.tar.gz");
    EXPECT_EQ(name_of_url(http::URL("http://h/a%20b")), "a b");
    EXPECT_EQ(name_of_url(http::URL("http://h/")), "index.html");
    EXPECT_EQ(name_of_url(http::URL("http://h")), "index.html");
    EXPECT_EQ(name_of_url(http::URL("http://h/..%2f..%2fetc%2fpasswd")), "passwd");
}

TEST(ToolFileName, of_a_content_disposition_is_safe) {
    EXPECT_EQ(name_of_disposition("attachment; filename=\"r.pdf\""), "r.pdf");
    EXPECT_EQ(name_of_disposition("attachment; filename=x; filename*=UTF-8''%e2%82%ac.txt"), "€.txt");
    EXPECT_EQ(name_of_disposition("attachment; filename=\"../../etc/cron.d/x\""), "x");
    EXPECT_EQ(name_of_disposition("attachment; filename*=UTF-8''..%2f..%2fx"), "x");
    EXPECT_EQ(name_of_disposition("attachment; filename=\"..\""), std::nullopt);
    // Nor is it what an interrupted download leaves.
    EXPECT_EQ(name_of_disposition("attachment; filename=x.part"), "x.part_");
    EXPECT_EQ(name_of_disposition("attachment; filename=x.Part.JSON"), "x.Part.JSON_");
    EXPECT_EQ(name_of_disposition("attachment; filename=\"x.part\xc2\x9b\""), "x.part_");
    EXPECT_EQ(name_of_disposition("attachment; filename=part"), "part");
    EXPECT_EQ(name_of_disposition("attachment"), std::nullopt);
    EXPECT_EQ(name_of_disposition(""), std::nullopt);
}

}  // namespace
}  // namespace aio::cli
