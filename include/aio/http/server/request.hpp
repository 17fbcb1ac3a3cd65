// Request: the argument of a handler, a request whose headers have arrived and whose body may still arrive
// (aiohttp.web.Request).
//
//     aio::Coro<Response> greet(Request& request) {
//         auto id = request.match_info<int>("id");               // 404 unless it is one
//         nlohmann::json order = co_await request.json();
//         ...
//     }
//
// The body is read when the handler asks for it; the unread part is dropped before the next request. Views are valid
// until the handler has returned, and so is the request itself: copy data that must outlive it.
//
// Of all functions that read the body: *Cancel*: the part read so far is lost. *Errors*: RequestPayloadError when it is
// incomplete; HTTPRequestTimeout when it arrives too slowly; both become responses if they are not caught.
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_request.py.
#pragma once

#include <aio/http/body_reader.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/server/app_key.hpp>
#include <aio/http/server/parse_text.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/upgraded.hpp>
#include <aio/http/url.hpp>
#include <aio/io/stream.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::http {

class Application;
class MultipartReader;
class PostData;
class Request;

namespace detail {
struct RequestState;
}

// The bytes that the header Range requests.
struct HttpRange {
    // The first and the last byte, both included. Of "bytes=-500" only `last` (a suffix of 500),
    // of "bytes=500-" only `first`.
    std::optional<std::uint64_t> first, last;
};

// A request to a server: aiohttp.web.Request.
class Request {
public:
    // For the library: what handlers see of `state`.
    explicit Request(detail::RequestState& state) noexcept : state_(state) {}
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    // The method: "GET".
    std::string_view method() const noexcept;
    // The x of HTTP/1.x: 1 or 0.
    int minor_version() const noexcept;
    // The path, unquoted: "/café".
    std::string path() const;
    // The path as it was sent, quoted, without the query.
    std::string_view raw_path() const noexcept;
    // "/path?query", as it was sent.
    std::string_view path_qs() const noexcept;
    // The query as it was sent, without "?".
    std::string_view query_string() const noexcept;
    // The parameters of the query, in order; or the value of the first one of this name.
    const Query& query() const;
    std::optional<std::string_view> query(std::string_view name) const;
    std::string_view query(std::string_view name, std::string_view otherwise) const;
    // The same as a number, a bool or a std::string: query<int>("page", 1). Errors:
    // HTTPBadRequest for a value that is no T.
    template <detail::ParsedFromText T>
    std::optional<T> query(std::string_view name) const {
        return detail::parse_parameter<T>("query parameter", name, query(name));
    }
    template <detail::ParsedFromText T>
    T query(std::string_view name, std::type_identity_t<T> otherwise) const {
        return query<T>(name).value_or(std::move(otherwise));
    }
    // The URL of path and query; url(): with scheme and host. (The target of CONNECT has no path.)
    URL rel_url() const;
    URL url() const;
    // "https" over TLS, else "http". Behind a proxy: that of the proxy's connection.
    std::string_view scheme() const noexcept { return secure() ? "https" : "http"; }
    // Whether the connection is encrypted.
    bool secure() const noexcept;
    // The host of the target, if that is a URL, else of the Host header, else the address of the socket:
    // "example.org:8080".
    std::string host() const;
    // The client's IP address; "" over Unix sockets.
    const std::string& remote() const;
    // The addresses of the client and of the server's socket.
    Address peername() const;
    Address sockname() const;

    // The headers of the request.
    const Headers& headers() const noexcept;
    // The cookies that were sent, in order; or the value of the first one of this name.
    const std::vector<std::pair<std::string, std::string>>& cookies() const;
    std::optional<std::string_view> cookie(std::string_view name) const;
    // The media type of the body, without parameters, lower case: "text/plain";
    // "application/octet-stream" if there is none.
    std::string content_type() const;
    // The charset parameter of Content-Type as it was sent; "" if there is none.
    std::string charset() const;
    // The size of the body in bytes; nullopt if it is not announced.
    std::optional<std::uint64_t> content_length() const noexcept;
    // Whether the connection stays open after the response.
    bool keep_alive() const noexcept;
    // The dates of these headers in seconds since 1970; nullopt if the header is missing or is no date.
    std::optional<std::int64_t> if_modified_since() const noexcept;
    std::optional<std::int64_t> if_unmodified_since() const noexcept;
    // The same for If-Range.
    std::optional<std::int64_t> if_range() const noexcept;
    // Whether If-Match (strong comparison) or If-None-Match (weak comparison) has this tag, written as in ETag.
    // Errors: ValueError for a text that is no entity tag.
    bool if_match(std::string_view etag) const;
    bool if_none_match(std::string_view etag) const;
    // The range of the header Range; empty without one. Errors: ValueError for any other
    // value, also for several ranges.
    HttpRange http_range() const;

