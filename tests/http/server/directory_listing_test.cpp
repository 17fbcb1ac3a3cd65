// The page that lists a directory: its order, its links, and names that would break it.
#include "http/server/directory_listing.hpp"

#include <string>

#include <gmock/gmock.h>

namespace aio::test {
namespace {

using http::detail::directory_page, http::detail::DirectoryEntry, http::detail::ListingOrder,
    http::detail::readable_size;
using testing::HasSubstr, testing::Not;

constexpr bool kDirectory = true;

std::vector<DirectoryEntry> entries() {
    return {DirectoryEntry("b.txt", false, 300, 2000), DirectoryEntry("zoo", kDirectory, 4096, 1000),
            DirectoryEntry("a.txt", false, 20, 3000), DirectoryEntry("attic", kDirectory, 9999, 5000),
            DirectoryEntry("c.txt", false, 300, 1000)};
}

// The names of the page's rows, in order.
std::string names(const std::string& page) {
    std::string result;
    for (std::size_t at = 0; (at = page.find("<bdi>", at)) != std::string::npos;) {
        at += 5;
        result += page.substr(at, page.find("</bdi>", at) - at) + " ";
    }
    return result;
}

std::string sorted(std::string_view query) {
    return names(directory_page("/", entries(), false, ListingOrder::parse(query)));
}

TEST(DirectoryListing, has_directories_first_and_is_sorted_as_its_query_says) {
    EXPECT_EQ(sorted(""), "attic/ zoo/ a.txt b.txt c.txt ");
    EXPECT_EQ(sorted("sort=name&order=desc"), "zoo/ attic/ c.txt b.txt a.txt ");
    EXPECT_EQ(sorted("sort=size&order=asc"), "attic/ zoo/ a.txt b.txt c.txt ");
    EXPECT_EQ(sorted("sort=size&order=desc"), "attic/ zoo/ b.txt c.txt a.txt ");
    EXPECT_EQ(sorted("sort=date&order=asc"), "zoo/ attic/ c.txt b.txt a.txt ");
    EXPECT_EQ(sorted("order=desc&sort=date"), "attic/ zoo/ a.txt b.txt c.txt ");
    EXPECT_EQ(sorted("sort=color&order=up&x"), sorted(""));
}

TEST(DirectoryListing, sorts_by_links_that_turn_the_order_around) {
    const std::string page = directory_page("/", entries(), false);
    EXPECT_THAT(page, HasSubstr("class=\"name\" aria-sort=\"ascending\"><a href=\"?sort=name&amp;order=desc\">"));
    EXPECT_THAT(page, HasSubstr("class=\"size\"><a href=\"?sort=size&amp;order=desc\">"));
    EXPECT_THAT(page, HasSubstr("class=\"date\"><a href=\"?sort=date&amp;order=desc\">"));
    const std::string by_size = directory_page("/", entries(), false, ListingOrder::parse("sort=size&order=desc"));
    EXPECT_THAT(by_size, HasSubstr("class=\"size\" aria-sort=\"descending\"><a href=\"?sort=size&amp;order=asc\">"));
    EXPECT_THAT(by_size, HasSubstr("class=\"name\"><a href=\"?sort=name&amp;order=asc\">"));
}

TEST(DirectoryListing, has_sizes_dates_and_a_sum_for_readers) {
    const std::vector<DirectoryEntry> one = {DirectoryEntry("big.bin", false, 700'000, 1'772'355'900)};
    const std::string page = directory_page("/", one, false);
    EXPECT_THAT(page, HasSubstr("<td class=\"size\" title=\"700000 bytes\">683.6 KiB</td>"));
    EXPECT_THAT(page, HasSubstr("<td class=\"date\"><span>2026-03-01</span> <span>09:05</span></td>"));
    EXPECT_THAT(page, HasSubstr("<p>0 directories, 1 file, 683.6 KiB</p>"));
    EXPECT_THAT(directory_page("/", {}, false), HasSubstr("<p>0 directories, 0 files</p>"));
    const std::vector<DirectoryEntry> far = {DirectoryEntry("past", false, 1, INT64_MIN),
                                             DirectoryEntry("future", false, 1, INT64_MAX)};
    EXPECT_THAT(directory_page("/", far, false), HasSubstr("<span>9999-12-31</span> <span>23:59</span>"));
}

TEST(DirectoryListing, writes_sizes_with_four_digits_at_most) {
    EXPECT_EQ(readable_size(0), "0 B");
    EXPECT_EQ(readable_size(1023), "1023 B");
    EXPECT_EQ(readable_size(1024), "1.0 KiB");
    EXPECT_EQ(readable_size(1024 * 1024 - 1), "1.0 MiB");
    EXPECT_EQ(readable_size(UINT64_MAX), "16.0 EiB");
}

TEST(DirectoryListing, links_upward_where_there_is_something) {
    EXPECT_THAT(directory_page("/sub/", {}, true), HasSubstr("<a href=\"../\">../</a>"));
    EXPECT_THAT(directory_page("/", {}, false), Not(HasSubstr("../")));
}

TEST(DirectoryListing, escapes_every_name) {
    const std::vector<DirectoryEntry> nasty = {
        DirectoryEntry("<script>\"'&.txt", false, 1, 0), DirectoryEntry("javascript:alert(1)", false, 1, 0),
        DirectoryEntry("a\nb\x7f", false, 1, 0),         DirectoryEntry("?sort=x#y%20", false, 1, 0),
        DirectoryEntry("caf\u00e9", false, 1, 0),        DirectoryEntry("\xff\xfe", false, 1, 0)};
    const std::string page = directory_page("/<b>&/", nasty, true);
    EXPECT_THAT(page, HasSubstr("<title>Index of /&lt;b&gt;&amp;/</title>"));
    EXPECT_THAT(page, HasSubstr("<h1>Index of /&lt;b&gt;&amp;/</h1>"));
    EXPECT_THAT(page, HasSubstr("<bdi>&lt;script&gt;&quot;&#39;&amp;.txt</bdi>"));
    EXPECT_THAT(page, HasSubstr("href=\"./%3Cscript%3E%22%27%26.txt\""));
    EXPECT_THAT(page, HasSubstr("href=\"./javascript%3Aalert%281%29\""));  // a path, no scheme
    EXPECT_THAT(page, HasSubstr("<bdi>a\u240ab\u2421</bdi>"));             // pictures of control characters
    EXPECT_THAT(page, HasSubstr("href=\"./%3Fsort%3Dx%23y%2520\""));
    EXPECT_THAT(page, HasSubstr("href=\"./caf%C3%A9\"><bdi>caf\u00e9</bdi>"));
    EXPECT_THAT(page, HasSubstr("href=\"./%FF%FE\"><bdi>\ufffd\ufffd</bdi>"));  // the bytes reach the server again
    EXPECT_THAT(page, Not(HasSubstr("<script")));
}

}  // namespace
}  // namespace aio::test
