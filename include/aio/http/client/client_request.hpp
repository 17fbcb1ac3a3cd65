// ClientRequest: the result of session.get(url), a request that is not sent yet. Add headers, a body..., then await it.
//
//     auto response = co_await session.post(url).header("Accept", "text/html").json("id", 7, "name", name);
//
// It is sent when it is awaited, or made a task: `aio::create_task(session.get(url))`, `aio::gather(session.get(a),
// session.get(b))`, `aio::wait_for(session.get(url), 2s)`. It is awaited once. Result: the ClientResponse.
//
// *Resumes* when the headers of the response have arrived; the body may arrive later. *Cancel*: the connection is
// closed and its slot in the pool freed. *Errors*: ClientError and below, which have the request, ServerTimeoutError
// after the total time; RuntimeError when the session is closed; exceptions of a body's
// source, a middleware or a tracer.
//
// Setters throw ValueError at once for values that cannot be sent: a header with a line break, two bodies.
// Source: aiohttp 3.11 client.py.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/client/client_response.hpp>
#include <aio/http/form_data.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/json_object.hpp>
#include <aio/http/text_pairs.hpp>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aio::http {

namespace detail {
class EventSourceState;
struct RequestSpec;
class SessionState;

// Awaits the coroutine that executes the collected settings, and keeps it.
template <class T>
class SendingAwaiter {
public:
    explicit SendingAwaiter(Coro<T> sending) noexcept : sending_(std::move(sending)) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> frame) {
        sending_.awaited_by(aio::detail::TaskBase::of(frame));
        return !sending_.start();
    }
    T await_resume() { return sending_.take_result(); }

private:
    Coro<T> sending_;
};
}  // namespace detail

// A request under construction, and its awaitable. The setters return it, so that calls can be chained.
class [[nodiscard("a request is sent when it is awaited")]] ClientRequest {
public:
    using native_awaitable = void;

    // For the library: ClientSession::request() makes it.
    ClientRequest(std::shared_ptr<detail::SessionState> session, std::string_view method, URL url);
    ClientRequest(ClientRequest&&) noexcept;
    ClientRequest& operator=(ClientRequest&&) noexcept;
    ~ClientRequest();

    // --- head --------------------------------------------------------------------------------------------

    // Replaces the session's headers of that name; a second call with the same name adds another field.
    ClientRequest&& header(std::string_view name, std::string_view value);
    // The same for all of `headers`, which also replace earlier ones of this request.
    ClientRequest&& headers(const Headers& headers);
    // Omits a header that is sent by default: User-Agent, Accept, Accept-Encoding, Content-Type.
    ClientRequest&& skip_auto_header(std::string_view name);
    // Appends a parameter to the URL's query.
    ClientRequest&& param(std::string_view name, std::string_view value);
    ClientRequest&& param(std::string_view name, detail::TextInteger auto value) {
        return param(name, std::string_view(std::to_string(value)));
    }
    // Appends several parameters.
    ClientRequest&& params(const Query& parameters);
    // The same with names and values: params("q", text, "page", 2).
    template <class Name, class Value, class... Rest>
    ClientRequest&& params(const Name& name, const Value& value, const Rest&... rest) {
        return params(detail::text_pairs(name, value, rest...));
    }
    // A cookie for this request only, and its redirects within the origin.
    ClientRequest&& cookie(std::string_view name, std::string_view value);
    // Credentials for this request and its redirects within the origin, in place of the session's. Credentials in the
    // URL as well are a ValueError when it is sent.
    ClientRequest&& auth(BasicAuth credentials);

    // --- body: one of these ------------------------------------------------------------------------------

