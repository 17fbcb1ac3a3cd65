// The middlewares that come with the server: CORS, request ids, security headers, trace context.
#include <aio/http.hpp>
#include <aio/io/ssl.hpp>

#include "http/server/web_client.hpp"
#include "support/tls_peers.hpp"

namespace aio::test {
namespace {

using http::Application, http::CorsOptions, http::EventSourceResponse, http::Request, http::Response,
    http::SpanContext, http::TestServer;
using testing::HasSubstr, testing::MatchesRegex;

struct GuardedSite {
    explicit GuardedSite(http::Middleware middleware, http::RunnerOptions options = {}) : server(app, options) {
        app.add_middleware(std::move(middleware));
        app.router().add_get("/", [this](Request&) -> Coro<Response> {
            seen_id = http::request_id.get();
            span = http::span_context.get();
            co_return Response::text("hi").header("Vary", "Accept-Encoding");
        });
        app.router().add_get("/events", [](Request& request) -> Coro<Response> {
            EventSourceResponse events;
            co_await events.prepare(request);
            co_await events.send("a");
            co_return events;
        });
        app.router().add_get("/teapot", [](Request&) -> Coro<Response> {
            throw http::HTTPException(418);
            co_return Response();
        });
        app.router().add_get("/broken", [](Request&) -> Coro<Response> {
            throw std::runtime_error("broken");
            co_return Response();
        });
    }
    Coro<WebReply> get(std::string path, std::string headers = "") { return fetch(server.port(), path, headers); }
    Coro<WebReply> preflight(std::string origin, std::string headers = "", std::string method = "PUT") {
        WebClient client = co_await WebClient::connect(server.port());
        client.send("OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: " + origin +
                    "\r\nAccess-Control-Request-Method: " + method + "\r\n" + headers + "\r\n");
        WebReply reply = co_await client.reply();
        co_await client.closed();
        co_return reply;
    }

