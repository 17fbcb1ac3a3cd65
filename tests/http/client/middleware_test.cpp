// Middlewares, digest authentication, tracing.
#include <aio/io/dns.hpp>

#include "http/client/fake_host.hpp"

#include <sys/socket.h>

namespace aio::test {
namespace {

using http::ClientHandler, http::ClientResponse, http::ClientSession, http::OutgoingRequest;
using testing::ElementsAre, testing::HasSubstr;

Coro<ClientResponse> add_header(OutgoingRequest& request, ClientHandler next) {
    request.headers.set("X-Added", "by middleware");
    co_return co_await next(request);
}

Coro<ClientResponse> try_twice(OutgoingRequest& request, ClientHandler next) {
    ClientResponse response = co_await next(request);
    if (response.status() != 503 || !request.repeatable()) co_return response;
    response.release();
    request.headers.set("X-Try", "2");
    co_return co_await next(request);
}

ASYNC_TEST(ClientMiddlewares, stand_around_the_request_in_order) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.header("x-try") == "(none)") return answer("busy", "", "503 Service Unavailable");
        return answer(request.header("x-added") + " " + request.body);
    });
    http::SessionOptions options;
    options.middlewares = {try_twice, add_header};
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.post(host.url()).data("body")), "by middleware body");
    EXPECT_EQ(host.requests.size(), 2u);
    co_await end(session, host);
}

// RFC 7616 section 3.9.1, but for the nonces: what the server computes is compared in the interop tests.
ASYNC_TEST(DigestAuth, answers_a_challenge_and_keeps_it) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.header("authorization") != "(none)") return answer("in");
        return answer("",
                      "WWW-Authenticate: Basic realm=\"x, y\", Digest realm=\"a b\", qop=\"auth, auth-int\", "
                      "algorithm=SHA-256, nonce=\"n1\", opaque=\"op\"\r\n",
                      "401 Unauthorized");
    });
    http::SessionOptions options;
    options.middlewares = {http::DigestAuthMiddleware("user", "pass")};
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.post(host.url("/p?q=1")).data("body")), "in");
    CO_ASSERT_EQ(host.requests.size(), 2u);
    EXPECT_EQ(host.requests[1].body, "body");
    const std::string sent = host.requests[1].header("authorization");
    for (const char* part : {"Digest username=\"user\"", "realm=\"a b\"", "nonce=\"n1\"", "uri=\"/p?q=1\"",
                             "algorithm=SHA-256", "opaque=\"op\"", "qop=auth,", "nc=00000001"}) {
        EXPECT_THAT(sent, HasSubstr(part));
    }
    EXPECT_EQ(co_await text_of(session.get(host.url("/again"))), "in");
    CO_ASSERT_EQ(host.requests.size(), 3u);
    EXPECT_THAT(host.requests[2].header("authorization"), HasSubstr("nc=00000002"));
    co_await end(session, host);
}

// The first that it can, of those in one header and in several.
ASYNC_TEST(DigestAuth, chooses_a_challenge_that_it_can_answer) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.header("authorization") != "(none)") return answer("in");
        return answer("",
                      "WWW-Authenticate: Digest realm=r, nonce=n0, algorithm=SHA-3, Digest realm=r, nonce=n1, "
                      "qop=auth-conf\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Digest realm=r, nonce=n2, "
                      "qop=\"auth-int\", Digest realm=\"a, Digest b\", nonce=n3, algorithm=SHA-256, Digest realm=r, "
                      "nonce=n4\r\n",
                      "401 Unauthorized");
    });
    http::SessionOptions options;
    options.middlewares = {http::DigestAuthMiddleware("user", "pass", false)};
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.get(host.url())), "in");
    EXPECT_THAT(host.requests.back().header("authorization"), HasSubstr("nonce=\"n2\""));
    // auth-int is about the body, which a stream does not have in advance.
    auto form = http::FormData();
    form.add_field("a", "b");
    EXPECT_EQ(co_await text_of(session.post(host.url()).data(std::move(form))), "in");
    EXPECT_THAT(host.requests.back().header("authorization"), HasSubstr("nonce=\"n3\""));
    co_await end(session, host);
}

ASYNC_TEST(ClientMiddlewares, cannot_make_the_length_of_the_body_ambiguous) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) { return answer(request.body); });
    http::SessionOptions options;
    options.middlewares = {[](OutgoingRequest& request, ClientHandler next) -> Coro<ClientResponse> {
        request.headers.set("Transfer-Encoding", "chunked");
        co_return co_await next(request);
    }};
    http::TraceConfig trace;
    trace.on_request_start.append([](http::TraceContext&, const http::TraceRequestStart& what) {
        what.headers.set("Transfer-Encoding", "chunked");
    });
    http::SessionOptions traced;
    traced.trace_configs = {trace};
    for (http::SessionOptions* given : {&options, &traced}) {
        ClientSession session(std::move(*given));
        EXPECT_EQ(co_await text_of(session.post(host.url()).data("body")), "body");
        EXPECT_EQ(host.requests.back().header("transfer-encoding"), "chunked");
        EXPECT_EQ(host.requests.back().header("content-length"), "(none)");
        co_await session.close();
    }
    co_await host.stop();
}

