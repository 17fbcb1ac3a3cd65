// Routes: which path leads to which handler, and back.
#include <aio/http.hpp>

#include "http/server/route_table.hpp"
#include "http/server/web_client.hpp"

#include <deque>

namespace aio::test {
namespace {

using http::Application, http::Request, http::Response, http::RouteTableDef;

Coro<Response> show(Request& request) {
    std::string text(request.route_name());
    for (const char* name : {"a", "b", "id", "tail"}) {
        if (const auto value = request.match_info(name, ""); !value.empty()) {
            text += " " + std::string(name) + "=" + std::string(value);
        }
    }
    co_return Response::text(text);
}

// What a handler says to a request for `path`; the status where it throws.
Coro<std::string> ask(Application& app, std::string path, std::string method = "GET", std::string host = "") {
    http::Headers headers;
    if (!host.empty()) headers.add("Host", host);
    http::TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: " + (host.empty() ? "a" : host) +
                "\r\nConnection: close\r\n\r\n");
    const WebReply reply = co_await client.reply(method == "HEAD");
    co_await client.closed();
    co_await server.close();
    if (reply.status != 200) {
        co_return std::to_string(reply.status) + " " + reply.header("Allow") + reply.header("Location");
    }
    co_return reply.body;
}

Application routes() {
    Application app;
    app.router().add_get("/", show, "root");
    app.router().add_get("/plain", show, "plain");
    app.router().add_get("/users/{id:\\d+}", show, "user");
    app.router().add_get("/users/{a}", show, "user-by-name");
    app.router().add_get("/users/me", show, "me");
    app.router().add_get("/two/{a}-{b}", show, "two");
    app.router().add_get("/files/{tail:.*}", show, "files");
    app.router().add_get("/caf\u00e9", show, "cafe");
    app.router().add_post("/users/{a}", show);
    app.router().add_route("*", "/any", show, "any");
    return app;
}

ASYNC_TEST(HttpRouter, finds_the_route_of_a_path) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"/", "root"},
        {"/plain", "plain"},
        {"/plain?x=1", "plain"},
        {"/plain/", "404 "},
        {"/users/7", "user id=7"},
        {"/users/zoe", "user-by-name a=zoe"},
        {"/users/me", "me"},
        {"/users/", "404 "},
        {"/users/a/b", "404 "},
        {"/users/a%2Fb", "user-by-name a=a/b"},
        {"/users/%7Ea", "user-by-name a=~a"},
        {"/two/x-y-z", "two a=x-y b=z"},
        {"/two/xy", "404 "},
        {"/files/", "files"},
        {"/files/a/b/c", "files tail=a/b/c"},
        {"/caf%C3%A9", "cafe"},
        {"/caf%c3%a9", "cafe"},
        {"http://elsewhere.example/plain", "plain"},
    };
    for (const auto& [path, expected] : cases) {
        Application app = routes();
        const std::string found = co_await ask(app, path);
        EXPECT_EQ(found, expected) << path;
    }
}

ASYNC_TEST(HttpRouter, finds_routes_that_begin_with_a_name_in_their_order) {
    const auto make = [] {
        Application app;
        app.router().add_get("/{a}/one", show, "one");
        app.router().add_get("/{a}/{b}", show, "both");
        app.router().add_get("/{a}/two", show, "hidden");
        app.router().add_get("/{a}/{b}/end/{id}", show, "end");
        app.router().add_get("/{a}/x{b}/end/last", show, "last");
        app.router().add_get("/{a}/slash/", show, "slash");
        app.router().add_get("/{a:v\\d}/{b}/deep/one", show, "deep");
        app.router().add_get("/v1/{b}/deep/one", show, "literal");
        app.router().add_post("/{a}/one", show);
        return app;
    };
    const std::vector<std::pair<std::string, std::string>> cases = {{"/q/one", "one a=q"},
                                                                    {"/q/two", "both a=q b=two"},
                                                                    {"/q/w/end/7", "end a=q b=w id=7"},
                                                                    {"/q/xw/end/last", "end a=q b=xw id=last"},
                                                                    {"/q/slash/", "slash a=q"},
                                                                    {"/q/slash", "both a=q b=slash"},
                                                                    {"/v2/w/deep/one", "deep a=v2 b=w"},
                                                                    {"/v1/w/deep/one", "literal b=w"},
                                                                    {"/q/w/deep/one", "404 "},
                                                                    {"/one", "404 "},
                                                                    {"/", "404 "},
                                                                    {"/q//end/7", "404 "}};
    for (const auto& [path, expected] : cases) {
        Application app = make();
        EXPECT_EQ(co_await ask(app, path), expected) << path;
    }
    Application app = make();
    EXPECT_EQ(co_await ask(app, "/q/one", "DELETE"), "405 GET, HEAD, POST");
}