    Application app;
    TestServer server;
    std::string seen_id;
    std::optional<SpanContext> span;
};

constexpr const char* kPaths[] = {"/", "/events", "/teapot", "/broken", "/missing"};

// --- CORS ------------------------------------------------------------------------------------------------------------

CorsOptions for_app() {
    CorsOptions options;
    options.origins = {"https://app.example", "http://localhost:8080"};
    return options;
}

ASYNC_TEST(Cors, lets_allowed_origins_read_every_response) {
    CorsOptions options = for_app();
    options.expose_headers = {"X-Total", "ETag"};
    GuardedSite site(http::cors_middleware(std::move(options)));
    co_await site.server.start();
    for (const char* path : kPaths) {
        const WebReply reply = co_await site.get(path, "Origin: https://app.example\r\n");
        EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "https://app.example") << path;
        EXPECT_EQ(reply.header("Access-Control-Expose-Headers"), "X-Total, ETag");
        EXPECT_EQ(reply.headers.contains("Access-Control-Allow-Credentials"), false);
        EXPECT_TRUE(reply.headers.lists("Vary", "Origin"));
    }
    EXPECT_EQ(take_reports().size(), 1u);
    const WebReply text = co_await site.get("/", "Origin: http://localhost:8080\r\n");
    EXPECT_TRUE(text.headers.lists("Vary", "Accept-Encoding"));
    for (const char* other : {"", "Origin: https://app.example.evil\r\n", "Origin: http://app.example\r\n",
                              "Origin: null\r\n", "Origin: https://APP.example\r\n"}) {
        const WebReply reply = co_await site.get("/", other);
        EXPECT_EQ(reply.body, "hi");
        EXPECT_FALSE(reply.headers.contains("Access-Control-Allow-Origin")) << other;
        EXPECT_TRUE(reply.headers.lists("Vary", "Origin"));  // a cache must not give this answer to the app
    }
    co_await site.server.close();
}

ASYNC_TEST(Cors, answers_preflights) {
    CorsOptions options = for_app();
    options.methods = {"GET", "PUT"};
    options.headers = {"Content-Type", "X-Token"};
    options.max_age = 90s;
    GuardedSite site(http::cors_middleware(std::move(options)));
    co_await site.server.start();
    const WebReply yes =
        co_await site.preflight("https://app.example", "Access-Control-Request-Headers: x-token\r\n");
    EXPECT_EQ(yes.status, 204);
    EXPECT_EQ(yes.header("Access-Control-Allow-Origin"), "https://app.example");
    EXPECT_EQ(yes.header("Access-Control-Allow-Methods"), "GET, PUT");
    EXPECT_EQ(yes.header("Access-Control-Allow-Headers"), "Content-Type, X-Token");
    EXPECT_EQ(yes.header("Access-Control-Max-Age"), "90");
    for (const char* name : {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}) {
        EXPECT_TRUE(yes.headers.lists("Vary", name)) << name;
    }
    const WebReply no = co_await site.preflight("https://other.example");
    EXPECT_EQ(no.status, 204);
    EXPECT_FALSE(no.headers.contains("Access-Control-Allow-Origin"));
    EXPECT_FALSE(no.headers.contains("Access-Control-Allow-Methods"));
    // Without what makes it a preflight it is a request like any other.
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send("OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\n\r\n");
    EXPECT_EQ((co_await client.reply()).status, 405);
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(Cors, repeats_what_is_asked_for_where_everything_is_allowed) {
    CorsOptions options = for_app();
    options.allow_credentials = true;
    options.methods = {"*"};
    options.max_age.reset();
    GuardedSite site(http::cors_middleware(std::move(options)));
    co_await site.server.start();
    const WebReply reply =
        co_await site.preflight("https://app.example", "Access-Control-Request-Headers: x-a, x-b\r\n", "PURGE");
    EXPECT_EQ(reply.header("Access-Control-Allow-Credentials"), "true");
    EXPECT_EQ(reply.header("Access-Control-Allow-Methods"), "PURGE");
    EXPECT_EQ(reply.header("Access-Control-Allow-Headers"), "x-a, x-b");
    EXPECT_FALSE(reply.headers.contains("Access-Control-Max-Age"));
    const WebReply text = co_await site.get("/", "Origin: https://app.example\r\n");
    EXPECT_EQ(text.header("Access-Control-Allow-Credentials"), "true");
    co_await site.server.close();
}

ASYNC_TEST(Cors, allows_all_origins_or_asks_a_function) {
    CorsOptions all;
    all.origins = {"*"};
    GuardedSite open(http::cors_middleware(std::move(all)));
    co_await open.server.start();
    const WebReply any = co_await open.get("/", "Origin: https://any.example\r\n");
    EXPECT_EQ(any.header("Access-Control-Allow-Origin"), "*");
    EXPECT_FALSE(any.headers.lists("Vary", "Origin"));
    co_await open.server.close();
    CorsOptions asked;
    asked.allow_origin = [](std::string_view origin) { return origin.ends_with(".example"); };
    GuardedSite site(http::cors_middleware(std::move(asked)));
    co_await site.server.start();
    const WebReply yes = co_await site.get("/", "Origin: https://b.example\r\n");
    EXPECT_EQ(yes.header("Access-Control-Allow-Origin"), "https://b.example");
    const WebReply no = co_await site.get("/", "Origin: https://b.test\r\n");
    EXPECT_FALSE(no.headers.contains("Access-Control-Allow-Origin"));
    co_await site.server.close();
}

TEST(CorsMiddleware, refuses_options_that_cannot_be_meant) {
    const auto refused = [](auto change) {
        CorsOptions options = for_app();
        change(options);
        return expect_error<ValueError>([&] { static_cast<void>(http::cors_middleware(std::move(options))); });
    };
    EXPECT_THAT(refused([](CorsOptions& o) { o.origins = {"*"}, o.allow_credentials = true; }),
                HasSubstr("credentials"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.origins = {"https://a.example/app"}; }),
                HasSubstr("https://a.example'"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.origins = {"https://A.example"}; }), HasSubstr("https://a.example'"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.origins = {"https://a.example:443"}; }), HasSubstr("do not send"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.origins = {"a.example"}; }), HasSubstr("a.example"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.origins = {"null"}; }), HasSubstr("sandboxed"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.methods = {"GET POST"}; }), HasSubstr("method"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.headers = {"a:"}; }), HasSubstr("header"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.expose_headers = {""}; }), HasSubstr("header"));
    EXPECT_THAT(refused([](CorsOptions& o) { o.max_age = -1ns; }), HasSubstr("max_age"));
}

