// ClientRequest: what session.get(url) gives: a request that is not sent yet. Say what else it needs, then await it.
//
//     auto response = co_await session.post(url).header("Accept", "text/html").json("id", 7, "name", name);
//
// It is sent when it is awaited, or made a task: `aio::create_task(session.get(url))`, `aio::gather(session.get(a),
// session.get(b))`, `aio::wait_for(session.get(url), 2s)`. Awaited once.
//
// *Resumes* when the head of the answer has come: the body may still be on its way. *Cancel*: the connection is closed,
// a place in the pool given back. *Errors*: ClientError and below, which know the request, ServerTimeoutError after the
// total time; RuntimeError when the session is closed; what a body's source, a middleware or a tracer throws.
//
// Setters throw ValueError at once for what cannot be sent: a header with a line break, two bodies.
// Source: aiohttp 3.11 client.py.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/client_options.hpp>
#include <aio/http/client_response.hpp>
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
struct RequestSpec;
class SessionState;

// Awaits the coroutine that does what a builder collected, and keeps it.
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

class [[nodiscard("a request is sent when it is awaited")]] ClientRequest {
public:
    using native_awaitable = void;

    ClientRequest(std::shared_ptr<detail::SessionState> session, std::string_view method, URL url);
    ClientRequest(ClientRequest&&) noexcept;
    ClientRequest& operator=(ClientRequest&&) noexcept;
    ~ClientRequest();

    // --- head --------------------------------------------------------------------------------------------

    // Takes the place of the session's header of that name; the second one of the same name stands beside the first.
    ClientRequest&& header(std::string_view name, std::string_view value);
    ClientRequest&& headers(const Headers& headers);
    // None of the headers that would be sent by themselves: User-Agent, Accept, Accept-Encoding, Content-Type.
    ClientRequest&& skip_auto_header(std::string_view name);
    // Appended to the URL's query.
    ClientRequest&& param(std::string_view name, std::string_view value);
    ClientRequest&& param(std::string_view name, detail::TextInteger auto value) {
        return param(name, std::string_view(std::to_string(value)));
    }
    ClientRequest&& params(const Query& parameters);
    // The same with names and values: params("q", text, "page", 2).
    template <class Name, class Value, class... Rest>
    ClientRequest&& params(const Name& name, const Value& value, const Rest&... rest) {
        return params(detail::text_pairs(name, value, rest...));
    }
    // For this request only, and its redirects within the origin.
    ClientRequest&& cookie(std::string_view name, std::string_view value);
    ClientRequest&& auth(BasicAuth credentials);

    // --- body: one of these ------------------------------------------------------------------------------

    ClientRequest&& data(IntoString bytes, std::string_view content_type = "application/octet-stream");
    ClientRequest&& text(IntoString text);
    ClientRequest&& form(const Query& fields);
    // The same with names and values: form("user", user, "password", password).
    template <class Name, class Value, class... Rest>
    ClientRequest&& form(const Name& name, const Value& value, const Rest&... rest) {
        return form(detail::text_pairs(name, value, rest...));
    }
    ClientRequest&& data(FormData form);
    // Chunked, unless a Content-Length header says how long it is. Can be sent once: no retry, no redirect with it.
    ClientRequest&& data(AsyncGenerator<std::string> pieces,
                         std::string_view content_type = "application/octet-stream");
    ClientRequest&& data(std::unique_ptr<detail::BodySource> source, std::optional<std::uint64_t> size = std::nullopt,
                         std::string_view content_type = "application/octet-stream");
    // The file at `path`, read while it is sent. Content type: by its extension, if it is not given.
    ClientRequest&& file(IntoString path, std::string_view content_type = "");
#ifdef AIO_HTTP_HAS_JSON
    // Include <nlohmann/json.hpp> to use it.
    ClientRequest&& json(const nlohmann::json& value);
    // An object of keys and values: json("id", 7, "name", name).
    template <class Key, class Value, class... Rest>
    ClientRequest&& json(Key&& key, Value&& value, Rest&&... rest) {
        return json(json_object(std::forward<Key>(key), std::forward<Value>(value), std::forward<Rest>(rest)...));
    }
#endif
    // Packs the body: "gzip", "deflate", "br", "zstd". Sent in chunks.
    ClientRequest&& compress(std::string_view coding = "deflate");
    // Sends the body in chunks though its length is known.
    ClientRequest&& chunked(bool on = true);
    // Asks before it sends the body, and waits for the answer: a second, in case the server does not know this.
    ClientRequest&& expect100(bool on = true);

    // --- how ---------------------------------------------------------------------------------------------

    ClientRequest&& timeout(ClientTimeout limits);
    ClientRequest&& timeout(Duration total);
    // Default: true, but for HEAD.
    ClientRequest&& allow_redirects(bool on);
    // Default: 10.
    ClientRequest&& max_redirects(unsigned count);
    ClientRequest&& raise_for_status(bool on = true);
    // Default: true. False: content() gives what came, packed or not.
    ClientRequest&& auto_decompress(bool on);
    // Of the unpacked body in bytes; beyond it reads fail with ClientPayloadError. In any case it may be at most 256
    // times what came, past the first mebibyte.
    ClientRequest&& max_decompressed_size(std::uint64_t bytes);
    // Default: true. False: an answer that does not say where its body ends has none.
    ClientRequest&& read_until_eof(bool on);
    ClientRequest&& ssl(ClientSSL how);
    // The name that the certificate must be valid for, and that the server is told, in place of the URL's host.
    ClientRequest&& server_hostname(std::string_view name);
    ClientRequest&& proxy(URL url);
    ClientRequest&& proxy_auth(BasicAuth credentials);
    ClientRequest&& proxy_header(std::string_view name, std::string_view value);
    ClientRequest&& trace_request_ctx(std::shared_ptr<const void> context);

    // --- sending -----------------------------------------------------------------------------------------

    Coro<ClientResponse> send() &&;

    detail::SendingAwaiter<ClientResponse> operator co_await() && {
        return detail::SendingAwaiter<ClientResponse>(std::move(*this).send());
    }

private:
    std::shared_ptr<detail::SessionState> session_;
    std::unique_ptr<detail::RequestSpec> spec_;
};

}  // namespace aio::http