// Ten thousand routes are not tried one after the other.
TEST(RouteIndex, leaves_few_to_try_wherever_the_literal_part_stands) {
    http::detail::RouteIndex index;
    std::deque<http::detail::Resource> resources;
    const auto add = [&](const std::string& prefix, const std::string& path) {
        auto& resource = resources.emplace_back(http::detail::Resource::Kind::path, http::detail::Pattern(path));
        index.add(prefix, resource.pattern, resource);
    };
    for (int i = 0; i < 1000; ++i) {
        const std::string n = std::to_string(i);
        add("/", "/{x}/q" + n);
        add("/", "/{x}/same/{y}/r" + n);
        add("/", "/{x}/{y}/{z}/s" + n + "/");
        add("/r" + n, "/r" + n + "/{x}");
        add("/deep", "/deep/{x}/t" + n + "/{y}");
    }
    for (const char* path : {"/a/q500", "/a/same/b/r500", "/a/b/c/s500/", "/r500/a", "/deep/a/t500/b"}) {
        int tried = 0;
        const bool found = index.find(path, [&](const http::detail::Resource& resource) {
            ++tried;
            http::detail::Pattern::Captures captures;
            return resource.pattern.match(path, captures);
        });
        EXPECT_TRUE(found) << path;
        EXPECT_EQ(tried, 1) << path;
    }
}

ASYNC_TEST(HttpRouter, tells_which_methods_a_path_takes) {
    Application app = routes();
    EXPECT_EQ(co_await ask(app, "/users/zoe", "DELETE"), "405 GET, HEAD, POST");
    Application other = routes();
    EXPECT_EQ(co_await ask(other, "/any", "PATCH"), "any");
}

ASYNC_TEST(HttpRouter, hands_prefixes_to_sub_applications) {
    Application inner;
    inner.router().add_get("/x/{a}", show, "inner");
    inner.router().add_get("", show, "inner-root");
    Application middle;
    middle.add_subapp("/in", std::move(inner));
    Application app;
    app.add_subapp("/mid", std::move(middle));
    EXPECT_EQ(app.router().url_for("inner", {{"a", "b c"}}), "/mid/in/x/b%20c");
    EXPECT_EQ(co_await ask(app, "/mid/in/x/7"), "inner a=7");
    Application again = std::move(app);
    co_return;
}

ASYNC_TEST(HttpRouter, hands_hosts_to_domains) {
    const auto make = [] {
        Application star, one, loopback, app;
        loopback.router().add_get("/", show, "loopback");
        star.router().add_get("/", show, "star");
        one.router().add_get("/", show, "one");
        app.router().add_get("/own", show, "own");
        app.add_domain("one.example", std::move(one));
        app.add_domain("*.star.example", std::move(star));
        app.add_domain("[::1]", std::move(loopback));
        return app;
    };
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"one.example", "one"},     {"ONE.example:8080", "one"}, {"a.star.example", "star"}, {"star.example", "404 "},
        {"[::1]:8080", "loopback"}, {"[::1]", "loopback"},       {"[::2]:8080", "404 "}};
    for (const auto& [host, expected] : cases) {
        Application app = make();
        const std::string found = co_await ask(app, "/", "GET", host);
        EXPECT_EQ(found, expected) << host;
    }
}

// std::regex would overflow the stack.
TEST(HttpRouterBuilding, an_endless_path_matches_no_regex) {
    const http::detail::Pattern pattern("/{tail:.*}");
    http::detail::Pattern::Captures captures;
    EXPECT_TRUE(pattern.match("/" + std::string(8000, 'a'), captures));
    EXPECT_FALSE(pattern.match("/" + std::string(1'000'000, 'a'), captures));
}