// --- request ids -----------------------------------------------------------------------------------------------------

Log& access_lines() {
    static Log lines;
    return lines;
}

ASYNC_TEST(RequestId, is_in_the_response_the_log_and_the_context, kOnce) {
    access_lines().clear();
    http::RunnerOptions options;
    options.access_log = [](std::string_view line) { access_lines().emplace_back(line); };
    options.access_log_format = "%s %{X-Request-Id}o";
    GuardedSite site(http::request_id_middleware(), options);
    co_await site.server.start();
    WebReply reply = co_await site.get("/");
    const std::string id = reply.header("X-Request-Id");
    EXPECT_THAT(id, MatchesRegex("[0-9a-f]{32}"));
    EXPECT_EQ(site.seen_id, id);
    EXPECT_EQ(http::request_id.get(), "");
    for (const char* path : kPaths) {
        reply = co_await site.get(path, "X-Request-Id: abc-1/2\r\n");
        EXPECT_EQ(reply.header("X-Request-Id"), "abc-1/2") << path;
    }
    EXPECT_EQ(take_reports().size(), 1u);
    co_await site.server.close();
    EXPECT_THAT(access_lines(), testing::ElementsAre("200 " + id, "200 abc-1/2", "200 abc-1/2", "418 abc-1/2",
                                                     "500 abc-1/2", "404 abc-1/2"));
}

ASYNC_TEST(RequestId, of_a_client_is_taken_over_only_if_it_is_well_formed) {
    GuardedSite site(http::request_id_middleware());
    co_await site.server.start();
    for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\"b"), std::string(129, 'a')}) {
        const WebReply reply = co_await site.get("/", "X-Request-Id: " + bad + "\r\n");
        EXPECT_THAT(reply.header("X-Request-Id"), MatchesRegex("[0-9a-f]{32}")) << bad;
    }
    co_await site.server.close();
    http::RequestIdOptions ours;
    ours.header = "X-Correlation-Id";
    ours.trust_client = false;
    GuardedSite strict(http::request_id_middleware(ours));
    co_await strict.server.start();
    const WebReply reply = co_await strict.get("/", "X-Correlation-Id: abc\r\n");
    EXPECT_THAT(reply.header("X-Correlation-Id"), MatchesRegex("[0-9a-f]{32}"));
    co_await strict.server.close();
    ours.header = "not a name";
    EXPECT_THROW(http::request_id_middleware(ours), ValueError);
}

ASYNC_TEST(RequestId, ends_with_its_request) {
    GuardedSite site(http::request_id_middleware());
    Log& seen = keep<Log>();
    site.app.router().add_get("/task", [&seen](Request&) -> Coro<Response> {
        seen.push_back(http::request_id.get());
        co_await create_task([&seen]() -> Coro<> {
            seen.push_back(http::request_id.get());
            co_return;
        });
        co_return Response();
    });
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());  // one connection, one task
    for (const char* id : {"one", "two"}) {
        client.get("/task", "X-Request-Id: " + std::string(id) + "\r\n");
        co_await client.reply();
    }
    EXPECT_THAT(seen, testing::ElementsAre("one", "one", "two", "two"));
    co_await client.closed();
    co_await site.server.close();
}

// --- security headers ------------------------------------------------------------------------------------------------