    // The text for {name} in the route's path, unquoted. Errors: ValueError when the route has no such name.
    std::string_view match_info(std::string_view name) const;
    std::string_view match_info(std::string_view name, std::string_view otherwise) const noexcept;
    // The same as a number, a bool or a std::string: match_info<int>("id"). Errors: also HTTPNotFound for a text that
    // is no T, since no resource has that path.
    template <detail::ParsedFromText T>
    T match_info(std::string_view name) const {
        std::optional<T> value = detail::parse_text<T>(match_info(name));
        if (!value) detail::throw_no_such_path();
        return *std::move(value);
    }
    // The application to which the route belongs: of nested ones, the innermost. Errors: RuntimeError for a mocked
    // request without one, and after the AppRunner was destroyed.
    Application& app() const;
    // The name of the route's path, or "".
    std::string_view route_name() const noexcept;

    // --- the body ------------------------------------------------------------------------------------------

    // Whether the request has a body.
    bool can_read_body() const noexcept;
    // The body as it arrives, without a limit of size.
    BodyReader& content() noexcept;
    // All bytes of the body; a second call returns them again. Errors: HTTPRequestEntityTooLarge beyond
    // client_max_size.
    Coro<std::string> read();
    // The same as UTF-8 text. Errors: HTTPUnsupportedMediaType for a charset other than UTF-8, ASCII and Latin-1, which
    // is converted; HTTPBadRequest for invalid UTF-8.
    Coro<std::string> text();
#ifdef AIO_HTTP_HAS_JSON
    // The body parsed as JSON. Errors: HTTPBadRequest for invalid JSON.
    Coro<nlohmann::json> json();
#endif
    // The fields of a form, urlencoded or multipart; files are kept on disk. Empty for other types.
    // Errors: HTTPRequestEntityTooLarge beyond client_max_size in all.
    Coro<const PostData*> post();
    // The parts of a multipart body as they arrive. Errors: HTTPBadRequest for a body that is not multipart.
    MultipartReader multipart();

    // --- values from middlewares for handlers -----------------------------------------------------------------

    // Sets the value of `key`, in place of an earlier one, which is destroyed. Result: a reference to the new one.
    template <class T, class U = T>
        requires std::constructible_from<T, U>
    T& set(const RequestKey<T>& key, U&& value) {
        auto stored = std::make_shared<T>(std::forward<U>(value));
        T& result = *stored;
        keys().set(key, std::move(stored));
        return result;
    }
    // The value of `key`. Errors: ValueError when none was set.
    template <class T>
    T& get(const RequestKey<T>& key) const {
        return *static_cast<T*>(keys().get(key));
    }
    // The same; null when none was set.
    template <class T>
    T* find(const RequestKey<T>& key) const noexcept {
        return static_cast<T*>(keys().find(key));
    }

    // --- the connection -----------------------------------------------------------------------------------------

    // Whether the client requests another protocol (Upgrade, or CONNECT).
    bool upgrade_requested() const noexcept;
    // Leaves HTTP: sends "101 Switching Protocols" with these headers. Result: the connection, which is closed when the
    // handler returns; the handler's response is not sent. Errors: RuntimeError when a response has
    // begun, and for a mocked request.
    Coro<Upgraded> upgrade(Headers headers);
    // The TLS state of the connection: aio/io/ssl.hpp. Errors: RuntimeError for a mocked request.
    ssl::SSLObject ssl_object() const;

    // For the library.
    detail::RequestState& state() const noexcept { return state_; }

private:
    detail::KeyStore& keys() const;

    detail::RequestState& state_;
};

}  // namespace aio::http
