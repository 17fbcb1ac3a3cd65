// TestServer and TestClient combine a real AppRunner, a TCPSite on 127.0.0.1 and a ClientSession; only MockedRequest
// has no connection: its head and body are in memory.
#include <aio/base/error.hpp>
#include <aio/http/testing/test_server.hpp>

#include "http/body_sources.hpp"
#include "http/server/request_state.hpp"
#include "http/server/routing.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http {

TestServer::TestServer(Application& app, RunnerOptions options, SiteOptions site)
    : runner_(app, options), site_(runner_, "127.0.0.1", 0, site) {}

Coro<> TestServer::start() {
    co_await runner_.setup();
    co_await site_.start();
}

Coro<> TestServer::close() { return runner_.cleanup(); }

std::string TestServer::make_url(std::string_view path) const {
    if (!path.starts_with('/'))
        throw ValueError("TestServer.make_url: '" + std::string(path) + "' does not start with '/'");
    return site_.name() + std::string(path);
}

TestClient::TestClient(Application& app, SessionOptions session, RunnerOptions options, SiteOptions site)
    : server_(app, options, site), options_(std::move(session)) {}

Coro<> TestClient::start() {
    co_await server_.start();
    SessionOptions options = options_;
    options.base_url = server_.make_url("/");
    if (!options.cookie_jar) {
        CookieJarOptions jar;
        jar.unsafe = true;
        options.cookie_jar = std::make_shared<CookieJar>(jar);
    }
    session_.emplace(std::move(options));
}

Coro<> TestClient::close() {
    if (session_) co_await session_->close();
    co_await server_.close();
}

ClientSession& TestClient::session() {
    if (!session_) throw RuntimeError("TestClient: call start() first");
    return *session_;
}

struct MockedRequest::Parts {
    Parts(std::string m, std::string content) : method(std::move(m)), body(std::move(content)) {}
    std::string method;
    wire::Head head;
    detail::TextBody body;
    detail::RequestState state;
    Request request{state};
};

MockedRequest::MockedRequest(std::string method, std::string target, Headers headers, std::string body,
                             Application* app) {
    if (!wire::is_token(method)) throw ValueError("'" + wire::printable(method) + "' is not an HTTP method");
    const bool has_body = !body.empty();
    const std::size_t size = body.size();
    parts_ = std::make_unique<Parts>(std::move(method), std::move(body));
    wire::Head& head = parts_->head;
    head.method = parts_->method;
    head.target = std::move(target);
    head.headers = std::move(headers);
    if (has_body) head.content_length = size;
    parts_->state.begin(head, nullptr, has_body ? &parts_->body : nullptr);
    if (app) detail::route_request(parts_->state, *app);
}

MockedRequest::MockedRequest(MockedRequest&&) noexcept = default;
MockedRequest::~MockedRequest() = default;
Request& MockedRequest::request() noexcept { return parts_->request; }

}  // namespace aio::http