ASYNC_TEST(SecurityHeaders, are_in_every_response_unless_it_has_its_own) {
    http::SecurityHeaders values;
    values.content_security_policy = "default-src 'self'";
    values.frame_options = "";
    GuardedSite site(http::security_headers_middleware(values));
    site.app.router().add_get("/own",
                              [](Request&) { return Response::text("").header("Referrer-Policy", "no-referrer"); });
    co_await site.server.start();
    for (const char* path : kPaths) {
        const WebReply reply = co_await site.get(path);
        EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff") << path;
        EXPECT_EQ(reply.header("Content-Security-Policy"), "default-src 'self'");
        EXPECT_EQ(reply.header("Referrer-Policy"), "strict-origin-when-cross-origin");
        EXPECT_FALSE(reply.headers.contains("X-Frame-Options"));
        EXPECT_FALSE(reply.headers.contains("Strict-Transport-Security"));  // no TLS
    }
    EXPECT_EQ(take_reports().size(), 1u);
    EXPECT_EQ((co_await site.get("/own")).header("Referrer-Policy"), "no-referrer");
    co_await site.server.close();
    values.permissions_policy = "a\nb";
    EXPECT_THROW(http::security_headers_middleware(values), ValueError);
}

ASYNC_TEST(SecurityHeaders, keep_clients_of_tls_there) {
    const ssl::SSLContext server_tls = server_context(), trusting = client_context();
    Application app;
    app.add_middleware(http::security_headers_middleware());
    app.router().add_get("/", [](Request&) { return Response::text("hi"); });
    http::SiteOptions options;
    options.ssl = server_tls;
    TestServer server(app, {}, options);
    co_await server.start();
    http::ClientSession session;
    auto response = co_await session.get("https://localhost:" + std::to_string(server.port()) + "/").ssl(trusting);
    EXPECT_EQ(response.headers().get("Strict-Transport-Security", ""), "max-age=31536000");
    EXPECT_EQ(response.headers().get("X-Frame-Options", ""), "DENY");
    co_await response.read();
    co_await session.close();
    co_await server.close();
}

// --- trace context ---------------------------------------------------------------------------------------------------

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c", kSpan = "b7ad6b7169203331";