TEST(HttpRouterBuilding, makes_urls_from_names) {
    const Application app = routes();
    EXPECT_EQ(app.router().url_for("plain"), "/plain");
    EXPECT_EQ(app.router().url_for("two", {{"a", "x/y"}, {"b", "z"}}), "/two/x%2Fy-z");
    EXPECT_EQ(app.router().url_for("files", {{"tail", "a/b c"}}), "/files/a/b%20c");
    EXPECT_THROW(app.router().url_for("nobody"), ValueError);
    EXPECT_THROW(app.router().url_for("two", {{"a", "x"}}), ValueError);
}

TEST(HttpRouterBuilding, refuses_what_makes_no_sense) {
    Application app;
    http::Router& router = app.router();
    router.add_get("/a", show, "name");
    EXPECT_THROW(router.add_get("/a", show), ValueError);
    EXPECT_THROW(router.add_get("b", show), ValueError);
    EXPECT_THROW(router.add_get("/{", show), ValueError);
    EXPECT_THROW(router.add_get("/}", show), ValueError);
    EXPECT_THROW(router.add_get("/{1a}", show), ValueError);
    EXPECT_THROW(router.add_get("/{a}{a}", show), ValueError);
    EXPECT_THROW(router.add_get("/{a:(}", show), ValueError);
    EXPECT_THROW(router.add_get("/c", show, "name"), ValueError);
    EXPECT_THROW(router.add_route("GE T", "/d", show), ValueError);
    EXPECT_THROW(app.add_subapp("/", Application()), ValueError);
}

ASYNC_TEST(HttpRouter, does_not_change_once_the_application_runs) {
    Application app;
    co_await app.startup();
    EXPECT_THROW(app.router().add_get("/", show), RuntimeError);
    EXPECT_THROW(app.add_middleware([](Request& r, http::Next next) { return next(r); }), RuntimeError);
    co_await app.cleanup();
}

class Users : public http::View {
public:
    using View::View;
    Coro<Response> get() { co_return Response::text("get " + std::string(request().match_info("a"))); }
    Coro<Response> post() { co_return Response::text("post"); }
};

ASYNC_TEST(HttpRouter, calls_the_methods_of_a_view) {
    const auto make = [] {
        Application app;
        app.router().add_view<Users>("/users/{a}");
        return app;
    };
    Application first = make(), second = make(), third = make();
    EXPECT_EQ(co_await ask(first, "/users/zoe"), "get zoe");
    EXPECT_EQ(co_await ask(second, "/users/zoe", "POST"), "post");
    EXPECT_EQ(co_await ask(third, "/users/zoe", "PUT"), "405 GET, HEAD, POST");
}

ASYNC_TEST(HttpRouter, takes_tables_of_routes) {
    RouteTableDef table;
    table.get("/a", show, "a-route").post("/b", show).delete_("/c", show);
    Application app;
    app.add_routes(table);
    app.add_routes({http::RouteDef("GET", "/d", show, "d-route")});
    EXPECT_EQ(app.router().routes().size(), 6u);
    EXPECT_EQ(co_await ask(app, "/d"), "d-route");
}

ASYNC_TEST(HttpRouter, redirects_to_the_normal_path) {
    const auto make = [] {
        Application app;
        app.add_middleware(http::normalize_path_middleware());
        app.router().add_get("/with/", show, "with");
        app.router().add_get("/without", show, "without");
        return app;
    };
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"/with", "308 /with/"},       {"/with?a=1", "308 /with/?a=1"}, {"/with/", "with"},
        {"//without", "308 /without"}, {"/without", "without"},         {"/neither", "404 "},
    };
    for (const auto& [path, expected] : cases) {
        Application app = make();
        const std::string found = co_await ask(app, path);
        EXPECT_EQ(found, expected) << path;
    }
    EXPECT_THROW(http::normalize_path_middleware({.append_slash = true, .remove_slash = true}), ValueError);
}

}  // namespace
}  // namespace aio::test