ASYNC_TEST(DigestAuth, gives_up_when_the_answer_is_refused) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) {
        return answer("no", "WWW-Authenticate: Digest realm=r, nonce=n\r\n", "401 Unauthorized");
    });
    http::SessionOptions options;
    options.middlewares = {http::DigestAuthMiddleware("user", "wrong")};
    ClientSession session(std::move(options));
    auto response = co_await session.get(host.url());
    EXPECT_EQ(response.status(), 401);
    EXPECT_EQ(host.requests.size(), 2u);
    co_await end(session, host);
}

template <class Params>
void note(http::TraceSignal<Params>& signal, Log& log, std::string name) {
    signal.append([&log, name](http::TraceContext&, const Params&) { log.push_back(name); });
}

http::TraceConfig noting(Log& log) {
    http::TraceConfig trace;
    note(trace.on_request_start, log, "start");
    note(trace.on_request_chunk_sent, log, "chunk sent");
    note(trace.on_response_chunk_received, log, "chunk received");
    note(trace.on_request_end, log, "end");
    note(trace.on_request_exception, log, "exception");
    note(trace.on_request_redirect, log, "redirect");
    note(trace.on_request_headers_sent, log, "headers sent");
    note(trace.on_connection_queued_start, log, "queued");
    note(trace.on_connection_queued_end, log, "not queued");
    note(trace.on_connection_create_start, log, "create");
    note(trace.on_connection_create_end, log, "created");
    note(trace.on_connection_reuseconn, log, "reuse");
    note(trace.on_dns_resolvehost_start, log, "resolve");
    note(trace.on_dns_resolvehost_end, log, "resolved");
    note(trace.on_dns_cache_hit, log, "hit");
    note(trace.on_dns_cache_miss, log, "miss");
    return trace;
}

class OneAddress final : public Resolver {
public:
    Coro<std::vector<AddressInfo>> getaddrinfo(std::string, int port, LookupOptions) override {
        co_return std::vector<AddressInfo>(1, AddressInfo(AF_INET, SOCK_STREAM, 0, "", Address("127.0.0.1", port)));
    }
};

ASYNC_TEST(ClientTracing, tells_every_step) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        return request.target == "/go" ? redirect("307 Temporary Redirect", "/there") : answer("x");
    });
    Log& log = keep<Log>();
    http::ConnectorOptions connector;
    connector.resolver = std::make_shared<OneAddress>();
    connector.limit = 1;
    http::SessionOptions options;
    options.connector = http::TCPConnector(connector).share();
    options.trace_configs = {noting(log)};
    ClientSession session(std::move(options));
    co_await text_of(session.post(host.url("/go", "name.test")).data("b"));
    EXPECT_THAT(log, ElementsAre("start", "create", "miss", "resolve", "resolved", "created", "headers sent",
                                 "chunk sent", "redirect", "chunk received", "reuse", "headers sent", "chunk sent",
                                 "end", "chunk received"));
    log.clear();
    auto first = create_task(text_of(session.get(host.url("/", "name.test")).header("Connection", "close")));
    auto second = create_task(text_of(session.get(host.url("/", "name.test"))));
    co_await first;
    co_await second;
    EXPECT_THAT(log, testing::IsSupersetOf({"reuse", "queued", "not queued", "create", "hit", "created"}));
    log.clear();
    co_await fails<http::ClientConnectorError>(
        session.get("http://name.test:" + std::to_string(co_await unused_port())));
    EXPECT_THAT(log, ElementsAre("start", "create", "hit", "exception"));
    co_await end(session, host);
}

ASYNC_TEST(ClientTracing, keeps_a_context_for_each_request_and_awaits_handlers) {
    FakeHost& host =
        *co_await FakeHost::open([](const RawRequest& request) { return answer(request.header("x-trace")); });
    http::TraceConfig trace;
    trace.on_request_start.append([](http::TraceContext& context, const http::TraceRequestStart& what) -> Coro<> {
        co_await aio::sleep(1ms);
        context.data = std::make_shared<int>(7);
        what.headers.set("X-Trace", *std::static_pointer_cast<const std::string>(context.trace_request_ctx));
    });
    trace.on_request_end.append([](http::TraceContext& context, const http::TraceRequestEnd& what) {
        EXPECT_EQ(*std::static_pointer_cast<int>(context.data), 7);
        EXPECT_EQ(what.response.status(), 200);
    });
    http::SessionOptions options;
    options.trace_configs = {trace};
    ClientSession session(std::move(options));
    auto context = std::make_shared<const std::string>("id-1");
    EXPECT_EQ(co_await text_of(session.get(host.url()).trace_request_ctx(context)), "id-1");
    co_await end(session, host);
}

}  // namespace
}  // namespace aio::test