TEST(TraceContext, is_read_as_the_recommendation_says) {
    const auto span =
        SpanContext::parse("00-" + kTrace + "-" + kSpan + "-01", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    ASSERT_TRUE(span);
    EXPECT_EQ(span->trace_id, kTrace);
    EXPECT_EQ(span->span_id, kSpan);
    EXPECT_TRUE(span->sampled());
    EXPECT_EQ(span->tracestate, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    EXPECT_EQ(span->traceparent(), "00-" + kTrace + "-" + kSpan + "-01");
    EXPECT_FALSE(SpanContext::parse("00-" + kTrace + "-" + kSpan + "-00")->sampled());
    EXPECT_EQ(SpanContext::parse("00-" + kTrace + "-" + kSpan + "-ff")->flags, 3);
    EXPECT_TRUE(SpanContext::parse("cc-" + kTrace + "-" + kSpan + "-01-what-the-future-will-be-like"));
    EXPECT_TRUE(SpanContext::parse("01-" + kTrace + "-" + kSpan + "-01"));
    for (const std::string& bad :
         {std::string(), "00-" + kTrace + "-" + kSpan, "00-" + kTrace + "-" + kSpan + "-01-x",
          "ff-" + kTrace + "-" + kSpan + "-01", "00-" + kTrace + "-" + kSpan + "-0G",
          "00-" + kTrace + "-" + kSpan + "-01 ", "00-" + std::string(32, '0') + "-" + kSpan + "-01",
          "00-" + kTrace + "-" + std::string(16, '0') + "-01", "00-" + std::string(32, 'A') + "-" + kSpan + "-01",
          "00_" + kTrace + "-" + kSpan + "-01", "01-" + kTrace + "-" + kSpan + "-01.x",
          "0-" + kTrace + "-" + kSpan + "-011"}) {
        EXPECT_FALSE(SpanContext::parse(bad)) << bad;
    }
}

TEST(TraceContext, leaves_out_a_tracestate_that_is_not_valid) {
    const std::string parent = "00-" + kTrace + "-" + kSpan + "-01";
    std::string many;
    for (int i = 0; i < 33; ++i) many += (i ? ",k" : "k") + std::to_string(i) + "=v";
    for (const std::string& good : {std::string("a=1"), std::string("a=1, ,b@c=2"), std::string("1a-_*/=x y")}) {
        EXPECT_EQ(SpanContext::parse(parent, good)->tracestate, good);
    }
    for (const std::string& bad :
         {std::string("a"), std::string("A=1"), std::string("a="), std::string("a=1,a=2"), std::string("a=b=c"),
          std::string("a=\t1\x7f"), many, std::string("=1"), "a=" + std::string(257, 'x'), std::string(600, ',')}) {
        EXPECT_EQ(SpanContext::parse(parent, bad)->tracestate, "") << bad;
    }
}

TEST(TraceContext,
     begins_with_flags_of_any_value) {  // Extremes: http::SpanContext::begin(flags), http::SpanContext::flags
    for (const std::uint8_t flags : {std::uint8_t(0), std::uint8_t(1), std::uint8_t(255)}) {
        const SpanContext first = SpanContext::begin(flags), second = SpanContext::begin(flags);
        EXPECT_THAT(first.traceparent(), MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"));
        EXPECT_NE(first.trace_id, second.trace_id);
        EXPECT_EQ(first.parent_id, "");
        const SpanContext child = first.child();
        EXPECT_EQ(child.trace_id, first.trace_id);
        EXPECT_EQ(child.parent_id, first.span_id);
        EXPECT_NE(child.span_id, first.span_id);
        EXPECT_EQ(child.flags, flags);
    }
}

ASYNC_TEST(TraceContext, goes_on_to_the_requests_of_a_handler) {
    GuardedSite behind(http::trace_context_middleware());
    co_await behind.server.start();
    http::SessionOptions options;
    options.middlewares = {http::send_trace_context};
    http::ClientSession session(std::move(options));
    GuardedSite front(http::trace_context_middleware());
    front.app.router().add_get("/front", [&](Request&) -> Coro<Response> {
        front.span = http::span_context.get();
        auto response = co_await session.get(behind.server.make_url("/"));
        co_await response.read();
        co_return Response();
    });
    co_await front.server.start();
    co_await front.get("/front",
                       "traceparent: 00-" + kTrace + "-" + kSpan + "-01\r\ntracestate: a=1\r\ntracestate: b=2\r\n");
    CO_ASSERT_TRUE(front.span && behind.span);
    EXPECT_EQ(front.span->trace_id, kTrace);
    EXPECT_EQ(front.span->parent_id, kSpan);
    EXPECT_EQ(behind.span->trace_id, kTrace);
    EXPECT_EQ(behind.span->parent_id, front.span->span_id);
    EXPECT_EQ(behind.span->tracestate, "a=1, b=2");
    EXPECT_TRUE(behind.span->sampled());
    // Two of them are none, and outside of a request there is none to be sent.
    const std::string twice = "traceparent: 00-" + kTrace + "-" + kSpan + "-01\r\n";
    co_await front.get("/front", twice + twice + "tracestate: a=1\r\n");
    EXPECT_NE(front.span->trace_id, kTrace);
    EXPECT_EQ(front.span->tracestate, "");
    EXPECT_EQ(front.span->parent_id, "");
    EXPECT_EQ(http::span_context.get(), std::nullopt);
    auto response = co_await session.get(behind.server.make_url("/"));
    co_await response.read();
    EXPECT_EQ(behind.span->parent_id, "");
    co_await session.close();
    co_await front.server.close();
    co_await behind.server.close();
}

}  // namespace

// Extremes: http::CorsOptions::max_age
ASYNC_TEST(Extremes, of_middlewares) {
    for (const auto& [age, text] :
         {std::pair(Duration(0), "0"), std::pair(Duration(1), "0"), std::pair(Duration::max(), "4611686018")}) {
        CorsOptions options = for_app();
        options.max_age = age;
        GuardedSite site(http::cors_middleware(std::move(options)));
        co_await site.server.start();
        EXPECT_EQ((co_await site.preflight("https://app.example")).header("Access-Control-Max-Age"), text);
        co_await site.server.close();
    }
}

}  // namespace aio::test
