#include "cli/plan.hpp"

#include "cli/problem.hpp"

#include "support/async_test.hpp"

#include <gmock/gmock.h>

namespace aio::cli {
namespace {

using test::expect_error;
using testing::ElementsAre, testing::HasSubstr;
using Texts = std::vector<std::string>;

Texts targets(const FetchOptions& options, const Texts& urls) {
    Texts all;
    for (const Download& download : plan(options, urls)) all.push_back(download.target);
    return all;
}

TEST(ToolPlan, one_url_goes_to_standard_output_and_several_to_their_names) {
    EXPECT_THAT(targets({}, {"http://h/a"}), ElementsAre(""));
    EXPECT_THAT(targets({}, {"http://h/a", "http://h/b"}), ElementsAre("a", "b"));
    EXPECT_THAT(targets({.remote_name = true}, {"http://h/a"}), ElementsAre("a"));
    EXPECT_THAT(targets({.resume = true}, {"http://h/a"}), ElementsAre("a"));
    EXPECT_THAT(targets({.output_dir = "d"}, {"http://h/a"}), ElementsAre("d/a"));
    EXPECT_THAT(targets({.outputs = {"x", "-"}}, {"http://h/a", "http://h/b", "http://h/c"}),
                ElementsAre("x", "", "c"));
    EXPECT_THAT(targets({.outputs = {"x", "/y"}, .output_dir = "d"}, {"http://h/a", "http://h/b"}),
                ElementsAre("d/x", "/y"));
    EXPECT_THAT(targets({.head = true}, {"http://h/a", "http://h/b"}), ElementsAre("", ""));
}

TEST(ToolPlan, gives_no_two_downloads_the_same_name) {
    EXPECT_THAT(targets({}, {"http://h/a", "http://g/a", "http://f/a"}), ElementsAre("a", "a.1", "a.2"));
    // Nor that of what stands beside another meanwhile.
    EXPECT_THAT(targets({}, {"http://h/a", "http://h/a.part"}), ElementsAre("a", "a.part.1"));
    EXPECT_THAT(targets({}, {"http://h/a.part", "http://h/a"}), ElementsAre("a.part", "a.1"));
}

TEST(ToolPlan, takes_a_url_without_a_scheme_for_http) {
    const auto downloads = plan({}, {"example.org:8080/a"});
    EXPECT_EQ(downloads.front().url.str(), "http://example.org:8080/a");
    EXPECT_EQ(plan({}, {"h/a?to=http://g/"}).front().url.str(), "http://h/a?to=http://g/");
    EXPECT_EQ(plan({}, {"http://u:p@h/a"}).front().shown(), "http://h/a");
    EXPECT_EQ(plan({}, {"http:8080/a"}).front().url.str(), "http://http:8080/a");
    for (const char* text : {"http:/a", "http:a", "https:/a", "HTTP:", "http:///a"}) {
        EXPECT_EQ(expect_error<UsageError>([&] { plan({}, {text}); }).find("no host") == std::string::npos, false)
            << text;
    }
}

TEST(ToolPlan, leaves_a_url_as_it_is) {
    const std::string text = "http://h/a%7eb/../c?sig=a%2b|%zz";
    EXPECT_EQ(plan({}, {text}).front().url.str(), text);
    EXPECT_EQ(plan({}, {"http://h/a b/\xc3\xa9"}).front().url.str(), "http://h/a%20b/%C3%A9");
}

TEST(ToolPlan, lets_several_go_through_the_same_device) {
    EXPECT_THAT(targets({.outputs = {"/dev/null", "/dev/null"}}, {"http://h/a", "http://h/b"}),
                ElementsAre("/dev/null", "/dev/null"));
}

TEST(ToolPlan, says_what_makes_no_sense) {
    const auto problem = [](FetchOptions options, Texts urls) {
        return expect_error<UsageError>([&] { plan(options, urls); });
    };
    EXPECT_THAT(problem({}, {}), HasSubstr("--input"));
    EXPECT_THAT(problem({}, {"ftp://h/a"}), HasSubstr("'ftp://h/a'"));
    EXPECT_THAT(problem({}, {"http://"}), HasSubstr("http://"));
    EXPECT_THAT(problem({.outputs = {"x", "y"}}, {"http://h/a"}), HasSubstr("more -o"));
    EXPECT_THAT(problem({.outputs = {"x", "x"}}, {"http://h/a", "http://h/b"}), HasSubstr("twice"));
    EXPECT_THAT(problem({.compressed = true, .resume = true}, {"http://h/a"}), HasSubstr("--compressed"));
    EXPECT_THAT(problem({.proxy = "p", .unix_socket = "s"}, {"http://h/a"}), HasSubstr("--unix-socket"));
}

TEST(ToolPlan, finds_checksums_by_name) {
    const std::string hex(64, 'A');
    FetchOptions options;
    options.checksum_file = "SUMS";
    const auto downloads =
        plan(options, {"http://h/b", "http://h/a"}, hex + "  a\n# comment\n\n" + hex + " *./b\r\n");
    EXPECT_EQ(downloads[0].checksum->algorithm(), "sha256");
    EXPECT_EQ(downloads[1].checksum->hex(), std::string(64, 'a'));
    EXPECT_THAT(expect_error<UsageError>([&] { plan(options, {"http://h/c"}, hex + "  a\n"); }),
                HasSubstr("SUMS has no line for 'c'"));
    EXPECT_THAT(expect_error<ValueError>([&] { plan(options, {"http://h/c"}, "x\n"); }), HasSubstr("SUMS, line 1"));
}

TEST(ToolPlan, reads_lists_of_urls) {
    EXPECT_THAT(parse_url_list("http://h/a\n\n# no\n  http://h/b#f \r\nhttp://h/c"),
                ElementsAre("http://h/a", "http://h/b#f", "http://h/c"));
}

TEST(ToolChecksum, is_read_strictly) {
    const std::string hex(64, 'f');
    EXPECT_EQ(Checksum::parse("SHA256:" + hex).hex(), hex);
    EXPECT_EQ(Checksum::parse("md5:" + std::string(32, '0')).algorithm(), "md5");
    EXPECT_THAT(expect_error<ValueError>([&] { Checksum::parse(hex); }), HasSubstr("sha256:HEX"));
    EXPECT_THAT(expect_error<ValueError>([&] { Checksum::parse("crc:" + hex); }), HasSubstr("unknown algorithm"));
    EXPECT_THAT(expect_error<ValueError>([&] { Checksum::parse("sha256:ff"); }), HasSubstr("64"));
    EXPECT_THAT(expect_error<ValueError>([&] { Checksum::parse("sha256:" + std::string(64, 'g')); }),
                HasSubstr("64"));
}

TEST(ToolChecksum, digests_are_those_of_the_standards) {
    Digest digest("sha256");
    digest.update("a");
    digest.update("bc");
    EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(Digest("md5").hex(), "d41d8cd98f00b204e9800998ecf8427e");
}

}  // namespace
}  // namespace aio::cli