    // Bytes, as they are.
    ClientRequest&& data(IntoString bytes, std::string_view content_type = "application/octet-stream");
    // Text, as "text/plain; charset=utf-8".
    ClientRequest&& text(IntoString text);
    // Fields, as "application/x-www-form-urlencoded".
    ClientRequest&& form(const Query& fields);
    // The same with names and values: form("user", user, "password", password).
    template <class Name, class Value, class... Rest>
    ClientRequest&& form(const Name& name, const Value& value, const Rest&... rest) {
        return form(detail::text_pairs(name, value, rest...));
    }
    // A form, multipart if it has files.
    ClientRequest&& data(FormData form);
    // Pieces, sent with chunked coding unless there is a Content-Length header. They can be sent once: no retry, no
    // redirect with the body.
    ClientRequest&& data(AsyncGenerator<std::string> pieces,
                         std::string_view content_type = "application/octet-stream");
    ClientRequest&& data(std::unique_ptr<detail::BodySource> source, std::optional<std::uint64_t> size = std::nullopt,
                         std::string_view content_type = "application/octet-stream");
    // The file at `path`, read while it is sent. Default content type: by its extension.
    ClientRequest&& file(IntoString path, std::string_view content_type = "");
#ifdef AIO_HTTP_HAS_JSON
    // JSON, as "application/json". Include <nlohmann/json.hpp> to use it.
    ClientRequest&& json(const nlohmann::json& value);
    // An object of keys and values: json("id", 7, "name", name).
    template <class Key, class Value, class... Rest>
    ClientRequest&& json(Key&& key, Value&& value, Rest&&... rest) {
        return json(json_object(std::forward<Key>(key), std::forward<Value>(value), std::forward<Rest>(rest)...));
    }
#endif
    // Compresses the body: "gzip", "deflate", "br", "zstd". It is sent with chunked coding.
    ClientRequest&& compress(std::string_view coding = "deflate");
    // Sends the body with chunked coding although its length is known.
    ClientRequest&& chunked(bool on = true);
    // Sends "Expect: 100-continue", and waits for the server's consent before the body: for 1 s, in case the server
    // does not support this.
    ClientRequest&& expect100(bool on = true);

    // --- how ---------------------------------------------------------------------------------------------

    // The timeouts in place of the session's; or only the total one.
    ClientRequest&& timeout(ClientTimeout limits);
    ClientRequest&& timeout(Duration total);
    // Whether redirects are followed. Default: true, except for HEAD.
    ClientRequest&& allow_redirects(bool on);
    // The most redirects; beyond: TooManyRedirects. Default: 10.
    ClientRequest&& max_redirects(unsigned count);
    // Whether a status of 400 and above throws ClientResponseError. Default: the session's.
    ClientRequest&& raise_for_status(bool on = true);
    // Whether the body is decompressed. Default: the session's. False: content() returns the bytes as they were sent.
    ClientRequest&& auto_decompress(bool on);
    // The greatest size of the decompressed body in bytes; beyond it reads throw ClientPayloadError. In any case it may
    // be at most 256 times the received bytes, past the first mebibyte.
    ClientRequest&& max_decompressed_size(std::uint64_t bytes);
    // Whether a body without a length lasts until the connection closes. Default: true. False:
    // such a response has no body.
    ClientRequest&& read_until_eof(bool on);
    // The verification of the server, in place of the connector's.
    ClientRequest&& ssl(ClientSSL how);
    // The name that is sent to the server, and for which its certificate must be valid, in place of the URL's host.
    ClientRequest&& server_hostname(std::string_view name);
    // The proxy, its credentials and further headers for it, in place of the session's. Schemes: http, https, socks5h
    // and socks4a, which leave the look-up of names to the proxy, socks5 and socks4, which look names up here. A
    // connection that is upgraded (ws://), or has TLS, goes through an HTTP proxy by CONNECT. SOCKS proxies get no headers.
    ClientRequest&& proxy(URL url);
    ClientRequest&& proxy_auth(BasicAuth credentials);
    ClientRequest&& proxy_header(std::string_view name, std::string_view value);
    // An object for the tracers of this request: TraceContext::trace_request_ctx.
    ClientRequest&& trace_request_ctx(std::shared_ptr<const void> context);

    // --- sending -----------------------------------------------------------------------------------------

    // The same as awaiting it, as a coroutine. Errors: RuntimeError when it was sent already.
    Coro<ClientResponse> send() &&;

    detail::SendingAwaiter<ClientResponse> operator co_await() && {
        return detail::SendingAwaiter<ClientResponse>(std::move(*this).send());
    }

private:
    friend class detail::EventSourceState;

    std::shared_ptr<detail::SessionState> session_;
    std::unique_ptr<detail::RequestSpec> spec_;
};

}  // namespace aio::http
