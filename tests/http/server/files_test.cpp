// Files as responses: conditions, ranges, directories, and paths that would lead elsewhere.
#include "http/server/folder.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;

ASYNC_TEST(HttpFiles, are_sent_with_type_tag_and_date) {
    Folder folder;
    co_await folder.server().start();
    const WebReply reply = co_await fetch(folder.port(), "/one");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "hello, file");
    EXPECT_THAT(reply.header("Content-Type"), HasSubstr("text/plain"));
    EXPECT_EQ(reply.header("Accept-Ranges"), "bytes");
    EXPECT_NE(reply.header("ETag"), "");
    EXPECT_NE(reply.header("Last-Modified"), "");
    const WebReply by_tag = co_await fetch(folder.port(), "/one", "If-None-Match: " + reply.header("ETag") + "\r\n");
    EXPECT_EQ(by_tag.status, 304);
    const WebReply by_date =
        co_await fetch(folder.port(), "/one", "If-Modified-Since: " + reply.header("Last-Modified") + "\r\n");
    EXPECT_EQ(by_date.status, 304);
    const WebReply other = co_await fetch(folder.port(), "/one", "If-Match: \"other\"\r\n");
    EXPECT_EQ(other.status, 412);
    const WebReply changed =
        co_await fetch(folder.port(), "/one", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    EXPECT_EQ(changed.status, 412);
    co_await folder.server().close();
}

ASYNC_TEST(HttpFiles, are_sent_in_part) {
    Folder folder;
    co_await folder.server().start();
    const WebReply part = co_await fetch(folder.port(), "/one", "Range: bytes=7-9\r\n");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "fil");
    EXPECT_EQ(part.header("Content-Range"), "bytes 7-9/11");
    const WebReply tail = co_await fetch(folder.port(), "/one", "Range: bytes=-4\r\n");
    EXPECT_EQ(tail.body, "file");
    const WebReply beyond = co_await fetch(folder.port(), "/one", "Range: bytes=11-\r\n");
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.header("Content-Range"), "bytes */11");
    const WebReply stale = co_await fetch(folder.port(), "/one", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n");
    EXPECT_EQ(stale.status, 200);
    const WebReply several = co_await fetch(folder.port(), "/one", "Range: bytes=0-1,3-4\r\n");
    EXPECT_EQ(several.status, 200);
    EXPECT_EQ(several.body, "hello, file");
    co_await folder.server().close();
}

ASYNC_TEST(HttpFiles, of_any_size_leave_the_connection_open) {
    if (simulated()) co_return;  // sendfile between kernel objects
    Folder folder;
    co_await folder.server().start();
    WebClient client = co_await WebClient::connect(folder.port());
    const WebReply large = co_await client.ask("/files/large.bin");
    EXPECT_EQ(large.body, std::string(300'000, 'L'));
    const WebReply part = co_await client.ask("/files/large.bin", "Range: bytes=100000-299999\r\n");
    EXPECT_EQ(part.body, std::string(200'000, 'L'));
    const WebReply small = co_await client.ask("/files/hello.txt");
    EXPECT_EQ(small.body, "hello, file");
    client.send("HEAD /files/large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    const WebReply head = co_await client.reply(true);
    EXPECT_EQ(head.header("Content-Length"), "300000");
    co_await client.closed();
    co_await folder.server().close();
}

ASYNC_TEST(HttpFiles, are_taken_packed_where_they_lie_so) {
    Folder folder;
    co_await folder.server().start();
    const WebReply br = co_await fetch(folder.port(), "/files/coded.css", "Accept-Encoding: gzip, br\r\n");
    EXPECT_EQ(br.body, "BR");
    EXPECT_EQ(br.header("Content-Encoding"), "br");
    EXPECT_THAT(br.header("Content-Type"), HasSubstr("text/css"));
    EXPECT_EQ(br.header("Vary"), "Accept-Encoding");
    const WebReply gzip = co_await fetch(folder.port(), "/files/coded.css", "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(gzip.body, "GZIP");
    const WebReply plain = co_await fetch(folder.port(), "/files/coded.css");
    EXPECT_EQ(plain.body, "body {}");
    co_await folder.server().close();
}

ASYNC_TEST(HttpFiles, outside_of_the_directory_are_not_reached) {
    Folder folder;
    co_await folder.server().start();
    for (const char* path : {"/files/../secret.txt", "/files/%2e%2e/secret.txt", "/files/sub/../../secret.txt",
                             "/files/..%2fsecret.txt", "/files//etc/passwd", "/files/%2fetc%2fpasswd",
                             "/files/outside.txt", "/files/hello.txt%00.png", "/files/hello.txt/", "/files/none"}) {
        const WebReply reply = co_await fetch(folder.port(), path);
        EXPECT_EQ(reply.status, 404) << path;
    }
    const WebReply inside = co_await fetch(folder.port(), "/files/inside.txt");
    EXPECT_EQ(inside.body, "hello, file");
    co_await folder.server().close();
}

ASYNC_TEST(HttpFiles, outside_are_reached_through_links_if_that_is_wanted) {
    Folder folder({.follow_symlinks = true});
    co_await folder.server().start();
    const WebReply reply = co_await fetch(folder.port(), "/files/outside.txt");
    EXPECT_EQ(reply.body, "secret");
    const WebReply up = co_await fetch(folder.port(), "/files/../secret.txt");
    EXPECT_EQ(up.status, 404);
    co_await folder.server().close();
}

ASYNC_TEST(HttpFiles, are_listed_if_that_is_wanted) {
    if (simulated()) co_return;  // directories are read on threads
    Folder closed;
    co_await closed.server().start();
    const WebReply forbidden = co_await fetch(closed.port(), "/files/");
    EXPECT_EQ(forbidden.status, 403);
    co_await closed.server().close();
    Folder open({.show_index = true});
    open.write("public/<b>.txt", "x");
    co_await open.server().start();
    const WebReply redirect = co_await fetch(open.port(), "/files");
    EXPECT_EQ(redirect.status, 301);
    EXPECT_EQ(redirect.header("Location"), "/files/");
    const WebReply list = co_await fetch(open.port(), "/files/");
    EXPECT_THAT(list.body, HasSubstr("<a href=\"./hello.txt\"><bdi>hello.txt</bdi></a>"));
    EXPECT_THAT(list.body, HasSubstr("<a href=\"./%3Cb%3E.txt\"><bdi>&lt;b&gt;.txt</bdi></a>"));
    EXPECT_THAT(list.body, HasSubstr("sub/"));
    EXPECT_THAT(list.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    const WebReply by_size = co_await fetch(open.port(), "/files/?sort=size&order=desc");
    EXPECT_LT(by_size.body.find("large.bin"), by_size.body.find("coded.css"));
    co_await open.server().close();
}

ASYNC_TEST(HttpFiles, answer_for_their_directory_if_that_is_wanted) {
    Folder folder({.index = "index.html"});
    folder.write("public/sub/index.html", "<p>index</p>");
    co_await folder.server().start();
    const WebReply index = co_await fetch(folder.port(), "/files/sub/");
    EXPECT_EQ(index.body, "<p>index</p>");
    EXPECT_THAT(index.header("Content-Type"), HasSubstr("text/html"));
    const WebReply redirect = co_await fetch(folder.port(), "/files/sub");
    EXPECT_EQ(redirect.header("Location"), "/files/sub/");
    const WebReply none = co_await fetch(folder.port(), "/files/");
    EXPECT_EQ(none.status, 403);
    co_await folder.server().close();
}

}  // namespace
}  // namespace aio::test
